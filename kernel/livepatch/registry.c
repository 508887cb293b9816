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
 * If enabling a patch fails while it is prepared, the transition goes from the first
 * phase to the last. If disabling a patch fails, the transition ends at once. Callbacks
 * run without klp_mutex, so modules may come and go while they run.
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

/* Protects the data of live patching, see internal.h. */
DEFINE_MUTEX(klp_mutex);
/* The oldest patch is the first. */
LIST_HEAD(klp_live_patches);

/* The patch that is enabled or disabled by the transition. NULL without a transition. */
static struct live_patch *klp_current_patch;
/*
 * The description of that patch. Nothing in the kernel reads it. Tools that inspect
 * crash dumps look up this name, which had the same type in earlier kernels.
 */
static struct klp_patch *klp_transition_patch;
static struct klp_transition klp_transition __guarded_by(&klp_mutex);

u8 klp_goal;

/*
 * While tasks migrate, the universe in which the patch is in effect: the goal if the patch
 * is being enabled, else the other one. -1 if no tasks migrate.
 */
int klp_patched_universe = -1;

/*
 * Number of times that a migration was started or reversed. The count is incremented
 * before the goal is published, so no task runs a function of a new patch before the
 * increment that belongs to its migration. So a task that came to a safe point before
 * this increment, and is still there, has no function of the patch on its stack.
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
	lockdep_assert_held(&klp_mutex);
	klp_set_phase(KLP_PHASE_PREPARING);
	klp_transition.patching = patching;
	WRITE_ONCE(klp_transition_patch, patch->desc);
	WRITE_ONCE(klp_current_patch, patch);
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
	bool patching;

	lockdep_assert_held(&klp_mutex);
	lockdep_assert_cpus_held();
	patching = klp_transition.patching;
	klp_set_phase(KLP_PHASE_MIGRATING);
	klp_transition.started = ktime_get();
	klp_transition.forced = false;
	WRITE_ONCE(klp_nr_starts, klp_nr_starts + 1);
	WRITE_ONCE(klp_patched_universe, patching ? !klp_goal : klp_goal);
	/*
	 * Barrier A: orders the stores of the redirects, klp_nr_starts and
	 * klp_patched_universe before that of the goal. Pairs with klp_arrive() and
	 * klp_task_forked(). pi_lock is not sufficient: a task may have seen the flag
	 * of an earlier transition, and migrate before it is visited in this one.
	 *
	 * An interrupt context needs no barrier: it migrates after klp_visit_cpus() has
	 * set klp_irq_straggler, and both are done under klp_irq_lock.
	 */
	smp_store_release(&klp_goal, !klp_goal);
}

/**
 * klp_transition_set_forced - note that tasks were moved by force
 *
 * Context: klp_mutex held, while tasks migrate.
 */
void klp_transition_set_forced(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_transition.forced = true;
}

/**
 * klp_transition_set_unsafe - note that a task may still run code that goes out of effect
 * @why: the reason, for the log
 *
 * Context: klp_mutex held, while tasks migrate.
 */
void klp_transition_set_unsafe(const char *why)
{
	lockdep_assert_held(&klp_mutex);
	klp_transition.unsafe = why;
}

/**
 * klp_transition_finish - begin KLP_PHASE_FINISHING: all tasks are in the goal universe
 *
 * Context: klp_mutex held, all redirects are the same in both universes.
 */
void klp_transition_finish(void)
{
	lockdep_assert_held(&klp_mutex);
	klp_set_phase(KLP_PHASE_FINISHING);
	WRITE_ONCE(klp_patched_universe, -1);
	klp_transition.forced = false;
	klp_transition.unsafe = NULL;
}

/**
 * klp_transition_end - end the transition, after the states of all patches are final
 *
 * Context: klp_mutex held.
 */
void klp_transition_end(void)
{
	klp_set_phase(KLP_PHASE_IDLE);
	WRITE_ONCE(klp_transition_patch, NULL);
	/*
	 * Barrier C: orders the stores of the final states of patches before the end of
	 * the transition. Pairs with klp_patch_in_transition().
	 */
	smp_store_release(&klp_current_patch, NULL);
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
	 * Barrier C: orders the read of the transition before a read of the state of
	 * a patch, as in klp_patch_is_enabled(). Pairs with klp_transition_end(). So a
	 * reader that sees the end of the transition does not see a state from before
	 * the end.
	 */
	return smp_load_acquire(&klp_current_patch);
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
 * klp_transition_age_ms - how long tasks have been migrating in the current direction
 *
 * Context: klp_mutex held.
 * Return: milliseconds since the migration started, or was reversed; 0 in other phases.
 */
unsigned int klp_transition_age_ms(void)
{
	const struct klp_transition *transition = klp_transition_get();

	if (transition->phase != KLP_PHASE_MIGRATING)
		return 0;
	return min_t(s64, ktime_ms_delta(ktime_get(), transition->started), UINT_MAX);
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
 * klp_next_universe - the universe that is the goal of this migration, or of the next
 *
 * Tasks that have migrated are in this universe. Outside of KLP_PHASE_MIGRATING it is the
 * universe that is not the goal yet.
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
