// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The universe of each task, and the migration of all tasks to the other universe.
 */

/**
 * DOC: Universes
 *
 * There are two universes. Each task and the interrupt context of each CPU is in
 * one of them. Outside of a transition all are in the goal universe. A transition
 * has these steps:
 *
 * 1. Each function that changes is redirected: the universe of the caller selects
 *    the version. This has no effect yet, because all tasks and interrupt contexts
 *    are in the universe that selects the old function.
 * 2. The other universe is published as the goal.
 * 3. Each task whose universe is not the goal is a straggler. It is flagged by
 *    TIF_PATCH_PENDING and counted. So is each interrupt context, which is flagged
 *    by klp_irq_straggler.
 * 4. The stragglers migrate. A task changes its own universe where no state
 *    from old code is live: on the way out to user mode, or at a safe point of a
 *    kernel thread. A task that sleeps at such a place is moved remotely, without
 *    a wakeup. The interrupt context of a CPU migrates when a straggler on this
 *    CPU passes such a place.
 * 5. The count reaches zero, and the last decrement queues the completion. The
 *    completion does nothing while exiting tasks are left in the old universe. Then
 *    the last of these queues it again.
 *
 * To reverse a transition, the previous goal is published again. Tasks that had
 * migrated become stragglers, and are flagged.
 *
 * The migrator is the task that publishes the goal, or visits the stragglers later.
 *
 * **Locking**
 *
 * task_struct::klp_universe changes under task_struct::pi_lock. So does
 * TIF_PATCH_PENDING, which means that the task is counted; only fork sets it before
 * the task is in the task list. The task reads its own universe without a lock: it
 * changes only while the task is at a safe point, or by force.
 * task_struct::klp_quiescent is written by the task alone. It is read under
 * task_call_func(), and lets a task be moved only while the task does not run.
 *
 * klp_irq_universe and klp_irq_straggler change under klp_irq_lock. The migrator sets
 * klp_irq_straggler. klp_irq_universe changes on the CPU itself in task context,
 * remotely for a CPU that is offline, or remotely by force.
 *
 * The goal is written by registry.c, under klp_mutex.
 *
 * **Ordering**
 *
 * A fork copies the universe of the parent, which cannot change meanwhile, and
 * compares it with the goal under tasklist_lock. After publishing the goal, the
 * migrator takes and drops tasklist_lock. So a child is either in the list that is
 * walked afterwards, or was compared with the new goal.
 *
 * An exiting task is counted in klp_exiting before it leaves the list under
 * tasklist_lock. After the walk, the migrator takes and drops tasklist_lock again. So
 * either the walk finds the task, or the sum of klp_exiting includes it.
 *
 * The letters A to D of barriers are those of Documentation/livepatch/universes.rst.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/livepatch.h>

/* Number of tasks that are visited before the walk calls cond_resched(). */
#define KLP_WALK_CHUNK	256

/* Maximum number of restarts of a walk whose position in the list was removed. */
#define KLP_WALK_LOST_MAX	16

/* Number of visits to a task that is falling asleep, before it is left flagged. */
#define KLP_VISIT_MAX	1000

/* Result of a visit to a task. */
enum klp_visit {
	KLP_VISIT_DONE,		/* the task is in the goal universe */
	KLP_VISIT_FLAGGED,	/* the task is flagged and has to migrate by itself */
	KLP_VISIT_AGAIN,	/* the task is flagged, but about to fall asleep */
};

DEFINE_PER_CPU(u8, klp_irq_universe);
static DEFINE_PER_CPU(bool, klp_irq_straggler);
static DEFINE_RAW_SPINLOCK(klp_irq_lock);

/*
 * Number of exiting tasks in each universe: they are about to leave the task list, or
 * have left it and still run. A walk may not find them, so a transition waits until
 * those in the old universe are dead. Only the sum over all CPUs has a meaning. The
 * slot of a task is task_struct::klp_slot: its universe plus 1, or 0 before
 * klp_task_exiting(). A task that dies without do_exit() has slot 0. Slot 0 is not
 * summed up. During a transition the slot is written under pi_lock, while the task is
 * current, preempted or asleep. Afterwards klp_task_dead() reads it without a lock.
 */
DEFINE_PER_CPU(int [KLP_UNIVERSES + 1], klp_exiting);

