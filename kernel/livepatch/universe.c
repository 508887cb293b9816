// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which universe a task lives in, and how all of them get to the other one.
 */

/**
 * DOC: Universes
 *
 * There are two universes. Every task lives in one of them, and so does the
 * interrupt context of every CPU. At rest all live in the goal. A transition
 *
 * 1. is prepared by making each function that changes look at the universe of
 *    its caller; nobody notices, for both answers are the old function to all;
 * 2. starts when the other universe is published as the goal;
 * 3. flags every task that is behind the goal, and counts it;
 * 4. lasts while the flagged tasks migrate: each changes its own universe where
 *    it holds nothing over, which is the way out to user mode or a safe point
 *    of a kernel thread. A task that sleeps at such a place is moved where it
 *    lies. Interrupt contexts migrate when their CPU passes such a place;
 * 5. is over when the count comes to zero. Whoever brings it there queues the
 *    completion.
 *
 * Reversing a transition is publishing the other goal again, and flagging those
 * who are now behind.
 *
 * **Locking**
 *
 * task_struct::klp_universe, and whether TIF_PATCH_PENDING says that the task
 * is counted, change under task_struct::pi_lock. Outside of a migration nobody
 * but the task itself reads the universe, without a lock: it changes only while
 * the task is at a safe point. task_struct::klp_quiescent is written by the task
 * alone and believed only while the task is off its CPU, pinned by
 * task_call_func().
 *
 * klp_irq_universe and klp_irq_behind change under klp_irq_lock, on the CPU
 * itself with interrupts off and in task context, for a CPU that is offline, or by
 * force.
 *
 * The goal is written under klp_mutex.
 *
 * **Ordering**
 *
 * A fork copies the universe of its parent, which cannot change meanwhile, and
 * compares it with the goal under tasklist_lock. The migrator takes that lock
 * once behind publishing the goal, so that a child is either in the list that is
 * walked then, or was compared with the new goal.
 *
 * An exiting task is counted in klp_exiting before it leaves the list under the same
 * lock. The migrator takes it once more behind the walk, so that a task is either
 * found by the walk, or seen to be counted when it is added up.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/kprobes.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/stop_machine.h>
#include <linux/workqueue.h>
#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/livepatch.h>

/* How long tasks asleep in a system call are left alone, in milliseconds. */
static unsigned int poke_delay_ms = 100;
module_param(poke_delay_ms, uint, 0644);

/* They are asked again and again, at last every poke_delay_ms << this. */
#define KLP_POKE_BACKOFF_MAX	5U

/* A transition that takes longer, in milliseconds, is worth a line in the log. */
#define KLP_LONG_MS		15000

/* Tasks that are visited before others get a chance to run. */
#define KLP_WALK_CHUNK	256

/* How often a walk starts again because the place in the list was lost. */
#define KLP_WALK_LOST_MAX	16

/* How often a task that is falling asleep is looked at before it is left flagged. */
#define KLP_VISIT_MAX	1000

/* What a look at a task came to. */
enum klp_visit {
	KLP_VISIT_DONE,		/* the task is where it should be */
	KLP_VISIT_BEHIND,	/* it is flagged and has to come by itself */
	KLP_VISIT_AGAIN,	/* it is just about to fall asleep */
};

DEFINE_PER_CPU(u8, klp_irq_universe);
static DEFINE_PER_CPU(bool, klp_irq_behind);
static DEFINE_RAW_SPINLOCK(klp_irq_lock);

u8 klp_goal;

/* The universe of the patched in a transition, the goal or not; else -1. */
int klp_patched_universe = -1;

/*
 * How often a migration has started or was reversed. A function of a patch runs only
 * after the count was raised for that patch, so a task that has been at a safe point
 * since an earlier count has none of them on its stack. Written under klp_mutex.
 */
unsigned int klp_nr_starts;
/* For the safe points of modules */
EXPORT_SYMBOL(klp_nr_starts);

