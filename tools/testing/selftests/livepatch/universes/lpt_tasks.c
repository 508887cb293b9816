// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks in the states that a transition has to handle:
 *
 *	lpt_tasks MODE [NUMBER]
 *
 * Gets the tasks into their state, prints "ready", and keeps them there until
 * it gets a SIGTERM. See modes[] at the end.
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <linux/vhost.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lpt_user.h"

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

#define FOREVER 100000

static int number;
static char **files;

static pid_t fork_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn();
	_exit(0);
}

/* The tasks are in their state. Keep them there until a SIGTERM. */
static void stay(void)
{
	puts("ready");
	fflush(stdout);
	wait_for_term();
}

/*
 * Sleepers: one process for each system call. Nothing ends the call, so a return is
 * caused by the transition.
 */

static int make_pipe(void)
{
	int fds[2];

	if (pipe(fds))
		err(1, "pipe");
	return fds[0];
}

static int call_read(void)
{
	static int fd;
	char c;

	fd = fd ?: make_pipe();
	return read(fd, &c, 1);
}

static int call_futex(void)
{
	static int word;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static int call_futex_timeout(void)
{
	struct timespec ts = { .tv_sec = FOREVER };
	static int word;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ts, NULL, 0);
}

static int call_nanosleep(void)
{
	struct timespec ts = { .tv_sec = FOREVER };

	return nanosleep(&ts, NULL);
}

static int call_poll(void)
{
	return poll(NULL, 0, FOREVER * 1000);
}

static int call_select(void)
{
	return select(0, NULL, NULL, NULL, NULL);
}

static int call_pause(void)
{
	return pause();
}

static int call_wait4(void)
{
	static pid_t pid;

	if (!pid)
		pid = fork_child((void (*)(void))call_pause);
	return wait4(pid, NULL, 0, NULL);
}

static int call_accept(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	static int fd;

	if (!fd) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (bind(fd, (void *)&addr, sizeof(sa_family_t)) || listen(fd, 1))
			err(1, "listen");
	}
	return accept(fd, NULL, NULL);
}

static int open_temp(void)
{
	char name[] = "/tmp/lpt_tasks.XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0)
		err(1, "mkstemp");
	unlink(name);
	return fd;
}

static int call_flock(void)
{
	static int fd;
	char name[64];
	int holder;

	if (!fd) {
		holder = open_temp();
		flock(holder, LOCK_EX);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", holder);
		fd = open(name, O_RDWR);
		if (fd < 0)
			err(1, "open");
	}
	return flock(fd, LOCK_EX);
}

static int epoll(int timeout)
{
	struct epoll_event event;
	static int fd;

	fd = fd ?: epoll_create1(0);
	return epoll_wait(fd, &event, 1, timeout);
}

static int call_epoll(void)
{
	return epoll(-1);
}

static int call_epoll_timeout(void)
{
	return epoll(FOREVER);
}

static int call_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigwaitinfo(&set, NULL);
}

static int call_msgrcv(void)
{
	static int id = -1;
	long buf[2];

	if (id < 0) {
		id = msgget(IPC_PRIVATE, 0600);
		if (id < 0)
			pause();
	}
	return msgrcv(id, buf, sizeof(long), 0, 0);
}

static int call_semop(void)
{
	struct sembuf op = { .sem_op = -1 };
	static int id = -1;

	if (id < 0) {
		id = semget(IPC_PRIVATE, 1, 0600);
		if (id < 0)
			pause();
	}
	return semop(id, &op, 1);
}

static int call_io_getevents(void)
{
	static aio_context_t ctx;
	struct io_event event;

	if (!ctx && syscall(SYS_io_setup, 1, &ctx))
		pause();
	return syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL);
}

static int call_recv_timeout(void)
{
	struct timeval timeout = { .tv_sec = FOREVER };
	static int fds[2];
	char c;

	if (!fds[0] && (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ||
			setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &timeout,
				   sizeof(timeout))))
		err(1, "socketpair");
	return recv(fds[0], &c, 1, 0);
}

