// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: sleeping, waiting for files to be ready, signals and timers
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lpt_sweep.h"

/* A timeout that must not be reached */
#define LONG	(4 * span)

/*
 * Sleeping
 */

static long call_nanosleep(void)
{
	struct timespec ts = ts_of(span);

	return syscall(SYS_nanosleep, &ts, NULL);
}

static long call_nanosleep_signal(void)
{
	struct timespec ts = ts_of(LONG), rest = {};
	long ret;

	catch_usr1();
	ret = syscall(SYS_nanosleep, &ts, &rest);
	left(&rest);
	return ret;
}

static long clock_sleep(clockid_t clock)
{
	struct timespec ts = ts_of(span);

	return syscall(SYS_clock_nanosleep, clock, 0, &ts, NULL);
}

static long call_clock_realtime(void)
{
	return clock_sleep(CLOCK_REALTIME);
}

static long call_clock_boottime(void)
{
	return clock_sleep(CLOCK_BOOTTIME);
}

static long clock_sleep_until(clockid_t clock)
{
	struct timespec ts = ts_at(clock, span);

	return syscall(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &ts, NULL);
}

static long call_clock_absolute(void)
{
	return clock_sleep_until(CLOCK_MONOTONIC);
}

static long call_clock_tai(void)
{
	return clock_sleep_until(CLOCK_TAI);
}

/* The process sleeps, so its CPU time does not reach the timeout. */
static long call_clock_cpu(void)
{
	struct timespec ts = ts_of(LONG), rest = {};
	long ret;

	catch_usr1();
	ret = syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &ts, &rest);
	left(&rest);
	return ret;
}

/* New architectures lack old calls that libc can do by others. */
#ifndef SYS_poll
#define SYS_poll	(-1)
#endif
#ifndef SYS_select
#define SYS_select	(-1)
#endif
#ifndef SYS_pause
#define SYS_pause	(-1)
#endif

static void need_call(long nr, const char *name)
{
	if (nr < 0)
		skip("no %s() on this architecture", name);
}

/*
 * Waiting until a pipe is readable
 */

static long poll_for(long ms)
{
	struct pollfd pollfd = { .fd = fds[0], .events = POLLIN };
	long ret;

	need_call(SYS_poll, "poll");
	ret = syscall(SYS_poll, &pollfd, 1, ms);
	put(&pollfd.revents, sizeof(pollfd.revents));
	return ret;
}

static long call_poll_timeout(void)
{
	return poll_for(span);
}

static long call_poll(void)
{
	return poll_for(-1);
}

static long call_poll_timed(void)
{
	return poll_for(LONG);
}

/* The system call stores the remaining time. */
static long ppoll_for(struct timespec *ts, bool with_mask)
{
	struct pollfd pollfd = { .fd = fds[0], .events = POLLIN };
	sigset_t set;
	long ret;

	sigemptyset(&set);
	ret = syscall(SYS_ppoll, &pollfd, 1, ts, with_mask ? &set : NULL, 8);
	put(&pollfd.revents, sizeof(pollfd.revents));
	if (ts)
		left(ts);
	return ret;
}

static long call_ppoll_timeout(void)
{
	struct timespec ts = ts_of(span);

	return ppoll_for(&ts, false);
}

static long call_ppoll(void)
{
	return ppoll_for(NULL, true);
}

static long call_ppoll_timed(void)
{
	struct timespec ts = ts_of(LONG);

	return ppoll_for(&ts, true);
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The signal is blocked, except during the call. */
static long call_ppoll_signal(void)
{
	struct timespec ts = ts_of(LONG);

	block(SIGUSR1);
	catch_usr1();
	return ppoll_for(&ts, true);
}

static long select_for(struct timeval *tv)
{
	fd_set set;
	long ret;

	need_call(SYS_select, "select");
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	ret = syscall(SYS_select, fds[0] + 1, &set, NULL, NULL, tv);
	if (tv)
		slot->left_ms = tv->tv_sec * 1000 + tv->tv_usec / 1000;
	put(&set, 16);
	return ret;
}

static long call_select_timeout(void)
{
	struct timeval tv = { span / 1000, span % 1000 * 1000 };

	return select_for(&tv);
}

static long call_select(void)
{
	return select_for(NULL);
}

static long call_select_timed(void)
{
	struct timeval tv = { LONG / 1000 };

	return select_for(&tv);
}

static long pselect_for(struct timespec *ts)
{
	struct {
		const sigset_t *set;
		size_t size;
	} mask;
	sigset_t signals;
	fd_set set;
	long ret;

	sigemptyset(&signals);
	mask.set = &signals;
	mask.size = 8;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	ret = syscall(SYS_pselect6, fds[0] + 1, &set, NULL, NULL, ts, &mask);
	left(ts);
	put(&set, 16);
	return ret;
}

static long call_pselect_timeout(void)
{
	struct timespec ts = ts_of(span);

	return pselect_for(&ts);
}

static long call_pselect_timed(void)
{
	struct timespec ts = ts_of(LONG);

	return pselect_for(&ts);
}

static void setup_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };

	setup_pipe();
	fd = need(epoll_create1(0), "epoll_create1");
	need(epoll_ctl(fd, EPOLL_CTL_ADD, fds[0], &event), "epoll_ctl");
}

