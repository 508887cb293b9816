// SPDX-License-Identifier: GPL-2.0
/*
 * Invalid patches, which must be refused, and a few valid ones. The parameter "kind"
 * selects one.
 *
 * Most replace lpt_pair_a() correctly and then have one invalid entry. The correct
 * entry must have no effect.
 */

#include <linux/kallsyms.h>
#include <linux/livepatch.h>
#include <linux/math.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "lpt.h"

#define LPT_INPUT_VERSION 9

static char *kind = "good";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "which patch to try, see lpt_input.c");

static char *object = "lpt_target";
module_param(object, charp, 0444);
MODULE_PARM_DESC(object, "with kind=object: name of the object");

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before this one");

static unsigned int set;
module_param(set, uint, 0444);
MODULE_PARM_DESC(set, "replace set of the patch");

static LPT_VERSION_FUNC(lpt_new, LPT_INPUT_VERSION);

/* A function of the patch itself */
static LPT_VERSION_FUNC(lpt_own, LPT_ORIGINAL);

static int lpt_own_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", lpt_own());
}

static const struct kernel_param_ops lpt_own_ops = {
	.get = lpt_own_get,
};
module_param_cb(own, &lpt_own_ops, NULL, 0444);
MODULE_PARM_DESC(own, "what lpt_own() returns, which kind=own patches");

/* Has the first length that is refused */
static char lpt_long_name[KSYM_NAME_LEN + 1];

struct lpt_kind {
	const char *name;
	struct klp_func func;
};

static const struct lpt_kind lpt_kinds[] = {
	{ "good", { .old_name = "lpt_pair_b", .new_func = lpt_new } },
	{ "first_twin", { "lpt_twin", lpt_new, 1 } },
	{ "second_twin", { "lpt_twin", lpt_new, 2 } },
	{ "ambiguous", { "lpt_twin", lpt_new, 0 } },
	{ "third_twin", { "lpt_twin", lpt_new, 3 } },
	{ "second_of_one", { "lpt_pair_b", lpt_new, 2 } },
	{ "unknown", { "lpt_no_such_function", lpt_new, 0 } },
	{ "no_name", { NULL, lpt_new, 0 } },
	{ "empty_name", { "", lpt_new, 0 } },
	{ "long_name", { lpt_long_name, lpt_new, 0 } },
	{ "no_new_func", { "lpt_pair_b", NULL, 0 } },
	{ "bad_new_func", { "lpt_pair_b", (void *)1, 0 } },
	{ "data_new_func", { "lpt_pair_b", lpt_long_name, 0 } },
	{ "inlined", { "lpt_inlined", lpt_new, 0 } },
	{ "cloned", { "lpt_cloned", lpt_new, 0 } },
	{ "late_init", { "lpt_target_init", lpt_new, 0 } },
	{ "data", { "lpt_phase", lpt_new, 0 } },
	{ "notrace", { "lpt_untraceable", lpt_new, 0 } },
	{ "twice", { "lpt_pair_a", lpt_new, 0 } },
	/* An empty entry: the list ends after lpt_pair_a() */
	{ "one", { NULL, NULL, 0 } },
	{ "hole_first", { "lpt_hole_first", lpt_new, 0 } },
	{ "hole_middle", { "lpt_hole_middle", lpt_new, 0 } },
	{ "hole_notrace", { "lpt_hole_notrace", lpt_new, 0 } },
	{ "hole_last", { "lpt_hole_last", lpt_new, 0 } },
};

/* Patches of one or two functions of vmlinux, without lpt_pair_a() */
static const struct lpt_vmlinux_kind {
	const char *name;
	struct klp_func funcs[2];
} lpt_vmlinux_kinds[] = {
	{ "init", { { "start_kernel", lpt_new, 0 } } },
	{ "kernel_trace", { { "ftrace_location", lpt_new, 0 } } },
	/* New functions that are functions of vmlinux, and may be patched themselves */
	{ "itself", { { "int_pow", int_pow, 0 } } },
	{ "itself_inside", { { "int_pow", (char *)int_pow + 4, 0 } } },
	{ "swapped", { { "int_pow", int_sqrt, 0 }, { "int_sqrt", int_pow, 0 } } },
	{ "there", { { "int_pow", int_sqrt, 0 } } },
	{ "back", { { "int_sqrt", int_pow, 0 } } },
	{ "over", { { "int_pow", lpt_new, 0 } } },
};

static struct klp_func lpt_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new },
	{ },
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

static int lpt_enable_malformed(void)
{
	if (!strcmp(kind, "no_patch"))
		return klp_enable_patch(NULL);

	if (!strcmp(kind, "no_module"))
		lpt_patch.mod = NULL;
	else if (!strcmp(kind, "no_objects"))
		lpt_patch.objs = NULL;
	else if (!strcmp(kind, "no_funcs"))
		lpt_objs[0].funcs = NULL;
	else if (!strcmp(kind, "long_object"))
		lpt_objs[0].name = "lpt_target_of_a_name_that_is_longer_than_any_module_can_have";
	else if (!strcmp(kind, "object"))
		lpt_objs[0].name = object;
	else
		return -EDOM;
	return klp_enable_patch(&lpt_patch);
}

/* The patch is an object of itself. */
static int lpt_enable_own(void)
{
	lpt_objs[0].name = KBUILD_MODNAME;
	lpt_funcs[0].old_name = "lpt_own";
	return klp_enable_patch(&lpt_patch);
}

/* The object has a list without functions. */
static int lpt_enable_empty_list(void)
{
	lpt_funcs[0] = (struct klp_func){ };
	return klp_enable_patch(&lpt_patch);
}

static int lpt_enable_vmlinux(const struct klp_func *funcs)
{
	lpt_objs[0].name = NULL;
	lpt_funcs[0] = funcs[0];
	lpt_funcs[1] = funcs[1];
	return klp_enable_patch(&lpt_patch);
}

static int __init lpt_input_init(void)
{
	int i;

	lpt_patch.replace = replace;
	lpt_patch.replace_set = set;
	memset(lpt_long_name, 'x', KSYM_NAME_LEN);
	if (!strcmp(kind, "own"))
		return lpt_enable_own();
	if (!strcmp(kind, "empty_list"))
		return lpt_enable_empty_list();
	for (i = 0; i < ARRAY_SIZE(lpt_vmlinux_kinds); i++) {
		if (!strcmp(kind, lpt_vmlinux_kinds[i].name))
			return lpt_enable_vmlinux(lpt_vmlinux_kinds[i].funcs);
	}

	for (i = 0; i < ARRAY_SIZE(lpt_kinds); i++) {
		if (strcmp(kind, lpt_kinds[i].name))
			continue;
		lpt_funcs[1] = lpt_kinds[i].func;
		return klp_enable_patch(&lpt_patch);
	}
	return lpt_enable_malformed();
}

static void __exit lpt_input_exit(void)
{
}

module_init(lpt_input_init);
module_exit(lpt_input_exit);
MODULE_DESCRIPTION("Live patching tests: patches that must be refused");
MODULE_LICENSE("GPL");
#ifndef LPT_UNMARKED
MODULE_INFO(livepatch, "Y");
#endif
