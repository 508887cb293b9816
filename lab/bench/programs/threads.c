// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that a transition has to migrate. Runs until it gets a SIGTERM:
 *
 *	threads sleep N		a third each sleeps in nanosleep, futex, and read of
 *				a pipe
 *	threads spin N		all call the patched function bench_spin() in a loop,
 *				for two milliseconds each time
 *
 * Prints "ready" when all threads are in that state.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define STACK		(16 << 10)
#define SPIN_FILE	"/sys/kernel/debug/bench/spin"
#define SPIN_US		"2000"

static int number, started;
static int pipe_fds[2];

static void count_me(void)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
}

static void *sleep_nanosleep(void *unused)
{
	const struct timespec forever = { .tv_sec = 1000000 };

	count_me();
	for (;;)
		nanosleep(&forever, NULL);
	return unused;
}

static void *sleep_futex(void *unused)
{
	static int word;

	count_me();
	for (;;)
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
	return unused;
}

static void *sleep_read(void *unused)
{
	char c;

	count_me();
	while (read(pipe_fds[0], &c, 1) < 0)
		;
	return unused;
}

static void *spin(void *unused)
{
	int fd = open(SPIN_FILE, O_WRONLY);

	if (fd < 0)
		err(1, SPIN_FILE);
	count_me();
	while (write(fd, SPIN_US, strlen(SPIN_US)) > 0)
		;
	err(1, SPIN_FILE);
	return unused;
}

static void start(void *(*fn[])(void *), int nr_fns)
{
	pthread_attr_t attr;
	pthread_t thread;
	char *stacks;
	int i;

	stacks = mmap(NULL, (size_t)number * STACK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stacks == MAP_FAILED)
		err(1, "mmap");
	pthread_attr_init(&attr);
	for (i = 0; i < number; i++) {
		pthread_attr_setstack(&attr, stacks + (size_t)i * STACK, STACK);
		if (pthread_create(&thread, &attr, fn[i % nr_fns], NULL))
			errx(1, "only %d threads could be had", i);
	}
	while (__atomic_load_n(&started, __ATOMIC_RELAXED) < number)
		usleep(10000);
}

int main(int argc, char **argv)
{
	void *(*sleepers[])(void *) = {
		sleep_nanosleep, sleep_futex, sleep_read
	};
	void *(*spinners[])(void *) = { spin };
	sigset_t set;
	int sig;

	if (argc != 3)
		errx(2, "usage: threads sleep|spin N");
	number = atoi(argv[2]);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (pipe(pipe_fds))
		err(1, "pipe");

	if (!strcmp(argv[1], "sleep"))
		start(sleepers, 3);
	else
		start(spinners, 1);
	usleep(500000);
	puts("ready");
	fflush(stdout);
	sigwait(&set, &sig);
	return 0;
}
