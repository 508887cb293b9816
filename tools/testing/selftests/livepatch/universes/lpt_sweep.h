/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases of lpt_sweep: tasks that sit in one blocking call each.
 *
 * A case has two processes. The partner prepares the call, starts the task that makes
 * it, and ends the call when the time of the round is over.
 */
#ifndef LPT_SWEEP_H
#define LPT_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* The task runs for the time of the round, instead of sleeping. */
#define RUNS	1
/* A transition can't end while the task sits in the call. */
#define BLOCKS	2

/*
 * A call that Documentation/livepatch/administration.rst lists, because a transition
 * changes its result: a part of that text
 */
#define LISTED(text)	text

struct sweep {
	const char *name;
	/* In the partner, before the task is started */
	void (*setup)(void);
	/* In the task. The result and errno are compared. */
	long (*call)(void);
	/* In the partner, when the time is over; NULL: the call ends by itself */
	void (*end)(void);
	int flags;
	/* LISTED(): a transition changes the result, so it must differ */
	const char *listed;
	/* In the partner, while the task is in the call */
	void (*during)(void);
};

extern const struct sweep time_cases[], ipc_cases[], file_cases[], pipe_cases[],
	tty_cases[], memory_cases[], socket_cases[], task_cases[], stop_cases[], uring_cases[];

enum sweep_state {
	SWEEP_STARTS,
	SWEEP_READY,		/* the partner is prepared */
	SWEEP_SITS,		/* the task is about to make its call */
	SWEEP_DONE,
	SWEEP_SKIPPED,
	SWEEP_BROKEN,		/* the preparation has failed */
};

/* A case in one round, in memory that all processes share */
struct slot {
	enum sweep_state state;
	pid_t partner;
	pid_t task;
	/* Result of the call */
	long ret;
	int error;
	int handled;		/* signals that a handler got */
	long left_ms;		/* time that remains, as the call has returned it */
	unsigned int len;
	unsigned char data[64];	/* what the call has returned in memory */
	/* In milliseconds of CLOCK_MONOTONIC, and in microseconds of CLOCK_REALTIME */
	long begin_ms, end_ms;
	int64_t begin_us, end_us;
	char text[96];		/* why the case is skipped or broken */
	/* For the cases */
	uint32_t word, pi;
	int32_t number;
};

extern struct slot *slot;	/* of this process */
extern long span;		/* the time of a round, in milliseconds */

/* Two descriptors of a pipe or of connected sockets, and one more of any kind */
extern int fds[2], fd;

struct timespec ts_of(long ms);
struct timespec ts_at(clockid_t clock, long ms);

void begin(void);
void until_end(void);
void put(const void *data, size_t len);
void left(const struct timespec *ts);
void catch_usr1(void);
void end_usr1(void);
void end_kill(void);
void die_with_parent(void);
void wait_for_task(const char *states);
long repeat(int (*fn)(void));
void __attribute__((noreturn, format(printf, 1, 2))) skip(const char *format, ...);
int need(int ret, const char *what);
void *need_memory(size_t size);
void thread_does(void *(*fn)(void *));

void setup_pipe(void);
void end_write(void);
void set_blocking(int file, bool blocking);
long fill(int file, size_t chunk);
void drain(int file);
int temp_file(void);
const char *temp_path(void);
long read_3(void);

#endif /* LPT_SWEEP_H */
