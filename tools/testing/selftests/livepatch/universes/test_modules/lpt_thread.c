// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of the main function of a kernel thread. A thread that starts with the new
 * function waits at a safe point in it until it is told to stop.
 */

#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#include "lpt.h"

static int lpt_new_kthread_fn(void *unused)
{
	lpt_wait_for_stop();
	return 0;
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_kthread_fn", .new_func = lpt_new_kthread_fn },
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

static int __init lpt_thread_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_thread_exit(void)
{
}

module_init(lpt_thread_init);
module_exit(lpt_thread_exit);
MODULE_DESCRIPTION("Live patching tests: a patch of a kernel thread");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
