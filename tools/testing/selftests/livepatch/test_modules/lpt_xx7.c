// SPDX-License-Identifier: GPL-2.0
/* Nothing but a module, whose name is as long as that of vmlinux. */

#include <linux/module.h>

static int __init lpt_xx7_init(void)
{
	return 0;
}

static void __exit lpt_xx7_exit(void)
{
}

module_init(lpt_xx7_init);
module_exit(lpt_xx7_exit);
MODULE_DESCRIPTION("Live patching tests: a module to be renamed");
MODULE_LICENSE("GPL");