/* When the migration started, or was reversed */
static ktime_t klp_started;

/* Rounds of poking since then, as far as they make the next one later. By klp_mutex */
static unsigned int klp_pokes;

/* Whether the log says that it takes long. By klp_mutex */
static bool klp_told_long;

/* Whether who is behind and can't be found does not count any more. By klp_mutex */
static bool klp_forced;

/* Whether somebody was moved because of his stack, see stack.c. By klp_mutex */
static bool klp_trusted_stacks;

/*
 * Tasks that are about to leave the task list, or have left it, and still run, by
 * the universe they live in. They can't be visited, so a transition waits until
 * those in the universe that is left are dead. The sum over the CPUs is what
 * counts. The slot of a task is task_struct::klp_slot: its universe plus 1, or
 * 0, which means nothing, if it dies without do_exit().
 */
DEFINE_PER_CPU(int [KLP_UNIVERSES + 1], klp_exiting);

/* Tasks and interrupt contexts behind the goal, and whoever is counting them. */
static atomic_t klp_behind;

static struct workqueue_struct *klp_wq;

static void klp_done_fn(struct work_struct *work)
{
	klp_transition_done();
}

static DECLARE_WORK(klp_done_work, klp_done_fn);

/* Whoever counts others is counted, so that nobody brings the count to zero. */
static void klp_behind_get(void)
{
	atomic_inc(&klp_behind);
}

static void klp_behind_put(void)
{
	if (atomic_dec_and_test(&klp_behind))
		queue_work(klp_wq, &klp_done_work);
}

/*
 * An exiting task that changes its universe is counted in the other one from now on.
 * Until it is dead nothing else writes its slot: it is the current task, or asleep.
 */
static void klp_shift_exiting(struct task_struct *task)
{
	lockdep_assert_held(&task->pi_lock);
	if (!task->klp_slot)
		return;
	this_cpu_dec(klp_exiting[task->klp_slot]);
	task->klp_slot = task->klp_universe + 1;
	this_cpu_inc(klp_exiting[task->klp_slot]);
}

/* Return: true if the task was counted as a straggler. */
static bool klp_arrive(struct task_struct *task, enum klp_place place)
{
	/* Barrier B, see klp_migration_start(): the goal before its redirects. */
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
	bool counted = per_cpu(klp_irq_behind, cpu);

	lockdep_assert_held(&klp_irq_lock);
	WRITE_ONCE(per_cpu(klp_irq_universe, cpu), READ_ONCE(klp_goal));
	WRITE_ONCE(per_cpu(klp_irq_behind, cpu), false);
	return counted;
}

/* In task context, so that no interrupt is half way through on this CPU. */
static void klp_migrate_this_cpu(void)
{
	bool counted = false;

	if (WARN_ON_ONCE(preempt_count() & KLP_IRQ_MASK))
		return;
	if (!READ_ONCE(*raw_cpu_ptr(&klp_irq_behind)))
		return;

	scoped_guard(raw_spinlock_irqsave, &klp_irq_lock) {
		if (this_cpu_read(klp_irq_behind))
			counted = klp_arrive_cpu(smp_processor_id());
	}
	if (counted)
		klp_behind_put();
}

/**
 * klp_update_patch_state - migrate the current task, which is at a safe point
 * @task: the current task
 *
 * Called on the way out to user mode and from klp_safe_point(), so also by
 * modules that call try_to_freeze() and the like, whatever their license. Takes
 * the interrupt context of this CPU along.
 *
 * Context: Task context, no raw spinlock held.
 */
