// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is done about tasks and CPUs that have not migrated for a while.
 */

/**
 * DOC: Stragglers
 *
 * While tasks migrate, all stragglers are visited in rounds. The delay between two rounds
 * doubles up to some seconds. In a round:
 *
 * 1. A task that sleeps at a safe point is moved.
 * 2. A user task that sleeps in a system call is interrupted, see straggler.c.
 * 3. A kernel thread is woken, after some rounds.
 * 4. Two rounds later, a task may be moved because of its stack, see stack.c, or because
 *    the author of the patch has named it, see unrelated.c.
 * 5. On a CPU where no straggler passes a safe point, the stopper thread migrates the
 *    interrupt context.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/freezer.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/stop_machine.h>
#include <linux/workqueue.h>
#include <trace/events/livepatch.h>
#include "internal.h"

/* The delay doubles with each round, up to poke_delay_ms << KLP_POKE_BACKOFF_MAX. */
#define KLP_POKE_BACKOFF_MAX	5U

/*
 * Number of rounds after which a task may be moved where it sleeps. A thread has been woken
 * then, and has had 12 s by default, because some sleep for 10 s between two safe points.
 */
#define KLP_ROUNDS_BEFORE_MOVE	(KLP_POKE_BACKOFF_MAX + 2)

/* Number of rounds of this migration that are over, at most KLP_ROUNDS_BEFORE_MOVE */
static unsigned int klp_pokes __guarded_by(&klp_mutex);

/* Has a long transition been reported in the log? */
static bool klp_reported_long __guarded_by(&klp_mutex);

static bool klp_check_unrelated(struct task_struct *task)
{
	if (!klp_is_unrelated(task) ||
	    !klp_move_if(task, KLP_PLACE_UNRELATED, klp_task_sleeps))
		return false;
	pr_notice_ratelimited("%s (%d) is at no safe point, moved because the patch names it as unrelated\n",
			      task->comm, task_pid_nr(task));
	klp_transition_set_unsafe("a thread was moved because a patch names it as unrelated");
	return true;
}

static bool klp_check_stack(struct task_struct *task)
{
	if (!klp_stack_is_clear(task) ||
	    !klp_move_if(task, KLP_PLACE_STACK, klp_stack_is_same))
		return false;
	pr_warn_ratelimited("%s (%d) is at no safe point, moved because of its stack\n",
			    task->comm, task_pid_nr(task));
	klp_transition_set_unsafe("a task was moved because of its stack");
	return true;
}

/*
 * Report a long transition in the log, because debugfs may not be mounted. Once in each
 * direction. @task is NULL if there are only exiting tasks and interrupt contexts.
 */
static void klp_report_long(struct task_struct *task)
{
	unsigned int age = klp_transition_age_ms();

	lockdep_assert_held(&klp_mutex);
	if (klp_reported_long || age < KLP_LONG_MS)
		return;
	klp_reported_long = true;
	if (task)
		pr_notice("signaling remaining tasks, such as %s (%d), behind for %u s\n",
			  task->comm, task_pid_nr(task), age / 1000);
	else
		pr_notice("%d exiting tasks or interrupt contexts behind for %u s\n",
			  klp_migration_left(), age / 1000);
}

/*
 * Some kernel threads have a safe point in their loop, but sleep where there is none.
 * Wake a thread, because its loop may then pass the safe point. Do not wake a worker: it
 * passes no safe point before the end of its item.
 */
static void klp_wake_kthread(struct task_struct *task)
{
	/* It may have migrated since it was visited, and sleep where it should. */
	if (klp_patch_pending(task) && !(klp_task_flags(task) & PF_WQ_WORKER))
		wake_up_state(task, TASK_INTERRUPTIBLE);
}

/* Wake the thread after some rounds only: most threads migrate by themselves. */
static void klp_poke_kthread(struct task_struct *task)
{
	lockdep_assert_held(&klp_mutex);
	if (klp_pokes >= KLP_POKE_BACKOFF_MAX)
		klp_wake_kthread(task);
}

