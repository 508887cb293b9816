/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live patching, the interface for tasks: where a task may change its universe.
 *
 * A task is in one of two universes. Calls of patched functions run the code of
 * the caller's universe. So a task must not change its universe while state is
 * live that old code has prepared for old code. No such state is live when a user
 * task leaves the kernel. A kernel thread never leaves the kernel, and has to mark
 * the places where no such state is live:
 *
 *   klp_safe_point()		at the head of a loop over independent items
 *   klp_schedule()		instead of schedule(), where the thread waits
 *				for its next item; or klp_schedule_timeout_interruptible()
 *   klp_quiescent_enter(),	around any other wait for the next item
 *   klp_quiescent_exit()
 *
 * A thread that sleeps inside klp_schedule() or between the quiescent markers is
 * moved remotely, without a wakeup. See Documentation/livepatch/kthreads.rst.
 */
#ifndef _LINUX_LIVEPATCH_UNIVERSE_H_
#define _LINUX_LIVEPATCH_UNIVERSE_H_

#include <linux/cleanup.h>
#include <linux/instruction_pointer.h>
#include <linux/livepatch_sched.h>
#include <linux/livepatch_trampoline.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

/* Does a transition wait for the current task? */
static __always_inline bool klp_safe_point_wanted(void)
{
	return IS_ENABLED(CONFIG_LIVEPATCH_UNIVERSES) && klp_patch_pending(current);
}

/**
 * klp_safe_point - let the current task change its universe if it is a straggler
 *
 * For loops of kernel threads, between two independent items of work. The
 * caller must not hold a lock or a reference, or be in the middle of an operation,
 * that a function called before this point has prepared for one called after it.
 *
 * The safe point is also a quiescent state of RCU tasks, with and without live patching.
 * The end of a transition waits for a grace period, which a thread that never sleeps
 * would delay.
 *
 * Context: Task context, preemptible or not, no raw spinlock held.
 */
static __always_inline void klp_safe_point(void)
{
	if (unlikely(klp_safe_point_wanted()))
		klp_update_patch_state(current);
	rcu_tasks_qs(current, false);
}

#ifdef CONFIG_LIVEPATCH_UNIVERSES

/*
 * Values of task_struct::klp_quiescent. Any other value is the address of a wait. The
 * task is quiescent there while it is asleep, that is, off the run queue. A task that
 * was preempted there is not quiescent: it may be in a helper of the wait.
 */
#define KLP_NOT_QUIESCENT	0UL
/* Not quiescent, but may become so, see klp_resume_enter() */
#define KLP_IN_RESUME_WORK	1UL
/* Quiescent whenever the task is off its CPU, see klp_boundary_enter() */
#define KLP_AT_BOUNDARY		2UL
/* Quiescent if the task is throttled, see klp_throttle_enter() */
#define KLP_THROTTLED		3UL

/* Only for the hooks below. kernel/livepatch/{registry,universe}.c describe them. */
DECLARE_PER_CPU(int [KLP_UNIVERSES + 1], klp_exiting);
extern int klp_patched_universe;
extern unsigned int klp_nr_starts;
extern u8 klp_goal;

void __klp_task_forked(struct task_struct *child, u8 goal);
void __klp_task_exiting(struct task_struct *task);
void __klp_task_dead(struct task_struct *task);

/**
 * klp_boundary_enter - the current task is about to be preempted on its way to
 *			user mode
 *
 * Ended by klp_quiescent_exit(). Only schedule() may be called in between. No barrier
 * is needed between the marker and a test of TIF_PATCH_PENDING, because
 * exit_to_user_mode_loop() rechecks its flags afterwards.
 *
 * Context: exit_to_user_mode_loop(), interrupts enabled.
 */
static __always_inline void klp_boundary_enter(void)
{
	WRITE_ONCE(current->klp_quiescent, KLP_AT_BOUNDARY);
}

/**
 * klp_resume_enter - the current task is about to run resume_user_mode_work()
 *
 * Ended by klp_quiescent_exit(). Tells klp_throttle_enter() that the task is on its way
 * to user mode.
 *
 * Context: exit_to_user_mode_loop(), interrupts enabled.
 */
static inline void klp_resume_enter(void)
{
	WRITE_ONCE(current->klp_quiescent, KLP_IN_RESUME_WORK);
}

void klp_throttle_enter(const struct callback_head *work);

/* Ends klp_throttle_enter(). The task leaves the CPU here, for as long as it is throttled. */
static __always_inline void klp_throttle_exit(const struct callback_head *work)
{
	if (current->klp_quiescent != KLP_THROTTLED)
		return;
	/* Directly below the caller, and not in a function that drops a lock */
	preempt_enable();
	/* A kernel without preemption would go on, and leave the CPU only later. */
	cond_resched();
	WRITE_ONCE(current->klp_quiescent, KLP_IN_RESUME_WORK);
}

/**
 * klp_quiescent_enter - begin a wait in which the task may be moved remotely
 *
 * The task may be moved whenever it is asleep before klp_quiescent_exit(), so the
 * code in between must do nothing but wait. Quiescent sections do not nest.
 *
 * Context: Task context, any task state, no raw spinlock held.
 */
