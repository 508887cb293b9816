// SPDX-License-Identifier: GPL-2.0
/*
 * Keep all CPUs busy with operations whose results are checked.
 *
 * usage: workload DIR
 *
 * On each CPU one process forks, one exchanges data with a child through pipes, one
 * through loopback TCP, and one writes, reads, renames and removes a file in
 * DIR. DIR/stat has the counters. DIR/rate gets a line each second: the second, the
 * operations in it, how many of them were fork, pipe, tcp and file, and all errors so
 * far. Errors are printed on standard error.
 *
 * SIGTERM ends it. Exit status 0: no operation failed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "stat.h"

#define BLOCK		4096
#define RECONNECT	64	/* operations on one TCP connection */

static const char * const kind_name[KINDS] = { "fork", "pipe", "tcp", "file" };
static volatile sig_atomic_t ended;
static struct stat_page *stat_page;
static const char *dir;

/* The state of one worker process, with two blocks to compare */
struct worker {
	enum kind kind;
	int cpu;
	unsigned int count;
	int in, out;		/* pipe, tcp: from and to the echo process */
	int listener;
	char name[PATH_MAX], name2[PATH_MAX];
	unsigned char sent[BLOCK], got[BLOCK];
};

/* EINTR counts as an error, because no signal with a handler is sent to workers. */
static bool check(struct worker *w, bool ok, const char *what)
{
	if (!ok) {
		warn("%s on CPU %d, operation %u: %s", kind_name[w->kind],
		     w->cpu, w->count, what);
		__atomic_add_fetch(&stat_page->errors, 1, __ATOMIC_RELAXED);
	}
	return ok;
}

static void new_block(struct worker *w)
{
	for (size_t i = 0; i < BLOCK; i += sizeof(w->count))
		memcpy(w->sent + i, &w->count, sizeof(w->count));
	memset(w->got, 0xa5, BLOCK);
}

static bool same_block(struct worker *w)
{
	errno = 0;
	return check(w, !memcmp(w->sent, w->got, BLOCK), "wrong data came back");
}

/* Pipes and sockets may transfer a block in several parts. */
static bool transfer(int fd, unsigned char *data, bool out)
{
	size_t done = 0;

	while (done < BLOCK) {
		ssize_t n = out ? write(fd, data + done, BLOCK - done) :
				  read(fd, data + done, BLOCK - done);
		if (n <= 0)
			return false;
		done += n;
	}
	return true;
}

static void echo(int in, int out)
{
	unsigned char data[BLOCK];

	prctl(PR_SET_NAME, "echo");
	while (transfer(in, data, false) && transfer(out, data, true))
		;
	_exit(0);
}

static bool op_echo(struct worker *w)
{
	new_block(w);
	return check(w, transfer(w->out, w->sent, true), "write") &&
	       check(w, transfer(w->in, w->got, false), "read") &&
	       same_block(w);
}

static bool op_fork(struct worker *w)
{
	int code = w->count & 0x7f;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(code);
	return check(w, pid > 0, "fork") &&
	       check(w, waitpid(pid, &status, 0) == pid, "waitpid") &&
	       check(w, WIFEXITED(status) && WEXITSTATUS(status) == code,
		     "wrong exit status");
}

static bool op_file_io(struct worker *w, int fd)
{
	new_block(w);
	return check(w, pwrite(fd, w->sent, BLOCK, BLOCK) == BLOCK, "pwrite") &&
	       check(w, lseek(fd, 0, SEEK_END) == 2 * BLOCK, "wrong size") &&
	       check(w, pread(fd, w->got, BLOCK, BLOCK) == BLOCK, "pread") &&
	       same_block(w);
}

static bool op_file(struct worker *w)
{
	int fd = open(w->name, O_RDWR | O_CREAT | O_EXCL, 0600);
	bool ok = check(w, fd >= 0, "open") && op_file_io(w, fd);

	if (fd >= 0)
		close(fd);
	return ok && check(w, !rename(w->name, w->name2), "rename") &&
	       check(w, !unlink(w->name2), "unlink");
}