/* Called by task_call_func(): @task neither starts nor stops running. */
static int klp_interrupt_task(struct task_struct *task, void *arg)
{
	unsigned int *age = arg;

	/* It may have migrated since it was visited. */
	if (!klp_patch_pending(task) || !klp_straggler_wants_signal(task, *age))
		return false;
	set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL);
	return true;
}

/*
 * The fake signal: TIF_NOTIFY_SIGNAL interrupts a system call. Because there is no signal,
 * most calls restart afterwards. So a task in an interruptible sleep gets it at once, unless
 * its call is one of those that do not restart. A task that runs leaves the kernel by itself,
 * and if it is interrupted, its call may return a short result. So it gets the fake signal
 * only when the transition takes long.
 */
static void klp_poke_user_task(struct task_struct *task, unsigned int age)
{
	if (!task_call_func(task, klp_interrupt_task, &age))
		return;
	thaw_task_of_cgroup(task);
	if (!wake_up_state(task, TASK_INTERRUPTIBLE))
		kick_process(task);
}

static void klp_poke_task(struct task_struct *task)
{
	lockdep_assert_held(&klp_mutex);
	if (!klp_patch_pending(task) || klp_visit(task, false))
		return;
	klp_report_long(task);
	if (klp_pokes >= KLP_ROUNDS_BEFORE_MOVE &&
	    (klp_check_unrelated(task) || klp_check_stack(task)))
		return;
	if (klp_task_flags(task) & PF_KTHREAD)
		klp_poke_kthread(task);
	else
		klp_poke_user_task(task, klp_transition_age_ms());
}

static DEFINE_PER_CPU(struct cpu_stop_work, klp_stop_work);
/* Is klp_stop_work queued? Set under klp_mutex, cleared by the stopper thread */
static DEFINE_PER_CPU(bool, klp_stop_queued);

static int klp_stop_fn(void *unused)
{
	klp_migrate_this_cpu();
	/*
	 * Barrier D: orders the reads of klp_stop_work by this thread before the store
	 * that lets klp_stop_work be queued again. Pairs with klp_poke_cpu().
	 */
	smp_store_release(this_cpu_ptr(&klp_stop_queued), false);
	return 0;
}

/*
 * On a CPU that neither idles nor returns to user mode no task passes a safe point. The
 * only task that runs there may be a real-time task, so use the stopper thread, which
 * preempts all tasks of the CPU. This is not stop_machine(): one CPU runs a few
 * instructions. Interrupts are off only under klp_irq_lock, and no CPU waits.
 */
static void klp_poke_cpu(int cpu)
{
	bool *queued = per_cpu_ptr(&klp_stop_queued, cpu);

	lockdep_assert_held(&klp_mutex);
	lockdep_assert_cpus_held();
	klp_visit_cpu(cpu, false);
	/*
	 * Barrier D: orders the read of klp_stop_queued before the stores to
	 * klp_stop_work, when it is queued. Pairs with klp_stop_fn().
	 */
	if (!klp_irq_is_straggler(cpu) || smp_load_acquire(queued))
		return;
	WRITE_ONCE(*queued, true);
	stop_one_cpu_nowait(cpu, klp_stop_fn, NULL, per_cpu_ptr(&klp_stop_work, cpu));
}

static void klp_poke_cpus(void)
{
	int cpu;

	guard(cpus_read_lock)();
	/* A CPU that goes offline step by step may be neither online nor dead for long. */
	for_each_possible_cpu(cpu)
		klp_poke_cpu(cpu);
}

static void klp_poke_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_poke_work, klp_poke_fn);

/*
 * When the next round begins, in jiffies. A round that was due before waits for klp_mutex
 * while a transition is reversed or begins, and must not take place then.
 */
static unsigned long klp_poke_due __guarded_by(&klp_mutex);

