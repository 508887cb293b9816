// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that wait in the kernel before the body of a system call has begun, or when
 * only its result is left to be returned. A transition migrates them asleep, without a
 * wakeup.
 *
 * usage: lpt_waits MODE
 *
 * Prints the PID of the task when it waits. On SIGTERM the wait is ended in its regular
 * way. The exit status is 0 if the wait had its regular result.
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lpt_user.h"

#define ANSWER	77

static void say(pid_t pid)
{
	printf("%d\n", pid);
	fflush(stdout);
}

static pid_t start(int (*child)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(child());
	}
	return pid;
}

/* Return: 0 if the child has exited with 0 */
static int reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

/*
 * A stop of a tracer at the entry, or at the exit, of a system call
 */

static int child_getppid(void)
{
	pid_t parent = getppid();

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return syscall(SYS_getppid) != parent;
}

static bool stops_at(pid_t pid, int op)
{
	struct __ptrace_syscall_info info = {};

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	return info.op == op;
}

static int traced(int op)
{
	pid_t pid = start(child_getppid);
	int status;

	waitpid(pid, &status, __WALL);
	/* PTRACE_GET_SYSCALL_INFO needs it to distinguish stops at entry and exit. */
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD))
		err(1, "ptrace");
	do {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL))
			err(1, "ptrace");
		waitpid(pid, &status, __WALL);
	} while (WIFSTOPPED(status) && !stops_at(pid, op));
	wait_for_state(pid, "t");
	say(pid);
	wait_for_term();
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return reap(pid);
}

static int mode_entry(void)
{
	return traced(PTRACE_SYSCALL_INFO_ENTRY);
}

static int mode_exit(void)
{
	return traced(PTRACE_SYSCALL_INFO_EXIT);
}

/* A stop that reports a fork to the tracer */

static int child_forks(void)
{
	pid_t pid;

	raise(SIGSTOP);
	pid = fork();
	if (!pid)
		_exit(0);
	return pid < 0 || reap(pid);
}

static int mode_fork(void)
{
	pid_t pid = start(child_forks);
	unsigned long child = 0;

	trace_to_event(pid, PTRACE_O_TRACEFORK, PTRACE_EVENT_FORK);
	ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child);
	say(pid);
	wait_for_term();
	/* The child was attached, and has stopped on its way to user mode. */
	waitpid(child, NULL, __WALL);
	ptrace(PTRACE_DETACH, child, NULL, NULL);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return reap(pid);
}

/*
 * A system call that waits for the answer to a seccomp notification
 */

static int notify_pipe[2];

static int child_notify(void)
{
	int fd = notify_mknodat(0);

	if (fd < 0)
		return 2;
	if (write(notify_pipe[1], &fd, sizeof(fd)) != sizeof(fd))
		return 3;
	return syscall(__NR_mknodat, AT_FDCWD, "x", 0, 0) != ANSWER;
}

/* Return: 0 if the notification was answered, else the error of ioctl() */
static int answer(int listener)
{
	struct seccomp_notif_resp resp = { .val = ANSWER };
	struct seccomp_notif notif = {};

	/* If a signal restarts the call, its notification gets another ID: SEND then fails. */
	if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif))
		say(notif.pid);
	wait_for_term();
	resp.id = notif.id;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static int mode_seccomp(void)
{
	int fd, pidfd, listener, ret;
	pid_t pid;

	if (pipe(notify_pipe))
		err(1, "pipe");
	pid = start(child_notify);
	if (read(notify_pipe[0], &fd, sizeof(fd)) != sizeof(fd))
		errx(1, "no seccomp filter");
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	listener = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (listener < 0)
		err(1, "pidfd_getfd");
	ret = answer(listener);
	if (ret)
		kill(pid, SIGKILL);
	return reap(pid) || ret;
}

/*
 * An idle ring. The parent submits a request at the end, whose completion ends the wait.
 */

static struct ring ring;
static struct __kernel_timespec forever = { .tv_sec = 1000 };

static int child_ring_endless(void)
{
	return syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS,
		       NULL, 0);
}

static int child_ring_timeout(void)
{
	struct io_uring_getevents_arg arg = { .ts = (unsigned long)&forever };

	return syscall(SYS_io_uring_enter, ring.fd, 0, 1,
		       IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg,
		       sizeof(arg));
}