/*
 * Number of stragglers, both tasks and interrupt contexts. Plus one for each task between
 * klp_stragglers_get() and klp_stragglers_put().
 */
static atomic_t klp_nr_stragglers;

static struct workqueue_struct *klp_wq;

static void klp_done_fn(struct work_struct *work)
{
	klp_transition_done();
}

static DECLARE_WORK(klp_done_work, klp_done_fn);

/**
 * klp_run_later - queue a work item of live patching
 * @work: the work item. If it is pending, its time changes
 * @delay: after how many jiffies it runs
 *
 * Context: Any, but not with a lock of the scheduler held, and no NMI.
 */
void klp_run_later(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(klp_wq, work, delay);
}

/**
 * klp_stragglers_get - keep the count of stragglers from reaching zero
 *
 * The migrator needs this, because stragglers migrate while it still counts others.
 *
 * Context: Any.
 */
void klp_stragglers_get(void)
{
	atomic_inc(&klp_nr_stragglers);
}

/**
 * klp_stragglers_put - stop counting a straggler that has migrated, or a migrator
 *
 * Queues the completion when the count reaches zero.
 *
 * Context: Any, but not with task_struct::pi_lock or a lock of a run queue held, because
 * it may wake up a worker.
 */
void klp_stragglers_put(void)
{
	/*
	 * Barrier B: the atomic operation orders the decrement of klp_nr_stragglers
	 * before the sum of klp_exiting in klp_migration_done(). Pairs with
	 * klp_task_dead().
	 */
	if (atomic_dec_and_test(&klp_nr_stragglers))
		queue_work(klp_wq, &klp_done_work);
}

/*
 * A task has changed its universe. If it is exiting, count it in its new universe. It must
 * not have been switched away from for the last time, because klp_task_dead() reads the slot
 * without a lock.
 */
static void klp_shift_exiting(struct task_struct *task)
{
	lockdep_assert_held(&task->pi_lock);
	if (!task->klp_slot)
		return;
	this_cpu_dec(klp_exiting[task->klp_slot]);
	klp_count_exiting(task);
}

/* Make the goal the universe of a task. Return: true if it was counted as a straggler. */
static bool klp_arrive(struct task_struct *task, enum klp_place place)
{
	/*
	 * Barrier A: orders the read of the goal before later reads of the redirects,
	 * of klp_nr_starts and of klp_patched_universe. Pairs with
	 * klp_transition_migrate(). klp_migration_start() orders the call sites, which
	 * are instructions.
	 */
	u8 goal = smp_load_acquire(&klp_goal);

	lockdep_assert_held(&task->pi_lock);
	if (task->klp_universe != goal) {
		WRITE_ONCE(task->klp_universe, goal);
		trace_livepatch_migrate(task, place);
	}
	return test_and_clear_tsk_thread_flag(task, TIF_PATCH_PENDING);
}

static bool klp_arrive_cpu(int cpu)
{
	bool counted = per_cpu(klp_irq_straggler, cpu);

	lockdep_assert_held(&klp_irq_lock);
	WRITE_ONCE(per_cpu(klp_irq_universe, cpu), READ_ONCE(klp_goal));
	WRITE_ONCE(per_cpu(klp_irq_straggler, cpu), false);
	return counted;
}

/**
 * klp_migrate_this_cpu - migrate the interrupt context of this CPU
 *
 * Context: Task context, so no interrupt handler is in progress on this CPU.
 */
void klp_migrate_this_cpu(void)
{
	bool counted = false;

	if (WARN_ON_ONCE(preempt_count() & KLP_IRQ_MASK))
		return;
	if (!READ_ONCE(*raw_cpu_ptr(&klp_irq_straggler)))
		return;

	scoped_guard(raw_spinlock_irqsave, &klp_irq_lock) {
		if (this_cpu_read(klp_irq_straggler))
			counted = klp_arrive_cpu(smp_processor_id());
	}
	if (counted)
		klp_stragglers_put();
}

/**
 * klp_update_patch_state - migrate the current task, which is at a safe point
 * @task: the current task
 *
 * Called on the way out to user mode and from klp_safe_point(). Also migrates the
 * interrupt context of this CPU.
 *
 * It is exported without _GPL, because the safe points are inline functions that
 * modules of any license may use.
 *
 * Context: Task context, no raw spinlock held.
 */
