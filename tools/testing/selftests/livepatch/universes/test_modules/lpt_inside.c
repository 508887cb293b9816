// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of a function in which a kernel thread waits at a safe point. The thread stays
 * in the new function until it is told to stop.
 */

#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(lpt_wait);

static void lpt_new_freezable(void)
{
	kthread_wait_event_freezable(lpt_wait, kthread_should_stop());
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_freezable", .new_func = lpt_new_freezable },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .name = "lpt_blocker", .funcs = lpt_funcs },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_inside_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_inside_exit(void)
{
}

module_init(lpt_inside_init);
module_exit(lpt_inside_exit);
MODULE_DESCRIPTION("Live patching tests: a patch that a kernel thread waits in");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
