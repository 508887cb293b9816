// SPDX-License-Identifier: GPL-2.0
/* An empty module with a name of the same length as "vmlinux", to be renamed */

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
