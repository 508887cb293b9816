// SPDX-License-Identifier: GPL-2.0
/*
 * Apply or revert a live patch, and show how the tasks migrate.
 *
 * usage: migrate [-t] DIR apply|revert NAME
 *
 * apply loads ./NAME.ko, revert writes to the patch's file in sysfs. On progress a line
 * with a bar and the names of the stragglers is printed (-t: always on the same line of
 * a terminal). DIR/stat has the counters of the workload. The measurements are written
 * to DIR/result, as assignments for a shell:
 *
 *	load_us		duration of the call that loads the module, or writes to sysfs
 *	migrate_us	duration of the transition, according to the kernel log
 *	tasks		number of all tasks
 *	before, during, after	operations of the workload per second; during: from
 *			the call until the last task has migrated
 *
 * Exit status 0: done. 1: refused, or not done within a minute.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "stat.h"

#define SYSFS		"/sys/kernel/livepatch/"
#define BEHIND		"/sys/kernel/debug/livepatch/behind"
#define RATE_US		3000000
#define POLL_US		2000
#define SCAN_US		30000
#define REASON_US	100000
#define PATIENCE_US	60000000
#define BAR		20
#define LINES		5	/* maximum lines of progress if the output is no terminal */
#define ROOM		28	/* columns for the names of stragglers */
#define NAMES		6

static const char *name;
static bool applying, terminal, below_bar;
static struct stat_page *stat_page;

/* Filled in by the process that makes the call */
struct call {
	long us;
	int error;
};

struct scan {
	int tasks, migrated;
	bool under_way;		/* a transition runs */
	int names;
	struct {
		char comm[16];
		int count;
	} behind[NAMES];
};

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static long rate(uint64_t ops, long us)
{
	return us > 0 ? (stat_ops(stat_page) - ops) * 1000000 / us : 0;
}

static long rate_of_now(void)
{
	uint64_t ops = stat_ops(stat_page);
	long start = now_us();

	usleep(RATE_US);
	return rate(ops, now_us() - start);
}

/* ---- The call that starts the transition */

static int load_module(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	return syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
}

static int disable_patch(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), SYSFS "%s/enabled", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) != 1 ? errno : 0;
}

/* Runs in a child, so that this process can watch the tasks meanwhile. */
static pid_t start_call(struct call *call)
{
	pid_t pid = fork();
	long start;

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	start = now_us();
	call->error = applying ? load_module() : disable_patch();
	call->us = now_us() - start;
	_exit(0);
}

/* ---- Which tasks have migrated */

static bool read_at(int dir, const char *file, char *text, size_t size)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return true;
}

static void add_behind(struct scan *scan, const char *comm)
{
	int i = 0;

	while (i < scan->names && strcmp(scan->behind[i].comm, comm))
		i++;
	if (i == NAMES)
		return;
	if (i == scan->names) {
		strcpy(scan->behind[i].comm, comm);
		scan->names++;
	}
	scan->behind[i].count++;
}

/* Skips a task that has exited meanwhile. */
static void scan_task(struct scan *scan, int dir, const char *tid)
{
	char file[64], text[16];
	int state;

	snprintf(file, sizeof(file), "%.20s/patch_state", tid);
	if (!read_at(dir, file, text, sizeof(text)))
		return;
	state = atoi(text);
	scan->tasks++;
	scan->under_way |= state >= 0;
	if (state != !applying) {
		scan->migrated++;
		return;
	}
	snprintf(file, sizeof(file), "%.20s/comm", tid);
	if (read_at(dir, file, text, sizeof(text)))
		add_behind(scan, text);
}

static void scan_threads(struct scan *scan, const char *pid)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (isdigit(d->d_name[0]))
			scan_task(scan, dirfd(dir), d->d_name);
	if (dir)
		closedir(dir);
}

static struct scan scan_tasks(void)
{
	struct scan scan = {};
	DIR *dir = opendir("/proc");
	struct dirent *d;

	if (!dir)
		err(1, "/proc");
	while ((d = readdir(dir)))
		if (isdigit(d->d_name[0]))
			scan_threads(&scan, d->d_name);
	closedir(dir);
	return scan;
}

/* The file exists only while the patch is registered. */
static bool in_transition(void)
{
	char path[PATH_MAX], text[8];

	snprintf(path, sizeof(path), SYSFS "%s/transition", name);
	return read_at(AT_FDCWD, path, text, sizeof(text)) && text[0] == '1';
}

/* ---- Output */

/* Print "; behind: 4 echo, bash ...", as many names as fit. */
static void show_behind(const struct scan *scan)
{
	int room = ROOM;

	for (int i = 0; i < scan->names; i++) {
		room -= strlen(scan->behind[i].comm) + 2;
		if (i && room < 0) {
			printf(" ...");
			return;
		}
		printf("%s", i ? ", " : "; behind: ");
		if (scan->behind[i].count > 1)
			printf("%d ", scan->behind[i].count);
		printf("%s", scan->behind[i].comm);
	}
}