static long epoll_returned(long ret, const struct epoll_event *event)
{
	if (ret > 0)
		put(event, sizeof(*event));
	return ret;
}

static long epoll_for(int ms)
{
	struct epoll_event event;

	return epoll_returned(epoll_wait(fd, &event, 1, ms), &event);
}

static long call_epoll_timeout(void)
{
	return epoll_for(span);
}

static long call_epoll(void)
{
	return epoll_for(-1);
}

static long call_epoll_timed(void)
{
	return epoll_for(LONG);
}

static long epoll_pwait_for(int ms)
{
	struct epoll_event event;
	sigset_t set;

	sigemptyset(&set);
	return epoll_returned(epoll_pwait(fd, &event, 1, ms, &set), &event);
}

static long call_epoll_pwait_timeout(void)
{
	return epoll_pwait_for(span);
}

static long call_epoll_pwait_signal(void)
{
	block(SIGUSR1);
	catch_usr1();
	return epoll_pwait_for(LONG);
}

static long epoll_pwait2_for(long ms)
{
	struct timespec ts = ts_of(ms);
	struct epoll_event event;

	return epoll_returned(syscall(SYS_epoll_pwait2, fd, &event, 1, &ts, NULL, 8),
			      &event);
}

static long call_epoll_pwait2_timeout(void)
{
	return epoll_pwait2_for(span);
}

static long call_epoll_pwait2(void)
{
	return epoll_pwait2_for(LONG);
}

/*
 * Signals
 */

static long call_pause(void)
{
	need_call(SYS_pause, "pause");
	catch_usr1();
	return syscall(SYS_pause);
}

static long call_sigsuspend(void)
{
	sigset_t set;

	catch_usr1();
	block(SIGUSR1);
	sigemptyset(&set);
	return sigsuspend(&set);
}

static void end_sigqueue(void)
{
	need(sigqueue(slot->task, SIGUSR1, (union sigval) { .sival_int = 77 }),
	     "sigqueue");
}

static long sigwait_for(const struct timespec *ts)
{
	siginfo_t info;
	sigset_t set;
	long ret;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ret = syscall(SYS_rt_sigtimedwait, &set, &info, ts, 8);
	if (ret > 0)
		put(&info.si_value, sizeof(info.si_value));
	return ret;
}

static void setup_blocked(void)
{
	block(SIGUSR1);
}

static long call_sigwaitinfo(void)
{
	return sigwait_for(NULL);
}

static long call_sigtimedwait(void)
{
	struct timespec ts = ts_of(LONG);

	return sigwait_for(&ts);
}

static long call_sigtimedwait_timeout(void)
{
	struct timespec ts = ts_of(span);

	return sigwait_for(&ts);
}

static long call_sigtimedwait_signal(void)
{
	struct timespec ts = ts_of(LONG);
	sigset_t set;

	catch_usr1();
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	return syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8);
}

static long call_sigwait_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec timer = { .it_value = ts_of(span) };
	timer_t id;

	event.sigev_value.sival_int = 78;
	need(timer_create(CLOCK_MONOTONIC, &event, &id), "timer_create");
	need(timer_settime(id, 0, &timer, NULL), "timer_settime");
	return sigwait_for(NULL);
}

