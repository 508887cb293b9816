// SPDX-License-Identifier: GPL-2.0
/*
 * A patch whose init function fails after it has enabled the patch
 */

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/delay.h>

#include "lpt.h"

#define LPT_INITFAIL_VERSION	8

static unsigned int nap;
module_param(nap, uint, 0444);
MODULE_PARM_DESC(nap, "milliseconds from enabling the patch to the failure");

static LPT_VERSION_FUNC(lpt_new, LPT_INITFAIL_VERSION);

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .name = "lpt_target", .funcs = lpt_funcs },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_initfail_init(void)
{
	int ret = klp_enable_patch(&lpt_patch);

	if (ret)
		return ret;
	msleep(nap);
	return -ENOMEM;
}

static void __exit lpt_initfail_exit(void)
{
}

module_init(lpt_initfail_init);
module_exit(lpt_initfail_exit);
MODULE_DESCRIPTION("Live patching tests: a patch whose init function fails");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