/* The call can't restart with its remaining time, see administration.rst. */
#define MAY_EINTR true

static const struct sleeper {
	const char *name;
	int (*call)(void);
	bool may_eintr;
} sleepers[] = {
	{ "read",		call_read },
	{ "futex",		call_futex },
	{ "futex_timeout",	call_futex_timeout },
	{ "nanosleep",		call_nanosleep },
	{ "poll",		call_poll },
	{ "select",		call_select },
	{ "pause",		call_pause },
	{ "wait4",		call_wait4 },
	{ "accept",		call_accept },
	{ "flock",		call_flock },
	{ "msgrcv",		call_msgrcv },
	{ "epoll_wait",		call_epoll },
	{ "epoll_timeout",	call_epoll_timeout },
	{ "sigtimedwait",	call_sigtimedwait },
	{ "semop",		call_semop },
	{ "io_getevents",	call_io_getevents },
	{ "recv_timeout",	call_recv_timeout,	MAY_EINTR },
};

static const struct sleeper *sleeper;
static struct result {
	int eintr;
	int other;
} *results;

static void sleeper_child(void)
{
	struct result *result = &results[sleeper - sleepers];

	for (;;) {
		if (sleeper->call() < 0 && errno == EINTR)
			result->eintr++;
		else
			result->other++;
	}
}

static int mode_sleepers(void)
{
	bool failed = false;
	pid_t pids[ARRAY_SIZE(sleepers)];
	struct result *r;
	size_t i;

	results = mmap(NULL, sizeof(*results) * ARRAY_SIZE(sleepers),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		sleeper = &sleepers[i];
		pids[i] = fork_child(sleeper_child);
	}
	for (i = 0; i < ARRAY_SIZE(sleepers); i++)
		wait_for_state(pids[i], "S");
	stay();

	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		r = &results[i];
		printf("%s eintr %d other %d\n", sleepers[i].name, r->eintr,
		       r->other);
		if (r->other || (r->eintr && !sleepers[i].may_eintr))
			failed = true;
	}
	return failed;
}

/*
 * Waits: one process for each system call and way to end it. A transition must not end it.
 */

enum end {
	END_TIMEOUT,		/* after NUMBER ms */
	END_HANDLER,		/* by a signal with a handler; no timeout */
	END_HANDLER_TIMED,	/* likewise, before the timeout */
	END_STOP,		/* by SIGSTOP and SIGCONT; no timeout */
	END_STOP_TIMED,		/* likewise, before the timeout */
	ENDS,
};

static const char * const end_names[] = {
	"timeout", "handler", "handler_timed", "stop", "stop_timed",
};

struct old_timespec {
	int tv_sec;
	int tv_nsec;
};

/* Arguments below 4 GB, for 32-bit system calls */
static struct low {
	struct timespec ts;
	struct old_timespec old_ts;
	sigset_t set;
	struct {
		const sigset_t *set;
		size_t size;
	} aio_set;
	struct {
		unsigned int set;
		unsigned int size;
	} old_aio_set;
	struct sembuf op;
	struct epoll_event event;
	struct io_event io_event;
	unsigned long ctx;
} *low;

static struct waiter {
	pid_t pid;		/* 0: not started */
	const struct wait *wait;
	enum end end;
	bool absent;		/* there is no such system call */
	bool done;
	bool handled;
	bool usr1_blocked;	/* after the call */
	int ret;
	int error;
	long ms;
} *waiters, *waiter;

static int wait_ms;	/* negative: no timeout */

static struct timespec *wait_ts(void)
{
	low->ts.tv_sec = wait_ms / 1000;
	low->ts.tv_nsec = wait_ms % 1000 * 1000000;
	return wait_ms < 0 ? NULL : &low->ts;
}

static sigset_t *only(int sig)
{
	sigemptyset(&low->set);
	sigaddset(&low->set, sig);
	return &low->set;
}

static void *aio_set(void)
{
	low->aio_set.set = only(SIGTERM);
	low->aio_set.size = 8;
	return &low->aio_set;
}

