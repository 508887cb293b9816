// SPDX-License-Identifier: GPL-2.0
/*
 * A patch whose code tasks keep the address of: lpt_hold() sets a function of the patch that
 * restarts the system call, or starts a worker of vhost that calls a function of the patch
 * for each item.
 */

#include <linux/err.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/restart_block.h>
#include <linux/sched.h>
#include <linux/sched/vhost_task.h>
#include <linux/thread_info.h>

static bool worker;
module_param(worker, bool, 0444);
MODULE_PARM_DESC(worker, "start a worker of vhost");

static struct vhost_task *lpt_worker;

static int lpt_stop(const char *val, const struct kernel_param *kp)
{
	struct vhost_task *vtsk = xchg(&lpt_worker, NULL);

	if (!vtsk)
		return -ESRCH;
	vhost_task_stop(vtsk);
	return 0;
}

static const struct kernel_param_ops lpt_stop_ops = {
	.set = lpt_stop,
};
module_param_cb(stop, &lpt_stop_ops, NULL, 0200);
MODULE_PARM_DESC(stop, "end the worker when this is written");

static bool lpt_item(void *unused)
{
	return false;
}

static void lpt_killed(void *unused)
{
}

static void lpt_start_worker(void)
{
	struct vhost_task *vtsk = vhost_task_create(lpt_item, lpt_killed, NULL, "lpt_worker");

	if (IS_ERR(vtsk))
		return;
	lpt_worker = vtsk;
	vhost_task_start(vtsk);
}

/* Called by restart_syscall() */
static long lpt_restart(struct restart_block *unused)
{
	return 0;
}

/* Called once by the test, instead of lpt_hold() */
static void lpt_keep(void)
{
	if (worker)
		lpt_start_worker();
	else
		set_restart_fn(&current->restart_block, lpt_restart);
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_hold", .new_func = lpt_keep },
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

static int __init lpt_kept_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_kept_exit(void)
{
}

module_init(lpt_kept_init);
module_exit(lpt_kept_exit);
MODULE_DESCRIPTION("Live patching tests: a patch whose addresses are kept");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
