// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A minimal patch, which replaces one function of the kernel
 *
 * The new function for reads of /proc/cmdline hides the boot parameters:
 *
 *   # cat /proc/cmdline
 *   root=/dev/vda console=ttyS0
 *   # insmod livepatch-sample.ko
 *   # cat /proc/cmdline
 *   this has been live patched
 *
 * insmod starts a transition, which ends when all tasks use the new function. That
 * usually takes at most a few seconds. The file reads as 0 after its end:
 *
 *   # cat /sys/kernel/livepatch/livepatch_sample/transition
 *   0
 *
 * Disabling the patch starts a transition, too. The module can be unloaded as soon
 * as the directory of the patch is gone:
 *
 *   # echo 0 > /sys/kernel/livepatch/livepatch_sample/enabled
 *   # cat /proc/cmdline
 *   root=/dev/vda console=ttyS0
 *   # rmmod livepatch-sample
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

/* Must have the type of the original, which is static in fs/proc/cmdline.c */
static int hidden_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "this has been live patched\n");
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = hidden_cmdline_proc_show,
	},
	{ }
};

/* An object without a name stands for vmlinux. */
static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init sample_init(void)
{
	return klp_enable_patch(&patch);
}

/* Empty, but a module without an exit function can't be unloaded. */
static void __exit sample_exit(void)
{
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Live patching sample: replace one function");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
