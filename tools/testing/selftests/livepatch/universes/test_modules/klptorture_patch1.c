// SPDX-License-Identifier: GPL-2.0
/*
 * A patch with the number KLPT_NUMBER of the functions that klptorture calls, and of
 * lpt_target, where lpt_pair_a() and lpt_pair_b() return KLPT_NUMBER + LPT_ORIGINAL.
 *
 * The exit function warns if a task is still in a function of this module.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/gcd.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/livepatch_universe.h>
#include <linux/module.h>

#include "lpt.h"

#ifndef KLPT_NUMBER
#define KLPT_NUMBER 1
#endif

/* From klptorture: int_pow() and lcm() return the number if called with this argument */
#define KLPT_MAGIC 0x6b6c70

/* A version that klptorture counts as a call of a function that is gone */
#define KLPT_GONE 0xf

static unsigned int functions = 0xf;
module_param(functions, uint, 0444);
MODULE_PARM_DESC(functions, "bit mask of klpt_a(), klpt_b(), int_pow() and lcm()");

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

/* From enum klpt_how of klptorture: thread is not woken; thread has no safe point */
#define KLPT_CREATE	1
#define KLPT_UNMARKED	3

static int klpt_leave(void)
{
	unsigned int number = READ_ONCE(klpt_number);

	atomic_dec(&klpt_inside);
	return number;
}

static u64 klpt_new_int_pow(u64 base, unsigned int exp)
{
	u64 result = 1;

	atomic_inc(&klpt_inside);
	if (!base && exp == KLPT_MAGIC)
		return klpt_leave();
	for (; exp; exp >>= 1) {
		if (exp & 1)
			result *= base;
		base *= base;
	}
	atomic_dec(&klpt_inside);
	return result;
}

static unsigned long klpt_new_lcm(unsigned long a, unsigned long b)
{
	unsigned long result;

	atomic_inc(&klpt_inside);
	if (a == KLPT_MAGIC && !b)
		return klpt_leave();
	result = a && b ? a / gcd(a, b) * b : 0;
	atomic_dec(&klpt_inside);
	return result;
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

static struct klp_func klpt_module_funcs[] = {
	{ .old_name = "klpt_a", .new_func = klpt_new_a },
	{ .old_name = "klpt_b", .new_func = klpt_new_b },
	{ .old_name = "klpt_start", .new_func = klpt_new_start },
	{ }
};

static struct klp_func klpt_kernel_funcs[] = {
	{ .old_name = "int_pow", .new_func = klpt_new_int_pow },
	{ .old_name = "lcm", .new_func = klpt_new_lcm },
	{ }
};

/* The number of functions of klptorture that are optional, and the bit of klpt_start() */
#define KLPT_OWN	2
#define KLPT_ALWAYS	BIT(KLPT_OWN)

static struct klp_func lpt_target_funcs[] = {
	{ .old_name = "lpt_pair_a", .new_func = lpt_new_pair_a },
	{ .old_name = "lpt_pair_b", .new_func = lpt_new_pair_b },
	{ }
};

static struct klp_object klpt_objs[] = {
	{ .name = "klptorture", .funcs = klpt_module_funcs },
	{ .name = "lpt_target", .funcs = lpt_target_funcs },
	{ .funcs = klpt_kernel_funcs },
	{ }
};

static struct klp_patch klpt_patch = {
	.mod = THIS_MODULE,
	.objs = klpt_objs,
};

/* Remove the functions whose bits are not set in @mask. */
static void __init klpt_select(struct klp_func *funcs, unsigned int mask)
{
	struct klp_func *to = funcs;

	for (; funcs->old_name; funcs++, mask >>= 1) {
		if (mask & 1)
			*to++ = *funcs;
	}
	*to = (struct klp_func){ };
}

static int __init klptorture_patch_init(void)
{
	int ret;

	klpt_select(klpt_module_funcs, functions | KLPT_ALWAYS);
	klpt_select(klpt_kernel_funcs, functions >> KLPT_OWN);
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