void notrace klp_update_patch_state(struct task_struct *task)
{
	bool counted;
	u8 before;

	if (WARN_ON_ONCE(task != current))
		return;
	/* play_idle_precise() runs do_idle() in the middle of an item: no safe point. */
	if (task->flags & PF_IDLE && task->pid)
		return;

	scoped_guard(raw_spinlock_irqsave, &task->pi_lock) {
		before = task->klp_universe;
		counted = klp_arrive(task, task->flags & (PF_KTHREAD | PF_USER_WORKER) ?
				     KLP_PLACE_SAFE_POINT : KLP_PLACE_BOUNDARY);
		/* It may migrate before the walk of a transition has flagged it. */
		if (counted || task->klp_universe != before)
			klp_moved_note(task, _RET_IP_, READ_ONCE(klp_nr_starts));
		klp_shift_exiting(task);
	}
	klp_migrate_this_cpu();
	if (counted)
		klp_stragglers_put();
}
EXPORT_SYMBOL(klp_update_patch_state);
/* A return probe would replace the return address, which is read above. */
NOKPROBE_SYMBOL(klp_update_patch_state);

static int klp_nr_exiting(u8 universe)
{
	int cpu, nr = 0;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(per_cpu(klp_exiting, cpu)[universe + 1]);
	return nr;
}

/* The flag can't be set again: klp_may_move() is true for a TASK_DEAD task. */
static void klp_arrive_dead(struct task_struct *task)
{
	bool flagged;

	scoped_guard(raw_spinlock_irqsave, &task->pi_lock)
		flagged = klp_arrive(task, KLP_PLACE_DEAD);
	if (flagged)
		klp_stragglers_put();
}

/* Slow path of klp_task_dead(): a transition may wait for nothing but this task. */
void __klp_task_dead(struct task_struct *task)
{
	if (!atomic_read(&klp_nr_stragglers))
		queue_work(klp_wq, &klp_done_work);
	if (klp_patch_pending(task))
		klp_arrive_dead(task);
}

/* Slow path of klp_task_exiting(): force may change the universe of the current task. */
void __klp_task_exiting(struct task_struct *task)
{
	guard(raw_spinlock_irq)(&task->pi_lock);
	klp_count_exiting(task);
}

/*
 * Slow path of klp_task_forked(): the copied universe of the child is not the goal. If the
 * current task was moved since, by force or because of its stack, the child goes with it. It
 * must not be counted, because the transition may be over. If force moves the current task
 * after this read, its second walk finds the child.
 */
void __klp_task_forked(struct task_struct *child, u8 goal)
{
	child->klp_universe = READ_ONCE(current->klp_universe);
	if (child->klp_universe == goal) {
		clear_tsk_thread_flag(child, TIF_PATCH_PENDING);
		return;
	}
	atomic_inc(&klp_nr_stragglers);
	set_tsk_thread_flag(child, TIF_PATCH_PENDING);
}

/**
 * klp_task_patch_state - the value shown in /proc/<pid>/patch_state
 * @task: the task
 *
 * Return: -1 outside of a transition, else whether the task is patched: 0 or 1.
 */
int klp_task_patch_state(struct task_struct *task)
{
	int patched = READ_ONCE(klp_patched_universe);

	return patched < 0 ? -1 : READ_ONCE(task->klp_universe) == patched;
}

/**
 * klp_throttle_enter - CFS bandwidth control is about to throttle the current task
 * @work:	the task work that throttles it
 *
 * What a system call has left for the way to user mode is a part of it, so the task may be
 * moved only if nothing of that follows. If so, preemption is disabled until
 * klp_throttle_exit().
 *
 * Context: Task work.
 */
void klp_throttle_enter(const struct callback_head *work)
{
	if (work->next || current->klp_quiescent != KLP_IN_RESUME_WORK ||
	    resume_user_mode_has_more())
		return;
	preempt_disable();
	WRITE_ONCE(current->klp_quiescent, KLP_THROTTLED);
}

/* Is the task, which does not run, where no state from old code is live? */
static bool klp_is_quiescent(const struct task_struct *task)
{
	switch (READ_ONCE(task->klp_quiescent)) {
	case KLP_NOT_QUIESCENT:
	case KLP_IN_RESUME_WORK:
		return false;
	/* Task work, such as the end of a close(), belongs to the same entry. */
	case KLP_THROTTLED:
		return klp_is_throttled(task) && !READ_ONCE(task->task_works);
	case KLP_AT_BOUNDARY:
		return !READ_ONCE(task->task_works);
	default:
		return klp_task_is_asleep(task);
	}
}