/* Exit after an error. ENOSYS means that the kernel is built without this call. */
static void no_such(const char *what)
{
	waiter->absent = errno == ENOSYS;
	err(1, "%s", what);
}

static int epoll_fd(void)
{
	int fd = epoll_create1(0);

	if (fd < 0)
		no_such("epoll_create1");
	return fd;
}

static aio_context_t aio_context(void)
{
	if (syscall(SYS_io_setup, 1, &low->ctx))
		no_such("io_setup");
	return low->ctx;
}

static int semaphore(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	if (id < 0)
		no_such("semget");
	low->op.sem_op = -1;
	return id;
}

static int wait_futex(void)
{
	static int word;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, wait_ts(), NULL, 0);
}

static int wait_nanosleep(void)
{
	return nanosleep(wait_ts(), NULL);
}

static int wait_poll(void)
{
	return poll(NULL, 0, wait_ms);
}

static int wait_ppoll(void)
{
	return ppoll(NULL, 0, wait_ts(), only(SIGTERM));
}

static int wait_pselect(void)
{
	return pselect(0, NULL, NULL, NULL, wait_ts(), only(SIGTERM));
}

static int wait_epoll(void)
{
	return epoll_wait(epoll_fd(), &low->event, 1, wait_ms);
}

static int wait_epoll_pwait(void)
{
	return epoll_pwait(epoll_fd(), &low->event, 1, wait_ms, only(SIGTERM));
}

static int wait_epoll_pwait2(void)
{
	return syscall(SYS_epoll_pwait2, epoll_fd(), &low->event, 1, wait_ts(),
		       only(SIGTERM), 8);
}

static int wait_sigtimedwait(void)
{
	return sigtimedwait(only(SIGUSR2), NULL, wait_ts());
}

static int wait_semop(void)
{
	return semtimedop(semaphore(), &low->op, 1, wait_ts());
}

static int wait_io_getevents(void)
{
	return syscall(SYS_io_getevents, aio_context(), 1, 1, &low->io_event,
		       wait_ts());
}

static int wait_io_pgetevents(void)
{
	return syscall(SYS_io_pgetevents, aio_context(), 1, 1, &low->io_event,
		       wait_ts(), aio_set());
}

