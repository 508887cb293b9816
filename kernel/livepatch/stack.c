// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Last resort for tasks that do not come to a safe point: a check of their stack.
 */

/**
 * DOC: The stack check
 *
 * A kernel thread without a safe point never migrates by itself, so the transition
 * would never end. As a last resort its stack is checked. The module parameter
 * stack_check selects when a task is moved:
 *
 * off
 *   never;
 * loop
 *   if it is a kernel thread that sleeps in its main function and nowhere else: the trace
 *   has only functions of the scheduler, functions that sleep, the main function, and the
 *   common entry code of kernel threads. This is the default;
 * any
 *   if no function that changes is on the stack, whatever task it is. Other models decide
 *   in this way about all tasks. An administrator selects it for the transition under way,
 *   as a step between waiting and force. Without a transition it can't be selected. When
 *   the transition ends, the parameter gets the value again that it had before.
 *
 * Both loop and any are weaker than a safe point. A stack shows which functions the task
 * is in, but not what it has done before. The task may hold a lock, a reference, or a
 * value in a variable that old code has prepared, and continue with new code. With loop
 * this is unlikely, because a thread that sleeps in its main loop waits for its next item.
 * Therefore the check
 *
 * - is done late, after tasks that come to a safe point have had time to do so;
 * - requires a reliable trace, with no frame in an old or new version of a function
 *   that changes, or in code without a symbol, such as a trampoline;
 * - does not prove that code can be freed: the modules of patches that go out of effect
 *   in such a transition are pinned, as in a forced one.
 *
 * The symbols are not looked up under task_call_func(), because a look-up takes too long.
 * So the stack is saved first, checked while the task may run, and compared with the
 * current stack when the task is moved. The task may have run in between, but then it
 * has come back to the same place.
 */

#include <linux/cache.h>
#include <linux/kallsyms.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "internal.h"

#define KLP_STACK_MAX	64

/* Values of the parameter stack_check, see above */
enum klp_stack_check {
	KLP_STACK_OFF,
	KLP_STACK_LOOP,
	KLP_STACK_ANY,
};

static const char * const klp_stack_checks[] = {
	[KLP_STACK_OFF]		= "off",
	[KLP_STACK_LOOP]	= "loop",
	[KLP_STACK_ANY]		= "any",
};

/* KLP_STACK_OFF or KLP_STACK_LOOP, whether or not "any" is selected at the moment */
static enum klp_stack_check klp_stack_policy = KLP_STACK_LOOP;
/* Is "any" selected? Set under klp_mutex while tasks migrate, cleared when that ends */
static bool klp_stack_any;

static enum klp_stack_check klp_stack_check(void)
{
	return READ_ONCE(klp_stack_any) ? KLP_STACK_ANY : READ_ONCE(klp_stack_policy);
}

static int klp_stack_check_set(const char *val, const struct kernel_param *kp)
{
	int check = sysfs_match_string(klp_stack_checks, val);

	if (check < 0)
		return check;
	guard(mutex)(&klp_mutex);
	/* An administrator who comes too late must not select it for the next transition. */
	if (check == KLP_STACK_ANY &&
	    klp_transition_get()->phase != KLP_PHASE_MIGRATING)
		return -EINVAL;
	if (check != KLP_STACK_ANY)
		WRITE_ONCE(klp_stack_policy, check);
	WRITE_ONCE(klp_stack_any, check == KLP_STACK_ANY);
	return 0;
}

static int klp_stack_check_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", klp_stack_checks[klp_stack_check()]);
}

static const struct kernel_param_ops klp_stack_check_ops = {
	.set = klp_stack_check_set,
	.get = klp_stack_check_get,
};
module_param_cb(stack_check, &klp_stack_check_ops, NULL, 0600);

struct klp_stack {
	int len;
	unsigned long addr[KLP_STACK_MAX];
};

/* The stack that is checked, and the current one */
static struct klp_stack klp_stack_seen __guarded_by(&klp_mutex);
static struct klp_stack klp_stack_now __guarded_by(&klp_mutex);

/* Called by task_call_func(). Return: number of frames, or an error. */
static int klp_save_stack(struct task_struct *task, void *arg)
{
	struct klp_stack *stack = arg;

	stack->len = !klp_task_sleeps(task) ? -EBUSY :
		stack_trace_save_tsk_reliable(task, stack->addr, KLP_STACK_MAX);
	return stack->len;
}

/*
 * Return: true if the saved stack has a frame in the function at @func, or if the function
 * is not known. The end address of the function counts as inside, because it is the
 * return address if the last instruction calls a noreturn function.
 */
