// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of one function, in a replace set. All of it is given by parameters. The test
 * loads copies of the module under other names, so that there are several patches.
 */

#include <linux/livepatch.h>
#include <linux/module.h>

#include "lpt.h"

static unsigned int set;
module_param(set, uint, 0444);
MODULE_PARM_DESC(set, "replace set of the patch");

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches of the set before this one");

static int version;
module_param(version, int, 0444);
MODULE_PARM_DESC(version, "what the new function returns");

static char *function = "lpt_pair_a";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "function of lpt_target that is replaced");

static unsigned long sympos;
module_param(sympos, ulong, 0444);
MODULE_PARM_DESC(sympos, "position of the function among those of this name");

static unsigned long state;
module_param(state, ulong, 0444);
MODULE_PARM_DESC(state, "id of a state, 0: the patch has none");

static noinline int lpt_new(void)
{
	return version;
}

static struct klp_func lpt_funcs[] = {
	{ .new_func = lpt_new },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .name = "lpt_target", .funcs = lpt_funcs },
	{ }
};

static struct klp_state lpt_states[] = {
	{ .version = 1 },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
	.states = lpt_states,
};

static int __init lpt_set_init(void)
{
	lpt_patch.replace = replace;
	lpt_patch.replace_set = set;
	lpt_funcs[0].old_name = function;
	lpt_funcs[0].old_sympos = sympos;
	lpt_states[0].id = state;
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_set_exit(void)
{
}

module_init(lpt_set_init);
module_exit(lpt_set_exit);
MODULE_DESCRIPTION("Live patching tests: a patch in a replace set");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