/* True for a task that does not run, if it is quiescent, idle or dead. */
static bool klp_may_move(struct task_struct *task)
{
	int cpu = task_cpu(task);
	bool idle = task == idle_task(cpu);

	/* The idle task of an offline CPU is its current task, and does not run. */
	if (idle && !cpu_online(cpu))
		return true;
	if (task_curr(task))
		return false;
	/* An idle task is switched away from in one place, between two idle phases. */
	return klp_is_quiescent(task) || idle || READ_ONCE(task->__state) == TASK_DEAD;
}

/* A running task in a quiescent section will soon sleep or leave the section. */
static bool klp_may_fall_asleep(const struct task_struct *task)
{
	unsigned long place = READ_ONCE(task->klp_quiescent);

	return task_curr(task) && place != KLP_NOT_QUIESCENT &&
	       place != KLP_IN_RESUME_WORK;
}

/* Move a task that does not run. Return: true if it was counted as a straggler. */
static bool klp_move(struct task_struct *task, bool force)
{
	bool moves = task->klp_universe != klp_goal && klp_is_quiescent(task);
	bool dead = READ_ONCE(task->__state) == TASK_DEAD && !task_curr(task);
	bool counted;

	if (moves)
		klp_moved_note(task, READ_ONCE(task->klp_quiescent), task->klp_since);
	counted = klp_arrive(task, force && !moves ? KLP_PLACE_FORCED : KLP_PLACE_ASLEEP);
	if (!dead)
		klp_shift_exiting(task);
	return counted;
}

/* Called by task_call_func(): @task neither starts nor stops running. */
static int klp_visit_task(struct task_struct *task, void *arg)
{
	bool *force = arg;

	if (task->klp_universe == klp_goal || *force || klp_may_move(task)) {
		/* The migrator holds a count, so this does not reach zero. */
		if (klp_move(task, *force))
			atomic_dec(&klp_nr_stragglers);
		return KLP_VISIT_DONE;
	}

	if (!test_and_set_tsk_thread_flag(task, TIF_PATCH_PENDING))
		atomic_inc(&klp_nr_stragglers);
	return klp_may_fall_asleep(task) ? KLP_VISIT_AGAIN : KLP_VISIT_FLAGGED;
}

/**
 * klp_visit - move a task to the goal universe, or flag it as a straggler
 * @task: the task
 * @force: move it whether that is safe or not
 *
 * A task that is falling asleep needs some instructions to be off its CPU or awake, so
 * the visit is repeated. If an interrupt or a hypervisor takes the CPU away from the
 * task, or if this CPU does not see the marker yet, the task stays flagged, and is found
 * asleep in the next round.
 *
 * Context: klp_mutex or the lock of CPU hotplug held, so that the goal does not change.
 * klp_stragglers_get() was called, so that the count does not reach zero. No lock of the
 * scheduler held, no NMI. Spins for up to KLP_VISIT_MAX visits.
 * Return: true if the task is in the goal universe.
 */
bool klp_visit(struct task_struct *task, bool force)
{
	enum klp_visit seen;
	unsigned int tries = 0;

	while ((seen = task_call_func(task, klp_visit_task, &force)) ==
	       KLP_VISIT_AGAIN && ++tries < KLP_VISIT_MAX)
		cpu_relax();
	return seen == KLP_VISIT_DONE;
}

/* What klp_move_if() was called with */
struct klp_move {
	enum klp_place place;
	bool (*may_move)(struct task_struct *task);
};

/* Called by task_call_func(): @task neither starts nor stops running. */
static int klp_move_if_fn(struct task_struct *task, void *arg)
{
	const struct klp_move *move = arg;

	if (!move->may_move(task))
		return false;
	if (klp_arrive(task, move->place))
		atomic_dec(&klp_nr_stragglers);
	klp_shift_exiting(task);
	return true;
}

/**
 * klp_move_if - move a straggler that is at no safe point, if a condition is met
 * @task: the task
 * @place: for the trace event, why it may be moved there
 * @may_move: the condition, called under task_call_func(), so while @task neither starts
 *	      nor stops running, with locks of the scheduler held. It is false for a dead
 *	      task, see klp_move()
 *
 * Context: As for klp_visit().
 * Return: true if the task was moved.
 */
