// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a task has not migrated yet.
 */

#include <linux/sched.h>
#include "internal.h"

static enum klp_class klp_class_of_kthread(const struct task_struct *task)
{
	if (is_idle_task(task))
		return KLP_CLASS_IDLE;
	return klp_task_flags(task) & PF_WQ_WORKER ? KLP_CLASS_WORK :
						     KLP_CLASS_KTHREAD;
}

static enum klp_class klp_class_of_awake(const struct task_struct *task)
{
	unsigned int flags = klp_task_flags(task);

	if (flags & PF_EXITING)
		return KLP_CLASS_EXITS;
	return flags & PF_VCPU ? KLP_CLASS_GUEST : KLP_CLASS_RUNS;
}

static enum klp_class klp_class_of_asleep(const struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);
	unsigned int flags = klp_task_flags(task);

	/* When it is thawed, it continues in the state in which it was frozen. */
	if (state & TASK_FROZEN)
		state = READ_ONCE(task->saved_state);
	if (flags & PF_EXITING)
		return KLP_CLASS_EXIT_WAITS;
	if (state & (__TASK_STOPPED | __TASK_TRACED))
		return KLP_CLASS_STOPPED;
	if (state & TASK_INTERRUPTIBLE && flags & PF_NO_NOTIFY_SIGNAL)
		return KLP_CLASS_NO_NOTIFY;
	if (state & TASK_INTERRUPTIBLE)
		return flags & PF_USER_WORKER ? KLP_CLASS_REQUEST : KLP_CLASS_SLEEPS;
	return state & TASK_WAKEKILL ? KLP_CLASS_KILLABLE :
				       KLP_CLASS_UNINTERRUPTIBLE;
}

/**
 * klp_straggler_class - find out what keeps a task from migrating
 * @task: the task
 *
 * Context: Any. The result is exact under task_call_func(), otherwise a hint.
 * Return: the class.
 */
enum klp_class klp_straggler_class(const struct task_struct *task)
{
	if (klp_task_flags(task) & PF_KTHREAD)
		return klp_class_of_kthread(task);
	return klp_task_is_asleep(task) ? klp_class_of_asleep(task) :
					  klp_class_of_awake(task);
}

/**
 * klp_straggler_wants_signal - should the task get the fake signal, TIF_NOTIFY_SIGNAL?
 * @task: the task
 * @late: the transition takes long, so accept that the call of a running task, or a
 *	  request, may return another result than without the fake signal
 *
 * Context: Called by task_call_func().
 * Return: true if the fake signal makes the task leave the kernel or end its request.
 */
bool klp_straggler_wants_signal(const struct task_struct *task, bool late)
{
	switch (klp_straggler_class(task)) {
	case KLP_CLASS_SLEEPS:
	case KLP_CLASS_GUEST:
		return true;
	/* The call may return less than without the fake signal. */
	case KLP_CLASS_RUNS:
	/* The request would fail with EINTR, and is not restarted. */
	case KLP_CLASS_REQUEST:
		return late;
	default:
		return false;
	}
}
