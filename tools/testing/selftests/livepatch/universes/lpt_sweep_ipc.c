// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: futexes, semaphores, queues of messages, and asynchronous I/O
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lpt_sweep.h"

#define LONG	(4 * span)

/* The numbers are the same on all architectures, except alpha. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv	449
#endif
#ifndef SYS_futex_wait
#define SYS_futex_wait	455
#endif

#define SIZE_U32	2	/* FUTEX2_SIZE_U32 */

/*
 * Futexes: slot->word is 0, and never changes
 */

static long futex(uint32_t *word, int op, uint32_t value, const void *ts,
		  uint32_t *other, uint32_t last)
{
	return syscall(SYS_futex, word, op, value, ts, other, last);
}

static void end_wake(void)
{
	need(futex(&slot->word, FUTEX_WAKE, 1, NULL, NULL, 0) - 1, "FUTEX_WAKE");
}

static long call_futex(void)
{
	return futex(&slot->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long call_futex_timed(void)
{
	struct timespec ts = ts_of(LONG);

	return futex(&slot->word, FUTEX_WAIT, 0, &ts, NULL, 0);
}

static long call_futex_timeout(void)
{
	struct timespec ts = ts_of(span);

	return futex(&slot->word, FUTEX_WAIT, 0, &ts, NULL, 0);
}

static long call_futex_bitset(void)
{
	struct timespec ts = ts_at(CLOCK_MONOTONIC, span);

	return futex(&slot->word, FUTEX_WAIT_BITSET, 0, &ts, NULL, 5);
}

static long call_futex_realtime(void)
{
	struct timespec ts = ts_at(CLOCK_REALTIME, span);

	return futex(&slot->word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &ts,
		     NULL, 5);
}

static long futex_waitv(const struct timespec *ts)
{
	static uint32_t other;
	struct {
		uint64_t value, address;
		uint32_t flags, reserved;
	} words[] = {
		{ 0, (uintptr_t)&other, SIZE_U32, 0 },
		{ 0, (uintptr_t)&slot->word, SIZE_U32, 0 },
	};

	return syscall(SYS_futex_waitv, words, 2, 0, ts, CLOCK_MONOTONIC);
}

static long call_futex_waitv(void)
{
	return futex_waitv(NULL);
}

static long call_futex_waitv_timeout(void)
{
	struct timespec ts = ts_at(CLOCK_MONOTONIC, span);

	return futex_waitv(&ts);
}

static long call_futex2_timeout(void)
{
	struct timespec ts = ts_at(CLOCK_MONOTONIC, span);

	return syscall(SYS_futex_wait, &slot->word, 0, -1, SIZE_U32, &ts,
		       CLOCK_MONOTONIC);
}

/* The partner has locked slot->pi. */
static void setup_pi(void)
{
	slot->pi = gettid();
}

static void end_unlock_pi(void)
{
	need(futex(&slot->pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), "FUTEX_UNLOCK_PI");
}

static long lock_pi(long ms)
{
	struct timespec ts = ts_at(CLOCK_REALTIME, ms);
	long ret = futex(&slot->pi, FUTEX_LOCK_PI, 0, &ts, NULL, 0);
	bool mine = (slot->pi & FUTEX_TID_MASK) == (uint32_t)gettid();

	put(&mine, sizeof(mine));
	return ret;
}

static long call_lock_pi(void)
{
	return lock_pi(LONG);
}

static long call_lock_pi_timeout(void)
{
	return lock_pi(span);
}

static long wait_requeue(long ms)
{
	struct timespec ts = ts_at(CLOCK_MONOTONIC, ms);
	long ret = futex(&slot->word, FUTEX_WAIT_REQUEUE_PI, 0, &ts, &slot->pi, 0);
	bool mine = (slot->pi & FUTEX_TID_MASK) == (uint32_t)gettid();

	put(&mine, sizeof(mine));
	return ret;
}

static long call_requeue_pi(void)
{
	return wait_requeue(LONG);
}

static long call_requeue_pi_timeout(void)
{
	return wait_requeue(span);
}

static void end_requeue_pi(void)
{
	need(futex(&slot->word, FUTEX_CMP_REQUEUE_PI, 1, NULL, &slot->pi, 0),
	     "FUTEX_CMP_REQUEUE_PI");
}

/* The partner has locked slot->pi, and moves the waiting task to it. */
static void during_requeue_pi(void)
{
	wait_for_task("S");
	setup_pi();
	need(futex(&slot->word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &slot->pi, 0) - 1,
	     "FUTEX_CMP_REQUEUE_PI");
}

/*
 * System V
 */

static int id;

static void remove_semaphore(void)
{
	semctl(id, 0, IPC_RMID);
}

static void setup_semaphore(void)
{
	id = need(semget(IPC_PRIVATE, 2, 0600), "semget");
}

static void end_semop(void)
{
	struct sembuf op = { .sem_op = 1 };

	need(semop(id, &op, 1), "semop");
	wait_for_task("Z");
	remove_semaphore();
}

/* Two operations: neither is done before both are possible. */
static long semop_for(const struct timespec *ts)
{
	struct sembuf ops[] = { { 1, 1, 0 }, { 0, -1, 0 } };
	long ret = syscall(SYS_semtimedop, id, ops, 2, ts);
	int value = semctl(id, 1, GETVAL);

	put(&value, sizeof(value));
	return ret;
}

static long call_semop(void)
{
	return semop_for(NULL);
}

static long call_semop_timed(void)
{
	struct timespec ts = ts_of(LONG);

	return semop_for(&ts);
}

static long call_semop_timeout(void)
{
	struct timespec ts = ts_of(span);
	long ret = semop_for(&ts);
	int error = errno;

	remove_semaphore();
	errno = error;
	return ret;
}

static void end_remove_semaphore(void)
{
	remove_semaphore();
}

struct message {
	long type;
	char text[8];
};

static void setup_queue(void)
{
	id = need(msgget(IPC_PRIVATE, 0600), "msgget");
}

static void setup_full_queue(void)
{
	struct message message = { .type = 1 };

	setup_queue();
	while (!msgsnd(id, &message, 0, IPC_NOWAIT))
		continue;
}

static void end_msgsnd(void)
{
	struct message message = { 5, "abc" };

	need(msgsnd(id, &message, 4, 0), "msgsnd");
	wait_for_task("Z");
	msgctl(id, IPC_RMID, NULL);
}

static void end_msgrcv(void)
{
	struct message message;

	need(msgrcv(id, &message, 8, 0, 0), "msgrcv");
	wait_for_task("Z");
	msgctl(id, IPC_RMID, NULL);
}

static long call_msgrcv(void)
{
	struct message message = {};
	long ret = msgrcv(id, &message, 8, 0, 0);

	put(&message, sizeof(message));
	return ret;
}

static long call_msgsnd(void)
{
	struct message message = { .type = 6 };

	return msgsnd(id, &message, 0, 0);
}

/*
 * POSIX queues
 */

static mqd_t queue;

static void setup_mq(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	char name[32];

	snprintf(name, sizeof(name), "/lpt_sweep.%d", getpid());
	queue = need(mq_open(name, O_RDWR | O_CREAT, 0600, &attr), "mq_open");
	mq_unlink(name);
}

static void setup_full_mq(void)
{
	setup_mq();
	need(mq_send(queue, "full", 4, 0), "mq_send");
}

static void end_mq_send(void)
{
	need(mq_send(queue, "abc", 3, 7), "mq_send");
}

static void end_mq_receive(void)
{
	char buf[8];

	need(mq_receive(queue, buf, sizeof(buf), NULL), "mq_receive");
}

static long mq_receive_for(long ms)
{
	struct timespec ts = ts_at(CLOCK_REALTIME, ms);
	unsigned int priority = 0;
	char buf[8];
	long ret = mq_timedreceive(queue, buf, sizeof(buf), &priority, &ts);

	if (ret > 0)
		put(buf, ret);
	put(&priority, sizeof(priority));
	return ret;
}

static long call_mq_receive(void)
{
	return mq_receive_for(LONG);
}

static long call_mq_receive_timeout(void)
{
	return mq_receive_for(span);
}

static long mq_send_for(long ms)
{
	struct timespec ts = ts_at(CLOCK_REALTIME, ms);

	return mq_timedsend(queue, "abc", 3, 0, &ts);
}

static long call_mq_send(void)
{
	return mq_send_for(LONG);
}

static long call_mq_send_timeout(void)
{
	return mq_send_for(span);
}

/*
 * Asynchronous I/O: waits for a poll of a pipe. The context belongs to the memory of the task.
 */

static aio_context_t context;
static struct iocb iocbs[2];

static void submit_polls(int n)
{
	struct iocb *list[] = { &iocbs[0], &iocbs[1] };
	int i;

	need(syscall(SYS_io_setup, 2, &context), "io_setup");
	for (i = 0; i < n; i++) {
		iocbs[i].aio_lio_opcode = IOCB_CMD_POLL;
		iocbs[i].aio_fildes = i ? fd : fds[0];
		iocbs[i].aio_buf = POLLIN;
		iocbs[i].aio_data = 70 + i;
	}
	need(syscall(SYS_io_submit, context, n, list), "io_submit");
	begin();
}

static long getevents(int min, const struct timespec *ts)
{
	struct io_event events[2] = {};
	long ret = syscall(SYS_io_getevents, context, min, 2, events, ts);
	int i;

	for (i = 0; i < ret; i++) {
		put(&events[i].data, sizeof(events[i].data));
		put(&events[i].res, sizeof(events[i].res));
	}
	return ret;
}

static long call_getevents(void)
{
	submit_polls(1);
	return getevents(1, NULL);
}

static long call_getevents_timed(void)
{
	struct timespec ts = ts_of(LONG);

	submit_polls(1);
	return getevents(1, &ts);
}

static long call_getevents_timeout(void)
{
	struct timespec ts = ts_of(span);

	submit_polls(1);
	return getevents(1, &ts);
}

static void setup_ready_pipe(void)
{
	int ready[2];

	need(pipe(ready), "pipe");
	need(write(ready[1], "x", 1), "write");
	fd = ready[0];
	setup_pipe();
}

/* One event is there, another one is waited for. */
static long call_getevents_part(void)
{
	struct timespec ts = ts_of(span);

	submit_polls(2);
	return getevents(2, &ts);
}

static long pgetevents(const struct timespec *ts)
{
	struct io_event event = {};
	sigset_t signals;
	struct {
		const sigset_t *set;
		size_t size;
	} mask = { &signals, 8 };
	long ret;

	sigemptyset(&signals);
	ret = syscall(SYS_io_pgetevents, context, 1, 1, &event, ts, &mask);
	put(&event.res, sizeof(event.res));
	return ret;
}

static long call_pgetevents(void)
{
	submit_polls(1);
	return pgetevents(NULL);
}

static long call_pgetevents_timeout(void)
{
	struct timespec ts = ts_of(span);

	submit_polls(1);
	return pgetevents(&ts);
}

const struct sweep ipc_cases[] = {
	{ "futex",		NULL, call_futex, end_wake },
	{ "futex_timed",	NULL, call_futex_timed, end_wake },
	{ "futex_timeout",	NULL, call_futex_timeout },
	{ "futex_bitset",	NULL, call_futex_bitset },
	{ "futex_realtime",	NULL, call_futex_realtime },
	{ "futex_waitv",	NULL, call_futex_waitv, end_wake },
	{ "futex_waitv_timeout", NULL, call_futex_waitv_timeout },
	{ "futex2_timeout",	NULL, call_futex2_timeout },
	{ "futex_lock_pi",	setup_pi, call_lock_pi, end_unlock_pi },
	{ "futex_lock_pi_timeout", setup_pi, call_lock_pi_timeout },
	{ "futex_requeue_pi",	NULL, call_requeue_pi, end_requeue_pi },
	{ "futex_requeue_pi_timeout", NULL, call_requeue_pi_timeout },
	{ "futex_requeued_pi",	NULL, call_requeue_pi, end_unlock_pi, 0,
				LISTED("FUTEX_WAIT_REQUEUE_PI"), during_requeue_pi },
	{ "semop",		setup_semaphore, call_semop, end_semop },
	{ "semop_timed",	setup_semaphore, call_semop_timed, end_semop },
	{ "semop_timeout",	setup_semaphore, call_semop_timeout },
	{ "semop_removed",	setup_semaphore, call_semop, end_remove_semaphore },
	{ "msgrcv",		setup_queue, call_msgrcv, end_msgsnd },
	{ "msgsnd",		setup_full_queue, call_msgsnd, end_msgrcv },
	{ "mq_receive",		setup_mq, call_mq_receive, end_mq_send },
	{ "mq_receive_timeout",	setup_mq, call_mq_receive_timeout },
	{ "mq_send",		setup_full_mq, call_mq_send, end_mq_receive },
	{ "mq_send_timeout",	setup_full_mq, call_mq_send_timeout },
	{ "io_getevents",	setup_pipe, call_getevents, end_write },
	{ "io_getevents_timed",	setup_pipe, call_getevents_timed, end_write },
	{ "io_getevents_timeout", setup_pipe, call_getevents_timeout },
	{ "io_getevents_part",	setup_ready_pipe, call_getevents_part, NULL, 0,
				LISTED("that have got some events, but fewer") },
	{ "io_pgetevents",	setup_pipe, call_pgetevents, end_write },
	{ "io_pgetevents_timeout", setup_pipe, call_pgetevents_timeout },
	{ }
};
