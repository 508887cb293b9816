// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of two objects: a function of the kernel, and two of lpt_target.
 */

#include <linux/livepatch.h>
#include <linux/module.h>

#include "lpt.h"

static u64 lpt_int_pow(u64 base, unsigned int exp)
{
	u64 result = 1;

	if (base == LPT_ORIGINAL && exp == LPT_BOTH_POWER)
		return LPT_BOTH;
	for (; exp; exp >>= 1) {
		if (exp & 1)
			result *= base;
		base *= base;
	}
	return result;
}

static LPT_VERSION_FUNC(lpt_new_pair_a, LPT_BOTH);
static LPT_VERSION_FUNC(lpt_new_pair_b, LPT_BOTH);

static struct klp_func lpt_kernel_funcs[] = {
	{ .old_name = "int_pow", .new_func = lpt_int_pow },
	{ }
};

static struct klp_func lpt_target_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new_pair_a },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new_pair_b },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .funcs = lpt_kernel_funcs },
	{ .name = "lpt_target", .funcs = lpt_target_funcs },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_both_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_both_exit(void)
{
}

module_init(lpt_both_init);
module_exit(lpt_both_exit);
MODULE_DESCRIPTION("Live patching tests: a patch of the kernel and of a module");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