void notrace klp_update_patch_state(struct task_struct *task)
{
	bool counted;

	if (WARN_ON_ONCE(task != current))
		return;
	/* It injects idle time, and calls do_idle() in the middle of an item. */
	if (task->flags & PF_IDLE && task->pid)
		return;

	scoped_guard(raw_spinlock_irqsave, &task->pi_lock) {
		if (klp_patch_pending(task))
			klp_moved_note(task, _RET_IP_, READ_ONCE(klp_nr_starts));
		counted = klp_arrive(task, task->flags & PF_KTHREAD ?
				     KLP_PLACE_SAFE_POINT : KLP_PLACE_BOUNDARY);
		klp_shift_exiting(task);
	}
	klp_migrate_this_cpu();
	if (counted)
		klp_behind_put();
}
EXPORT_SYMBOL(klp_update_patch_state);
/* Whoever traces the return would take the place of the return address. */
NOKPROBE_SYMBOL(klp_update_patch_state);

static int klp_nr_exiting(u8 universe)
{
	int cpu, nr = 0;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(per_cpu(klp_exiting, cpu)[universe + 1]);
	return nr;
}

/* The flag can't be set any more: a visitor moves who is dead. */
static void klp_leave_behind(struct task_struct *task)
{
	bool flagged;

	scoped_guard(raw_spinlock_irqsave, &task->pi_lock)
		flagged = klp_arrive(task, KLP_PLACE_DEAD);
	if (flagged)
		klp_behind_put();
}

/* klp_task_dead() in a transition, which may have been waiting for it alone */
void __klp_task_dead(struct task_struct *task)
{
	if (!atomic_read(&klp_behind))
		queue_work(klp_wq, &klp_done_work);
	if (klp_patch_pending(task))
		klp_leave_behind(task);
}

/* klp_copy_process() behind the goal */
void __klp_copy_process(struct task_struct *child)
{
	atomic_inc(&klp_behind);
	set_tsk_thread_flag(child, TIF_PATCH_PENDING);
}

/**
 * klp_task_patch_state - what /proc/<pid>/patch_state says
 * @task: the task
 *
 * Return: -1 outside of a transition, else whether the task is patched: 0 or 1.
 */
int klp_task_patch_state(struct task_struct *task)
{
	int patched = READ_ONCE(klp_patched_universe);

	return patched < 0 ? -1 : READ_ONCE(task->klp_universe) == patched;
}

/* Is it at a place where no state from old code is live while it does not run? */
static bool klp_is_quiescent(const struct task_struct *task)
{
	switch (READ_ONCE(task->klp_quiescent)) {
	case KLP_NOT_QUIESCENT:
		return false;
	case KLP_IN_RESUME_WORK:
		return klp_is_throttled(task);
	case KLP_AT_BOUNDARY:
		return true;
	default:
		return klp_task_is_asleep(task);
	}
}

/* A task that does not run, and is quiescent, or will not run any more. */
static bool klp_may_move(struct task_struct *task)
{
	if (task_curr(task))
		return false;
	/* An idle task gives up its CPU in one place, between two idle phases. */
	return klp_is_quiescent(task) ||
	       task == idle_task(task_cpu(task)) ||
	       READ_ONCE(task->__state) == TASK_DEAD;
}

/* It is in a section of klp_quiescent_enter(), and will sleep or leave it soon. */
static bool klp_may_fall_asleep(const struct task_struct *task)
{
	return task_curr(task) &&
	       READ_ONCE(task->klp_quiescent) != KLP_NOT_QUIESCENT;
}

/* Move a task that does not run. Return: true if it was counted as a straggler. */
static bool klp_move(struct task_struct *task, bool force)
{
	bool moves = task->klp_universe != klp_goal && klp_is_quiescent(task);
	bool counted;

	if (force)
		return klp_arrive(task, KLP_PLACE_FORCED);
	if (moves)
		klp_moved_note(task, READ_ONCE(task->klp_quiescent), task->klp_since);
	counted = klp_arrive(task, KLP_PLACE_ASLEEP);
	/* Nothing but the dead task itself writes the slot of a task that is dead. */
	if (moves)
		klp_shift_exiting(task);
	return counted;
}

