// SPDX-License-Identifier: GPL-2.0
/*
 * Writes lines to files from many threads until it gets a SIGTERM:
 *
 *	lpt_hammer FILE PAUSE THREADS LINE [THREADS LINE]...
 *
 * Every thread has an open file of its own, writes the line again and again,
 * and sleeps PAUSE microseconds between two writes. If LINE is "read", the thread
 * reads /proc/loadavg instead. The patch lpt_vmlinux fakes two numbers there. In each
 * read both must be faked or both real; otherwise the read counts as mixed.
 *
 * Prints "calls N faked N mixed N" at the end. Fails if a call failed.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAKE_LOAD "77.00"
#define FAKE_RUNNING "77"

static const char *path;
static useconds_t pause_us;
static volatile sig_atomic_t stop;
static unsigned long calls, faked, mixed;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void count(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static void check_loadavg(int fd)
{
	char line[128], load[32], running[32];
	ssize_t len = pread(fd, line, sizeof(line) - 1, 0);

	if (len <= 0)
		err(1, "read of /proc/loadavg");
	line[len] = '\0';
	if (sscanf(line, "%31s %*s %*s %31[0-9]/", load, running) != 2)
		errx(1, "unexpected /proc/loadavg: %s", line);
	if (!strcmp(load, FAKE_LOAD))
		count(&faked);
	if (!strcmp(load, FAKE_LOAD) != !strcmp(running, FAKE_RUNNING))
		count(&mixed);
}

static void *hammer(void *line)
{
	int reads = !strcmp(line, "read");
	int fd = reads ? open("/proc/loadavg", O_RDONLY) : open(path, O_WRONLY);

	if (fd < 0)
		err(1, "open");
	while (!stop) {
		if (reads)
			check_loadavg(fd);
		else if (write(fd, line, strlen(line)) < 0)
			err(1, "write \"%s\"", (char *)line);
		count(&calls);
		if (pause_us)
			usleep(pause_us);
	}
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	pthread_t threads[1024];
	int i, n, total = 0;

	if (argc < 5 || argc % 2 == 0)
		errx(2, "usage: lpt_hammer FILE PAUSE {THREADS LINE}...");
	path = argv[1];
	pause_us = atoi(argv[2]);
	sigaction(SIGTERM, &sa, NULL);

	for (i = 3; i < argc; i += 2) {
		for (n = atoi(argv[i]); n > 0 && total < 1024; n--, total++) {
			if (pthread_create(&threads[total], NULL, hammer,
					   argv[i + 1]))
				errx(1, "pthread_create");
		}
	}
	for (i = 0; i < total; i++)
		pthread_join(threads[i], NULL);
	printf("calls %lu faked %lu mixed %lu\n", calls, faked, mixed);
	return 0;
}
