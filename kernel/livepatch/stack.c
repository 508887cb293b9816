// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the stack of a kernel thread without a safe point says.
 */

/**
 * DOC: The stack check
 *
 * A kernel thread that has no safe point is behind for ever, and so is its
 * transition. As a last resort an administrator may trust its stack: if nothing of
 * what changes is on it, the thread is moved where it is.
 *
 * That is less than a safe point. A stack shows what the thread is in, not what it
 * has been in: it may hold a lock, a reference, or a value in a variable that an old
 * function has prepared, and go on with a new one. So the consistency of this
 * thread, and of nobody else, is that of a model which looks at stacks: no function
 * changes while the thread is in it, and that is all. Therefore the check
 *
 * - is off unless the parameter stack_check is set;
 * - comes late, after all who have a safe point have had their time;
 * - is done for kernel threads alone, and not for workers: these pass a safe point
 *   with their next item;
 * - wants a reliable trace, with no frame in an old or new version of a function
 *   that changes, or in code that can't be told, such as a trampoline;
 * - is no reason to free anything: patches that go out of effect in such a
 *   transition stay in memory, as if it had been forced.
 *
 * Looking up what the addresses mean takes too long for a task that is pinned. So
 * the stack is saved, looked at when the task is free to run again, and compared
 * when it is moved: by then the task may have been anywhere, but is back.
 */

#include <linux/cache.h>
#include <linux/kallsyms.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include "internal.h"

#define KLP_STACK_MAX	64

static bool stack_check;
module_param(stack_check, bool, 0600);

struct klp_stack {
	int len;
	unsigned long addr[KLP_STACK_MAX];
};

/* The stack that is being looked at, and the one of now. Protected by klp_mutex. */
static struct klp_stack klp_stack_seen;
static struct klp_stack klp_stack_now;

/* Called by task_call_func() */
static int klp_save_stack(struct task_struct *task, void *arg)
{
	struct klp_stack *stack = arg;

	stack->len = task_curr(task) ? -EBUSY :
		stack_trace_save_tsk_reliable(task, stack->addr, KLP_STACK_MAX);
	return stack->len;
}

/*
 * Return: true if the saved stack is within the function at @func. A return address
 * may be just behind the end of the caller.
 */
static bool klp_stack_has(unsigned long func)
{
	unsigned long size, offset, start;
	int i;

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
 * What the compiler has split off has no entry, and so no redirect; which function
 * it belongs to, only its name could tell.
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

/**
 * klp_stack_is_clear - is there nothing on its stack that changes?
 * @task: the task, which is behind
 *
 * Context: Process context, klp_mutex held, in a transition.
 * Return: true if @task is a kernel thread that may be moved, provided that
 * klp_stack_is_same() is true then.
 */
bool klp_stack_is_clear(struct task_struct *task)
{
	int i;

	lockdep_assert_held(&klp_mutex);
	if (!READ_ONCE(stack_check) || (klp_task_flags(task) &
	    (PF_KTHREAD | PF_WQ_WORKER | PF_EXITING)) != PF_KTHREAD)
		return false;
	if (task_call_func(task, klp_save_stack, &klp_stack_seen) <= 0)
		return false;
	for (i = 0; i < klp_stack_seen.len; i++) {
		if (!klp_is_plain_code(klp_stack_seen.addr[i]))
			return false;
	}
	return !klp_redirect_any_differing(klp_stack_has);
}

/**
 * klp_stack_is_same - is the stack as klp_stack_is_clear() has seen it?
 * @task: the same task
 *
 * Context: Called by task_call_func(), klp_mutex held.
 * Return: true if the task is off its CPU, exactly where it was.
 */
bool klp_stack_is_same(struct task_struct *task)
{
	int len = klp_save_stack(task, &klp_stack_now);

	return len == klp_stack_seen.len &&
	       !memcmp(klp_stack_now.addr, klp_stack_seen.addr,
		       len * sizeof(klp_stack_now.addr[0]));
}
