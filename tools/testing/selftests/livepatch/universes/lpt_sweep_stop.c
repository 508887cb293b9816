// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: tasks that are stopped, frozen, traced, or wait for an answer to a
 * seccomp notification, and those that give the answer
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lpt_sweep.h"
#include "lpt_user.h"

/*
 * Stopped by a signal
 */

static void during_stop(void)
{
	wait_for_task("S");
	kill(slot->task, SIGSTOP);
	wait_for_task("T");
}

static void end_stop(void)
{
	kill(slot->task, SIGCONT);
}

static void end_stop_and_write(void)
{
	end_stop();
	end_write();
}

static long call_nanosleep(void)
{
	struct timespec ts = ts_of(span);

	return syscall(SYS_nanosleep, &ts, NULL);
}

/*
 * Frozen by its cgroup
 */

static char cgroup[64];

static void write_cgroup(const char *file, const char *text)
{
	char path[96];
	int cgroup_fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	cgroup_fd = need(open(path, O_WRONLY), path);
	need(write(cgroup_fd, text, strlen(text)), path);
	close(cgroup_fd);
}

static void setup_cgroup(void)
{
	setup_pipe();
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK))
		skip("no cgroup2 file system in /sys/fs/cgroup");
	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/lpt_sweep.%d", getpid());
	need(mkdir(cgroup, 0700), cgroup);
}

static long call_frozen(void)
{
	write_cgroup("cgroup.procs", "0");
	begin();
	slot->word = 1;
	return read_3();
}

static void during_frozen(void)
{
	while (!__atomic_load_n(&slot->word, __ATOMIC_ACQUIRE))
		usleep(1000);
	usleep(span * 100);
	write_cgroup("cgroup.freeze", "1");
}

static void end_frozen(void)
{
	write_cgroup("cgroup.freeze", "0");
	end_write();
	wait_for_task("Z");
	rmdir(cgroup);
}

/*
 * Traced: stopped at the entry or the exit of a system call, in one, or while it sleeps
 */

/* ret: of the call, not of a wrapper */
static long call_getppid(void)
{
	need(ptrace(PTRACE_TRACEME, 0, NULL, NULL), "PTRACE_TRACEME");
	raise(SIGSTOP);
	begin();
	return syscall(SYS_getppid) == slot->partner ? 0 : 1;
}

static void trace_until(int op)
{
	struct __ptrace_syscall_info info = {};
	bool in_getppid = false;
	int status;

	waitpid(slot->task, &status, __WALL);
	need(ptrace(PTRACE_SETOPTIONS, slot->task, NULL, PTRACE_O_TRACESYSGOOD),
	     "PTRACE_SETOPTIONS");
	do {
		need(ptrace(PTRACE_SYSCALL, slot->task, NULL, NULL), "PTRACE_SYSCALL");
		waitpid(slot->task, &status, __WALL);
		need(ptrace(PTRACE_GET_SYSCALL_INFO, slot->task, sizeof(info), &info),
		     "PTRACE_GET_SYSCALL_INFO");
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			in_getppid = info.entry.nr == SYS_getppid;
	} while (!in_getppid || info.op != op);
}

static void during_entry(void)
{
	trace_until(PTRACE_SYSCALL_INFO_ENTRY);
}

static void during_exit(void)
{
	trace_until(PTRACE_SYSCALL_INFO_EXIT);
}

static void end_detach(void)
{
	need(ptrace(PTRACE_DETACH, slot->task, NULL, NULL), "PTRACE_DETACH");
}

static long call_traced_fork(void)
{
	pid_t pid;
	int status = 0;

	need(ptrace(PTRACE_TRACEME, 0, NULL, NULL), "PTRACE_TRACEME");
	raise(SIGSTOP);
	begin();
	pid = fork();
	if (!pid)
		_exit(7);
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	put(&status, sizeof(status));
	return 0;
}

