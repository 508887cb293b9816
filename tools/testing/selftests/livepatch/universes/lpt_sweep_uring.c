// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: requests of io_uring. The task waits in io_uring_enter().
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lpt_sweep.h"
#include "lpt_user.h"

/* Headers may be older than these. */
enum {
	OP_WAITID	= 50,
	OP_FUTEX_WAIT	= 51,
	OP_EPOLL_WAIT	= 59,
	ENTER_EXT_ARG	= 1 << 3,
	SINGLE_ISSUER	= 1 << 12,
	DEFER_TASKRUN	= 1 << 13,
};

static struct ring ring;
static char buf[16];

static void open_my_ring(unsigned int flags)
{
	int test;

	memset(&ring, 0, sizeof(ring));
	ring.params.flags = flags;
	test = syscall(SYS_io_uring_setup, 1, &ring.params);
	need(test, "io_uring_setup");
	close(test);
	memset(&ring, 0, sizeof(ring));
	ring.params.flags = flags;
	open_ring(&ring);
}

/* The completions are compared, not their order. */
static void put_completions(void)
{
	unsigned int *head = (void *)(ring.sq + ring.params.cq_off.head);
	unsigned int *tail = (void *)(ring.sq + ring.params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring.sq + ring.params.cq_off.cqes);

	for (; *head != __atomic_load_n(tail, __ATOMIC_ACQUIRE); (*head)++)
		put(&cqes[*head].res, sizeof(cqes[*head].res));
}

static long enter(unsigned int flags, const void *arg, size_t size)
{
	long ret = syscall(SYS_io_uring_enter, ring.fd, 0, 1,
			   IORING_ENTER_GETEVENTS | flags, arg, size);
	int error = errno;

	put_completions();
	errno = error;
	return ret;
}

static long do_request(unsigned int flags, const struct io_uring_sqe *sqe)
{
	open_my_ring(flags);
	submit(&ring, sqe);
	begin();
	return enter(0, NULL, 0);
}

static long do_read(unsigned int ring_flags, unsigned char flags)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = flags,
		.fd = fds[0],
		.addr = (uintptr_t)buf,
		.len = sizeof(buf),
	};
	long ret = do_request(ring_flags, &sqe);

	put(buf, 3);
	return ret;
}

static long call_read(void)
{
	return do_read(0, 0);
}

static long call_read_deferred(void)
{
	return do_read(SINGLE_ISSUER | DEFER_TASKRUN, 0);
}

/* A worker sleeps in the read. */
static long call_read_worker(void)
{
	return do_read(0, IOSQE_ASYNC);
}

static long call_poll(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = fds[0],
		.poll32_events = POLLIN,
	};

	return do_request(0, &sqe);
}

static long call_timeout_request(void)
{
	struct timespec ts = ts_of(span);
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_TIMEOUT,
		.addr = (uintptr_t)&ts,
		.len = 1,
	};

	return do_request(0, &sqe);
}

/* Nothing is submitted. */
static long call_enter_timeout(void)
{
	struct timespec ts = ts_of(span);
	struct io_uring_getevents_arg arg = { .ts = (uintptr_t)&ts };

	open_my_ring(0);
	begin();
	return enter(ENTER_EXT_ARG, &arg, sizeof(arg));
}

static void setup_sockets(void)
{
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "AF_UNIX");
}

static long call_recv(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RECV,
		.fd = fds[0],
		.addr = (uintptr_t)buf,
		.len = sizeof(buf),
	};
	long ret = do_request(0, &sqe);

	put(buf, 3);
	return ret;
}

static void setup_part(void)
{
	setup_sockets();
	need(send(fds[1], "a", 1, 0), "send");
}

static long call_recv_all(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RECV,
		.fd = fds[0],
		.addr = (uintptr_t)buf,
		.len = 4,
		.msg_flags = MSG_WAITALL,
	};
	long ret = do_request(0, &sqe);

	put(buf, 4);
	return ret;
}

static long call_futex(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = OP_FUTEX_WAIT,
		.fd = 2,		/* FUTEX2_SIZE_U32 */
		.addr = (uintptr_t)&slot->word,
		.addr3 = -1u,		/* mask */
	};

	return do_request(0, &sqe);
}

static void end_wake(void)
{
	need(syscall(SYS_futex, &slot->word, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0),
	     "FUTEX_WAKE");
}

static long call_waitid(void)
{
	static siginfo_t info;
	struct io_uring_sqe sqe = {
		.opcode = OP_WAITID,
		.len = P_PID,
		.addr2 = (uintptr_t)&info,
		.file_index = WEXITED,
	};
	pid_t pid = need(fork(), "fork");
	long ret;

	if (!pid) {
		until_end();
		_exit(7);
	}
	sqe.fd = pid;
	ret = do_request(0, &sqe);
	put(&info.si_status, sizeof(info.si_status));
	return ret;
}

/* A worker opens a named pipe, and waits for the other side. */
static char fifo[64];

static void setup_fifo(void)
{
	strcpy(fifo, temp_path());
	need(mkfifo(fifo, 0600), "mkfifo");
}

static long call_open(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT,
		/* Otherwise the first attempt is with O_NONBLOCK, which succeeds. */
		.flags = IOSQE_ASYNC,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)fifo,
		.open_flags = O_RDONLY,
	};

	return do_request(0, &sqe);
}

static void end_open(void)
{
	fd = need(open(fifo, O_WRONLY | O_NONBLOCK), "open");
	wait_for_task("Z");
}

static void setup_two_pipes(void)
{
	setup_pipe();
	fd = fds[1];
	setup_pipe();
}

static long call_splice(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SPLICE,
		.fd = fd,
		.off = -1,
		.splice_fd_in = fds[0],
		.splice_off_in = -1,
		.len = 4096,
	};

	return do_request(0, &sqe);
}

const struct sweep uring_cases[] = {
	{ "uring_read",		setup_pipe, call_read, end_write },
	{ "uring_read_deferred", setup_pipe, call_read_deferred, end_write },
	{ "uring_poll",		setup_pipe, call_poll, end_write },
	{ "uring_timeout",	NULL, call_timeout_request },
	{ "uring_enter_timeout", NULL, call_enter_timeout },
	{ "uring_recv",		setup_sockets, call_recv, end_write },
	{ "uring_recv_part",	setup_part, call_recv_all, end_write },
	{ "uring_futex",	NULL, call_futex, end_wake },
	{ "uring_waitid",	NULL, call_waitid },
	{ "uring_read_worker",	setup_pipe, call_read_worker, end_write, BLOCKS },
	{ "uring_open",		setup_fifo, call_open, end_open, BLOCKS },
	{ "uring_splice",	setup_two_pipes, call_splice, end_write, BLOCKS },
	{ }
};