bool klp_move_if(struct task_struct *task, enum klp_place place,
		 bool (*may_move)(struct task_struct *task))
{
	struct klp_move move = { place, may_move };

	return task_call_func(task, klp_move_if_fn, &move);
}

static void klp_flag_task(struct task_struct *task)
{
	/* A task that runs in user mode migrates as soon as it is interrupted. */
	if (!klp_visit(task, false))
		kick_process(task);
}

static void klp_force_task(struct task_struct *task)
{
	klp_visit(task, true);
}

/* Reschedule. Return: false if the position in the list is not valid any more. */
static bool klp_walk_pause(struct task_struct *leader, struct task_struct *task)
{
	bool alive;

	get_task_struct(leader);
	get_task_struct(task);
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	/* An exec by another thread makes that thread the leader. */
	alive = pid_alive(leader) && pid_alive(task) &&
		thread_group_leader(leader);
	put_task_struct(task);
	put_task_struct(leader);
	return alive;
}

/**
 * klp_walk_tasks - call a function at least once for each task in the list
 * @fn: the function
 *
 * A task that is added during the walk may be missed, see "Ordering" above.
 *
 * Context: Process context, sleeps. @fn is called under RCU.
 */
void klp_walk_tasks(void (*fn)(struct task_struct *task))
{
	struct task_struct *leader, *task;
	unsigned int nr = 0, lost = 0;

	guard(rcu)();
again:
	for_each_process_thread(leader, task) {
		fn(task);
		if (++nr % KLP_WALK_CHUNK && !need_resched())
			continue;
		/* If tasks come and go too fast, finish without a pause. */
		if (lost < KLP_WALK_LOST_MAX && !klp_walk_pause(leader, task)) {
			lost++;
			goto again;
		}
	}
}

/* Called with cpus_read_lock() held, or for a CPU that was just unplugged */
static void klp_visit_irq_context(int cpu, bool force)
{
	guard(raw_spinlock_irqsave)(&klp_irq_lock);

	if (per_cpu(klp_irq_universe, cpu) == klp_goal || force) {
		if (klp_arrive_cpu(cpu))
			atomic_dec(&klp_nr_stragglers);
	} else if (!per_cpu(klp_irq_straggler, cpu)) {
		WRITE_ONCE(per_cpu(klp_irq_straggler, cpu), true);
		atomic_inc(&klp_nr_stragglers);
	}
}

/**
 * klp_visit_cpu - move the interrupt context and the idle task of a CPU, or flag them
 * @cpu: the CPU
 * @force: move them whether that is safe or not
 *
 * Context: As for klp_visit(), with the lock of CPU hotplug held.
 */
void klp_visit_cpu(int cpu, bool force)
{
	/* An offline CPU receives no interrupt. */
	klp_visit_irq_context(cpu, force || !cpu_online(cpu));
	if (!klp_visit(idle_task(cpu), force))
		wake_up_if_idle(cpu);
}

/**
 * klp_caller_universe - the universe of the running code
 *
 * Process context uses the universe of the task, also with bottom halves disabled.
 *
 * Context: Any, preemption disabled.
 * Return: number of the universe.
 */
u8 notrace klp_caller_universe(void)
{
	if (preempt_count() & KLP_IRQ_MASK)
		return READ_ONCE(*this_cpu_ptr(&klp_irq_universe));
	return READ_ONCE(current->klp_universe);
}

static void klp_visit_cpus(bool force)
{
	int cpu;

	lockdep_assert_cpus_held();
	for_each_possible_cpu(cpu)
		klp_visit_cpu(cpu, force);
}

/*
 * See "Ordering" above. Afterwards no fork is in progress that has compared the child
 * with the old goal, and each task that the walk did not find because it has left the
 * list is included in klp_exiting.
 */
static void klp_sync_tasklist(void)
{
	read_lock(&tasklist_lock);
	read_unlock(&tasklist_lock);
}

/**
 * klp_migration_start - migrate all tasks to the other universe
 *
 * The caller has redirected all functions that differ between the universes. A second
 * call in a transition, after klp_transition_reverse(), reverses it. The caller then calls
 * klp_poke_start(), because otherwise stragglers are not visited again.
 *
 * Context: Process context, klp_mutex held.
 */
