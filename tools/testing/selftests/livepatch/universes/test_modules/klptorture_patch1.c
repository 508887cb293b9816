// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of klptorture, with the number KLPT_NUMBER, and of lpt_target, where
 * lpt_pair_a() and lpt_pair_b() return KLPT_NUMBER + LPT_ORIGINAL.
 *
 * The exit function warns if a task is still in a function of this module.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/livepatch_universe.h>
#include <linux/module.h>

#include "lpt.h"

#ifndef KLPT_NUMBER
#define KLPT_NUMBER 1
#endif

/* A version that klptorture counts as a call of a function that is gone */
#define KLPT_GONE 0xf

static unsigned int functions = 0xf;
module_param(functions, uint, 0444);
MODULE_PARM_DESC(functions, "bit mask of the functions of klptorture to patch");

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before this one");

static int fail = -1;
module_param(fail, int, 0444);
MODULE_PARM_DESC(fail, "milliseconds until init fails after it has enabled the patch; negative: it succeeds");

static unsigned int klpt_number = KLPT_NUMBER;
static atomic_t klpt_inside;

#define KLPT_NEW_FUNC(name)						\
static noinline unsigned int name(void (*inside)(void *arg), void *arg)	\
{									\
	unsigned int number;						\
									\
	atomic_inc(&klpt_inside);					\
	if (inside)							\
		inside(arg);						\
	number = READ_ONCE(klpt_number);				\
	asm volatile("# " #name : "+r" (number));			\
	atomic_dec(&klpt_inside);					\
	return number;							\
}

KLPT_NEW_FUNC(klpt_new_a)
KLPT_NEW_FUNC(klpt_new_b)
KLPT_NEW_FUNC(klpt_new_c)
KLPT_NEW_FUNC(klpt_new_d)

/* From enum klpt_how of klptorture: thread is not woken; thread has no safe point */
#define KLPT_CREATE	1
#define KLPT_UNMARKED	3

static int klpt_leave(void)
{
	unsigned int number = READ_ONCE(klpt_number);

	atomic_dec(&klpt_inside);
	return number;
}

static int klpt_main(void *ready)
{
	atomic_inc(&klpt_inside);
	complete_all(ready);
	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		klp_schedule_timeout_interruptible(HZ / 20);
	}
	return klpt_leave();
}

static int klpt_unmarked_main(void *ready)
{
	atomic_inc(&klpt_inside);
	set_freezable();
	complete_all(ready);
	while (!kthread_freezable_should_stop(NULL))
		msleep_interruptible(50);
	return klpt_leave();
}

/* A thread whose main function is in this module */
static noinline struct task_struct *klpt_new_start(unsigned int how,
						   struct completion *ready)
{
	struct task_struct *task;

	task = kthread_create(how == KLPT_UNMARKED ? klpt_unmarked_main : klpt_main,
			      ready, "klpt_started");
	if (!IS_ERR(task) && how != KLPT_CREATE)
		wake_up_process(task);
	return task;
}

static LPT_VERSION_FUNC(lpt_new_pair_a, KLPT_NUMBER + LPT_ORIGINAL);
static LPT_VERSION_FUNC(lpt_new_pair_b, KLPT_NUMBER + LPT_ORIGINAL);

static const struct klp_func klpt_all_funcs[] = {
	{ .old_name = "klpt_a", .new_func = klpt_new_a },
	{ .old_name = "klpt_b", .new_func = klpt_new_b },
	{ .old_name = "klpt_c", .new_func = klpt_new_c },
	{ .old_name = "klpt_d", .new_func = klpt_new_d },
	{ .old_name = "klpt_start", .new_func = klpt_new_start },
};

/* The bit of klpt_start() */
#define KLPT_ALWAYS	BIT(ARRAY_SIZE(klpt_all_funcs) - 1)

/* The functions selected by @functions, klpt_start(), and an empty entry at the end */
static struct klp_func klpt_funcs[ARRAY_SIZE(klpt_all_funcs) + 1];

static struct klp_func lpt_target_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new_pair_a },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new_pair_b },
	{ }
};

static struct klp_object klpt_objs[] = {
	{ .name = "klptorture", .funcs = klpt_funcs },
	{ .name = "lpt_target", .funcs = lpt_target_funcs },
	{ }
};

static struct klp_patch klpt_patch = {
	.mod = THIS_MODULE,
	.objs = klpt_objs,
};

static int __init klptorture_patch_init(void)
{
	unsigned int i, n = 0;
	int ret;

	for (i = 0; i < ARRAY_SIZE(klpt_all_funcs); i++) {
		if ((functions | KLPT_ALWAYS) & BIT(i))
			klpt_funcs[n++] = klpt_all_funcs[i];
	}
	klpt_patch.replace = replace;
	ret = klp_enable_patch(&klpt_patch);
	if (ret || fail < 0)
		return ret;
	msleep(fail);
	return -ENOMEM;
}

static void __exit klptorture_patch_exit(void)
{
	WARN(atomic_read(&klpt_inside), "%d calls are in a function that goes\n",
	     atomic_read(&klpt_inside));
	WRITE_ONCE(klpt_number, KLPT_GONE);
}

module_init(klptorture_patch_init);
module_exit(klptorture_patch_exit);
MODULE_DESCRIPTION("Live patching tests: a patch of klptorture");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
