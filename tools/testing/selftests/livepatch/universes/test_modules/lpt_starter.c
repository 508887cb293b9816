// SPDX-License-Identifier: GPL-2.0
/*
 * A patch that starts a kernel thread whose main function is in the patch. With the
 * parameter "unstarted" the thread is created, but never woken.
 */

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "lpt.h"

static bool unstarted;
module_param(unstarted, bool, 0444);
MODULE_PARM_DESC(unstarted, "do not wake the thread");

static struct task_struct *lpt_task;

static int lpt_stop(const char *val, const struct kernel_param *kp)
{
	struct task_struct *task = xchg(&lpt_task, NULL);

	if (!task)
		return -ESRCH;
	/* If it was never woken, this is -EINTR, and its main function does not run. */
	kthread_stop(task);
	return 0;
}

static const struct kernel_param_ops lpt_stop_ops = {
	.set = lpt_stop,
};
module_param_cb(stop, &lpt_stop_ops, NULL, 0200);
MODULE_PARM_DESC(stop, "end the thread when this is written");

static int lpt_started_fn(void *unused)
{
	lpt_wait_for_stop();
	return 0;
}

/* Called once by the test, instead of lpt_hold() */
static void lpt_start(void)
{
	struct task_struct *task = kthread_create(lpt_started_fn, NULL, "lpt_started");

	if (IS_ERR(task))
		return;
	lpt_task = task;
	if (!unstarted)
		wake_up_process(task);
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_hold", .new_func = lpt_start },
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

static int __init lpt_starter_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_starter_exit(void)
{
}

module_init(lpt_starter_init);
module_exit(lpt_starter_exit);
MODULE_DESCRIPTION("Live patching tests: a patch that starts kernel threads");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
