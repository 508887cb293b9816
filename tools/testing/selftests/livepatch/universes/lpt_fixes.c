// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is often preempted while it reads a list of sockets:
 *
 *	lpt_fixes raw|icmp CPU SOCKETS
 *
 * Opens that many sockets, prints "ready", and reads /proc/net/raw or icmp on this CPU
 * until it gets a signal. A real-time task of the same CPU leaves it little time.
 */

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lpt_user.h"

#define BUSY_MS		50

/* Number of system calls that were made */
static atomic_uint *calls;

/*
 * Run for BUSY_MS, and again when the other task has made a system call. It needs one to
 * migrate, and time to die.
 */
static void preempt_others(void)
{
	struct sched_param param = { .sched_priority = 1 };
	unsigned int seen;
	long end;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		err(1, "sched_setscheduler");
	for (;;) {
		end = now_ms() + BUSY_MS;
		while (now_ms() < end)
			;
		seen = *calls;
		for (int i = 0; i < 1000 && *calls == seen; i++)
			usleep(1000);
	}
}

static void use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static void open_sockets(const char *protocol, int n)
{
	struct rlimit limit = { n + 100, n + 100 };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int type = strcmp(protocol, "raw") ? SOCK_DGRAM : SOCK_RAW;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "setrlimit");
	while (n--) {
		int fd = socket(AF_INET, type, IPPROTO_ICMP);

		if (fd < 0)
			err(1, "socket");
		/* The list has the sockets that have a port. */
		if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
			err(1, "bind");
	}
}

static void read_lists(const char *protocol)
{
	char path[64], buf[16384];

	snprintf(path, sizeof(path), "/proc/net/%s", protocol);
	for (;;) {
		int fd = open(path, O_RDONLY);

		if (fd < 0)
			err(1, "%s", path);
		while (read(fd, buf, sizeof(buf)) > 0)
			++*calls;
		close(fd);
	}
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc != 4)
		errx(2, "usage: lpt_fixes raw|icmp CPU SOCKETS");
	open_sockets(argv[1], atoi(argv[3]));
	use_cpu(atoi(argv[2]));
	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (calls == MAP_FAILED)
		err(1, "mmap");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		preempt_others();
	puts("ready");
	fflush(stdout);
	read_lists(argv[1]);
}
