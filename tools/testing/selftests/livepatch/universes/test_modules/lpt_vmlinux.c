// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of two functions of vmlinux that a read of /proc/loadavg calls. The first one
 * sleeps, so that there is time for a transition between the two calls.
 */

#include <linux/delay.h>
#include <linux/kmod.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched/loadavg.h>

#define LPT_LOAD 77

static noinline void lpt_get_avenrun(unsigned long *loads, unsigned long offset,
				     int shift)
{
	loads[0] = (LPT_LOAD << FSHIFT) << shift;
	loads[1] = loads[0];
	loads[2] = loads[0];
	usleep_range(1000, 2000);
}

static noinline unsigned int lpt_nr_running(void)
{
	return LPT_LOAD;
}

static char *request;
module_param(request, charp, 0444);
MODULE_PARM_DESC(request, "module to load in the pre_patch callback");

static int lpt_pre_patch(struct klp_object *obj)
{
	return request && request_module("%s", request) ? -ENOENT : 0;
}

static struct klp_func lpt_funcs[] = {
	{ .old_name = "get_avenrun", .new_func = lpt_get_avenrun },
	{ .old_name = "nr_running", .new_func = lpt_nr_running },
	{ }
};

static struct klp_object lpt_objs[] = {
	{ .funcs = lpt_funcs, .callbacks = { .pre_patch = lpt_pre_patch } },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_vmlinux_init(void)
{
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_vmlinux_exit(void)
{
}

module_init(lpt_vmlinux_init);
module_exit(lpt_vmlinux_exit);
MODULE_DESCRIPTION("Live patching tests: a patch of vmlinux");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