static int waits_in_ring(int (*child)(void))
{
	const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	pid_t pid;

	open_ring(&ring);
	pid = start(child);
	wait_for_state(pid, "S");
	say(pid);
	wait_for_term();
	submit(&ring, &nop);
	return reap(pid);
}

static int mode_uring(void)
{
	return waits_in_ring(child_ring_endless);
}

static int mode_uring_timeout(void)
{
	return waits_in_ring(child_ring_timeout);
}

/*
 * The init of a PID namespace that exits. It waits until all other processes of the
 * namespace are reaped. One of them has a parent outside, which delays the reaping.
 */

static int child_pause(void)
{
	while (pause() < 0)
		continue;
	return 0;
}

static int mode_pidns(void)
{
	pid_t init, inside;
	char path[32];
	int fd;

	if (unshare(CLONE_NEWPID))
		err(1, "unshare");
	init = start(child_pause);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", init);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWPID))
		err(1, "setns");
	inside = start(child_pause);
	kill(init, SIGKILL);
	wait_for_state(inside, "Z");
	wait_for_state(init, "DIS");
	say(init);
	wait_for_term();
	waitpid(inside, NULL, 0);
	return waitpid(init, NULL, 0) != init;
}

/*
 * The parent of a vfork
 */

static int *vfork_go;

static int child_vfork(void)
{
	pid_t pid = vfork();
	int status;

	if (!pid) {
		while (!__atomic_load_n(vfork_go, __ATOMIC_ACQUIRE))
			usleep(1000);
		_exit(ANSWER);
	}
	return waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != ANSWER;
}

static int mode_vfork(void)
{
	pid_t pid;

	vfork_go = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vfork_go == MAP_FAILED)
		err(1, "mmap");
	pid = start(child_vfork);
	wait_for_state(pid, "D");
	say(pid);
	wait_for_term();
	__atomic_store_n(vfork_go, 1, __ATOMIC_RELEASE);
	return reap(pid);
}

/*
 * A system call that faults in kernel mode on memory of a userfaultfd, which is not served
 */

static char *managed;
static int filled_pipe[2];

static int child_fault(void)
{
	return read(filled_pipe[0], managed, 1) != 1 || *managed != 'x';
}

static int managed_page(void)
{
	managed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (managed == MAP_FAILED)
		err(1, "mmap");
	return manage_memory(managed, 4096);
}

/* A thread of this process, because a child would not share the userfaultfd's memory. */
static void *thread_fault(void *tid)
{
	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_RELEASE);
	return child_fault() ? tid : NULL;
}

static int mode_uffd(void)
{
	struct uffdio_zeropage zero = {};
	pthread_t thread;
	pid_t tid = 0;
	void *failed;
	int fd;

	if (pipe(filled_pipe) || write(filled_pipe[1], "x", 1) != 1)
		err(1, "pipe");
	fd = managed_page();
	if (pthread_create(&thread, NULL, thread_fault, &tid))
		errx(1, "pthread_create");
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_for_state(tid, "SD");
	say(tid);
	wait_for_term();
	zero.range.start = (unsigned long)managed;
	zero.range.len = 4096;
	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		err(1, "UFFDIO_ZEROPAGE");
	pthread_join(thread, &failed);
	return !!failed;
}

static const struct {
	const char *name;
	int (*fn)(void);
} modes[] = {
	{ "entry",	mode_entry },	/* traced, before a system call */
	{ "exit",	mode_exit },	/* traced, after it */
	{ "fork",	mode_fork },	/* traced, after a fork */
	{ "seccomp",	mode_seccomp },	/* waits for the answer to a notification */
	{ "uring",	mode_uring },	/* waits for a completion, for ever */
	{ "uring_timeout", mode_uring_timeout },	/* likewise, for 1000 s at most */
	{ "pidns",	mode_pidns },	/* init that waits for its namespace */
	{ "uffd",	mode_uffd },	/* faults in kernel mode */
	{ "vfork",	mode_vfork },	/* parent of a vfork */
};

int main(int argc, char **argv)
{
	size_t i;

	block_term();
	for (i = 0; argc == 2 && i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].fn();
	}
	errx(2, "usage: lpt_waits MODE");
}