#ifdef __x86_64__
/* A 32-bit system call, with the numbers of i386 */
static int int80(long nr, long a, long b, long c, long d, long e, long f)
{
	register long sixth __asm__("r12") = f;

	__asm__ volatile("xchg %%rbp, %1\n\tint $0x80\n\txchg %%rbp, %1"
			 : "+a" (nr), "+r" (sixth)
			 : "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)nr >= 0)
		return nr;
	errno = -(int)nr;
	return -1;
}

static long old_ts(void)
{
	low->old_ts.tv_sec = wait_ms / 1000;
	low->old_ts.tv_nsec = wait_ms % 1000 * 1000000;
	return wait_ms < 0 ? 0 : (long)&low->old_ts;
}

static long old_aio_set(void)
{
	low->old_aio_set.set = (long)only(SIGTERM);
	low->old_aio_set.size = 8;
	return (long)&low->old_aio_set;
}

static long old_aio_context(void)
{
	if (int80(245, 1, (long)&low->ctx, 0, 0, 0, 0))
		no_such("io_setup");
	return low->ctx;
}

static int old_epoll_wait(void)
{
	return int80(256, epoll_fd(), (long)&low->event, 1, wait_ms, 0, 0);
}

static int old_epoll_pwait(void)
{
	return int80(319, epoll_fd(), (long)&low->event, 1, wait_ms,
		     (long)only(SIGTERM), 8);
}

static int old_epoll_pwait2(void)
{
	return int80(441, epoll_fd(), (long)&low->event, 1, (long)wait_ts(),
		     (long)only(SIGTERM), 8);
}

static int old_sigtimedwait(void)
{
	return int80(177, (long)only(SIGUSR2), 0, old_ts(), 8, 0, 0);
}

static int old_sigtimedwait64(void)
{
	return int80(421, (long)only(SIGUSR2), 0, (long)wait_ts(), 8, 0, 0);
}

static int old_semtimedop(void)
{
	return int80(420, semaphore(), (long)&low->op, 1, (long)wait_ts(), 0, 0);
}

static int old_io_getevents(void)
{
	return int80(247, old_aio_context(), 1, 1, (long)&low->io_event,
		     old_ts(), 0);
}

static int old_io_pgetevents(void)
{
	return int80(385, old_aio_context(), 1, 1, (long)&low->io_event,
		     old_ts(), old_aio_set());
}

static int old_io_pgetevents64(void)
{
	return int80(416, old_aio_context(), 1, 1, (long)&low->io_event,
		     (long)wait_ts(), old_aio_set());
}
#endif

#define USR1_BLOCKED 1	/* except during the call */
#define STOP_ENDS 2	/* EINTR after SIGSTOP and SIGCONT */
#define ALWAYS_TIMED 4

static const struct wait {
	const char *name;
	int (*call)(void);
	int timeout_errno;	/* 0: returns 0 */
	int flags;
} waits[] = {
	{ "futex",		wait_futex,		ETIMEDOUT, ALWAYS_TIMED },
	{ "nanosleep",		wait_nanosleep,		0, ALWAYS_TIMED },
	{ "poll",		wait_poll },
	{ "ppoll",		wait_ppoll,		0, USR1_BLOCKED },
	{ "pselect",		wait_pselect,		0, USR1_BLOCKED },
	{ "epoll_wait",		wait_epoll,		0, STOP_ENDS },
	{ "epoll_pwait",	wait_epoll_pwait,	0, USR1_BLOCKED | STOP_ENDS },
	{ "epoll_pwait2",	wait_epoll_pwait2,	0, USR1_BLOCKED | STOP_ENDS },
	{ "sigtimedwait",	wait_sigtimedwait,	EAGAIN, STOP_ENDS },
	{ "semop",		wait_semop,		EAGAIN, STOP_ENDS },
	{ "io_getevents",	wait_io_getevents,	0, STOP_ENDS },
	{ "io_pgetevents",	wait_io_pgetevents,	0, USR1_BLOCKED },
#ifdef __x86_64__
	{ "old_epoll_wait",	old_epoll_wait,		0, STOP_ENDS },
	{ "old_epoll_pwait",	old_epoll_pwait,	0, USR1_BLOCKED | STOP_ENDS },
	{ "old_epoll_pwait2",	old_epoll_pwait2,	0, USR1_BLOCKED | STOP_ENDS },
	{ "old_sigtimedwait",	old_sigtimedwait,	EAGAIN, STOP_ENDS },
	{ "old_sigtimedwait64",	old_sigtimedwait64,	EAGAIN, STOP_ENDS },
	{ "old_semtimedop",	old_semtimedop,		EAGAIN, STOP_ENDS },
	{ "old_io_getevents",	old_io_getevents,	0, STOP_ENDS },
	{ "old_io_pgetevents",	old_io_pgetevents,	0, USR1_BLOCKED },
	{ "old_io_pgetevents64", old_io_pgetevents64,	0, USR1_BLOCKED },
#endif
};

static void on_usr1_wait(int sig)
{
	(void)sig;
	waiter->handled = true;
}

static void waiter_signals(void)
{
	struct sigaction action = {
		.sa_handler = on_usr1_wait,
		.sa_flags = SA_RESTART,
	};
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (waiter->wait->flags & USR1_BLOCKED)
		sigprocmask(SIG_BLOCK, &set, NULL);
}

static void waiter_child(void)
{
	long start;
	sigset_t set;

	waiter_signals();
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		err(1, "mmap");
	wait_ms = waiter->end == END_TIMEOUT ? number :
		  waiter->end == END_HANDLER || waiter->end == END_STOP ? -1 :
		  FOREVER;
	start = now_ms();
	waiter->ret = waiter->wait->call();
	waiter->error = waiter->ret < 0 ? errno : 0;
	waiter->ms = now_ms() - start;
	waiter->absent = waiter->error == ENOSYS;
	sigprocmask(SIG_BLOCK, NULL, &set);
	waiter->usr1_blocked = sigismember(&set, SIGUSR1);
	waiter->done = true;
}

/* Whether the wait can be ended in this way */
static bool can_end(const struct wait *wait, enum end end)
{
	if ((end == END_STOP || end == END_STOP_TIMED) &&
	    !(wait->flags & STOP_ENDS))
		return false;
	return (end != END_HANDLER && end != END_STOP) ||
		!(wait->flags & ALWAYS_TIMED);
}

static bool of_32_bits(const struct wait *wait)
{
	return !strncmp(wait->name, "old_", 4);
}

static void child_try_int80(void)
{
#ifdef __x86_64__
	_exit(int80(20, 0, 0, 0, 0, 0, 0) != getpid());
#endif
}

static bool has_int80(void)
{
	int status;

	waitpid(fork_child(child_try_int80), &status, 0);
	return !status;
}

static void start_waiters(void)
{
	bool compat = has_int80();
	size_t i;

	if (!compat)
		puts("no system calls of 32 bits");
	for (i = 0; i < ARRAY_SIZE(waits) * ENDS; i++) {
		waiter = &waiters[i];
		waiter->wait = &waits[i / ENDS];
		waiter->end = i % ENDS;
		if (can_end(waiter->wait, waiter->end) &&
		    (compat || !of_32_bits(waiter->wait)))
			waiter->pid = fork_child(waiter_child);
	}
}

static void wait_for_state_or_death(pid_t pid, char state)
{
	char now;

	while ((now = state_of(pid)) != state && now != 'Z')
		usleep(10000);
}

static void stop_and_continue(pid_t pid)
{
	kill(pid, SIGSTOP);
	wait_for_state_or_death(pid, 'T');
	kill(pid, SIGCONT);
}

static void end_wait(const struct waiter *w)
{
	if (w->end == END_HANDLER || w->end == END_HANDLER_TIMED)
		kill(w->pid, SIGUSR1);
	else if (w->end != END_TIMEOUT || !(w->wait->flags & STOP_ENDS))
		stop_and_continue(w->pid);
}

/* Return: what is wrong with the result, NULL: nothing */
static const char *wrong(const struct waiter *w)
{
	bool handler = w->end == END_HANDLER || w->end == END_HANDLER_TIMED;
	int error = w->end == END_TIMEOUT ? w->wait->timeout_errno : EINTR;

	if (w->absent)
		return NULL;
	if (!w->done)
		return "has died";
	if (w->error != error || w->ret != (error ? -1 : 0))
		return "result";
	if (w->handled != handler)
		return "handler";
	if (w->usr1_blocked != !!(w->wait->flags & USR1_BLOCKED))
		return "signal mask";
	if (w->end != END_TIMEOUT)
		return NULL;
	if (w->ms < number)
		return "too early";
	return w->ms > number + number / 10 ? "too late" : NULL;
}

/* Print the result. Return: true if it is right. */
static bool judge(const struct waiter *w, bool early)
{
	const char *what = early ? "before its end" : wrong(w);

	printf("%s %s %s: returned %d, errno %d, after %ld ms\n",
	       w->wait->name, end_names[w->end],
	       what ?: w->absent ? "absent" : "fine", w->ret, w->error, w->ms);
	return !what;
}

/* The transition takes place between "ready" and SIGTERM. */
static int mode_waits(void)
{
	bool early[ARRAY_SIZE(waits) * ENDS], failed = false;
	long start = now_ms();
	size_t i;

	waiters = mmap(NULL, sizeof(*waiters) * ARRAY_SIZE(early),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (waiters == MAP_FAILED)
		err(1, "mmap");
	start_waiters();
	for (i = 0; i < ARRAY_SIZE(early); i++) {
		if (waiters[i].pid)
			wait_for_state_or_death(waiters[i].pid, 'S');
	}
	stay();

	if (now_ms() - start >= number)
		errx(1, "transition of %ld ms", now_ms() - start);
	for (i = 0; i < ARRAY_SIZE(early); i++)
		early[i] = waiters[i].done && !waiters[i].absent;
	for (i = 0; i < ARRAY_SIZE(early); i++) {
		if (waiters[i].pid && !early[i])
			end_wait(&waiters[i]);
	}
	for (i = 0; i < ARRAY_SIZE(early); i++) {
		if (!waiters[i].pid)
			continue;
		waitpid(waiters[i].pid, NULL, 0);
		failed |= !judge(&waiters[i], early[i]);
	}
	return failed;
}

static void child_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		usleep(number * 1000);
		_exit(0);
	}
	pause();
}

