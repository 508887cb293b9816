// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The callbacks of a patch, and when they run
 *
 * Each of the two objects of this patch, the kernel and the module
 * livepatch_module_target, has all four callbacks. No function is replaced.
 * With the module loaded before, in the kernel log:
 *
 *   # insmod livepatch-module-target.ko
 *   # insmod livepatch-callbacks-demo.ko
 *   livepatch_callbacks_demo: pre_patch vmlinux
 *   livepatch_callbacks_demo: pre_patch livepatch_module_target, live
 *   livepatch_callbacks_demo: post_patch vmlinux
 *   livepatch_callbacks_demo: post_patch livepatch_module_target, live
 *
 * pre_patch runs before any task runs new code, post_patch when all tasks do.
 * A module that is unloaded is unpatched first, without a transition. Its exit
 * function has been called already:
 *
 *   # rmmod livepatch-module-target
 *   livepatch_callbacks_demo: pre_unpatch livepatch_module_target, going
 *   livepatch_callbacks_demo: post_unpatch livepatch_module_target, going
 *
 * One that is loaded later is patched before its init function runs:
 *
 *   # insmod livepatch-module-target.ko
 *   livepatch_callbacks_demo: pre_patch livepatch_module_target, coming
 *   livepatch_callbacks_demo: post_patch livepatch_module_target, coming
 *
 * The patch is disabled:
 *
 *   # echo 0 > /sys/kernel/livepatch/livepatch_callbacks_demo/enabled
 *   livepatch_callbacks_demo: pre_unpatch vmlinux
 *   livepatch_callbacks_demo: pre_unpatch livepatch_module_target, live
 *   livepatch_callbacks_demo: post_unpatch vmlinux
 *   livepatch_callbacks_demo: post_unpatch livepatch_module_target, live
 *   # rmmod livepatch-callbacks-demo
 *
 * pre_patch may return an error. Then the patch is not enabled, and insmod fails.
 * pre_patch is not called for further objects, and post_unpatch is not called for
 * the object that refused:
 *
 *   # insmod livepatch-callbacks-demo.ko refuse=vmlinux
 *   livepatch_callbacks_demo: pre_patch vmlinux: refused
 *   insmod: ERROR: could not insert module ...: No such device
 *
 * If pre_patch fails for the module while the patch is being enabled, post_unpatch
 * is called for vmlinux, whose pre_patch had succeeded. If it fails when the module
 * is loaded later, the module is not loaded:
 *
 *   # rmmod livepatch-module-target
 *   # insmod livepatch-callbacks-demo.ko refuse=livepatch_module_target
 *   # insmod livepatch-module-target.ko
 *   livepatch_callbacks_demo: pre_patch livepatch_module_target: refused
 *   insmod: ERROR: could not insert module ...: No such device
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

static char *refuse = "";
module_param(refuse, charp, 0444);
MODULE_PARM_DESC(refuse, "Object whose pre_patch callback refuses");

static const char *demo_name(const struct klp_object *obj)
{
	return obj->name ?: "vmlinux";
}

static const char *demo_module_state(const struct klp_object *obj)
{
	if (!obj->mod)
		return "";

	switch (obj->mod->state) {
	case MODULE_STATE_LIVE:
		return ", live";
	case MODULE_STATE_COMING:
		return ", coming";
	case MODULE_STATE_GOING:
		return ", going";
	default:
		return ", unformed";
	}
}

static int demo_pre_patch(struct klp_object *obj)
{
	if (!strcmp(refuse, demo_name(obj))) {
		pr_info("pre_patch %s: refused\n", demo_name(obj));
		return -ENODEV;
	}
	pr_info("pre_patch %s%s\n", demo_name(obj), demo_module_state(obj));
	return 0;
}

static void demo_post_patch(struct klp_object *obj)
{
	pr_info("post_patch %s%s\n", demo_name(obj), demo_module_state(obj));
}

static void demo_pre_unpatch(struct klp_object *obj)
{
	pr_info("pre_unpatch %s%s\n", demo_name(obj), demo_module_state(obj));
}

static void demo_post_unpatch(struct klp_object *obj)
{
	pr_info("post_unpatch %s%s\n", demo_name(obj), demo_module_state(obj));
}

#define DEMO_CALLBACKS {				\
	.pre_patch	= demo_pre_patch,		\
	.post_patch	= demo_post_patch,		\
	.pre_unpatch	= demo_pre_unpatch,		\
	.post_unpatch	= demo_post_unpatch,		\
}

/* An object needs a list of functions, which may be empty. */
static struct klp_func no_funcs[] = {
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = no_funcs,
		.callbacks = DEMO_CALLBACKS,
	},
	{
		.name = "livepatch_module_target",
		.funcs = no_funcs,
		.callbacks = DEMO_CALLBACKS,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init demo_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit demo_exit(void)
{
}

module_init(demo_init);
module_exit(demo_exit);
MODULE_DESCRIPTION("Live patching sample: callbacks");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
