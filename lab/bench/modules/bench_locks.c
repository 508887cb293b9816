// SPDX-License-Identifier: GPL-2.0
/*
 * Measures how long tasklist_lock is held for reading: from the call of _raw_read_lock()
 * to the call of _raw_read_unlock(), as seen by a callback of ftrace.
 *
 * Parameters:
 *
 *   lock	address of tasklist_lock
 *   max_ns	the longest time so far, in nanoseconds. Can be set to 0.
 */

#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

static unsigned long lock;
module_param(lock, ulong, 0400);

static unsigned long max_ns;
module_param(max_ns, ulong, 0600);

/* The outermost read lock of a CPU. @task is NULL while it is not held. */
struct bench_reader {
	struct task_struct *task;
	unsigned int depth;
	unsigned long switches;
	u64 start;
};

static DEFINE_PER_CPU(struct bench_reader, bench_reader);

static unsigned long notrace bench_switches(void)
{
	return current->nvcsw + current->nivcsw;
}

static void notrace bench_on_lock(struct bench_reader *reader)
{
	if (reader->task == current) {
		reader->depth++;
		return;
	}
	*reader = (struct bench_reader){
		.task = current,
		.depth = 1,
		.switches = bench_switches(),
		.start = ktime_get_mono_fast_ns(),
	};
}

/* Ignore a task that was switched in between: it was preempted before it got the lock. */
static void notrace bench_on_unlock(struct bench_reader *reader)
{
	if (reader->task != current || --reader->depth)
		return;
	reader->task = NULL;
	if (reader->switches == bench_switches())
		max_ns = max_t(u64, max_ns,
			       ktime_get_mono_fast_ns() - reader->start);
}

static void notrace bench_on_call(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	void (*on_call)(struct bench_reader *reader) = ops->private;

	if (ftrace_regs_get_argument(fregs, 0) != lock)
		return;
	guard(preempt_notrace)();
	on_call(this_cpu_ptr(&bench_reader));
}

static struct ftrace_ops bench_lock_ops = {
	.func		= bench_on_call,
	.private	= bench_on_lock,
};

static struct ftrace_ops bench_unlock_ops = {
	.func		= bench_on_call,
	.private	= bench_on_unlock,
};

static int bench_trace(struct ftrace_ops *ops, char *name)
{
	return ftrace_set_filter(ops, name, strlen(name), 1) ?:
		register_ftrace_function(ops);
}

static void bench_untrace(struct ftrace_ops *ops)
{
	unregister_ftrace_function(ops);
	ftrace_free_filter(ops);
}

static int __init bench_locks_init(void)
{
	static char on_lock[] = "_raw_read_lock";
	static char on_unlock[] = "_raw_read_unlock";
	int ret;

	if (!lock)
		return -EINVAL;
	ret = bench_trace(&bench_unlock_ops, on_unlock);
	if (ret)
		return ret;
	ret = bench_trace(&bench_lock_ops, on_lock);
	if (ret)
		bench_untrace(&bench_unlock_ops);
	return ret;
}

static void __exit bench_locks_exit(void)
{
	bench_untrace(&bench_lock_ops);
	bench_untrace(&bench_unlock_ops);
}

module_init(bench_locks_init);
module_exit(bench_locks_exit);
MODULE_DESCRIPTION("Live patching measurements: readers of tasklist_lock");
MODULE_LICENSE("GPL");