/* Delay before tasks that sleep in a system call are interrupted, in milliseconds. */
static unsigned int poke_delay_ms = 100;

/* The delay doubles with each round, up to poke_delay_ms << KLP_POKE_BACKOFF_MAX. */
static void klp_poke_later(void)
{
	unsigned long delay = msecs_to_jiffies(READ_ONCE(poke_delay_ms)) ?: 1;

	lockdep_assert_held(&klp_mutex);
	/* Limit the delay, so that the shift below does not overflow. */
	delay = min(delay, MAX_JIFFY_OFFSET >> KLP_POKE_BACKOFF_MAX);
	delay <<= umin(klp_pokes, KLP_POKE_BACKOFF_MAX);
	klp_poke_due = jiffies + delay;
	klp_run_later(&klp_poke_work, delay);
}

static int klp_poke_delay_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint(val, kp);

	if (ret)
		return ret;
	guard(mutex)(&klp_mutex);
	if (klp_transition_get()->phase == KLP_PHASE_MIGRATING)
		klp_poke_later();
	return 0;
}

static const struct kernel_param_ops klp_poke_delay_ops = {
	.set = klp_poke_delay_set,
	.get = param_get_uint,
};
module_param_cb(poke_delay_ms, &klp_poke_delay_ops, &poke_delay_ms, 0644);

/* @reported: whether a long transition had been reported before this round */
static void klp_trace_round(bool reported)
{
	const char *name = klp_patch_in_transition()->mod->name;
	bool patching = klp_transition_get()->patching;
	unsigned int age = klp_transition_age_ms();
	int left = klp_migration_left();

	lockdep_assert_held(&klp_mutex);
	if (klp_reported_long && !reported)
		trace_livepatch_stall(name, patching, age, left);
	else if (left)
		trace_livepatch_progress(name, patching, age, left);
}

static void klp_poke_fn(struct work_struct *work)
{
	bool reported;

	guard(mutex)(&klp_mutex);
	if (klp_transition_get()->phase != KLP_PHASE_MIGRATING ||
	    time_before(jiffies, klp_poke_due))
		return;

	reported = klp_reported_long;
	klp_stragglers_get();
	klp_walk_tasks(klp_poke_task);
	klp_poke_cpus();
	klp_stragglers_put();
	if (klp_migration_left())
		klp_report_long(NULL);
	klp_trace_round(reported);
	if (klp_pokes < KLP_ROUNDS_BEFORE_MOVE)
		klp_pokes++;
	klp_poke_later();
}

/**
 * klp_poke_start - begin the rounds, after a migration has started or was reversed
 *
 * Context: Process context, klp_mutex held.
 */
void klp_poke_start(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_pokes = 0;
	klp_reported_long = false;
	klp_poke_later();
}

/**
 * klp_poke_stop - end the rounds, because no straggler is left or no migration was started
 *
 * Also resets the parameter stack_check, whose value "any" is for one transition.
 *
 * Context: Process context, klp_mutex held.
 */
void klp_poke_stop(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_stack_check_end();
	cancel_delayed_work(&klp_poke_work);
}

/**
 * klp_poke_now - do at once to one task what rounds do after a while
 * @task: the task
 *
 * As in a long transition, accept that a call of a user task returns another result. A
 * kernel thread is not moved because of its stack.
 *
 * Context: Process context, klp_mutex held.
 * Return: false if the task is no straggler.
 */
bool klp_poke_now(struct task_struct *task)
{
	lockdep_assert_held(&klp_mutex);
	if (klp_transition_get()->phase != KLP_PHASE_MIGRATING || !klp_patch_pending(task))
		return false;

	klp_stragglers_get();
	if (!klp_visit(task, false)) {
		if (klp_task_flags(task) & PF_KTHREAD)
			klp_wake_kthread(task);
		else
			klp_poke_user_task(task, UINT_MAX);
	}
	klp_stragglers_put();
	return true;
}
