// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of n functions of bench_target, according to the parameter: bench_spin(), and
 * then bench_many_001() and so on
 */

#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "bench.h"

static unsigned int n = 1;
module_param(n, uint, 0444);
MODULE_PARM_DESC(n, "number of functions, 1 to 1000");

static noinline void bench_new_spin(u64 usecs)
{
	u64 end = ktime_get_ns() + usecs * NSEC_PER_USEC;

	while (ktime_get_ns() < end)
		cpu_relax();
}

#define BENCH_NEW(a, b, c) static LPT_VERSION_FUNC(bench_new_##a##b##c, 2)
BENCH_THOUSAND(BENCH_NEW)

#define BENCH_PAIR(a, b, c) { "bench_many_" #a #b #c, bench_new_##a##b##c },
static const struct {
	const char *name;
	int (*fn)(void);
} bench_pairs[] = {
	BENCH_THOUSAND(BENCH_PAIR)
};

static struct klp_object bench_objs[] = {
	{ .name = "bench_target" },
	{ }
};

static struct klp_patch bench_patch = {
	.mod = THIS_MODULE,
	.objs = bench_objs,
};

static int __init bench_many_init(void)
{
	struct klp_func *funcs;
	unsigned int i;
	int ret;

	if (!n || n > ARRAY_SIZE(bench_pairs))
		return -EINVAL;
	funcs = kcalloc(n + 1, sizeof(*funcs), GFP_KERNEL);
	if (!funcs)
		return -ENOMEM;
	funcs[0].old_name = "bench_spin";
	funcs[0].new_func = bench_new_spin;
	for (i = 1; i < n; i++) {
		funcs[i].old_name = bench_pairs[i].name;
		funcs[i].new_func = bench_pairs[i].fn;
	}
	bench_objs[0].funcs = funcs;
	ret = klp_enable_patch(&bench_patch);
	if (ret)
		kfree(funcs);
	return ret;
}

static void __exit bench_many_exit(void)
{
	kfree(bench_objs[0].funcs);
}

module_init(bench_many_init);
module_exit(bench_many_exit);
MODULE_DESCRIPTION("Live patching measurements: a patch of many functions");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
