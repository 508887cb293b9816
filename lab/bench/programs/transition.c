// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the duration of a transition in microseconds: from the request until the files
 * in sysfs show its end.
 *
 *	transition load NAME [PARAMETER=VALUE]...	loads ./NAME.ko
 *	transition disable NAME
 *
 * It polls every 0.5 ms, and does not sleep in a system call for longer, because it must
 * not delay the transition itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

#define SYSFS		"/sys/kernel/livepatch/"
#define POLL_US		500
#define PATIENCE_US	900000000L

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static long load(const char *name, char **params)
{
	char path[PATH_MAX], args[256] = "";
	long start;
	int fd;

	for (; *params; params++) {
		if (strlen(args) + strlen(*params) + 2 > sizeof(args))
			errx(2, "too many parameters");
		strcat(strcat(args, *params), " ");
	}
	snprintf(path, sizeof(path), "%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	start = now_us();
	if (syscall(SYS_finit_module, fd, args, 0))
		err(1, "load %s", name);
	return start;
}

static long disable(const char *name)
{
	char path[PATH_MAX];
	long start;
	int fd;

	snprintf(path, sizeof(path), SYSFS "%s/enabled", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	start = now_us();
	if (write(fd, "0", 1) != 1)
		err(1, "disable %s", name);
	close(fd);
	return start;
}

/* After a patch is disabled, its directory goes at the end of the transition. */
static bool is_over(const char *name)
{
	char path[PATH_MAX], text[8];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSFS "%s/transition", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n <= 0 || text[0] == '0';
}

int main(int argc, char **argv)
{
	long start, us;

	if (argc < 3)
		errx(2, "usage: transition load|disable NAME ...");
	if (!strcmp(argv[1], "load"))
		start = load(argv[2], argv + 3);
	else
		start = disable(argv[2]);
	while (!is_over(argv[2])) {
		if (now_us() - start > PATIENCE_US)
			errx(1, "%s: in transition for ever", argv[2]);
		usleep(POLL_US);
	}
	us = now_us() - start;
	printf("%ld\n", us);
	return 0;
}