static bool klp_stack_has(unsigned long func)
{
	unsigned long size, offset, start;
	int i;

	lockdep_assert_held(&klp_mutex);
	if (!kallsyms_lookup_size_offset(func, &size, &offset))
		return true;
	start = func - offset;
	for (i = 0; i < klp_stack_seen.len; i++) {
		if (klp_stack_seen.addr[i] - start <= size)
			return true;
	}
	return false;
}

/*
 * Reject trampolines, and addresses without a symbol. Reject ".cold" symbols, too: they
 * are parts that the compiler has split off a function. They are outside of its address
 * range, so klp_stack_has() does not find them.
 */
static bool klp_is_plain_code(unsigned long addr)
{
	static char name[KSYM_SYMBOL_LEN];

	lockdep_assert_held(&klp_mutex);
	if (klp_is_trampoline(addr))
		return false;
	return sprint_symbol_no_offset(name, addr) && name[0] != '0' &&
	       !strstr(name, ".cold");
}

/* Entry code of kernel threads, and functions that sleep but are no scheduler text */
static const char * const klp_loop_names[] = {
	"__ret_from_fork", "kthread", "msleep", "msleep_interruptible", "ret_from_fork",
	"ret_from_fork_asm", "ret_from_kernel_thread", "ret_from_kernel_thread_asm",
	"usleep_range_state", "wait_woken",
};

static bool klp_is_loop_code(unsigned long addr, unsigned long main)
{
	static char name[KSYM_SYMBOL_LEN];
	unsigned long size, offset;

	lockdep_assert_held(&klp_mutex);
	if (in_sched_functions(addr))
		return true;
	if (!kallsyms_lookup_size_offset(addr, &size, &offset))
		return false;
	if (addr - offset == main)
		return true;
	sprint_symbol_no_offset(name, addr);
	return match_string(klp_loop_names, ARRAY_SIZE(klp_loop_names), name) >= 0;
}

/* Does the parameter allow all frames of the saved stack? */
static bool klp_stack_allows(struct task_struct *task, enum klp_stack_check check)
{
	unsigned long main = klp_main_function(task);
	int i;

	lockdep_assert_held(&klp_mutex);
	for (i = 0; i < klp_stack_seen.len; i++) {
		unsigned long addr = klp_stack_seen.addr[i];

		if (!klp_is_plain_code(addr) ||
		    (check == KLP_STACK_LOOP && !klp_is_loop_code(addr, main)))
			return false;
	}
	return true;
}

/*
 * Does the parameter concern the task? With "loop" only a kernel thread can be moved, and
 * no worker: its stack is checked in vain while an item is in progress.
 */
static bool klp_check_covers(const struct task_struct *task, enum klp_stack_check check)
{
	unsigned int flags = klp_task_flags(task) & (PF_KTHREAD | PF_WQ_WORKER | PF_EXITING);

	return check == KLP_STACK_ANY || (check == KLP_STACK_LOOP && flags == PF_KTHREAD);
}

/**
 * klp_stack_is_clear - may a task be moved because of its stack?
 * @task: the task, a straggler
 *
 * Context: Process context, klp_mutex held, in a transition.
 * Return: true if @task may be moved, provided that klp_stack_is_same() returns true when
 * it is moved.
 */
bool klp_stack_is_clear(struct task_struct *task)
{
	enum klp_stack_check check = klp_stack_check();

	lockdep_assert_held(&klp_mutex);
	if (!klp_check_covers(task, check))
		return false;
	if (task_call_func(task, klp_save_stack, &klp_stack_seen) <= 0)
		return false;
	return klp_stack_allows(task, check) &&
	       !klp_redirect_any_differing(klp_stack_has);
}

/**
 * klp_stack_check_end - end the use of "any" at the end of a transition
 *
 * Context: Any.
 */
void klp_stack_check_end(void)
{
	WRITE_ONCE(klp_stack_any, false);
}

/**
 * klp_stack_is_same - is the stack still the one that klp_stack_is_clear() has checked?
 * @task: the same task
 *
 * Context: Called by task_call_func(), klp_mutex held.
 * Return: true if the task is asleep, and its stack trace is the same.
 */
bool klp_stack_is_same(struct task_struct *task)
{
	int len;

	lockdep_assert_held(&klp_mutex);
	len = klp_save_stack(task, &klp_stack_now);
	return len == klp_stack_seen.len &&
	       !memcmp(klp_stack_now.addr, klp_stack_seen.addr,
		       len * sizeof(klp_stack_now.addr[0]));
}
