// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A patch for a module, which may be loaded before or after the patch
 *
 * livepatch-module-target.c computes an average that is wrong for big numbers.
 * With the patch it is right:
 *
 *   # insmod livepatch-module-target.ko a=4000000000 b=4000000000
 *   # cat /sys/module/livepatch_module_target/parameters/average
 *   1852516352
 *   # insmod livepatch-module-fix.ko
 *   # cat /sys/module/livepatch_module_target/parameters/average
 *   4000000000
 *
 * The patch may also be loaded first. Then the module is patched when it is loaded,
 * before any of its code runs:
 *
 *   # rmmod livepatch-module-target
 *   # cat /sys/kernel/livepatch/livepatch_module_fix/livepatch_module_target/patched
 *   0
 *   # insmod livepatch-module-target.ko a=4000000000 b=4000000000
 *   # cat /sys/kernel/livepatch/livepatch_module_fix/livepatch_module_target/patched
 *   1
 *   # cat /sys/module/livepatch_module_target/parameters/average
 *   4000000000
 *
 * To disable and remove the patch:
 *
 *   # echo 0 > /sys/kernel/livepatch/livepatch_module_fix/enabled
 *   # rmmod livepatch-module-fix
 */
#include <linux/livepatch.h>
#include <linux/module.h>

static unsigned int fixed_average(unsigned int x, unsigned int y)
{
	return (x & y) + (x ^ y) / 2;
}

static struct klp_func funcs[] = {
	{
		.old_name = "target_average",
		.new_func = fixed_average,
	},
	{ }
};

/* The name of the module as in /proc/modules, with underscores */
static struct klp_object objs[] = {
	{
		.name = "livepatch_module_target",
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init fix_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit fix_exit(void)
{
}

module_init(fix_init);
module_exit(fix_exit);
MODULE_DESCRIPTION("Live patching sample: patch a module");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
