// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of patches, and the transition that is under way.
 */

/**
 * DOC: Patches and the transition
 *
 * There is at most one transition at a time. It goes through these phases:
 *
 * 1. KLP_PHASE_PREPARING: the states of the patches and the redirects are set up, and
 *    callbacks run. No task migrates yet.
 * 2. KLP_PHASE_MIGRATING: tasks migrate to the goal universe. Reversing the transition
 *    starts this phase again, with the other universe as the goal.
 * 3. KLP_PHASE_FINISHING: no task is left to migrate. Callbacks run.
 *
 * A transition that fails while it is prepared goes from the first phase to the last,
 * or ends at once. Callbacks run without klp_mutex, so modules may come and go in the
 * first and in the last phase.
 *
 * **Locking**
 *
 * klp_mutex protects the list, the states of the patches and the transition. Only this
 * file writes to them, except for the list, see modules.c. klp_goal,
 * klp_patched_universe and klp_nr_starts are read without a lock as well: by tasks that
 * migrate, are forked, or die, and in quiescent sections.
 */

#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include "internal.h"

DEFINE_MUTEX(klp_mutex);
LIST_HEAD(klp_patches);

/*
 * The patch that is enabled or disabled by the transition. NULL without a transition.
 * Tools that look into dumps of memory use this name, which the hybrid model has, too.
 */
static struct live_patch *klp_transition_patch;
static struct klp_transition klp_transition;

u8 klp_goal;

/* While tasks migrate, the universe of patched tasks, be it the goal or not; else -1. */
int klp_patched_universe = -1;

/*
 * Number of migrations that were started or reversed. The functions of a patch run only
 * after the count was raised for that patch. So a task that has been at a safe point
 * since before that has none of them on its stack.
 */
unsigned int klp_nr_starts;
/* Read by klp_quiescent_enter(), which modules use, too. */
EXPORT_SYMBOL(klp_nr_starts);

/**
 * klp_patch_set_state - change the state of a patch
 * @patch: the patch
 * @state: its new state
 *
 * The edges are::
 *
 *	DISABLED -> ENABLING <-> DISABLING -> DISABLED
 *	              v            ^
 *	            ENABLED -------'
 *
 * Context: klp_mutex held.
 */
void klp_patch_set_state(struct live_patch *patch, enum klp_patch_state state)
{
	static const u8 from[] = {
		[KLP_DISABLED]	= BIT(KLP_DISABLING),
		[KLP_ENABLING]	= BIT(KLP_DISABLED) | BIT(KLP_DISABLING),
		[KLP_ENABLED]	= BIT(KLP_ENABLING),
		[KLP_DISABLING]	= BIT(KLP_ENABLED) | BIT(KLP_ENABLING),
	};

	lockdep_assert_held(&klp_mutex);
	WARN_ON_ONCE(!(from[state] & BIT(patch->state)));
	WRITE_ONCE(patch->state, state);
}

static void klp_set_phase(enum klp_phase phase)
{
	static const u8 from[] = {
		[KLP_PHASE_IDLE]	= BIT(KLP_PHASE_PREPARING) |
					  BIT(KLP_PHASE_FINISHING),
		[KLP_PHASE_PREPARING]	= BIT(KLP_PHASE_IDLE),
		[KLP_PHASE_MIGRATING]	= BIT(KLP_PHASE_PREPARING) |
					  BIT(KLP_PHASE_MIGRATING),
		[KLP_PHASE_FINISHING]	= BIT(KLP_PHASE_PREPARING) |
					  BIT(KLP_PHASE_MIGRATING),
	};

	lockdep_assert_held(&klp_mutex);
	WARN_ON_ONCE(!(from[phase] & BIT(klp_transition.phase)));
	klp_transition.phase = phase;
}

/**
 * klp_transition_begin - prepare the transition of a patch
 * @patch: the patch
 * @patching: true to enable it, false to disable it
 *
 * Context: klp_mutex held, no transition under way.
 */
void klp_transition_begin(struct live_patch *patch, bool patching)
{
	klp_set_phase(KLP_PHASE_PREPARING);
	klp_transition.patching = patching;
	WRITE_ONCE(klp_transition_patch, patch);
}

/**
 * klp_transition_reverse - change the direction of the transition
 *
 * Context: klp_mutex held, in a transition.
 */
void klp_transition_reverse(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_transition.patching = !klp_transition.patching;
}

/**
 * klp_transition_migrate - make the other universe the goal
 *
 * The caller has redirected all functions that differ between the universes.
 *
 * Context: klp_mutex held, and cpus_read_lock(), so that no CPU comes or goes before
 * the caller has flagged its interrupt context.
 */