static int mode_vfork(void)
{
	fork_child(child_vfork);
	usleep(100000);
	stay();
	return 0;
}

/*
 * Neither running nor asleep in a system call
 */

static void child_pause(void)
{
	for (;;)
		pause();
}

static int mode_traced(void)
{
	pid_t pid = fork_child(child_pause);

	wait_for_state(pid, "S");
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		err(1, "ptrace");
	waitpid(pid, NULL, __WALL);
	wait_for_state(pid, "t");
	stay();
	return 0;
}

static int mode_stopped(void)
{
	pid_t pid = fork_child(child_pause);

	wait_for_state(pid, "S");
	kill(pid, SIGSTOP);
	wait_for_state(pid, "T");
	stay();
	return 0;
}

static void child_exit(void)
{
}

static int mode_zombie(void)
{
	wait_for_state(fork_child(child_exit), "Z");
	stay();
	return 0;
}

static void *thread_pause(void *arg)
{
	child_pause();
	return arg;
}

static void child_leader(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_pause, NULL);
	pthread_exit(NULL);
}

static int mode_leader(void)
{
	wait_for_state(fork_child(child_leader), "Z");
	stay();
	return 0;
}

static int mode_threads(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (i = 0; i < number; i++) {
		if (pthread_create(&thread, &attr, thread_pause, NULL))
			errx(1, "thread %d", i);
	}
	usleep(100000);
	stay();
	return 0;
}

