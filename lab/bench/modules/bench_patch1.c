// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of bench_target: bench_fn() returns BENCH_VERSION, and bench_hold()
 * returns at once.
 *
 * With the parameter "probe" it measures right after the transition has started, in the
 * task that loads the module. That task has not left the kernel, so it has not migrated.
 */

#include <linux/livepatch.h>
#include <linux/module.h>

#include "bench.h"

#ifndef BENCH_VERSION
#define BENCH_VERSION 2
#endif

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before this one");

static bool probe;
module_param(probe, bool, 0444);
MODULE_PARM_DESC(probe, "call bench_probe()");

static LPT_VERSION_FUNC(bench_new_fn, BENCH_VERSION);

static noinline void bench_new_hold(void)
{
}

static struct klp_func bench_funcs[] = {
	{ .old_name = "bench_fn", .new_func = bench_new_fn },
	{ .old_name = "bench_hold", .new_func = bench_new_hold },
	{ }
};

static struct klp_object bench_objs[] = {
	{ .name = "bench_target", .funcs = bench_funcs },
	{ }
};

static struct klp_patch bench_patch = {
	.mod = THIS_MODULE,
	.objs = bench_objs,
};

static int __init bench_patch_init(void)
{
	int ret;

	bench_patch.replace = replace;
	ret = klp_enable_patch(&bench_patch);
	if (!ret && probe)
		bench_probe();
	return ret;
}

static void __exit bench_patch_exit(void)
{
}

module_init(bench_patch_init);
module_exit(bench_patch_exit);
MODULE_DESCRIPTION("Live patching measurements: a patch of bench_target");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