/* Called by task_call_func(): @task neither starts nor stops running. */
static int klp_visit_task(struct task_struct *task, void *arg)
{
	bool *force = arg;

	if (task->klp_universe == klp_goal || *force || klp_may_move(task)) {
		/* The walker holds a count, so this does not reach zero. */
		if (klp_move(task, *force))
			atomic_dec(&klp_behind);
		return KLP_VISIT_DONE;
	}

	/* Barrier A, see klp_quiescent_enter(): the flag before the marker. */
	if (!test_and_set_tsk_thread_flag(task, TIF_PATCH_PENDING))
		atomic_inc(&klp_behind);
	return klp_may_fall_asleep(task) ? KLP_VISIT_AGAIN : KLP_VISIT_BEHIND;
}

/*
 * A task that is falling asleep is off its CPU, or awake, after some instructions,
 * unless an interrupt or a hypervisor takes the CPU away from it. Then it stays
 * flagged, and is found asleep in the next round.
 */
static enum klp_visit klp_visit(struct task_struct *task, bool force)
{
	enum klp_visit seen;
	unsigned int tries = 0;

	while ((seen = task_call_func(task, klp_visit_task, &force)) ==
	       KLP_VISIT_AGAIN && ++tries < KLP_VISIT_MAX)
		cpu_relax();
	return seen == KLP_VISIT_DONE ? KLP_VISIT_DONE : KLP_VISIT_BEHIND;
}

static void klp_flag_task(struct task_struct *task)
{
	/* Who runs in user mode comes by at once when he is interrupted. */
	if (klp_visit(task, false) == KLP_VISIT_BEHIND)
		kick_process(task);
}

static void klp_force_task(struct task_struct *task)
{
	klp_visit(task, true);
}

/* The stack of the thread was found to be clear, and the thread is pinned. */
static int klp_visit_clear_task(struct task_struct *task, void *unused)
{
	if (!klp_stack_is_same(task))
		return KLP_VISIT_BEHIND;
	if (klp_arrive(task, KLP_PLACE_STACK))
		atomic_dec(&klp_behind);
	return KLP_VISIT_DONE;
}

static bool klp_check_stack(struct task_struct *task)
{
	if (!klp_stack_is_clear(task) ||
	    task_call_func(task, klp_visit_clear_task, NULL) != KLP_VISIT_DONE)
		return false;
	if (!klp_trusted_stacks)
		pr_warn("%s (%d) has no safe point, moved because of its stack\n",
			task->comm, task_pid_nr(task));
	klp_trusted_stacks = true;
	return true;
}

/* Not everybody looks into debugfs. */
static void klp_tell_long(struct task_struct *task)
{
	unsigned int age = klp_migration_age_ms();

	if (klp_told_long || age < KLP_LONG_MS)
		return;
	klp_told_long = true;
	pr_notice("signaling remaining tasks, such as %s (%d), behind for %u s\n",
		  task->comm, task_pid_nr(task), age / 1000);
}

/*
 * Some kernel threads have a safe point in their loop, and sleep where there is none.
 * Those who have had their time are woken; what they do then is their own secret. A
 * worker finds no safe point before the end of its item.
 */
static void klp_poke_kthread(struct task_struct *task)
{
	if (klp_pokes < KLP_POKE_BACKOFF_MAX)
		return;
	/* A thread that was woken has had a round to come to a safe point. */
	if (klp_pokes > KLP_POKE_BACKOFF_MAX && klp_check_stack(task))
		return;
	if (!(klp_task_flags(task) & PF_WQ_WORKER))
		wake_up_state(task, TASK_INTERRUPTIBLE);
}

/* Called by task_call_func(): the task neither starts nor stops running. */
static int klp_ask_task(struct task_struct *task, void *arg)
{
	bool *late = arg;

	if (!klp_straggler_helps_signal(task, *late))
		return false;
	set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL);
	return true;
}

