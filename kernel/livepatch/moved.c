// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where kernel threads were when they changed their universe.
 */

/**
 * DOC: Places
 *
 * A kernel thread migrates with frames on its stack: the function that has the safe
 * point, and all its callers up to the main function of the thread. It returns through
 * these whatever universe it lives in by then, so the code of a patch may only be freed
 * when no frame can lie in there. No stack trace is asked. What is known of a thread is
 * the address of the safe point, its main function, and since when it is there; these
 * are noted here during a transition, and pin.c draws the conclusions when it ends.
 *
 * A few places serve most threads. So each pair of a place and a main function is noted
 * once, with the latest of its threads. The table is small; if it does not have room the
 * thread counts as one of which nothing is known.
 *
 * **Locking**
 *
 * klp_moved_lock protects it all. It is the innermost lock, taken below the pi_lock of
 * the thread.
 */

#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "internal.h"

#define KLP_MOVED_MAX	64

static DEFINE_RAW_SPINLOCK(klp_moved_lock);
static struct klp_moved klp_moved[KLP_MOVED_MAX];
static unsigned int klp_nr_moved;

/* Return: the entry of this place and main function, or a new one. */
static struct klp_moved *klp_moved_entry(unsigned long place, unsigned long main)
{
	unsigned int i;

	lockdep_assert_held(&klp_moved_lock);
	for (i = 0; i < klp_nr_moved; i++) {
		if (klp_moved[i].place == place && klp_moved[i].main == main)
			return &klp_moved[i];
	}
	/* The last entry stands for all that there is no room for. */
	if (klp_nr_moved == KLP_MOVED_MAX)
		i = KLP_MOVED_MAX - 1;
	else
		klp_nr_moved++;
	klp_moved[i].place = i < KLP_MOVED_MAX - 1 ? place : 0;
	klp_moved[i].main = main;
	return &klp_moved[i];
}

/**
 * klp_moved_note - a kernel thread changes its universe at a safe point
 * @task:	the thread, or a task that exits; other user tasks are ignored
 * @place:	address of the safe point
 * @since:	klp_nr_starts at the time at which the thread came there
 *
 * Context: Any, @task is the current task, or does not run.
 */
void klp_moved_note(struct task_struct *task, unsigned long place, unsigned int since)
{
	struct klp_moved *moved;

	if (!(klp_task_flags(task) & (PF_KTHREAD | PF_USER_WORKER | PF_EXITING)))
		return;
	guard(raw_spinlock_irqsave)(&klp_moved_lock);
	moved = klp_moved_entry(place, klp_main_function(task));
	/* A new entry has no name yet. */
	if (moved->comm[0] && (int)(since - moved->since) < 0)
		return;
	moved->since = since;
	moved->pid = task_pid_nr(task);
	strscpy(moved->comm, task->comm);
}

/**
 * klp_moved_reset - forget all places: a transition is about to start
 *
 * Context: klp_mutex held, no transition under way.
 */
void klp_moved_reset(void)
{
	guard(raw_spinlock_irqsave)(&klp_moved_lock);
	memset(klp_moved, 0, sizeof(klp_moved));
	klp_nr_moved = 0;
}

/**
 * klp_moved_get - one place of those that were noted
 * @idx:	its number, from 0 on
 *
 * Context: klp_mutex held, and no task is left to migrate: the table stays as it is.
 * Return: the place, NULL if there are no more.
 */
const struct klp_moved *klp_moved_get(unsigned int idx)
{
	lockdep_assert_held(&klp_mutex);
	return idx < klp_nr_moved ? &klp_moved[idx] : NULL;
}
