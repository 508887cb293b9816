// SPDX-License-Identifier: GPL-2.0
/*
 * A module, no patch, whose init function waits as the probe of a driver may: interruptibly,
 * and it fails if it is interrupted.
 */

#include <linux/delay.h>
#include <linux/module.h>

static unsigned int nap;
module_param(nap, uint, 0444);
MODULE_PARM_DESC(nap, "how long init waits, in milliseconds");

static int __init lpt_slow_init(void)
{
	return msleep_interruptible(nap) ? -EINTR : 0;
}

static void __exit lpt_slow_exit(void)
{
}

module_init(lpt_slow_init);
module_exit(lpt_slow_exit);
MODULE_DESCRIPTION("Live patching tests: a module whose init function waits");
MODULE_LICENSE("GPL");