/*
 * TIF_NOTIFY_SIGNAL makes a system call end, and there is no signal, so the call
 * restarts. That is of use to a task that sleeps and looks at signals. A task that runs
 * leaves the kernel by itself; asked meanwhile it might return less than it could.
 */
static void klp_poke_user_task(struct task_struct *task)
{
	bool late = klp_migration_age_ms() >= KLP_LONG_MS;

	if (task_call_func(task, klp_ask_task, &late) &&
	    !wake_up_state(task, TASK_INTERRUPTIBLE))
		kick_process(task);
}

static void klp_poke_task(struct task_struct *task)
{
	if (!klp_patch_pending(task) || klp_visit(task, false) == KLP_VISIT_DONE)
		return;
	klp_tell_long(task);
	if (klp_task_flags(task) & PF_KTHREAD)
		klp_poke_kthread(task);
	else
		klp_poke_user_task(task);
}

/* Let others run. Return: false if the place in the list was lost. */
static bool klp_walk_pause(struct task_struct *leader, struct task_struct *task)
{
	bool alive;

	get_task_struct(leader);
	get_task_struct(task);
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	/* An exec by another thread takes the place of the leader. */
	alive = pid_alive(leader) && pid_alive(task) &&
		thread_group_leader(leader);
	put_task_struct(task);
	put_task_struct(leader);
	return alive;
}

/*
 * Call @fn for each task in the list, at least once. A task that is added
 * meanwhile may be missed, see "Ordering" above.
 */
static void klp_walk_tasks(void (*fn)(struct task_struct *task))
{
	struct task_struct *leader, *task;
	unsigned int nr = 0, lost = 0;

	guard(rcu)();
again:
	for_each_process_thread(leader, task) {
		fn(task);
		if (++nr % KLP_WALK_CHUNK && !need_resched())
			continue;
		/* Where tasks come and go all the time, get it over with. */
		if (lost < KLP_WALK_LOST_MAX && !klp_walk_pause(leader, task)) {
			lost++;
			goto again;
		}
	}
}

/* Called with cpus_read_lock() held, or for a CPU that was just unplugged. */
static void klp_visit_irq_context(int cpu, bool force)
{
	guard(raw_spinlock_irqsave)(&klp_irq_lock);

	if (per_cpu(klp_irq_universe, cpu) == klp_goal || force) {
		if (klp_arrive_cpu(cpu))
			atomic_dec(&klp_behind);
	} else if (!per_cpu(klp_irq_behind, cpu)) {
		WRITE_ONCE(per_cpu(klp_irq_behind, cpu), true);
		atomic_inc(&klp_behind);
	}
}

static void klp_visit_cpu(int cpu, bool force)
{
	/* Nothing runs on a CPU that is offline, and no interrupt arrives. */
	force |= !cpu_online(cpu);
	klp_visit_irq_context(cpu, force);
	if (klp_visit(idle_task(cpu), force) == KLP_VISIT_BEHIND)
		wake_up_if_idle(cpu);
}

static DEFINE_PER_CPU(struct cpu_stop_work, klp_stop_work);
/* Whether that is queued. Set under klp_mutex, cleared by the stopper thread */
static DEFINE_PER_CPU(bool, klp_stop_queued);

static int klp_stop_fn(void *unused)
{
	klp_migrate_this_cpu();
	/* Releases klp_stop_work to klp_poke_cpu(). */
	smp_store_release(this_cpu_ptr(&klp_stop_queued), false);
	return 0;
}

/*
 * On a CPU that neither idles nor returns to user mode no task passes a safe point. A
 * real-time task may be the only one that ever runs there, so use what preempts all
 * tasks of a CPU, its stopper thread. That is no stop_machine(): one CPU runs a few
 * instructions with interrupts enabled up to the lock, and no other CPU waits for it.
 */
