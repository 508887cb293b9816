// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and unloads modules, and prints the error if that fails. Starts faster than
 * insmod and rmmod, which matters on emulated CPUs.
 *
 *	lpt_module load FILE [PARAMETER=VALUE]...
 *	lpt_module fail N FILE [PARAMETER=VALUE]
 *	lpt_module unload NAME
 *	lpt_module poll FILE
 *
 * "fail" lets the Nth allocation of the load fail. The exit status is 3 if there were
 * fewer allocations, so that the module was loaded without a failure. "poll" prints
 * the content of a sysfs file, waits for a change, and prints it again.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load(const char *file, char **params, int n)
{
	char args[4096] = "";
	int i, fd;

	for (i = 0; i < n; i++) {
		if (strlen(args) + strlen(params[i]) + 2 > sizeof(args))
			errx(2, "too many parameters");
		strcat(strcat(args, params[i]), " ");
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, args, 0))
		err(1, "%s", file);
}

/* Documentation/fault-injection/fault-injection.rst */
static int fail_nth_file(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(2, "fail-nth");
	return fd;
}

/* Whether the failure has happened: the file reads as 0 then. */
static int failed(int nth)
{
	char left[16] = "";

	if (pread(nth, left, sizeof(left) - 1, 0) < 0 ||
	    pwrite(nth, "0", 1, 0) < 0)
		err(2, "fail-nth");
	return !atoi(left);
}

static int load_failing(const char *n, const char *file, const char *args)
{
	int nth = fail_nth_file(), fd = open(file, O_RDONLY | O_CLOEXEC);
	int ret, error;

	if (fd < 0)
		err(2, "%s", file);
	if (pwrite(nth, n, strlen(n), 0) < 0)
		err(2, "fail-nth");
	ret = syscall(SYS_finit_module, fd, args, 0);
	error = errno;
	if (!failed(nth))
		return 3;
	if (!ret)
		return 0;
	errno = error;
	err(1, "%s", file);
}

static void print_file(int fd)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n < 0 || write(STDOUT_FILENO, text, n) != n)
		err(1, "read");
}

static void poll_file(const char *file)
{
	struct pollfd poller = { .events = POLLPRI };

	poller.fd = open(file, O_RDONLY | O_CLOEXEC);
	if (poller.fd < 0)
		err(1, "%s", file);
	print_file(poller.fd);
	if (poll(&poller, 1, -1) != 1)
		err(1, "poll");
	print_file(poller.fd);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "load"))
		load(argv[2], argv + 3, argc - 3);
	else if (argc >= 4 && !strcmp(argv[1], "fail"))
		return load_failing(argv[2], argv[3], argc > 4 ? argv[4] : "");
	else if (argc == 3 && !strcmp(argv[1], "poll"))
		poll_file(argv[2]);
	else if (argc != 3 || strcmp(argv[1], "unload"))
		errx(2, "usage: lpt_module load|fail N FILE ... | unload NAME | poll FILE");
	else if (syscall(SYS_delete_module, argv[2], O_NONBLOCK))
		err(1, "unload %s", argv[2]);
	return 0;
}
