// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of the kernel and of two modules. The callbacks record their calls in the
 * parameter "calls". One of them runs a command, which may load or unload these modules.
 */

#include <linux/delay.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/umh.h>

#include "lpt.h"

#define LPT_CALLBACKS_VERSION 6

static char *when = "never";
module_param(when, charp, 0444);
MODULE_PARM_DESC(when, "callback and object that run the command, such as pre_patch:vmlinux");

static char *run = "";
module_param(run, charp, 0444);
MODULE_PARM_DESC(run, "shell command that the callback runs");

static int status = -1;
module_param(status, int, 0444);
MODULE_PARM_DESC(status, "exit status of the command");

static unsigned int delay;
module_param(delay, uint, 0644);
MODULE_PARM_DESC(delay, "milliseconds that the callbacks of modules take");

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before this one");

static char calls[256];
module_param_string(calls, calls, sizeof(calls), 0444);
MODULE_PARM_DESC(calls, "callbacks that have run");

static DEFINE_SPINLOCK(lpt_calls_lock);

static void lpt_run(void)
{
	char *argv[] = { "/bin/sh", "-c", run, NULL };
	char *envp[] = { "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };

	status = call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);
}

static void lpt_called(const char *callback, const struct klp_object *obj)
{
	char call[64];

	snprintf(call, sizeof(call), "%s:%s", callback, obj->name ?: "vmlinux");
	scoped_guard(spinlock, &lpt_calls_lock) {
		strlcat(calls, *calls ? " " : "", sizeof(calls));
		strlcat(calls, call, sizeof(calls));
	}
	if (!strcmp(call, when))
		lpt_run();
	if (obj->name)
		msleep(delay);
}

static int lpt_pre_patch(struct klp_object *obj)
{
	lpt_called("pre_patch", obj);
	return 0;
}

static void lpt_post_patch(struct klp_object *obj)
{
	lpt_called("post_patch", obj);
}

static void lpt_pre_unpatch(struct klp_object *obj)
{
	lpt_called("pre_unpatch", obj);
}

static void lpt_post_unpatch(struct klp_object *obj)
{
	lpt_called("post_unpatch", obj);
}

#define LPT_CALLBACKS {				\
	.pre_patch	= lpt_pre_patch,	\
	.post_patch	= lpt_post_patch,	\
	.pre_unpatch	= lpt_pre_unpatch,	\
	.post_unpatch	= lpt_post_unpatch,	\
}

static LPT_VERSION_FUNC(lpt_new_a, LPT_CALLBACKS_VERSION);
static LPT_VERSION_FUNC(lpt_new_b, LPT_CALLBACKS_VERSION);

static struct klp_func lpt_no_funcs[] = {
	{ }
};

static struct klp_func lpt_target_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new_a },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new_b },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .funcs = lpt_no_funcs, .callbacks = LPT_CALLBACKS },
	{ .name = "lpt_target", .funcs = lpt_target_funcs,
	  .callbacks = LPT_CALLBACKS },
	{ .name = "lpt_blocker", .funcs = lpt_no_funcs,
	  .callbacks = LPT_CALLBACKS },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_callbacks_init(void)
{
	lpt_patch.replace = replace;
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_callbacks_exit(void)
{
}

module_init(lpt_callbacks_init);
module_exit(lpt_callbacks_exit);
MODULE_DESCRIPTION("Live patching tests: callbacks that load modules");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
