// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ordinary module with a bug that livepatch-module-fix.c fixes
 *
 * It has two numbers as parameters, and computes their average:
 *
 *   # insmod livepatch-module-target.ko a=10 b=20
 *   # cat /sys/module/livepatch_module_target/parameters/average
 *   15
 *
 * The average is wrong if the sum of the numbers does not fit in 32 bits:
 *
 *   # cd /sys/module/livepatch_module_target/parameters
 *   # echo 4000000000 > a; echo 4000000000 > b
 *   # cat average
 *   1852516352
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

static unsigned int a;
module_param(a, uint, 0644);
MODULE_PARM_DESC(a, "The first number");

static unsigned int b;
module_param(b, uint, 0644);
MODULE_PARM_DESC(b, "The second number");

/* A function can only be patched if it is neither inlined nor cloned. */
static noinline __noclone unsigned int target_average(unsigned int x,
						      unsigned int y)
{
	return (x + y) / 2;
}

static int average_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", target_average(a, b));
}

static const struct kernel_param_ops average_ops = {
	.get = average_get,
};
module_param_cb(average, &average_ops, NULL, 0444);
MODULE_PARM_DESC(average, "Their average");

static int __init target_init(void)
{
	return 0;
}

static void __exit target_exit(void)
{
}

module_init(target_init);
module_exit(target_exit);
MODULE_DESCRIPTION("Live patching sample: a module with a bug");
MODULE_LICENSE("GPL");