/*
 * User workers: tasks that the kernel has created, and that never run user code
 */

/* A read by a worker. It blocks in a pipe; on /dev/zero it ends and leaves an idle worker. */
static void submit_read(struct ring *ring, int fd)
{
	static char byte;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = IOSQE_ASYNC,
		.fd = fd,
		.addr = (unsigned long)&byte,
		.len = 1,
	};

	submit(ring, &sqe);
}

static int mode_uring(void)
{
	struct ring worker = {}, poll = {
		.params = {
			.flags = IORING_SETUP_SQPOLL,
			.sq_thread_idle = FOREVER,
		},
	};
	int zero = open("/dev/zero", O_RDONLY), pipes[2];

	if (zero < 0 || pipe(pipes))
		err(1, "files");
	open_ring(&worker);
	submit_read(&worker, zero);
	submit_read(&worker, pipes[0]);
	open_ring(&poll);
	usleep(100000);
	stay();
	return 0;
}

#define MESSAGE_SIZE	40000

static char message[MESSAGE_SIZE];

/* A connection over vsock, with room for one message but not for two */
static void connect_messages(int *from, int *to)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = VMADDR_PORT_ANY,
	};
	uint64_t room = MESSAGE_SIZE * 3 / 2;
	socklen_t len = sizeof(address);
	int fd = socket(AF_VSOCK, SOCK_SEQPACKET, 0);

	*from = socket(AF_VSOCK, SOCK_SEQPACKET, 0);
	if (bind(fd, (void *)&address, len) || getsockname(fd, (void *)&address, &len) ||
	    setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &room, sizeof(room)) ||
	    listen(fd, 1) || connect(*from, (void *)&address, len))
		err(1, "vsock");
	*to = accept(fd, NULL, NULL);
}

