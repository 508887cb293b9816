/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live patching, the side of the tasks: where a task may change its universe.
 *
 * A task lives in one of two universes. Calls of patched functions go to the
 * code of the caller's universe, so a task must not move to the other one while
 * it holds anything that old code has prepared for old code. A user task has
 * such a moment each time it leaves the kernel; a kernel thread never leaves,
 * and has to say where it holds nothing over:
 *
 *   klp_safe_point()		at the head of a loop over independent items
 *   klp_schedule()		instead of schedule(), where the thread waits
 *				for its next item; or klp_schedule_timeout_interruptible()
 *   klp_quiescent_enter(),	around any other wait for the next item
 *   klp_quiescent_exit()
 *
 * A thread inside klp_schedule() or between the quiescent markers is moved
 * where it lies, without a wakeup. See Documentation/livepatch/kthreads.rst.
 */
#ifndef _LINUX_LIVEPATCH_SCHED_H_
#define _LINUX_LIVEPATCH_SCHED_H_

#include <linux/instruction_pointer.h>
#include <linux/livepatch_trampoline.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#ifdef CONFIG_LIVEPATCH

/*
 * Values of task_struct::klp_quiescent. Any other is the address of a place where
 * no state from old code is live while the task is asleep, that is, off the run
 * queue. A task that was preempted there may be in a helper of the wait.
 */
#define KLP_NOT_QUIESCENT	0UL
/* Quiescent if the task is throttled, see klp_resume_enter() */
#define KLP_IN_RESUME_WORK	1UL
/* Quiescent whenever the task is off its CPU, see klp_boundary_enter() */
#define KLP_AT_BOUNDARY		2UL

/* Only for the hooks below: kernel/livepatch/universe.c has these, and says why. */
DECLARE_PER_CPU(int [KLP_UNIVERSES + 1], klp_exiting);
extern int klp_patched_universe;
extern unsigned int klp_nr_starts;
extern u8 klp_goal;

void klp_update_patch_state(struct task_struct *task);
void __klp_copy_process(struct task_struct *child);
void __klp_task_dead(struct task_struct *task);

static inline bool klp_patch_pending(struct task_struct *task)
{
	return test_tsk_thread_flag(task, TIF_PATCH_PENDING);
}

/**
 * klp_safe_point - a moment at which the current task may change its universe
 *
 * For loops of kernel threads, between two independent items of work. The
 * caller must not hold a lock, a reference or a half-done operation which a
 * function called before this point prepared for one called after it.
 *
 * The point is a quiescent state of RCU tasks as well: the end of a transition
 * waits for a grace period, which a thread that never sleeps would hold up.
 *
 * Context: Task context, preemptible or not, no raw spinlock held.
 */
static __always_inline void klp_safe_point(void)
{
	if (unlikely(klp_patch_pending(current)))
		klp_update_patch_state(current);
	rcu_tasks_qs(current, false);
}

/**
 * klp_boundary_enter - the current task is about to be preempted on its way to
 *			user mode
 *
 * Ended by klp_quiescent_exit(). What runs in between has to be schedule() alone.
 * The loop that leads to user mode looks at the flags again afterwards, so no
 * barrier orders the marker before the test of the flag.
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
 * Ended by klp_quiescent_exit(). The task may be taken off its CPU there because
 * its group has used up its CPU time, which is the one case where it is quiescent.
 *
 * Context: exit_to_user_mode_loop(), interrupts enabled.
 */
static inline void klp_resume_enter(void)
{
	WRITE_ONCE(current->klp_quiescent, KLP_IN_RESUME_WORK);
}

/**
 * klp_quiescent_enter - begin a wait in which the task may be moved remotely
 *
 * The task may be moved whenever it is asleep before klp_quiescent_exit(), so
 * what runs in between has to be nothing but waiting. Sections do not nest.
 *
 * Context: Task context, any task state, no raw spinlock held.
 */