static long call_itimer(void)
{
	struct itimerval timer = { .it_value = { span / 1000, span % 1000 * 1000 } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	block(SIGALRM);
	need(setitimer(ITIMER_REAL, &timer, NULL), "setitimer");
	return syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

static long call_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	long ret;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	fd = need(signalfd(-1, &set, 0), "signalfd");
	ret = read(fd, &info, sizeof(info));
	if (ret > 0) {
		put(&info.ssi_signo, sizeof(info.ssi_signo));
		put(&info.ssi_int, sizeof(info.ssi_int));
	}
	return ret;
}

/*
 * Files that count
 */

static long read_count(void)
{
	uint64_t count;
	long ret = read(fd, &count, sizeof(count));

	if (ret > 0)
		put(&count, sizeof(count));
	return ret;
}

static long read_timer(clockid_t clock, int flags, const struct itimerspec *timer)
{
	fd = need(timerfd_create(clock, 0), "timerfd_create");
	need(timerfd_settime(fd, flags, timer, NULL), "timerfd_settime");
	return read_count();
}

static long call_timerfd(void)
{
	struct itimerspec timer = { .it_value = ts_of(span) };

	return read_timer(CLOCK_MONOTONIC, 0, &timer);
}

static long call_timerfd_absolute(void)
{
	struct itimerspec timer = { .it_value = ts_at(CLOCK_REALTIME, span) };

	return read_timer(CLOCK_REALTIME, TFD_TIMER_ABSTIME, &timer);
}

static void setup_eventfd(void)
{
	fd = need(eventfd(0, 0), "eventfd");
}

static void setup_full_eventfd(void)
{
	fd = need(eventfd(0, 0), "eventfd");
	need(eventfd_write(fd, UINT64_MAX - 1), "eventfd_write");
}

static void end_eventfd_write(void)
{
	need(eventfd_write(fd, 5), "eventfd_write");
}

static void end_eventfd_read(void)
{
	eventfd_t value;

	need(eventfd_read(fd, &value), "eventfd_read");
}

static long call_eventfd_write(void)
{
	return eventfd_write(fd, 3);
}

/*
 * Calls that do not sleep, over and over
 */

static int one_getrandom(void)
{
	static char buf[100000];

	return getrandom(buf, sizeof(buf), 0) != sizeof(buf);
}

static long call_getrandom(void)
{
	return repeat(one_getrandom);
}

static void setup_urandom(void)
{
	fd = need(open("/dev/urandom", O_RDWR), "/dev/urandom");
}

static void setup_zero(void)
{
	fd = need(open("/dev/zero", O_RDWR), "/dev/zero");
}

static int one_long_read(void)
{
	static char buf[1000000];

	return read(fd, buf, sizeof(buf)) != sizeof(buf);
}

static long call_long_reads(void)
{
	return repeat(one_long_read);
}

const struct sweep time_cases[] = {
	{ "nanosleep",		NULL, call_nanosleep },
	{ "nanosleep_signal",	NULL, call_nanosleep_signal, end_usr1 },
	{ "clock_realtime",	NULL, call_clock_realtime },
	{ "clock_boottime",	NULL, call_clock_boottime },
	{ "clock_absolute",	NULL, call_clock_absolute },
	{ "clock_tai",		NULL, call_clock_tai },
	{ "clock_cpu",		NULL, call_clock_cpu, end_usr1 },
	{ "poll_timeout",	setup_pipe, call_poll_timeout },
	{ "poll",		setup_pipe, call_poll, end_write },
	{ "poll_timed",		setup_pipe, call_poll_timed, end_write },
	{ "ppoll_timeout",	setup_pipe, call_ppoll_timeout },
	{ "ppoll",		setup_pipe, call_ppoll, end_write },
	{ "ppoll_timed",	setup_pipe, call_ppoll_timed, end_write },
	{ "ppoll_signal",	setup_pipe, call_ppoll_signal, end_usr1 },
	{ "select_timeout",	setup_pipe, call_select_timeout },
	{ "select",		setup_pipe, call_select, end_write },
	{ "select_timed",	setup_pipe, call_select_timed, end_write },
	{ "pselect_timeout",	setup_pipe, call_pselect_timeout },
	{ "pselect_timed",	setup_pipe, call_pselect_timed, end_write },
	{ "epoll_timeout",	setup_epoll, call_epoll_timeout },
	{ "epoll",		setup_epoll, call_epoll, end_write },
	{ "epoll_timed",	setup_epoll, call_epoll_timed, end_write },
	{ "epoll_pwait_timeout", setup_epoll, call_epoll_pwait_timeout },
	{ "epoll_pwait_signal",	setup_epoll, call_epoll_pwait_signal, end_usr1 },
	{ "epoll_pwait2_timeout", setup_epoll, call_epoll_pwait2_timeout },
	{ "epoll_pwait2",	setup_epoll, call_epoll_pwait2, end_write },
	{ "pause",		NULL, call_pause, end_usr1 },
	{ "sigsuspend",		NULL, call_sigsuspend, end_usr1 },
	{ "sigwaitinfo",	setup_blocked, call_sigwaitinfo, end_sigqueue },
	{ "sigtimedwait",	setup_blocked, call_sigtimedwait, end_sigqueue },
	{ "sigtimedwait_timeout", setup_blocked, call_sigtimedwait_timeout },
	{ "sigtimedwait_signal", NULL, call_sigtimedwait_signal, end_usr1 },
	{ "sigwait_timer",	setup_blocked, call_sigwait_timer },
	{ "itimer",		NULL, call_itimer },
	{ "signalfd",		setup_blocked, call_signalfd, end_sigqueue },
	{ "timerfd",		NULL, call_timerfd },
	{ "timerfd_absolute",	NULL, call_timerfd_absolute },
	{ "eventfd_read",	setup_eventfd, read_count, end_eventfd_write },
	{ "eventfd_write",	setup_full_eventfd, call_eventfd_write, end_eventfd_read },
	{ "getrandom",		NULL, call_getrandom, NULL, RUNS },
	{ "read_urandom",	setup_urandom, call_long_reads, NULL, RUNS },
	{ "read_zero",		setup_zero, call_long_reads, NULL, RUNS },
	{ }
};