/* Wait until @nr requests have completed. Return: the result of request @id */
static int result_of(struct ring *ring, unsigned int nr, unsigned long id)
{
	struct io_uring_cqe *cqes = (void *)(ring->sq + ring->params.cq_off.cqes);

	if (syscall(SYS_io_uring_enter, ring->fd, 0, nr, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		err(1, "io_uring_enter");
	for (unsigned int i = 0; i < nr; i++) {
		if (cqes[i].user_data == id)
			return cqes[i].res;
	}
	errx(1, "no result");
}

static int recv_message(int fd)
{
	static char buf[2 * MESSAGE_SIZE];

	return recv(fd, buf, sizeof(buf), 0);
}

/*
 * A worker sleeps in the middle of a message that it sends. If NUMBER is 0, the message is
 * received at the SIGTERM, otherwise the request is cancelled.
 */
static int mode_uring_message(void)
{
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 1,
		.user_data = 2,
	}, send = {
		/* Unlike that of a send, its worker waits in the socket. */
		.opcode = IORING_OP_SPLICE,
		.splice_off_in = -1,
		.off = -1,
		.len = sizeof(message),
		.user_data = 1,
	};
	struct ring ring = {};
	int to, first, second, pipes[2];

	connect_messages(&send.fd, &to);
	if (pipe(pipes) || write(pipes[1], message, sizeof(message)) != sizeof(message) ||
	    write(send.fd, message, sizeof(message)) != sizeof(message))
		err(1, "messages");
	send.splice_fd_in = pipes[0];
	open_ring(&ring);
	submit(&ring, &send);
	usleep(500000);
	stay();
	alarm(20);
	if (number) {
		submit(&ring, &cancel);
		printf("cancelled: %d\n", result_of(&ring, 2, 1));
		return 0;
	}
	first = recv_message(to);
	second = recv_message(to);
	printf("received %d %d, sent %d\n", first, second, result_of(&ring, 1, 1));
	return 0;
}

static int mode_vhost(void)
{
	int fd = open("/dev/vhost-vsock", O_RDWR);

	if (fd < 0 || ioctl(fd, VHOST_SET_OWNER, 0))
		err(1, "/dev/vhost-vsock");
	stay();
	return 0;
}

/*
 * Writes 1 to the first file, and restarts a system call when the second file exists.
 * In between it does not sleep, because a call that sleeps and is interrupted sets another
 * function to be restarted.
 */
static int mode_restart(void)
{
	int fd = open(files[0], O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		err(1, "%s", files[0]);
	puts("written");
	fflush(stdout);
	while (access(files[1], F_OK))
		sched_yield();
	syscall(__NR_restart_syscall);
	return 0;
}

/* Closes the file by dup2(), which releases it by task work. close() would not. */
static int mode_close(void)
{
	int fd = open(files[0], O_WRONLY), null = open("/dev/null", O_WRONLY);

	if (fd < 0 || null < 0)
		err(1, "%s", files[0]);
	if (dup2(null, fd) != fd)
		err(1, "dup2");
	return 0;
}

static int mode_promoted(void)
{
	while (sched_getscheduler(0) == SCHED_OTHER)
		;
	return mode_close();
}

/*
 * Running
 */

static void child_spin(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static int mode_spin(void)
{
	int i;

	for (i = 0; i < number; i++)
		fork_child(child_spin);
	stay();
	return 0;
}

static void child_storm(void)
{
	char * const args[] = { "lpt_tasks", "nothing", NULL };
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid && (getpid() & 1))
			execv("/proc/self/exe", args);
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static int mode_storm(void)
{
	int i;

	for (i = 0; i < number; i++)
		fork_child(child_storm);
	stay();
	return 0;
}

static void child_exec(void)
{
	char * const args[] = { "lpt_tasks", "nothing", NULL };

	raise(SIGSTOP);
	execv("/proc/self/exe", args);
}

/* A task that its tracer has stopped within execve() */
static int mode_traced_inside(void)
{
	trace_to_event(fork_child(child_exec), PTRACE_O_TRACEEXEC, PTRACE_EVENT_EXEC);
	stay();
	return 0;
}

static void *thread_nothing(void *arg)
{
	return arg;
}

static char *reexec[] = { "lpt_tasks", "reexec", NULL };

/* The thread replaces the group leader, which is asleep in pthread_join(). */
static void *thread_exec(void *arg)
{
	execv("/proc/self/exe", reexec);
	return arg;
}

static int mode_reexec(void)
{
	pthread_t thread;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		return 0;
	for (i = 0; i < 4; i++) {
		if (!pthread_create(&thread, NULL, thread_nothing, NULL))
			pthread_detach(thread);
	}
	if (pthread_create(&thread, NULL, thread_exec, NULL))
		err(1, "pthread_create");
	pthread_join(thread, NULL);
	return 1;
}

static void child_execs(void)
{
	thread_exec(NULL);
}

static int mode_execs(void)
{
	int i;

	for (i = 0; i < number; i++)
		fork_child(child_execs);
	stay();
	return 0;
}

static void child_getppid(void)
{
	for (;;)
		syscall(SYS_getppid);
}

static void child_strace(void)
{
	pid_t pid = fork_child(child_getppid);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
		err(1, "ptrace");
	while (waitpid(pid, NULL, __WALL) == pid)
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
}

static void child_seccomp(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { .len = 1, .filter = &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
	child_getppid();
}

static void child_int80(void)
{
#ifdef __x86_64__
	long ret;

	/* Killed by a signal if the kernel has no 32-bit system calls */
	for (;;)
		__asm__ volatile("int $0x80" : "=a" (ret) : "a" (64L)
				 : "memory", "r8", "r9", "r10", "r11");
#endif
}

static void on_usr1(int sig)
{
	(void)sig;
}

static void child_signals(void)
{
	signal(SIGUSR1, on_usr1);
	for (;;)
		raise(SIGUSR1);
}

static int mode_callers(void)
{
	fork_child(child_strace);
	fork_child(child_seccomp);
	fork_child(child_int80);
	fork_child(child_signals);
	stay();
	return 0;
}

static int mode_nothing(void)
{
	return 0;
}

static const struct mode {
	const char *name;
	int (*fn)(void);
} modes[] = {
	{ "sleepers",	mode_sleepers },/* asleep in system calls */
	{ "waits",	mode_waits },	/* likewise, until NUMBER ms have passed */
	{ "vfork",	mode_vfork },	/* parent of a vfork of NUMBER ms */
	{ "traced",	mode_traced },	/* stopped by its tracer */
	{ "traced_inside", mode_traced_inside },/* likewise, within execve() */
	{ "stopped",	mode_stopped },	/* stopped by SIGSTOP */
	{ "zombie",	mode_zombie },	/* dead and not reaped */
	{ "leader",	mode_leader },	/* dead group leader with a live thread */
	{ "threads",	mode_threads },	/* NUMBER of threads asleep */
	{ "uring_message", mode_uring_message },	/* a worker that sends */
	{ "uring",	mode_uring },	/* owner of io_uring's threads */
	{ "vhost",	mode_vhost },	/* owner of a worker of vhost */
	{ "restart",	mode_restart },	/* writes to a file, restarts a call */
	{ "close",	mode_close },	/* closes a file */
	{ "promoted",	mode_promoted },/* likewise, when it becomes a real-time task */
	{ "spin",	mode_spin },	/* NUMBER of spinners in user space */
	{ "storm",	mode_storm },	/* NUMBER of fork, exec, exit loops */
	{ "execs",	mode_execs },	/* NUMBER of processes whose threads exec and exit */
	{ "reexec",	mode_reexec },	/* used by execs: one such process */
	{ "callers",	mode_callers },	/* system calls: traced, seccomp, int80, signals */
	{ "nothing",	mode_nothing },	/* exits */
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		errx(2, "usage: lpt_tasks MODE [NUMBER | FILE...]");
	if (argc > 2)
		number = atoi(argv[2]);
	files = argv + 2;

	block_term();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].fn();
	}
	errx(2, "no mode %s", argv[1]);
}
