// SPDX-License-Identifier: GPL-2.0
/*
 * The functions that are patched, and the code that measures them
 *
 * A measurement is two lines, for task and for interrupt context. Each has the version
 * of bench_fn() that was called, and the ticks of the TSC for a loop of BENCH_CALLS calls
 * of it. If QEMU counts instructions, a tick is an instruction.
 *
 * The files in debugfs:
 *
 *   now	read: measure
 *   hold	write: sleep in bench_hold(), uninterruptibly, until the release
 *   held	read: measure in the task that sleeps there
 *   release	write: end that sleep
 *   probe	read: the measurement of bench_probe()
 *   spin	write: run in bench_spin() for so many microseconds
 *   jitter	write: 1 starts, 0 stops measuring the latency of timer interrupts.
 *		read: the worst case, in nanoseconds
 *   task_size	read: the size of task_struct, in bytes
 */

#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <asm/tsc.h>

#include "bench.h"

#define BENCH_CALLS	1000

LPT_VERSION_FUNC(bench_fn, 1)

#define BENCH_MANY(a, b, c) static __used LPT_VERSION_FUNC(bench_many_##a##b##c, 1)
BENCH_THOUSAND(BENCH_MANY)

/*
 * Counting
 */

struct bench_count {
	int version;
	u64 ticks;
};

struct bench_measurement {
	struct bench_count task;
	struct bench_count irq;
};

/* Called with interrupts disabled, in task or interrupt context */
static noinline void bench_run(struct bench_count *count)
{
	u64 start = rdtsc();
	unsigned int i;

	for (i = 0; i < BENCH_CALLS; i++)
		bench_fn();
	count->ticks = rdtsc() - start;
	count->version = bench_fn();
}

#define BENCH_DELAY	(50 * NSEC_PER_USEC)

struct bench_timer {
	struct hrtimer timer;
	struct bench_count *count;
	bool done;
};

static enum hrtimer_restart bench_timer_fn(struct hrtimer *timer)
{
	struct bench_timer *bench = container_of(timer, typeof(*bench), timer);

	bench_run(bench->count);
	WRITE_ONCE(bench->done, true);
	return HRTIMER_NORESTART;
}

/* The interrupt arrives while the current task runs. */
static void bench_run_in_irq(struct bench_count *count)
{
	struct bench_timer bench = { .count = count };

	hrtimer_setup_on_stack(&bench.timer, bench_timer_fn, CLOCK_MONOTONIC,
			       HRTIMER_MODE_REL_PINNED_HARD);
	scoped_guard(preempt) {
		hrtimer_start(&bench.timer, BENCH_DELAY,
			      HRTIMER_MODE_REL_PINNED_HARD);
		while (!READ_ONCE(bench.done))
			cpu_relax();
	}
	hrtimer_cancel(&bench.timer);
	destroy_hrtimer_on_stack(&bench.timer);
}

static void bench_measure(struct bench_measurement *m)
{
	scoped_guard(irqsave)
		bench_run(&m->task);
	bench_run_in_irq(&m->irq);
}

static void bench_show(struct seq_file *file, const struct bench_measurement *m)
{
	seq_printf(file, "%d %llu\n%d %llu\n", m->task.version, m->task.ticks,
		   m->irq.version, m->irq.ticks);
}

static int bench_now_show(struct seq_file *file, void *unused)
{
	struct bench_measurement now;

	bench_measure(&now);
	bench_show(file, &now);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_now);

static struct bench_measurement bench_probed;

void bench_probe(void)
{
	bench_measure(&bench_probed);
}
EXPORT_SYMBOL_GPL(bench_probe);

static int bench_probe_show(struct seq_file *file, void *unused)
{
	bench_show(file, &bench_probed);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_probe);

/*
 * A task that blocks a transition
 */

static enum bench_hold_state {
	BENCH_FREE,
	BENCH_HELD,
	BENCH_ASKED,		/* held, with a request to measure */
} bench_hold_state;

static DECLARE_WAIT_QUEUE_HEAD(bench_wait);
static struct bench_measurement bench_held;