/* On a terminal, overwrite the last line if it is a bar. */
static void show(const struct scan *scan, long us)
{
	int done = scan->tasks ? BAR * scan->migrated / scan->tasks : 0;
	char bar[BAR + 1] = "";

	memset(bar, '.', BAR);
	memset(bar, '#', done);
	printf("%s      [%s] %ld.%02ld s: %d of %d tasks",
	       terminal && below_bar ? "\033[A\033[K" : "", bar, us / 1000000,
	       us / 10000 % 100, scan->migrated, scan->tasks);
	show_behind(scan);
	puts("");
	fflush(stdout);
	below_bar = true;
}

/* Print reasons from the kernel's list: lines "pid\tcomm\treason\thelp". */
static void show_reasons(void)
{
	FILE *file = fopen(BEHIND, "re");
	char line[256], comm[17], reason[64];
	int shown = 0;

	while (file && shown < 3 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*[^\t]\t%16[^\t]\t%63[^\t\n]", comm,
			   reason) != 2)
			continue;
		printf("        %s: %s\n", comm, reason);
		below_bar = false;
		shown++;
	}
	if (file)
		fclose(file);
}

/* True for each scan on a terminal, else at most each 100 ms and for a changed number */
static bool worth_showing(const struct scan *scan, long us)
{
	static int lines, behind = -1;
	static long last_us;
	int now = scan->tasks - scan->migrated;

	if (!terminal && (lines == LINES || now == behind ||
			  (lines && us - last_us < 100000)))
		return false;
	lines++;
	behind = now;
	last_us = us;
	return true;
}

/* After REASON_US print why the stragglers have not migrated. */
static void show_progress(const struct scan *scan, long us)
{
	static bool explained;
	static long first_us;

	if (worth_showing(scan, us))
		show(scan, us);
	if (!first_us)
		first_us = us;
	if (!explained && us - first_us >= REASON_US &&
	    scan->migrated < scan->tasks) {
		show_reasons();
		explained = true;
	}
}

/* ---- Duration of the transition, from the kernel log */

static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* A record is "priority,sequence,microseconds,flags;text". Return: -1 if not found */
static long logged_us(int log)
{
	const char *what = applying ? "patching" : "unpatching";
	char begin[128], end[128], record[1024];
	long us, start = -1;
	ssize_t n;

	snprintf(begin, sizeof(begin), "'%s': starting %s transition", name,
		 what);
	snprintf(end, sizeof(end), "'%s': %s complete", name, what);
	while ((n = read(log, record, sizeof(record) - 1)) > 0) {
		record[n] = 0;
		if (sscanf(record, "%*u,%*u,%ld", &us) != 1)
			continue;
		if (strstr(record, begin))
			start = us;
		else if (strstr(record, end) && start >= 0)
			return us - start;
	}
	return -1;
}

/* ---- Main program */

/* Wait for the end of the transition. Return: the time since @start, -1 on timeout */
static long watch(pid_t pid, long start)
{
	bool called = false;
	long scanned = start - SCAN_US;
	long now;

	for (;;) {
		bool active = in_transition();

		now = now_us();
		if (!called)
			called = waitpid(pid, NULL, WNOHANG) == pid;
		else if (!active)
			return now - start;
		if (active && now - scanned >= SCAN_US) {
			struct scan scan = scan_tasks();

			if (scan.under_way)
				show_progress(&scan, now - start);
			scanned = now;
		}
		if (now - start > PATIENCE_US)
			return -1;
		usleep(POLL_US);
	}
}

__attribute__((format(printf, 2, 3)))
static void write_result(const char *dir, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/result", dir);
	file = fopen(path, "we");
	va_start(args, format);
	if (!file || vfprintf(file, format, args) < 0 || fclose(file))
		err(1, "%s", path);
	va_end(args);
}

static void show_end(int tasks, long us)
{
	const struct scan scan = { .tasks = tasks, .migrated = tasks };

	show(&scan, us);
}

static void migrate(const char *dir)
{
	struct call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long start, us, migrate_us, before, during;
	int log = open_log();
	uint64_t ops;
	int tasks;

	before = rate_of_now();
	ops = stat_ops(stat_page);
	start = now_us();
	us = watch(start_call(call), start);
	if (us < 0)
		errx(1, "tasks are behind after %d s", PATIENCE_US / 1000000);
	if (call->error)
		errx(1, "%s: %s", name, strerror(call->error));

	during = rate(ops, us);
	tasks = scan_tasks().tasks;
	migrate_us = logged_us(log);
	show_end(tasks, us);
	write_result(dir, "load_us=%ld migrate_us=%ld tasks=%d\n"
		     "before=%ld during=%ld after=%ld\n", call->us,
		     migrate_us < 0 ? us : migrate_us, tasks, before, during,
		     rate_of_now());
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];

	if (argc > 1 && !strcmp(argv[1], "-t")) {
		terminal = true;
		argc--;
		argv++;
	}
	if (argc != 4)
		errx(1, "usage: migrate [-t] DIR apply|revert NAME");
	applying = !strcmp(argv[2], "apply");
	name = argv[3];
	snprintf(path, sizeof(path), "%s/stat", argv[1]);
	stat_page = map_stat(path, 0);
	if (stat_page == MAP_FAILED)
		err(1, "%s", path);
	migrate(argv[1]);
	return 0;
}
