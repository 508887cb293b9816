// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The smallest patch: one function of the kernel is replaced.
 *
 * The new function behind /proc/cmdline keeps the boot parameters to itself:
 *
 *   # cat /proc/cmdline
 *   root=/dev/vda console=ttyS0
 *   # insmod livepatch-sample.ko
 *   # cat /proc/cmdline
 *   this has been live patched
 *
 * A transition begins with insmod, and ends when every task has turned to the
 * new function. That usually takes a moment; the file says 0 when it is over:
 *
 *   # cat /sys/kernel/livepatch/livepatch_sample/transition
 *   0
 *
 * The way back takes the same steps. The module can be unloaded as soon as its
 * directory has gone:
 *
 *   # echo 0 > /sys/kernel/livepatch/livepatch_sample/enabled
 *   # cat /proc/cmdline
 *   root=/dev/vda console=ttyS0
 *   # rmmod livepatch-sample
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

/* Same type as the function in fs/proc/cmdline.c, which is static there. */
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

/* No name: the functions are those of vmlinux. */
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

/* The module has to have one to be unloadable, there is nothing to do in it. */
static void __exit sample_exit(void)
{
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Live patching sample: replace one function");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
