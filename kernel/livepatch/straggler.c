// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a task has not migrated yet.
 */

#include <linux/kvm.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#include "internal.h"

/*
 * Age of a transition in milliseconds from which on calls are interrupted even if a
 * program may notice it. Most ioctls that wait for a device end earlier by themselves.
 */
#define KLP_PATIENT_MS		3000

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

static enum klp_class klp_class_of_interruptible(const struct task_struct *task)
{
	return klp_task_flags(task) & PF_USER_WORKER ? KLP_CLASS_REQUEST : KLP_CLASS_SLEEPS;
}

static enum klp_class klp_class_of_asleep(const struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);
	unsigned int flags = klp_task_flags(task);

	if (flags & PF_EXITING)
		return KLP_CLASS_EXIT_WAITS;
	if (state & TASK_FROZEN) {
		/* When it is thawed, it continues in the state in which it was frozen. */
		state = READ_ONCE(task->saved_state);
		/* What it waited for has come: nothing but the freezer keeps it in its call. */
		if (state == TASK_RUNNING)
			return klp_class_of_interruptible(task);
	}
	if (state & (__TASK_STOPPED | __TASK_TRACED))
		return KLP_CLASS_STOPPED;
	if (state & TASK_INTERRUPTIBLE && flags & PF_NO_NOTIFY_SIGNAL)
		return KLP_CLASS_NO_NOTIFY;
	if (state & TASK_INTERRUPTIBLE)
		return klp_class_of_interruptible(task);
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

/*
 * ioctl() in the system calls of 32-bit programs, on all architectures with live patching
 * that run such programs
 */
#define KLP_NR_IOCTL_32		54

/*
 * Is it likely that the call in which the task sleeps shows that it was interrupted? Many
 * ioctls of drivers return EINTR, and do not restart. A connect() that restarts fails with
 * some protocols. io_submit() puts EINTR into an event. KVM_RUN is no such call: it returns
 * EINTR whenever user space has something to do, and programs call it again.
 */
static bool klp_call_is_fragile(struct task_struct *task)
{
	bool is_64bit = syscall_get_arch(task) & __AUDIT_ARCH_64BIT;
	struct pt_regs *regs = task_pt_regs(task);
	int nr = syscall_get_nr(task, regs);
	unsigned long args[6];

	if (nr == (is_64bit ? __NR_ioctl : KLP_NR_IOCTL_32)) {
		syscall_get_arguments(task, regs, args);
		return args[1] != KVM_RUN;
	}
	return is_64bit && (nr == __NR_connect || nr == __NR_io_submit);
}

/**
 * klp_straggler_wants_signal - should the task get the fake signal, TIF_NOTIFY_SIGNAL?
 * @task: the task
 * @age: for how long tasks have been migrating, in milliseconds. The longer it is, the
 *	 sooner a call may return another result than without the fake signal
 *
 * Context: Called by task_call_func().
 * Return: true if the fake signal makes the task leave the kernel or end its request.
 */
bool klp_straggler_wants_signal(struct task_struct *task, unsigned int age)
{
	switch (klp_straggler_class(task)) {
	case KLP_CLASS_GUEST:
		return true;
	case KLP_CLASS_SLEEPS:
		return age >= KLP_PATIENT_MS || !klp_call_is_fragile(task);
	/* The call may return less than without the fake signal. */
	case KLP_CLASS_RUNS:
	/* The request would fail with EINTR, and is not restarted. */
	case KLP_CLASS_REQUEST:
		return age >= KLP_LONG_MS;
	default:
		return false;
	}
}
