// SPDX-License-Identifier: GPL-2.0
/*
 * A task changes its universe at most once per transition of live patching, and
 * never within a system call.
 */
#include <linux/ftrace.h>
#include <linux/tracepoint.h>
#include <linux/kernel.h>
#include <linux/livepatch_universe.h>
#include <linux/module.h>
#include <linux/init.h>
#include <linux/rv.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <rv/instrumentation.h>

#define MODULE_NAME "universe"

#include <trace/events/livepatch.h>
#include <trace/events/syscalls.h>
#include <rv_trace.h>

#define RV_MON_TYPE RV_MON_PER_TASK
#include "universe.h"
#include <rv/da_monitor.h>

/*
 * True between the events livepatch_reverse and livepatch_start of a transition that is
 * being reversed. Both events are emitted under klp_mutex.
 */
static bool universe_turning;

/*
 * At the start of a transition all tasks are in the goal universe of the last one. So
 * the monitor can start here for tasks that are not monitored yet. It does not know
 * whether these are in a system call.
 */
static void handle_start(void *data, const char *patch, bool patching, unsigned int ms)
{
	struct task_struct *leader, *task;

	if (universe_turning) {
		universe_turning = false;
		return;
	}
	guard(read_lock)(&tasklist_lock);
	for_each_process_thread(leader, task)
		da_handle_start_run_event(task, start_universe);
}

static void handle_reverse(void *data, const char *patch, bool patching, unsigned int ms)
{
	struct task_struct *leader, *task;

	universe_turning = true;
	guard(read_lock)(&tasklist_lock);
	for_each_process_thread(leader, task)
		da_handle_event(task, turn_universe);
}

/* Is the user task in one of the waits in which it may migrate within a system call? */
static bool in_wait(const struct task_struct *task)
{
	return !(task->flags & PF_KTHREAD) &&
	       READ_ONCE(task->klp_quiescent) > KLP_THROTTLED;
}

/* A dead task that is still in the task list is reported like one that is asleep. */
static enum events universe_event(struct task_struct *task, enum klp_place place)
{
	if (place == KLP_PLACE_FORCED || place == KLP_PLACE_STACK)
		return force_universe;
	if (place == KLP_PLACE_DEAD || READ_ONCE(task->__state) == TASK_DEAD)
		return die_universe;
	return in_wait(task) ? pause_universe : move_universe;
}

static void handle_migrate(void *data, struct task_struct *task, enum klp_place place)
{
	da_handle_event(task, universe_event(task, place));
}

static void handle_sys_enter(void *data, struct pt_regs *regs, long id)
{
	da_handle_event(current, enter_universe);
}

static void handle_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	da_handle_event(current, leave_universe);
}

static int enable_universe(void)
{
	int retval;

	retval = da_monitor_init();
	if (retval)
		return retval;

	/* A reversal that is not seen would make its start look like that of a new transition. */
	rv_attach_trace_probe("universe", livepatch_reverse, handle_reverse);
	rv_attach_trace_probe("universe", livepatch_start, handle_start);
	universe_turning = false;
	rv_attach_trace_probe("universe", livepatch_migrate, handle_migrate);
	rv_attach_trace_probe("universe", sys_enter, handle_sys_enter);
	rv_attach_trace_probe("universe", sys_exit, handle_sys_exit);

	return 0;
}

static void disable_universe(void)
{
	rv_this.enabled = 0;

	rv_detach_trace_probe("universe", livepatch_start, handle_start);
	rv_detach_trace_probe("universe", livepatch_reverse, handle_reverse);
	rv_detach_trace_probe("universe", livepatch_migrate, handle_migrate);
	rv_detach_trace_probe("universe", sys_enter, handle_sys_enter);
	rv_detach_trace_probe("universe", sys_exit, handle_sys_exit);

	da_monitor_destroy();
}

static struct rv_monitor rv_this = {
	.name = "universe",
	.description = "a task changes universe once per transition, not in a system call.",
	.enable = enable_universe,
	.disable = disable_universe,
	.reset = da_monitor_reset_all,
	.enabled = 0,
};

static int __init register_universe(void)
{
	return rv_register_monitor(&rv_this, NULL);
}

static void __exit unregister_universe(void)
{
	rv_unregister_monitor(&rv_this);
}

module_init(register_universe);
module_exit(unregister_universe);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("universe: a task changes universe once per transition, not in a system call");
