// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which patch modules have to stay in memory, and why.
 */

/**
 * DOC: Modules that have to stay
 *
 * The module of a patch that goes out of effect is freed unless it is pinned. It is
 * pinned for good if a task may have one of its functions on the stack, or may call
 * one later, after the transition has ended:
 *
 * ====================  ============================================  ==================
 * Reason                Why a task may come back                      Decided
 * ====================  ============================================  ==================
 * a listed function     tasks migrate inside of it, see stay.c        when it is enabled
 * a main function       a thread runs it, and never returns           at both times
 * a thread's own code   main function of a thread, started or not     at the end
 * a place inside        a thread migrated in one of its functions     at the end
 * unknown callers       a thread migrated in a function whose         at the end
 *                       callers are not known
 * a trusted stack       a stack trace, which may be wrong, decided    at the end
 * forced                tasks were moved wherever they were           at once
 * exiting, forced       the transition did not wait for them          at the end
 * dead ftrace           call sites could not be given back            at once
 * ====================  ============================================  ==================
 *
 * "At the end" is when the last task has migrated, and concerns the patches that go out
 * of effect in this transition. A patch that stays in effect is looked at when it goes.
 *
 * What is known of a thread that was moved: its frames are the function with the safe
 * point and that function's callers, up to the main function. The callers are known if
 * the safe point is in the main function itself, or in a function of stay.c, whose
 * callers are listed there or are main functions. Otherwise any function that the thread
 * can have called before it came to the safe point may be among them. That is no function
 * of a patch which was enabled later: compare &klp_moved.since.
 *
 * live_patch::pinned is written here alone, under klp_mutex, and never cleared.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include "internal.h"

static void klp_pin(struct live_patch *patch)
{
	lockdep_assert_held(&klp_mutex);
	patch->pinned = true;
}

#define klp_pin_because(patch, fmt, ...)				\
do {									\
	pr_warn("patch '%s': " fmt "; the module can't be removed again\n", \
		(patch)->mod->name, ##__VA_ARGS__);			\
	klp_pin(patch);							\
} while (0)

static void klp_pin_all(const char *why)
{
	struct live_patch *patch;

	klp_for_each_patch(patch) {
		if (!patch->pinned)
			klp_pin_because(patch, "%s", why);
	}
}

/**
 * klp_pin_on_error - keep all modules if call sites could not be given back
 * @err: what ftrace has returned, 0 for success
 *
 * Context: klp_mutex held.
 */
void klp_pin_on_error(int err)
{
	if (err)
		klp_pin_all("call sites may still lead to it");
}

static void klp_pin_leaving(const char *why)
{
	struct live_patch *patch;

	klp_for_each_patch(patch) {
		if (patch->state == KLP_DISABLING && !patch->pinned)
			klp_pin_because(patch, "%s", why);
	}
}

/**
 * klp_pin_forced - keep the modules of all patches that go out of effect by force
 *
 * Context: klp_mutex held, in a transition.
 */
void klp_pin_forced(void)
{
	klp_pin_leaving("tasks were moved wherever they were");
}

/**
 * klp_pin_never_left - keep the module if it replaces a function that is never left
 * @obj: an object of the patch, patched
 *
 * Context: Process context, klp_mutex held.
 */
void klp_pin_never_left(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	klp_for_each_func(obj, i, func) {
		if (func->redirect && klp_is_never_left(func))
			klp_pin_because(obj->patch, "tasks inside '%s' stay in the code that they entered, only new calls get the new one",
					func->desc->old_name);
	}
}

/* Is there a thread, started or not, whose main function is in the module? */
static void klp_pin_main_function(struct live_patch *patch)
{
	struct task_struct *task;
	unsigned long main;

	guard(rcu)();
	for_each_process(task) {
		main = klp_main_function(task);
		if (main && within_module(main, patch->mod)) {
			klp_pin_because(patch, "its code is the main function of %s (%d)",
					task->comm, task_pid_nr(task));
			return;
		}
	}
}

/* Return: the address at which the function around @addr begins, 0 if unknown. */
static unsigned long klp_function_of(unsigned long addr)
{
	unsigned long size, offset;

	if (!addr || !kallsyms_lookup_size_offset(addr, &size, &offset))
		return 0;
	return addr - offset;
}

static bool klp_callers_are_known(const struct klp_moved *moved)
{
	unsigned long func = klp_function_of(moved->place);

	return func && (func == klp_function_of(moved->main) ||
			klp_has_known_callers(func, moved->main));
}

static void klp_pin_moved(struct live_patch *patch, const struct klp_moved *moved)
{
	if (within_module(moved->place, patch->mod))
		klp_pin_because(patch, "%s (%d) waits in its code and may stay there",
				moved->comm, moved->pid);
	else if (klp_replaces_exit(patch, moved->place))
		klp_pin_because(patch, "%s (%d) exits, and waits in %ps",
				moved->comm, moved->pid, (void *)moved->place);
	else if ((int)(moved->since - patch->since) >= 0 &&
		 !klp_callers_are_known(moved))
		klp_pin_because(patch, "%s (%d) waits in %ps, whose callers are not known and may be in the patch",
				moved->comm, moved->pid, (void *)moved->place);
}

static void klp_pin_at_end(struct live_patch *patch)
{
	const struct klp_moved *moved;
	unsigned int i;

	for (i = 0; i < patch->nr_objs; i++)
		klp_pin_never_left(patch->objs[i]);
	klp_pin_main_function(patch);
	for (i = 0; !patch->pinned && (moved = klp_moved_get(i)); i++)
		klp_pin_moved(patch, moved);
}

/**
 * klp_pin_entered - keep the modules that a task may still be in
 *
 * Context: Process context, klp_mutex held. The last task has migrated, and the states
 * of the patches still tell which of them go out of effect.
 */
void klp_pin_entered(void)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch) {
		if (patch->state == KLP_DISABLING && !patch->pinned)
			klp_pin_at_end(patch);
	}
	if (klp_migration_trusted_stacks())
		klp_pin_leaving("a thread was moved because of its stack");
	/* They can be inside of any patch. */
	if (klp_migration_exiting())
		klp_pin_all("exiting tasks were not waited for");
}