static void bench_hold_set_state(enum bench_hold_state state)
{
	WRITE_ONCE(bench_hold_state, state);
	wake_up_all(&bench_wait);
}

/* Patched by a function that returns at once, so a task here is in the original. */
static noinline void bench_hold(void)
{
	for (;;) {
		wait_event(bench_wait,
			   READ_ONCE(bench_hold_state) != BENCH_HELD);
		if (READ_ONCE(bench_hold_state) == BENCH_FREE)
			return;
		bench_measure(&bench_held);
		bench_hold_set_state(BENCH_HELD);
	}
}

static int bench_hold_set(void *data, u64 unused)
{
	bench_hold_set_state(BENCH_HELD);
	bench_hold();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bench_hold_fops, NULL, bench_hold_set, "%llu\n");

static int bench_release_set(void *data, u64 unused)
{
	bench_hold_set_state(BENCH_FREE);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bench_release_fops, NULL, bench_release_set, "%llu\n");

static int bench_held_show(struct seq_file *file, void *unused)
{
	if (READ_ONCE(bench_hold_state) != BENCH_HELD)
		return -ESRCH;
	bench_hold_set_state(BENCH_ASKED);
	wait_event(bench_wait, READ_ONCE(bench_hold_state) != BENCH_ASKED);
	bench_show(file, &bench_held);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_held);

/* A patched function in which tasks spend most of their time */
static noinline void bench_spin(u64 usecs)
{
	u64 end = ktime_get_ns() + usecs * NSEC_PER_USEC;

	while (ktime_get_ns() < end)
		cpu_relax();
}

static int bench_spin_set(void *data, u64 usecs)
{
	bench_spin(usecs);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bench_spin_fops, NULL, bench_spin_set, "%llu\n");

/*
 * Latency of interrupts
 */

static struct hrtimer bench_jitter;
static s64 bench_jitter_max;

static enum hrtimer_restart bench_jitter_fn(struct hrtimer *timer)
{
	ktime_t late = ktime_sub(ktime_get(), hrtimer_get_expires(timer));

	bench_jitter_max = max(bench_jitter_max, ktime_to_ns(late));
	hrtimer_forward_now(timer, BENCH_DELAY);
	return HRTIMER_RESTART;
}

static int bench_jitter_set(void *data, u64 on)
{
	hrtimer_cancel(&bench_jitter);
	if (!on)
		return 0;
	bench_jitter_max = 0;
	hrtimer_start(&bench_jitter, BENCH_DELAY, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int bench_jitter_get(void *data, u64 *ns)
{
	*ns = READ_ONCE(bench_jitter_max);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bench_jitter_fops, bench_jitter_get, bench_jitter_set,
			 "%llu\n");

static int bench_task_size_get(void *data, u64 *size)
{
	*size = sizeof(struct task_struct);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bench_task_size_fops, bench_task_size_get, NULL,
			 "%llu\n");

static struct dentry *bench_dir;

static int __init bench_target_init(void)
{
	hrtimer_setup(&bench_jitter, bench_jitter_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	bench_dir = debugfs_create_dir("bench", NULL);
	debugfs_create_file("now", 0400, bench_dir, NULL, &bench_now_fops);
	debugfs_create_file("hold", 0200, bench_dir, NULL, &bench_hold_fops);
	debugfs_create_file("held", 0400, bench_dir, NULL, &bench_held_fops);
	debugfs_create_file("release", 0200, bench_dir, NULL,
			    &bench_release_fops);
	debugfs_create_file("probe", 0400, bench_dir, NULL, &bench_probe_fops);
	debugfs_create_file("spin", 0200, bench_dir, NULL, &bench_spin_fops);
	debugfs_create_file("jitter", 0600, bench_dir, NULL,
			    &bench_jitter_fops);
	debugfs_create_file("task_size", 0400, bench_dir, NULL,
			    &bench_task_size_fops);
	return 0;
}

static void __exit bench_target_exit(void)
{
	debugfs_remove(bench_dir);
	hrtimer_cancel(&bench_jitter);
}

module_init(bench_target_init);
module_exit(bench_target_exit);
MODULE_DESCRIPTION("Live patching measurements: the module that is patched");
MODULE_LICENSE("GPL");