void klp_transition_migrate(void)
{
	bool patching = klp_transition.patching;

	lockdep_assert_cpus_held();
	klp_set_phase(KLP_PHASE_MIGRATING);
	klp_transition.started = ktime_get();
	klp_transition.forced = false;
	WRITE_ONCE(klp_nr_starts, klp_nr_starts + 1);
	WRITE_ONCE(klp_patched_universe, patching ? !klp_goal : klp_goal);
	/*
	 * Barrier B: orders the redirection, klp_nr_starts and klp_patched_universe
	 * before the goal. A task acquires the goal in klp_arrive(), even if it saw the
	 * flag of an earlier transition, and in klp_copy_process(). An interrupt context
	 * migrates under klp_irq_lock, which klp_visit_cpus() takes afterwards to set
	 * klp_irq_straggler.
	 */
	smp_store_release(&klp_goal, !klp_goal);
}

/**
 * klp_transition_set_forced - tasks are moved whether that is safe or not
 *
 * Context: klp_mutex held, while tasks migrate.
 */
void klp_transition_set_forced(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_transition.forced = true;
}

/**
 * klp_transition_set_by_stack - a kernel thread is moved because of its stack
 *
 * Context: klp_mutex held, while tasks migrate.
 */
void klp_transition_set_by_stack(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_transition.by_stack = true;
}

/**
 * klp_transition_finish - no task differs from the goal any more
 *
 * Context: klp_mutex held, all redirects are the same in both universes.
 */
void klp_transition_finish(void)
{
	klp_set_phase(KLP_PHASE_FINISHING);
	WRITE_ONCE(klp_patched_universe, -1);
	klp_transition.forced = false;
	klp_transition.by_stack = false;
}

/**
 * klp_transition_end - end the transition, after the states of all patches are final
 *
 * Context: klp_mutex held.
 */
void klp_transition_end(void)
{
	klp_set_phase(KLP_PHASE_IDLE);
	/* Barrier D, see klp_patch_in_transition(): the states before the end. */
	smp_store_release(&klp_transition_patch, NULL);
}

/**
 * klp_patch_in_transition - the patch that is being enabled or disabled
 *
 * Context: Any. The result stays valid only under klp_mutex.
 * Return: the patch, NULL outside of a transition.
 */
struct live_patch *klp_patch_in_transition(void)
{
	/*
	 * Barrier D: orders the read of the transition before a read of the state of
	 * a patch. So a reader that sees the end of the transition does not see a
	 * state from before the end. Pairs with klp_transition_end().
	 */
	return smp_load_acquire(&klp_transition_patch);
}

/**
 * klp_transition_get - phase, direction and history of the transition
 *
 * Context: klp_mutex held. The result stays valid until it is dropped.
 * Return: the transition. Without one its phase is KLP_PHASE_IDLE.
 */
const struct klp_transition *klp_transition_get(void)
{
	lockdep_assert_held(&klp_mutex);
	return &klp_transition;
}

/**
 * klp_transition_direction - the direction of the current transition
 *
 * Context: klp_mutex held, in a transition.
 * Return: "patching" or "unpatching".
 */
const char *klp_transition_direction(void)
{
	return klp_transition_get()->patching ? "patching" : "unpatching";
}

/**
 * klp_transition_age_ms - how long tasks have been migrating
 *
 * Context: klp_mutex held.
 * Return: milliseconds since the migration started, or was reversed; 0 before and after.
 */
unsigned int klp_transition_age_ms(void)
{
	const struct klp_transition *transition = klp_transition_get();

	if (transition->phase != KLP_PHASE_MIGRATING)
		return 0;
	return ktime_ms_delta(ktime_get(), transition->started);
}

/**
 * klp_goal_universe - the universe that all tasks are in, or migrate to
 *
 * Context: Any.
 * Return: number of the universe.
 */
u8 klp_goal_universe(void)
{
	return READ_ONCE(klp_goal);
}

/**
 * klp_next_universe - the universe of tasks that have migrated
 *
 * Outside of KLP_PHASE_MIGRATING it is the universe that is not the goal, because the
 * next migration makes it the goal.
 *
 * Context: klp_mutex held.
 * Return: number of the universe.
 */
u8 klp_next_universe(void)
{
	return klp_transition_get()->phase == KLP_PHASE_MIGRATING ? klp_goal : !klp_goal;
}

/**
 * klp_next_start - the value of klp_nr_starts in the next migration
 *
 * Context: klp_mutex held.
 * Return: the count.
 */
unsigned int klp_next_start(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_nr_starts + 1;
}