static bool connect_echo(struct worker *w, struct sockaddr_in *addr)
{
	int one = 1;
	pid_t pid;

	w->in = w->out = socket(AF_INET, SOCK_STREAM, 0);
	if (w->in < 0 || connect(w->in, (void *)addr, sizeof(*addr)) ||
	    setsockopt(w->in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return false;
	pid = fork();
	if (pid == 0) {
		int fd = accept(w->listener, NULL, NULL);

		close(w->in);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		echo(fd, fd);
	}
	return pid > 0;
}

static bool start_tcp(struct worker *w)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);

	if (!w->listener) {
		w->listener = socket(AF_INET, SOCK_STREAM, 0);
		if (listen(w->listener, 1))
			return false;
	}
	return !getsockname(w->listener, (void *)&addr, &len) &&
	       connect_echo(w, &addr);
}

static bool start_pipe(struct worker *w)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		return false;
	pid = fork();
	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		echo(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	w->in = from[0];
	w->out = to[1];
	return pid > 0;
}

static void end_echo(struct worker *w)
{
	close(w->in);
	if (w->out != w->in)
		close(w->out);
	check(w, wait(NULL) > 0, "wait for the echo process");
}

static bool op_tcp(struct worker *w)
{
	if (w->count % RECONNECT == 0) {
		if (w->count)
			end_echo(w);
		if (!check(w, start_tcp(w), "TCP connection"))
			_exit(1);
	}
	return op_echo(w);
}

static bool op(struct worker *w)
{
	switch (w->kind) {
	case FORK:
		return op_fork(w);
	case TCP:
		return op_tcp(w);
	case FILES:
		return op_file(w);
	default:
		return op_echo(w);
	}
}

static void work(enum kind kind, int cpu)
{
	static struct worker w;
	cpu_set_t cpus;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w.kind = kind;
	w.cpu = cpu;
	snprintf(w.name, sizeof(w.name), "%s/file.%d", dir, cpu);
	snprintf(w.name2, sizeof(w.name2), "%s/renamed.%d", dir, cpu);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	check(&w, !sched_setaffinity(0, sizeof(cpus), &cpus), "affinity");
	if (kind == PIPE && !check(&w, start_pipe(&w), "pipe"))
		_exit(1);

	for (; !__atomic_load_n(&stat_page->stop, __ATOMIC_RELAXED); w.count++)
		if (op(&w))
			__atomic_add_fetch(&stat_page->ops[kind], 1,
					   __ATOMIC_RELAXED);
	if (kind == PIPE || kind == TCP)
		end_echo(&w);
	_exit(0);
}

static int start_workers(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (int cpu = 0; cpu < cpus; cpu++) {
		for (enum kind kind = 0; kind < KINDS; kind++) {
			pid_t pid = fork();

			if (pid == 0)
				work(kind, cpu);
			if (pid < 0)
				err(1, "fork");
		}
	}
	return cpus * KINDS;
}

static void report(FILE *out, int second)
{
	static uint64_t last[KINDS];
	uint64_t now[KINDS], rate[KINDS], sum = 0;

	for (int kind = 0; kind < KINDS; kind++) {
		now[kind] = __atomic_load_n(&stat_page->ops[kind],
					    __ATOMIC_RELAXED);
		rate[kind] = now[kind] - last[kind];
		sum += rate[kind];
		last[kind] = now[kind];
	}
	fprintf(out, "%d %lu %lu %lu %lu %lu %lu\n", second, sum, rate[FORK],
		rate[PIPE], rate[TCP], rate[FILES], stat_errors(stat_page));
	fflush(out);
}

static void report_each_second(FILE *out)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int second = 1; !ended; second++) {
		next.tv_sec++;
		if (!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL))
			report(out, second);
	}
}

/* A worker that did not exit with 0 counts as an error, too. */
static void reap(int workers)
{
	int status;

	while (workers--)
		if (wait(&status) < 0 || status)
			__atomic_add_fetch(&stat_page->errors, 1,
					   __ATOMIC_RELAXED);
}

static FILE *create(const char *name)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	if (!file)
		err(1, "%s", path);
	return file;
}

static void end(int sig)
{
	ended = sig;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	int workers;
	FILE *rate;

	if (argc != 2)
		errx(1, "usage: workload DIR");
	dir = argv[1];
	snprintf(path, sizeof(path), "%s/stat", dir);
	stat_page = map_stat(path, O_CREAT | O_TRUNC);
	if (stat_page == MAP_FAILED)
		err(1, "%s", path);

	rate = create("rate");
	workers = start_workers();
	signal(SIGTERM, end);
	report_each_second(rate);

	__atomic_store_n(&stat_page->stop, 1, __ATOMIC_RELAXED);
	reap(workers);
	return stat_errors(stat_page) != 0;
}
