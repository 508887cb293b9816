// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the wakeup latency of a real-time thread that repeatedly sleeps for 200
 * microseconds, like cyclictest. On SIGTERM it prints the worst case in nanoseconds,
 * without the first 100 wakeups.
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/mman.h>

#define PERIOD_NS	200000
#define WARM_UP		100

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static long late_ns(const struct timespec *due)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - due->tv_sec) * 1000000000L + now.tv_nsec -
	       due->tv_nsec;
}

static long sleep_once(void)
{
	struct timespec due;

	clock_gettime(CLOCK_MONOTONIC, &due);
	due.tv_nsec += PERIOD_NS;
	if (due.tv_nsec >= 1000000000L) {
		due.tv_nsec -= 1000000000L;
		due.tv_sec++;
	}
	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL))
		return 0;
	return late_ns(&due);
}

int main(void)
{
	const struct sched_param param = { .sched_priority = 80 };
	long late, worst = 0;
	int i;

	signal(SIGTERM, on_term);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		err(1, "sched_setscheduler");
	for (i = 0; i < WARM_UP; i++)
		sleep_once();
	while (!stop) {
		late = sleep_once();
		if (late > worst)
			worst = late;
	}
	printf("%ld\n", worst);
	return 0;
}
