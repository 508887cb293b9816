// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of lpt_target, where lpt_pair_a() and lpt_pair_b() return LPT_PAIR_VERSION,
 * and of lpt_blocker, where lpt_hold() returns at once, unless the parameter "hold"
 * is set. Its parameter "unrelated" names a thread of lpt_blocker.
 *
 * Counts the callbacks for lpt_target in its parameters.
 */

#include <linux/delay.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#include "lpt.h"

#ifndef LPT_PAIR_VERSION
#define LPT_PAIR_VERSION 2
#endif

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before this one");

static bool only_a;
module_param(only_a, bool, 0444);
MODULE_PARM_DESC(only_a, "leave lpt_pair_b alone");

static bool refuse;
module_param(refuse, bool, 0644);
MODULE_PARM_DESC(refuse, "fail in the pre_patch callback");

static bool hold;
module_param(hold, bool, 0644);
MODULE_PARM_DESC(hold, "sleep in the new lpt_hold() until this is cleared");

static char *unrelated;
module_param(unrelated, charp, 0444);
MODULE_PARM_DESC(unrelated, "main function of a thread that is unrelated to the patch");

static int pre_patch, post_patch, pre_unpatch, post_unpatch;
module_param(pre_patch, int, 0444);
MODULE_PARM_DESC(pre_patch, "number of calls of this callback");
module_param(post_patch, int, 0444);
MODULE_PARM_DESC(post_patch, "number of calls of this callback");
module_param(pre_unpatch, int, 0444);
MODULE_PARM_DESC(pre_unpatch, "number of calls of this callback");
module_param(post_unpatch, int, 0444);
MODULE_PARM_DESC(post_unpatch, "number of calls of this callback");

static LPT_VERSION_FUNC(lpt_new_pair_a, LPT_PAIR_VERSION);
static LPT_VERSION_FUNC(lpt_new_pair_b, LPT_PAIR_VERSION);

static noinline void lpt_new_hold(void)
{
	while (READ_ONCE(hold))
		msleep(20);
}

static int lpt_pre_patch(struct klp_object *obj)
{
	pre_patch++;
	return refuse ? -ENODEV : 0;
}

static void lpt_post_patch(struct klp_object *obj)
{
	post_patch++;
}

static void lpt_pre_unpatch(struct klp_object *obj)
{
	pre_unpatch++;
}

static void lpt_post_unpatch(struct klp_object *obj)
{
	post_unpatch++;
}

static struct klp_thread lpt_unrelated[] = { { .module = "lpt_blocker" }, { } };

static struct klp_func lpt_target_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new_pair_a },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new_pair_b },
	{ }
};

static struct klp_func lpt_blocker_funcs[] = {
	{ .old_name = "lpt_hold", .new_func = lpt_new_hold },
	{ }
};

static struct klp_object lpt_objs[] = {
	{
		.name = "lpt_target",
		.funcs = lpt_target_funcs,
		.callbacks = {
			.pre_patch = lpt_pre_patch,
			.post_patch = lpt_post_patch,
			.pre_unpatch = lpt_pre_unpatch,
			.post_unpatch = lpt_post_unpatch,
		},
	},
	{ .name = "lpt_blocker", .funcs = lpt_blocker_funcs },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
	.unrelated = lpt_unrelated,
};

static int __init lpt_pair_init(void)
{
	lpt_patch.replace = replace;
	lpt_unrelated[0].main = unrelated;
	if (only_a)
		lpt_target_funcs[1] = (struct klp_func){ };
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_pair_exit(void)
{
}

module_init(lpt_pair_init);
module_exit(lpt_pair_exit);
MODULE_DESCRIPTION("Live patching tests: a patch of lpt_target");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