static void klp_poke_cpu(int cpu)
{
	bool *queued = per_cpu_ptr(&klp_stop_queued, cpu);

	lockdep_assert_held(&klp_mutex);
	lockdep_assert_cpus_held();
	klp_visit_cpu(cpu, false);
	if (!klp_irq_is_behind(cpu) || smp_load_acquire(queued))
		return;
	WRITE_ONCE(*queued, true);
	stop_one_cpu_nowait(cpu, klp_stop_fn, NULL, per_cpu_ptr(&klp_stop_work, cpu));
}

static void klp_poke_cpus(void)
{
	int cpu;

	guard(cpus_read_lock)();
	for_each_online_cpu(cpu)
		klp_poke_cpu(cpu);
}

static void klp_poke_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_poke_work, klp_poke_fn);

/* Each round comes twice as late as the last, up to some seconds. */
static void klp_poke_later(void)
{
	unsigned long delay = msecs_to_jiffies(READ_ONCE(poke_delay_ms)) ?: 1;

	/* A great value stands for never. */
	delay = min(delay, MAX_JIFFY_OFFSET >> KLP_POKE_BACKOFF_MAX);
	mod_delayed_work(klp_wq, &klp_poke_work,
			 delay << min(klp_pokes, KLP_POKE_BACKOFF_MAX));
}

static void klp_poke_fn(struct work_struct *work)
{
	guard(mutex)(&klp_mutex);
	if (klp_patched_universe < 0)
		return;

	klp_behind_get();
	klp_walk_tasks(klp_poke_task);
	klp_poke_cpus();
	klp_behind_put();
	if (klp_pokes <= KLP_POKE_BACKOFF_MAX)
		klp_pokes++;
	klp_poke_later();
}

/**
 * klp_goal_universe - the universe that all live in, or move to
 *
 * Return: number of the universe.
 */
u8 klp_goal_universe(void)
{
	return READ_ONCE(klp_goal);
}

/**
 * klp_next_universe - the universe of those who have migrated
 *
 * Before a transition it is the one that nobody lives in.
 *
 * Context: klp_mutex held.
 * Return: number of the universe.
 */
u8 klp_next_universe(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_patched_universe < 0 ? !klp_goal : klp_goal;
}

/**
 * klp_caller_universe - the universe of the running code
 *
 * Process context follows the task, also with bottom halves disabled.
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
 * See "Ordering" above: no fork has the old goal or universe in hand any more, and
 * whoever was seen to have left the list is seen to be counted.
 */
static void klp_sync_tasklist(void)
{
	read_lock(&tasklist_lock);
	read_unlock(&tasklist_lock);
}

/**
 * klp_migration_start - let everybody move to the other universe
 * @patching: whether the patched live there
 *
 * All functions that differ between the universes have to be redirected before.
 * Called a second time in a transition it reverses it.
 *
 * Context: Process context, klp_mutex held.
 */
void klp_migration_start(bool patching)
{
	lockdep_assert_held(&klp_mutex);

	klp_started = ktime_get();
	klp_forced = false;
	klp_told_long = false;
	klp_behind_get();

	scoped_guard(cpus_read_lock) {
		WRITE_ONCE(klp_nr_starts, klp_nr_starts + 1);
		WRITE_ONCE(klp_patched_universe, patching ? !klp_goal : klp_goal);
		/*
		 * Barrier B: orders the redirection before the goal. Tasks
		 * acquire it in klp_arrive(), even those that saw the flag of
		 * an earlier transition; interrupts take klp_irq_lock after
		 * it was taken to say that they are behind.
		 */
		smp_store_release(&klp_goal, !klp_goal);
		klp_visit_cpus(false);
	}

	klp_sync_tasklist();
	klp_walk_tasks(klp_flag_task);
	klp_sync_tasklist();
	klp_pokes = 0;
	klp_poke_later();
	klp_behind_put();
}

/**
 * klp_migration_next_start - what klp_nr_starts will be in the next migration
 *
 * Context: klp_mutex held.
 * Return: the count.
 */
