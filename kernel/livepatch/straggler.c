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
 * klp_straggler_wants_signal - should TIF_NOTIFY_SIGNAL be set to interrupt the task?
 * @task: the task
 * @late: the transition takes long, so accept that a system call or a request may
 *	  return another result than without the signal
 *
 * Context: Called by task_call_func().
 * Return: true if the signal would make the task leave the kernel or end its request,
 * without a visible effect unless @late is set.
 */
bool klp_straggler_wants_signal(const struct task_struct *task, bool late)
{
	switch (klp_straggler_class(task)) {
	case KLP_CLASS_SLEEPS:
	case KLP_CLASS_GUEST:
		return true;
	case KLP_CLASS_RUNS:
	/* The request would fail with EINTR, and is not restarted. */
	case KLP_CLASS_REQUEST:
		return late;
	default:
		return false;
	}
}
