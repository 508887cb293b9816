// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The places where kernel threads migrated.
 */

/**
 * DOC: Places
 *
 * A kernel thread migrates with functions on its stack: the one that has the safe point,
 * and its callers up to the main function of the thread. The thread returns to them
 * whatever its universe is, so the code of a patch may be freed only if none of these
 * functions is in it. This is decided without a stack trace, by the address of the
 * safe point, the main function of the thread, and the time at which it came to the safe
 * point. These are noted here during a transition, and evaluated by pin.c at its end.
 *
 * The same is noted of workers of io_uring and vhost, and of tasks that exit. Below,
 * these are threads, too.
 *
 * Most threads use a few places only. So each pair of a place and a main function is
 * noted once, with the thread that came there last. The table is small. When it is full
 * the place of a thread is noted as unknown.
 *
 * **Locking**
 *
 * klp_moved_lock protects all data. It is the innermost lock, taken under the pi_lock of
 * the thread.
 */

#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "internal.h"

#define KLP_MOVED_MAX	256

static DEFINE_RAW_SPINLOCK(klp_moved_lock);
static struct klp_moved klp_moved[KLP_MOVED_MAX] __guarded_by(&klp_moved_lock);
static unsigned int klp_nr_moved __guarded_by(&klp_moved_lock);

/* Find the entry of this place and main function, or create one. */
static struct klp_moved *klp_moved_entry(unsigned long place, unsigned long main,
					 unsigned int since)
{
	unsigned int i;

	lockdep_assert_held(&klp_moved_lock);
	for (i = 0; i < klp_nr_moved; i++) {
		if (klp_moved[i].place == place && klp_moved[i].main == main)
			return &klp_moved[i];
	}
	/* The last entry is shared by all threads for which there is no room. */
	if (klp_nr_moved == KLP_MOVED_MAX)
		i = KLP_MOVED_MAX - 1;
	else
		klp_moved[klp_nr_moved++] = (struct klp_moved){ .since = since };
	klp_moved[i].place = i < KLP_MOVED_MAX - 1 ? place : 0;
	klp_moved[i].main = main;
	return &klp_moved[i];
}

/**
 * klp_moved_note - note that a thread migrates at a safe point
 * @task:	a kernel thread, a worker of io_uring or vhost, or a task that exits;
 *		other user tasks are ignored
 * @place:	address of the safe point
 * @since:	klp_nr_starts at the time at which the thread came to the safe point
 *
 * Context: Any, @task is the current task, or does not run.
 */
void klp_moved_note(struct task_struct *task, unsigned long place, unsigned int since)
{
	struct klp_moved *moved;

	if (!(klp_task_flags(task) & (PF_KTHREAD | PF_USER_WORKER | PF_EXITING)))
		return;
	guard(raw_spinlock_irqsave)(&klp_moved_lock);
	moved = klp_moved_entry(place, klp_main_function(task), since);
	/* Keep the thread that came there last. */
	if ((int)(since - moved->since) < 0)
		return;
	moved->since = since;
	moved->pid = task_pid_nr(task);
	strscpy(moved->comm, task->comm);
}

/**
 * klp_moved_reset - forget all places, because a transition is about to start
 *
 * Context: klp_mutex held, no task is migrating.
 */
void klp_moved_reset(void)
{
	lockdep_assert_held(&klp_mutex);
	guard(raw_spinlock_irqsave)(&klp_moved_lock);
	memset(klp_moved, 0, sizeof(klp_moved));
	klp_nr_moved = 0;
}

/**
 * klp_moved_get - get one of the places that were noted
 * @idx:	number of the place, counted from 0
 *
 * Context: klp_mutex held. All tasks have migrated, so the table does not change.
 * Return: the place, NULL if there are no more.
 */
const struct klp_moved *klp_moved_get(unsigned int idx)
	__context_unsafe(/* the table does not change */)
{
	lockdep_assert_held(&klp_mutex);
	return idx < klp_nr_moved ? &klp_moved[idx] : NULL;
}