void klp_migration_start(void)
{
	lockdep_assert_held(&klp_mutex);

	klp_stragglers_get();
	/* On some architectures a CPU may execute old call sites until it gets an interrupt. */
	kick_all_cpus_sync();
	scoped_guard(cpus_read_lock) {
		klp_transition_migrate();
		klp_visit_cpus(false);
	}

	klp_sync_tasklist();
	klp_walk_tasks(klp_flag_task);
	klp_sync_tasklist();
	klp_stragglers_put();
}

/**
 * klp_migration_force - move all stragglers, whether that is safe or not
 *
 * Context: Process context, klp_mutex held, sleeps.
 */
void klp_migration_force(void)
{
	lockdep_assert_held(&klp_mutex);

	/* From now on klp_task_exiting() uses the lock: it sees that tasks migrate. */
	synchronize_rcu();
	klp_stragglers_get();
	scoped_guard(cpus_read_lock)
		klp_visit_cpus(true);
	klp_walk_tasks(klp_force_task);
	/* A straggler may have forked a child during the walk. */
	klp_sync_tasklist();
	klp_walk_tasks(klp_force_task);
	klp_transition_set_forced();
	klp_stragglers_put();
}

/**
 * klp_migration_done - have all tasks and interrupt contexts migrated?
 *
 * Once the count of stragglers is zero, no task in the old universe can begin to exit.
 * So the number of exiting tasks there does not increase while it is summed up. Barrier
 * B, see klp_stragglers_put(), orders the count before this sum.
 *
 * Context: klp_mutex held.
 * Return: true if there is no straggler, and no exiting task to wait for.
 */
bool klp_migration_done(void)
{
	lockdep_assert_held(&klp_mutex);
	return !klp_migration_stragglers() &&
	       (klp_transition_get()->forced || !klp_migration_exiting());
}

/**
 * klp_migration_stragglers - the number of stragglers
 *
 * Context: Any.
 * Return: number of tasks, idle tasks and interrupt contexts that have not migrated.
 */
int klp_migration_stragglers(void)
{
	return atomic_read(&klp_nr_stragglers);
}

/**
 * klp_migration_exiting - the number of exiting tasks that are not in the goal universe
 *
 * In a transition it waits for these tasks, which may have left the task list. Outside of
 * a transition they are tasks that a forced transition has not waited for.
 *
 * Context: klp_mutex held.
 * Return: the number. It is exact when no straggler is left. Before, it may be wrong, and
 * even negative, because the counters of the CPUs are not read at the same moment.
 */
int klp_migration_exiting(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_nr_exiting(!klp_goal);
}

/**
 * klp_migration_left - how many the transition waits for
 *
 * A flagged task that exits is in both numbers, so they are not added.
 *
 * Context: klp_mutex held.
 * Return: the number of stragglers, or of exiting tasks if only those are left; 0 if no
 * tasks migrate.
 */
int klp_migration_left(void)
{
	if (klp_transition_get()->phase != KLP_PHASE_MIGRATING)
		return 0;
	return klp_migration_stragglers() ?: max(klp_migration_exiting(), 0);
}

/**
 * klp_irq_is_straggler - is the interrupt context of a CPU a straggler?
 * @cpu: the CPU
 *
 * Context: Any.
 * Return: true if the interrupt context has not migrated yet.
 */
bool klp_irq_is_straggler(int cpu)
{
	return READ_ONCE(per_cpu(klp_irq_straggler, cpu));
}

/**
 * klp_migration_flush - wait for a completion that is queued or running
 *
 * Context: Process context, sleeps, klp_mutex not held.
 */
void klp_migration_flush(void)
{
	flush_work(&klp_done_work);
}

/* After a CPU was unplugged, its interrupt context and idle task pass no safe point. */
static int klp_cpu_dead(unsigned int cpu)
{
	klp_stragglers_get();
	klp_visit_cpu(cpu, false);
	klp_stragglers_put();
	return 0;
}

static int __init klp_universe_init(void)
{
	int ret;

	klp_wq = alloc_ordered_workqueue("livepatch", 0);
	if (!klp_wq)
		return -ENOMEM;
	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "livepatch:dead",
					NULL, klp_cpu_dead);
	return ret < 0 ? ret : 0;
}
core_initcall(klp_universe_init);
