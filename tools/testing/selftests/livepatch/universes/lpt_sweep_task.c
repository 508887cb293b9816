// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: waiting for other tasks, and calls that start or replace tasks
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lpt_sweep.h"
#include "lpt_user.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static pid_t start(void (*fn)(void))
{
	pid_t pid = need(fork(), "fork");

	if (!pid) {
		die_with_parent();
		fn();
		_exit(7);
	}
	begin();
	return pid;
}

static void child_pause(void)
{
	for (;;)
		pause();
}

static void child_stops(void)
{
	until_end();
	raise(SIGSTOP);
}

static long wait_for(pid_t pid, int options)
{
	int status = 0;
	long ret = wait4(pid, &status, options, NULL);

	put(&status, sizeof(status));
	return ret == pid ? 0 : ret;
}

static long call_wait4(void)
{
	return wait_for(start(until_end), 0);
}

static long call_wait_for_stop(void)
{
	return wait_for(start(child_stops), WUNTRACED);
}

static long wait_id(idtype_t type, id_t id)
{
	siginfo_t info = {};
	long ret = waitid(type, id, &info, WEXITED);

	put(&info.si_code, sizeof(info.si_code));
	put(&info.si_status, sizeof(info.si_status));
	return ret;
}

static long call_waitid(void)
{
	return wait_id(P_PID, start(until_end));
}

static int start_pidfd(void)
{
	return need(syscall(SYS_pidfd_open, start(until_end), 0), "pidfd_open");
}

static long call_waitid_pidfd(void)
{
	return wait_id(P_PIDFD, start_pidfd());
}

static long call_poll_pidfd(void)
{
	struct pollfd pollfd = { .fd = start_pidfd(), .events = POLLIN };
	long ret = poll(&pollfd, 1, -1);

	put(&pollfd.revents, sizeof(pollfd.revents));
	return ret;
}

static long call_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		until_end();
		_exit(7);
	}
	return wait_for(pid, 0);
}

/* A tracer that waits for its tracee */
static long call_wait_traced(void)
{
	pid_t pid = start(child_stops);

	need(ptrace(PTRACE_SEIZE, pid, NULL, NULL), "PTRACE_SEIZE");
	return wait_for(pid, __WALL);
}

/*
 * The init of a PID namespace exits. It waits until all other processes of the namespace
 * are reaped. One of them has a parent outside, which reaps it late.
 */

static pid_t inside;

/* The thread must be started before unshare(), which affects its process from then on. */
static void *reap_late(void *arg)
{
	until_end();
	waitpid(inside, NULL, 0);
	return arg;
}

static long call_pid_namespace(void)
{
	char path[32];
	pid_t init;

	thread_does(reap_late);
	need(unshare(CLONE_NEWPID), "unshare");
	init = start(child_pause);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", init);
	need(setns(need(open(path, O_RDONLY), path), CLONE_NEWPID), "setns");
	inside = start(child_pause);
	kill(init, SIGKILL);
	wait_for_state(inside, "Z");
	return wait_for(init, 0);
}

/*
 * A core dump. The program in core_pattern, which is this one, reads it late, and writes
 * the size into a file.
 */

static void child_aborts(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* The program writes the size a little after the end of the task. Return: 0 if there is none */
static long core_size(void)
{
	FILE *file = fopen("/tmp/lpt_sweep.core", "r");
	long size = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &size) != 1)
		size = 0;
	fclose(file);
	return size;
}

static long call_core_dump(void)
{
	long ret = wait_for(start(child_aborts), 0), size;
	int tries;

	for (tries = 0; !(size = core_size()) && tries < 500; tries++)
		usleep(10000);
	unlink("/tmp/lpt_sweep.core");
	put(&size, sizeof(size));
	return size ? ret : -1;
}

/*
 * Over and over
 */

static int succeeds(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		fn();
		_exit(0);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static void child_execs(void)
{
	execl("/proc/self/exe", "lpt_sweep", "nothing", NULL);
	_exit(1);
}

static void *thread_execs(void *arg)
{
	child_execs();
	return arg;
}

static void *thread_pauses(void *arg)
{
	child_pause();
	return arg;
}

static void child_thread_execs(void)
{
	thread_does(thread_pauses);
	thread_does(thread_execs);
	child_pause();
}

static void child_exits_with_threads(void)
{
	thread_does(thread_pauses);
	thread_does(thread_pauses);
	exit(0);
}

static void child_unshares(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_FILES | CLONE_FS))
		_exit(1);
}

static int one_exec(void)
{
	return succeeds(child_execs);
}

static long call_execs(void)
{
	return repeat(one_exec);
}

static int one_thread_exec(void)
{
	return succeeds(child_thread_execs);
}

static long call_thread_execs(void)
{
	return repeat(one_thread_exec);
}

static int one_exit(void)
{
	return succeeds(child_exits_with_threads);
}

static long call_exits(void)
{
	return repeat(one_exit);
}

static int one_unshare(void)
{
	return succeeds(child_unshares);
}

static long call_unshares(void)
{
	return repeat(one_unshare);
}

const struct sweep task_cases[] = {
	{ "wait4",		NULL, call_wait4 },
	{ "wait_for_stop",	NULL, call_wait_for_stop },
	{ "waitid",		NULL, call_waitid },
	{ "waitid_pidfd",	NULL, call_waitid_pidfd },
	{ "poll_pidfd",		NULL, call_poll_pidfd },
	{ "vfork",		NULL, call_vfork },
	{ "wait_traced",	NULL, call_wait_traced },
	{ "pid_namespace",	NULL, call_pid_namespace },
	{ "core_dump",		NULL, call_core_dump, NULL, BLOCKS },
	{ "execs",		NULL, call_execs, NULL, RUNS },
	{ "thread_execs",	NULL, call_thread_execs, NULL, RUNS },
	{ "exits",		NULL, call_exits, NULL, RUNS },
	{ "unshares",		NULL, call_unshares, NULL, RUNS },
	{ }
};
