// SPDX-License-Identifier: GPL-2.0
/*
 * A task that sleeps between two functions which must agree, see lpt_unfixed.c:
 *
 *	lpt_fixes ptrace|fanotify|freeze FILE
 *
 * Prints "ready" when it sleeps there. After a SIGUSR1 it continues, and prints "right" if
 * what both functions have to do was done. Otherwise it does not print this, because it
 * waits forever. For fanotify and freeze, FILE is created; its file system can be frozen.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lpt_user.h"

static const char *path;

static int need(int ret, const char *what)
{
	if (ret < 0)
		err(1, "%s", what);
	return ret;
}

static void sleep_until_asked(pid_t caller, const char *state)
{
	sigset_t set;
	int sig;

	wait_for_state(caller, state);
	puts("ready");
	fflush(stdout);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &sig);
}

static void block_request(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* The holder of a lease gets it. */
	signal(SIGIO, SIG_IGN);
}

static pid_t start_child(void (*fn)(void))
{
	pid_t pid = need(fork(), "fork");

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn();
	_exit(0);
}

static void end_of(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, __WALL), "waitpid");
	if (status)
		errx(1, "status %#x", status);
}

/*
 * ptrace: ptrace_check_attach() lets the tracee ignore SIGKILL, and
 * ptrace_unfreeze_traced() ends that. The page for the result of the request is missing.
 */
static int uffd;
static void *page;
static pid_t tracee;
static atomic_int tracer;

static void tracee_main(void)
{
	for (;;)
		pause();
}

static void *tracer_main(void *arg)
{
	need(ptrace(PTRACE_SEIZE, tracee, NULL, NULL), "PTRACE_SEIZE");
	need(ptrace(PTRACE_INTERRUPT, tracee, NULL, NULL), "PTRACE_INTERRUPT");
	need(waitpid(tracee, NULL, __WALL), "waitpid");
	tracer = gettid();
	need(ptrace(PTRACE_GETSIGINFO, tracee, NULL, page), "PTRACE_GETSIGINFO");
	kill(tracee, SIGKILL);
	need(waitpid(tracee, NULL, __WALL), "waitpid");
	return arg;
}

static void open_missing_page(void)
{
	page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	uffd = manage_memory(page, getpagesize());
}

static void try_ptrace(void)
{
	struct uffdio_zeropage zero = {};
	pthread_t thread;

	tracee = start_child(tracee_main);
	open_missing_page();
	if (pthread_create(&thread, NULL, tracer_main, NULL))
		errx(1, "pthread_create");
	while (!tracer)
		usleep(1000);
	sleep_until_asked(tracer, "SD");
	zero.range.start = (unsigned long)page;
	zero.range.len = getpagesize();
	need(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	pthread_join(thread, NULL);
}

static void create_file(void)
{
	close(need(open(path, O_CREAT | O_RDWR, 0600), path));
}

/*
 * fanotify: fsnotify_prepare_user_wait() counts the marks that a waiting task uses, and
 * fsnotify_finish_user_wait() uncounts them. To close the group waits until there is none.
 */
static void open_file(void)
{
	need(open(path, O_RDONLY), path);
}

static void allow(int group)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response = { .response = FAN_ALLOW };

	need(read(group, &event, sizeof(event)), "read");
	response.fd = event.fd;
	need(write(group, &response, sizeof(response)), "write");
	close(event.fd);
}

static void try_fanotify(void)
{
	pid_t child;
	int group;

	create_file();
	group = need(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY), "fanotify_init");
	need(fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path), "inode mark");
	need(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_MODIFY, AT_FDCWD, path),
	     "mount mark");
	child = start_child(open_file);
	sleep_until_asked(child, "D");
	allow(group);
	end_of(child);
	close(group);
}

/*
 * freeze: mnt_want_write() counts a writer of the file system, and mnt_drop_write()
 * uncounts it. To freeze the file system waits until there is none. Between the two,
 * truncate() waits for the holder of a lease.
 */
static void truncate_file(void)
{
	need(truncate(path, 0), "truncate");
}

static void try_freeze(void)
{
	pid_t child;
	int fd;

	create_file();
	fd = need(open(path, O_RDONLY), path);
	need(fcntl(fd, F_SETLEASE, F_WRLCK), "F_SETLEASE");
	child = start_child(truncate_file);
	sleep_until_asked(child, "S");
	need(fcntl(fd, F_SETLEASE, F_UNLCK), "F_SETLEASE");
	end_of(child);
	need(ioctl(fd, FIFREEZE, 0), "FIFREEZE");
	need(ioctl(fd, FITHAW, 0), "FITHAW");
}

static const struct {
	const char *name;
	void (*try)(void);
} fixes[] = {
	{ "ptrace", try_ptrace },
	{ "fanotify", try_fanotify },
	{ "freeze", try_freeze },
};

int main(int argc, char **argv)
{
	path = argv[argc - 1];
	block_request();
	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(fixes); i++) {
		if (strcmp(argv[1], fixes[i].name))
			continue;
		fixes[i].try();
		puts("right");
		return 0;
	}
	errx(2, "usage: lpt_fixes ptrace|fanotify|freeze FILE");
}
