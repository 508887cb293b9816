// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of a function that a wait calls after it has set the quiescent marker and
 * before it sleeps. The new function keeps the thread lpt_hold busy, so that it is
 * preempted there.
 */

#include <linux/jiffies.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timer.h>

static unsigned int stall;
module_param(stall, uint, 0644);
MODULE_PARM_DESC(stall, "seconds that the new function keeps the thread busy");

static unsigned int stalls;
module_param(stalls, uint, 0444);
MODULE_PARM_DESC(stalls, "1 while the thread is in the new function");

static noinline void lpt_timer_init_key(struct timer_list *timer,
					void (*func)(struct timer_list *),
					unsigned int flags, const char *name,
					struct lock_class_key *key)
{
	unsigned long end = jiffies + READ_ONCE(stall) * HZ;

	timer->entry.pprev = NULL;
	timer->function = func;
	timer->flags = flags | raw_smp_processor_id();
	if (strcmp(current->comm, "lpt_hold"))
		return;
	while (time_before(jiffies, end)) {
		WRITE_ONCE(stalls, 1);
		cpu_relax();
	}
	WRITE_ONCE(stalls, 0);
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "timer_init_key", .new_func = lpt_timer_init_key },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .funcs = lpt_funcs },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
#ifdef LPT_STALL_REPLACE
	.replace = true,
#endif
};

static int __init lpt_stall_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_stall_exit(void)
{
}

module_init(lpt_stall_init);
module_exit(lpt_stall_exit);
MODULE_DESCRIPTION("Live patching tests: a patch that a thread is preempted in");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