static __always_inline void klp_quiescent_enter(void)
{
	/* Nothing that a later transition brings can be on the stack. */
	current->klp_since = READ_ONCE(klp_nr_starts);
	WRITE_ONCE(current->klp_quiescent, _THIS_IP_);
	/*
	 * Barrier A: orders the marker before the test of the flag in
	 * klp_safe_point(). Pairs with the atomic set of the flag in
	 * klp_visit_task(), before its test of the marker: either the task sees
	 * the flag and moves itself, or the migrator sees the marker and waits
	 * for the task to be off its CPU.
	 */
	smp_mb();
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
 * klp_copy_process - let a new task live in the universe of its parent
 * @child: the new task, not yet in the task list
 *
 * It was copied with all the rest of the parent, which is inside of fork and passes
 * no safe point there. The flags of the child may be out of date.
 *
 * Context: tasklist_lock held for writing; fork does not fail any more.
 */
static inline void klp_copy_process(struct task_struct *child)
{
	/* With the goal, klp_patched_universe is seen, when it dies at the latest. */
	u8 goal = smp_load_acquire(&klp_goal);

	child->klp_quiescent = KLP_NOT_QUIESCENT;
	if (likely(child->klp_universe == goal))
		clear_tsk_thread_flag(child, TIF_PATCH_PENDING);
	else
		__klp_copy_process(child);
}

/**
 * klp_task_exiting - count the current task, which is about to leave the list
 * @task: the current task
 *
 * From now on it may be released, and then a transition can't find it any more.
 *
 * Context: do_exit(), before exit_notify().
 */
static inline void klp_task_exiting(struct task_struct *task)
{
	/* Force may set it meanwhile: one slot all the same. */
	unsigned int slot = READ_ONCE(task->klp_universe) + 1;

	task->klp_slot = slot;
	this_cpu_inc(klp_exiting[slot]);
}

/**
 * klp_task_dead - stop counting a task that can't run any more
 * @task: task that was switched away from for the last time
 *
 * Until then it may run old code, although it has left the task list long ago.
 *
 * Context: finish_task_switch(), preemption disabled, no runqueue lock held.
 */
static inline void klp_task_dead(struct task_struct *task)
{
	this_cpu_dec(klp_exiting[task->klp_slot]);
	/*
	 * Barrier C: orders the count before the look at the transition. Pairs
	 * with the atomic decrement in klp_behind_put(), before the sum in
	 * klp_migration_done(): either that sees the count, or this the zero.
	 */
	smp_mb();
	/* data_race(): barrier C does all, and memory can be compared in place. */
	if (unlikely(data_race(klp_patched_universe != -1)))
		__klp_task_dead(task);
}

#else /* !CONFIG_LIVEPATCH */

static inline void klp_copy_process(struct task_struct *child) { }
static inline void klp_task_exiting(struct task_struct *task) { }
static inline void klp_task_dead(struct task_struct *task) { }
static inline bool klp_patch_pending(struct task_struct *task) { return false; }
static inline void klp_update_patch_state(struct task_struct *task) { }
static inline void klp_safe_point(void) { }
static inline void klp_boundary_enter(void) { }
static inline void klp_resume_enter(void) { }
static inline void klp_quiescent_enter(void) { }
static inline void klp_quiescent_exit(void) { }

#endif /* CONFIG_LIVEPATCH */

/**
 * klp_schedule - schedule() of a thread that waits for its next item of work
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
 * klp_schedule_timeout_interruptible - wait for the next item, or for a while
 * @timeout: how long, in jiffies
 *
 * schedule_timeout_interruptible(), with all that klp_schedule() does.
 *
 * Context: Task context, may sleep. As for klp_safe_point().
 * Return: 0 when the time is over, else the jiffies that were left.
 */
static __always_inline long klp_schedule_timeout_interruptible(long timeout)
{
	klp_quiescent_enter();
	timeout = schedule_timeout_interruptible(timeout);
	klp_quiescent_exit();
	return timeout;
}

#endif /* _LINUX_LIVEPATCH_SCHED_H_ */