unsigned int klp_migration_next_start(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_nr_starts + 1;
}

/**
 * klp_migration_force - move whoever is behind, safe or not
 *
 * Context: Process context, klp_mutex held.
 */
void klp_migration_force(void)
{
	lockdep_assert_held(&klp_mutex);

	klp_behind_get();
	scoped_guard(cpus_read_lock)
		klp_visit_cpus(true);
	klp_walk_tasks(klp_force_task);
	/* A child that was forked by one of them meanwhile */
	klp_sync_tasklist();
	klp_walk_tasks(klp_force_task);
	klp_forced = true;
	klp_behind_put();
}

/**
 * klp_migration_done - has everybody arrived in the goal?
 *
 * Once nobody is behind, nobody in the old universe can begin to exit any more:
 * the sum of those that do only shrinks, and can be added up at leisure.
 *
 * Context: klp_mutex held.
 * Return: true if nobody is behind.
 */
bool klp_migration_done(void)
{
	lockdep_assert_held(&klp_mutex);
	return !klp_migration_behind() &&
	       (klp_forced || !klp_migration_exiting());
}

/**
 * klp_migration_behind - how many have not arrived in the goal
 *
 * Context: Any.
 * Return: number of tasks, idle tasks and interrupt contexts.
 */
int klp_migration_behind(void)
{
	return atomic_read(&klp_behind);
}

/**
 * klp_migration_exiting - tasks behind the goal that have left the list, or will
 *
 * Context: klp_mutex held.
 * Return: number of tasks that a transition waits for, and that may not be listed.
 * Outside of a transition, those that one has not waited for, as it was forced.
 */
int klp_migration_exiting(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_nr_exiting(!klp_goal);
}

/**
 * klp_migration_forced - was anybody moved, safe or not?
 *
 * Context: klp_mutex held.
 * Return: true since klp_migration_force(), until the migration is reversed or ends.
 */
bool klp_migration_forced(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_forced;
}

/**
 * klp_migration_trusted_stacks - was anybody moved because of his stack?
 *
 * Context: klp_mutex held, in a transition.
 * Return: true if code that goes out of effect may still be run, if stack traces
 * are wrong.
 */
bool klp_migration_trusted_stacks(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_trusted_stacks;
}

/**
 * klp_migration_age_ms - how long the migration has been going on
 *
 * Context: klp_mutex held.
 * Return: milliseconds since it started, or was reversed; 0 before.
 */
unsigned int klp_migration_age_ms(void)
{
	lockdep_assert_held(&klp_mutex);
	if (klp_patched_universe < 0)
		return 0;
	return ktime_ms_delta(ktime_get(), klp_started);
}

/**
 * klp_irq_is_behind - has the interrupt context of a CPU not arrived yet?
 * @cpu: the CPU
 *
 * Context: Any.
 * Return: true if it is behind.
 */
bool klp_irq_is_behind(int cpu)
{
	return READ_ONCE(per_cpu(klp_irq_behind, cpu));
}

/**
 * klp_migration_end - the transition is over
 *
 * Context: Process context, klp_mutex held.
 */
void klp_migration_end(void)
{
	lockdep_assert_held(&klp_mutex);
	WRITE_ONCE(klp_patched_universe, -1);
	klp_forced = false;
	klp_trusted_stacks = false;
	klp_stack_check_end();
	cancel_delayed_work(&klp_poke_work);
}

/**
 * klp_migration_flush - wait until a transition that is over has been completed
 *
 * Context: Process context, sleeps, klp_mutex not held.
 */
void klp_migration_flush(void)
{
	flush_work(&klp_done_work);
}

/* A CPU that was unplugged in mid-transition passes no safe point any more. */
static int klp_cpu_dead(unsigned int cpu)
{
	klp_behind_get();
	klp_visit_irq_context(cpu, true);
	klp_visit(idle_task(cpu), true);
	klp_behind_put();
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
