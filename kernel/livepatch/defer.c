// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data that is freed after a grace period of RCU tasks.
 */

#include <linux/ftrace.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include "internal.h"

/* Delay before the grace periods for blocks, redirects and groups that are not used */
#define KLP_FREE_DELAY	(10 * HZ)
/* Maximum number of times that freeing is postponed because of a transition */
#define KLP_FREE_POSTPONED_MAX	6

static LLIST_HEAD(klp_dead);

static void klp_free_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_free_work, klp_free_fn);

static void klp_queue_free_work(void)
{
	queue_delayed_work(system_dfl_wq, &klp_free_work, KLP_FREE_DELAY);
}

/*
 * Avoid a grace period during a transition. It would delay the transition, because
 * the worker that waits for the grace period, and the kthread of RCU tasks, do not
 * migrate before it has ended. But do not postpone it for ever: the transition may not
 * end, and the amount of memory to be freed may grow meanwhile.
 */
static bool klp_free_is_postponed(void)
{
	static unsigned int postponed;

	if (klp_patch_in_transition() && postponed++ < KLP_FREE_POSTPONED_MAX)
		return true;
	postponed = 0;
	return false;
}

/**
 * klp_wait_for_calls - wait until calls that were redirected have got to their target
 *
 * Waits for grace periods, which take long if a task runs in the kernel without a pause.
 *
 * Context: Process context, sleeps. No lock held that others wait for.
 */
void klp_wait_for_calls(void)
{
	/*
	 * The first waits for handlers, which may run where RCU is not watching. The
	 * second waits for tasks that were preempted in a trampoline or in a handler.
	 */
	synchronize_rcu_tasks_rude();
	synchronize_rcu_tasks();
}

static void klp_free_fn(struct work_struct *work)
{
	struct klp_dead *dead, *next;
	struct llist_node *all;

	/* Call sites may still lead to the data, see "Life time" in redirect.c. */
	if (ftrace_is_dead())
		return;
	if (klp_free_is_postponed()) {
		klp_queue_free_work();
		return;
	}
	all = llist_del_all(&klp_dead);
	klp_wait_for_calls();

	llist_for_each_entry_safe(dead, next, all, node)
		dead->free(dead);
}

/**
 * klp_free_later - free data when no task and no handler can use it any more
 * @dead: part of the data. No new reader can find the data
 * @free: frees the data, in process context
 *
 * The data is freed when 10 s, or during a transition about a minute, and then a grace
 * period have passed. Nothing is freed after ftrace has disabled itself.
 *
 * Context: Any, but not with a lock of the scheduler held, and no NMI.
 */
void klp_free_later(struct klp_dead *dead, void (*free)(struct klp_dead *dead))
{
	dead->free = free;
	llist_add(&dead->node, &klp_dead);
	klp_queue_free_work();
}
