// SPDX-License-Identifier: GPL-2.0
/*
 * Measures common paths of user tasks, in ticks of the TSC. The minimum of many runs
 * excludes runs with a timer interrupt. Prints a line "NAME TICKS" for each path.
 */
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <x86intrin.h>

#define SYSCALLS	100

static char *self;

static void syscalls(void)
{
	int i;

	for (i = 0; i < SYSCALLS; i++)
		syscall(SYS_getppid);
}

static void reap(pid_t pid)
{
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		err(1, "fork");
}

static void fork_and_wait(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	reap(pid);
}

/* vfork() avoids copying the address space, which would dominate the result. */
static void vfork_and_wait(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	reap(pid);
}

static void exec_and_wait(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl(self, self, "exit", NULL);
		_exit(1);
	}
	reap(pid);
}

static void on_usr1(int sig)
{
	(void)sig;
}

/* A return to user mode with work to do, a signal */
static void signal_myself(void)
{
	raise(SIGUSR1);
}

static void measure(const char *name, void (*fn)(void), int times, int calls)
{
	unsigned long long start, ticks, best = -1ULL;
	int i;

	for (i = 0; i < times; i++) {
		start = __rdtsc();
		fn();
		ticks = __rdtsc() - start;
		if (ticks < best)
			best = ticks;
	}
	printf("%s %llu\n", name, best / calls);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	self = argv[0];
	signal(SIGUSR1, on_usr1);
	measure("syscall", syscalls, 1000, SYSCALLS);
	measure("signal", signal_myself, 1000, 1);
	measure("vfork", vfork_and_wait, 1000, 1);
	measure("fork", fork_and_wait, 300, 1);
	measure("exec", exec_and_wait, 100, 1);
	return 0;
}
