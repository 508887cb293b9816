// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of a function that calls another one with a safe point: it is on the stack of
 * a kernel thread that waits there.
 */

#include <linux/livepatch.h>
#include <linux/module.h>

/* The thread returns to this function. It returns one more than the original. */
static noinline int lpt_new_step(int (*below)(void))
{
	int ret = below();

	barrier();
	return ret + 1;
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_step", .new_func = lpt_new_step },
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

static int __init lpt_step_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_step_exit(void)
{
}

module_init(lpt_step_init);
module_exit(lpt_step_exit);
MODULE_DESCRIPTION("Live patching tests: a patch below which a kernel thread waits");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