static void during_fork(void)
{
	int status;

	waitpid(slot->task, &status, __WALL);
	need(ptrace(PTRACE_SETOPTIONS, slot->task, NULL, PTRACE_O_TRACEFORK),
	     "PTRACE_SETOPTIONS");
	need(ptrace(PTRACE_CONT, slot->task, NULL, NULL), "PTRACE_CONT");
	waitpid(slot->task, &status, __WALL);
}

static void end_fork(void)
{
	unsigned long pid = 0;

	need(ptrace(PTRACE_GETEVENTMSG, slot->task, NULL, &pid), "PTRACE_GETEVENTMSG");
	end_detach();
	waitpid(pid, NULL, __WALL);
	need(ptrace(PTRACE_DETACH, pid, NULL, NULL), "PTRACE_DETACH");
}

static void during_interrupt(void)
{
	wait_for_task("S");
	need(ptrace(PTRACE_SEIZE, slot->task, NULL, NULL), "PTRACE_SEIZE");
	need(ptrace(PTRACE_INTERRUPT, slot->task, NULL, NULL), "PTRACE_INTERRUPT");
	waitpid(slot->task, NULL, __WALL);
}

static void end_interrupt(void)
{
	end_detach();
	end_write();
}

/*
 * seccomp
 */

#define ANSWER	77

static int install_filter(unsigned int flags)
{
	return need(notify_mknodat(flags), "seccomp");
}

static long make_node(void)
{
	return syscall(__NR_mknodat, AT_FDCWD, "x", 0, 0);
}

static long ask(unsigned int flags)
{
	int listener = install_filter(flags);

	begin();
	__atomic_store_n(&slot->number, listener, __ATOMIC_RELEASE);
	return make_node();
}

static long call_asks(void)
{
	return ask(0);
}

static long call_asks_killable(void)
{
	return ask(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static struct seccomp_notif notification;

static void during_ask(void)
{
	int pidfd, number;

	while (!(number = __atomic_load_n(&slot->number, __ATOMIC_ACQUIRE)))
		usleep(1000);
	pidfd = need(syscall(SYS_pidfd_open, slot->task, 0), "pidfd_open");
	fd = need(syscall(SYS_pidfd_getfd, pidfd, number, 0), "pidfd_getfd");
	need(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notification), "NOTIF_RECV");
}

/* If the call was interrupted, the notification has another ID, and this fails. */
static void end_ask(void)
{
	struct seccomp_notif_resp response = { .id = notification.id, .val = ANSWER };

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response))
		end_kill();
}

/* The filter is that of the task, which is the supervisor of a child, too. */
static long call_supervises(void)
{
	struct seccomp_notif request = {};
	int listener = install_filter(0);
	long ret;
	pid_t pid;

	pid = need(fork(), "fork");
	if (!pid) {
		die_with_parent();
		until_end();
		make_node();
		_exit(0);
	}
	begin();
	ret = ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request);
	put(&request.data.nr, sizeof(request.data.nr));
	return ret ?: (pid_t)request.pid != pid;
}

const struct sweep stop_cases[] = {
	{ "stopped_nanosleep",	NULL, call_nanosleep, end_stop, 0, NULL, during_stop },
	{ "stopped_read",	setup_pipe, read_3, end_stop_and_write, 0, NULL, during_stop },
	{ "frozen",		setup_cgroup, call_frozen, end_frozen, 0, NULL, during_frozen },
	{ "traced_entry",	NULL, call_getppid, end_detach, 0, NULL, during_entry },
	{ "traced_exit",	NULL, call_getppid, end_detach, 0, NULL, during_exit },
	{ "traced_read",	setup_pipe, read_3, end_interrupt, 0, NULL, during_interrupt },
	{ "traced_fork",	NULL, call_traced_fork, end_fork, 0, NULL, during_fork },
	{ "seccomp",		NULL, call_asks, end_ask, 0, NULL, during_ask },
	{ "seccomp_killable",	NULL, call_asks_killable, end_ask, 0, NULL, during_ask },
	{ "seccomp_supervisor",	NULL, call_supervises },
	{ }
};