static __always_inline void klp_quiescent_enter(void)
{
	/* Functions of patches that are enabled later can't be callers of this function. */
	current->klp_since = READ_ONCE(klp_nr_starts);
	WRITE_ONCE(current->klp_quiescent, _THIS_IP_);
	/*
	 * No barrier is needed: if this misses the flag, and the migrator misses the
	 * marker, the task stays flagged, and is found asleep in the next round.
	 */
	klp_safe_point();
}

/**
 * klp_quiescent_exit - end a wait begun by klp_quiescent_enter()
 */
static inline void klp_quiescent_exit(void)
{
	WRITE_ONCE(current->klp_quiescent, KLP_NOT_QUIESCENT);
}

/**
 * klp_task_forked - set the flag of a new task according to its universe
 * @child: the new task, not yet in the task list
 *
 * The universe was copied from the parent, which is inside of copy_process() and passes
 * no safe point there. So the parent is a straggler if the child is one, and the
 * transition does not end before the child is counted. The exception is a parent that was
 * moved, see __klp_task_forked(). The copied TIF_PATCH_PENDING may be out of date.
 *
 * Context: tasklist_lock held for writing; fork can't fail any more.
 */
static inline void klp_task_forked(struct task_struct *child)
{
	/*
	 * Barrier A: orders the read of the goal before the read of
	 * klp_patched_universe in klp_task_dead() of the child. Pairs with
	 * klp_transition_migrate(). So a child that is counted as a straggler, and
	 * dies before it migrates, does not stay counted.
	 */
	u8 goal = smp_load_acquire(&klp_goal);

	child->klp_quiescent = KLP_NOT_QUIESCENT;
	if (likely(child->klp_universe == goal))
		clear_tsk_thread_flag(child, TIF_PATCH_PENDING);
	else
		__klp_task_forked(child, goal);
}

/* Only for klp_task_exiting() and universe.c */
static inline void klp_count_exiting(struct task_struct *task)
{
	unsigned int slot = task->klp_universe + 1;

	task->klp_slot = slot;
	this_cpu_inc(klp_exiting[slot]);
}

/**
 * klp_task_exiting - count the current task in klp_exiting
 * @task: the current task
 *
 * The task is about to be removed from the task list. Afterwards the walk of a
 * transition can't find the task, so the transition waits until the task is not counted
 * any more.
 *
 * Context: do_exit(), before exit_notify(), interrupts enabled.
 */
static inline void klp_task_exiting(struct task_struct *task)
{
	/* klp_migration_force() waits for this section before it changes a running task. */
	guard(preempt)();
	if (unlikely(READ_ONCE(klp_patched_universe) != -1))
		__klp_task_exiting(task);
	else
		klp_count_exiting(task);
}

/**
 * klp_task_dead - stop counting a task that can't run any more
 * @task: task that was switched away from for the last time
 *
 * Until this switch the task may run old code, even if it is not in the task list.
 *
 * Context: finish_task_switch(), preemption disabled, no runqueue lock held.
 */
static inline void klp_task_dead(struct task_struct *task)
{
	this_cpu_dec(klp_exiting[task->klp_slot]);
	/*
	 * Barrier B: orders the decrement of klp_exiting before the reads of
	 * klp_patched_universe here and of klp_nr_stragglers in __klp_task_dead(). Pairs
	 * with klp_stragglers_put(), which decrements klp_nr_stragglers before
	 * klp_migration_done() sums up klp_exiting. Either that sum does not include
	 * this task, or __klp_task_dead() sees that there is no straggler left.
	 */
	smp_mb();
	/* data_race(), no READ_ONCE(): lets the compiler compare with a memory operand. */
	if (unlikely(data_race(klp_patched_universe != -1)))
		__klp_task_dead(task);
}

#else /* !CONFIG_LIVEPATCH_UNIVERSES */

static inline void klp_task_forked(struct task_struct *child) { }
static inline void klp_task_exiting(struct task_struct *task) { }
static inline void klp_task_dead(struct task_struct *task) { }
static inline void klp_boundary_enter(void) { }
static inline void klp_resume_enter(void) { }
static inline void klp_throttle_enter(const struct callback_head *work) { }
static inline void klp_throttle_exit(const struct callback_head *work) { }
static inline void klp_quiescent_enter(void) { klp_safe_point(); }
static inline void klp_quiescent_exit(void) { }

#endif /* CONFIG_LIVEPATCH_UNIVERSES */

DEFINE_GUARD(klp_throttle, const struct callback_head *,
	     klp_throttle_enter(_T), klp_throttle_exit(_T))

/**
 * klp_schedule - schedule() for a thread that waits for its next item of work
 *
 * The thread may be moved to the other universe while it sleeps.
 *
 * Context: Task context, may sleep. As for klp_safe_point().
 */
static __always_inline void klp_schedule(void)
{
	klp_quiescent_enter();
	schedule();
	klp_quiescent_exit();
}

/**
 * klp_schedule_timeout_interruptible - wait for the next item, with a timeout
 * @timeout: the timeout in jiffies
 *
 * The thread may be moved to the other universe while it sleeps in
 * schedule_timeout_interruptible().
 *
 * Context: Task context, may sleep. As for klp_safe_point().
 * Return: 0 if the timeout has expired, else the remaining jiffies.
 */
static __always_inline long klp_schedule_timeout_interruptible(long timeout)
{
	klp_quiescent_enter();
	timeout = schedule_timeout_interruptible(timeout);
	klp_quiescent_exit();
	return timeout;
}

#endif /* _LINUX_LIVEPATCH_UNIVERSE_H_ */
