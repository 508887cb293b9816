// SPDX-License-Identifier: GPL-2.0
/*
 * A kprobe with a post_handler. It uses IPMODIFY, so no patch can redirect its function
 * at the same time.
 */

#include <linux/kprobes.h>
#include <linux/module.h>

static void lpt_post(struct kprobe *probe, struct pt_regs *regs,
		     unsigned long flags)
{
}

static struct kprobe lpt_probe = {
	.symbol_name	= "lpt_pair_b",
	.post_handler	= lpt_post,
};

static int __init lpt_taker_init(void)
{
	return register_kprobe(&lpt_probe);
}

static void __exit lpt_taker_exit(void)
{
	unregister_kprobe(&lpt_probe);
}

module_init(lpt_taker_init);
module_exit(lpt_taker_exit);
MODULE_DESCRIPTION("Live patching tests: another owner of a function's entry");
MODULE_LICENSE("GPL");
