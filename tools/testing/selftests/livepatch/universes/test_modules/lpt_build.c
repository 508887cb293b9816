// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of lpt_target that names the builds given as parameters. lpt_pair_a() and
 * lpt_pair_b() return 5.
 */

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sprintf.h>

#include "lpt.h"

#define LPT_BUILD_SIZE 80

static char *kernel;
module_param(kernel, charp, 0444);
MODULE_PARM_DESC(kernel, "build ID of vmlinux");

static char *target;
module_param(target, charp, 0444);
MODULE_PARM_DESC(target, "build ID of lpt_target");

static bool unended;
module_param(unended, bool, 0444);
MODULE_PARM_DESC(unended, "let the last string have no end");

/* The section that KLP_BUILD_ID() fills. Empty strings between the others are allowed. */
static char lpt_builds[2][LPT_BUILD_SIZE] __section(KLP_BUILD_IDS_SEC);

static LPT_VERSION_FUNC(lpt_new_pair_a, 5);
static LPT_VERSION_FUNC(lpt_new_pair_b, 5);

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new_pair_a },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new_pair_b },
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

static void lpt_name_build(char *entry, const char *object, const char *id)
{
	if (id)
		snprintf(entry, LPT_BUILD_SIZE, "%s=%s", object, id);
}

static int __init lpt_build_init(void)
{
	lpt_name_build(lpt_builds[0], "vmlinux", kernel);
	lpt_name_build(lpt_builds[1], "lpt_target", target);
	if (unended)
		lpt_builds[1][LPT_BUILD_SIZE - 1] = 'x';
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_build_exit(void)
{
}

module_init(lpt_build_init);
module_exit(lpt_build_exit);
MODULE_DESCRIPTION("Live patching tests: a patch that names builds");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
