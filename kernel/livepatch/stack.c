// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the stack of a kernel thread without a safe point says.
 */

/**
 * DOC: The stack check
 *
 * A kernel thread without a safe point never migrates by itself, so its transition
 * would never end. As a last resort its stack is looked at. The parameter stack_check
 * says what has to be seen there:
 *
 * off:	stacks are not looked at;
 * loop:	the thread sleeps in its main function and nowhere else: the trace has
 *		the scheduler and the function that sleeps, the main function, and
 *		what every kernel thread begins with. This is the default;
 * any:	no function that changes is on the stack. This is for the transition
 *		under way, and falls back to loop when it ends.
 *
 * Both are less than a safe point. A stack shows which functions the thread is in, not
 * what it has done before: it may hold a lock, a reference, or a value in a variable
 * that an old function has prepared, and go on with a new one. A thread that sleeps in
 * its main loop waits for its next item, so there it is unlikely. Therefore the check
 *
 * - comes late, after the threads that have a safe point have had their time;
 * - is done for kernel threads alone, and not for workers: these pass a safe point
 *   with their next item;
 * - wants a reliable trace, with no frame in an old or new version of a function
 *   that changes, or in code that is in no symbol, such as a trampoline;
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
#include <linux/sched/debug.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "internal.h"

#define KLP_STACK_MAX	64

/* What has to be seen on a stack, see above */
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

static enum klp_stack_check klp_stack_check = KLP_STACK_LOOP;

static int klp_stack_check_set(const char *val, const struct kernel_param *kp)
{
	int check = sysfs_match_string(klp_stack_checks, val);

	if (check < 0)
		return check;
	WRITE_ONCE(klp_stack_check, check);
	return 0;
}

static int klp_stack_check_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", klp_stack_checks[READ_ONCE(klp_stack_check)]);
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

/* The stack that is being looked at, and the one of now. Protected by klp_mutex. */
static struct klp_stack klp_stack_seen;
static struct klp_stack klp_stack_now;

/* Called by task_call_func() */
static int klp_save_stack(struct task_struct *task, void *arg)
{
	struct klp_stack *stack = arg;

	stack->len = !klp_task_is_asleep(task) ? -EBUSY :
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

/* What a kernel thread begins with, and what sleeps outside of the scheduler's text */
static const char * const klp_loop_names[] = {
	"kthread", "msleep", "msleep_interruptible", "ret_from_fork",
	"ret_from_fork_asm", "usleep_range_state", "wait_woken",
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

/* Does the stack that was saved show no more than the parameter allows? */
static bool klp_stack_allows(struct task_struct *task, enum klp_stack_check check)
{
	unsigned long main = klp_main_function(task);
	int i;

	for (i = 0; i < klp_stack_seen.len; i++) {
		unsigned long addr = klp_stack_seen.addr[i];

		if (!klp_is_plain_code(addr) ||
		    (check == KLP_STACK_LOOP && !klp_is_loop_code(addr, main)))
			return false;
	}
	return true;
}

/**
 * klp_stack_is_clear - does the stack of a thread show that it may be moved?
 * @task: the task, a straggler
 *
 * Context: Process context, klp_mutex held, in a transition.
 * Return: true if @task is a kernel thread that may be moved, provided that
 * klp_stack_is_same() is true then.
 */
bool klp_stack_is_clear(struct task_struct *task)
{
	enum klp_stack_check check = READ_ONCE(klp_stack_check);

	lockdep_assert_held(&klp_mutex);
	if (check == KLP_STACK_OFF || (klp_task_flags(task) &
	    (PF_KTHREAD | PF_WQ_WORKER | PF_EXITING)) != PF_KTHREAD)
		return false;
	if (task_call_func(task, klp_save_stack, &klp_stack_seen) <= 0)
		return false;
	return klp_stack_allows(task, check) &&
	       !klp_redirect_any_differing(klp_stack_has);
}

/**
 * klp_stack_check_end - a transition is over: what was asked for it alone ends
 *
 * Context: Any.
 */
void klp_stack_check_end(void)
{
	if (READ_ONCE(klp_stack_check) == KLP_STACK_ANY)
		WRITE_ONCE(klp_stack_check, KLP_STACK_LOOP);
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
