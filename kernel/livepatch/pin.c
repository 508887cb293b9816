// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Patch modules that have to stay in memory, and the reasons.
 */

/**
 * DOC: Modules that have to stay
 *
 * The module of a patch that goes out of effect can be unloaded unless it is pinned. It
 * is pinned for ever if, after the end of the transition, a task may still have a function
 * of the module on its stack, or may call one:
 *
 * ====================  ============================================  ==================
 * Reason                Why a task may still run the code             Decided
 * ====================  ============================================  ==================
 * marked function       the patch replaces a function in which        enable and end
 *                       tasks migrate, see stay.c
 * main function         the patch replaces the main function of a     enable and end
 *                       thread, which does not return from it
 * thread of the module  a thread, started or not, has its main        end
 *                       function in the module, or a vhost worker
 *                       calls one there for each item
 * restart               a task may restart a system call in a         end
 *                       function of the module
 * place in the module   a thread migrated in a function of the        end
 *                       module
 * path of an exit       the patch replaces a function on the path     end
 *                       of an exit, and the init of a PID namespace
 *                       migrated on this path
 * unknown callers       a thread migrated in a function whose         end
 *                       callers are not known
 * stack check           a task was moved because of its stack         end
 *                       trace, which may have been wrong
 * unrelated thread      a thread was moved wherever it slept,         end
 *                       because the patch names it
 * forced                tasks were moved wherever they were           force, reversal
 * exiting tasks         a forced transition did not wait for them     end
 * dead ftrace           call sites could not be unregistered          immediately
 * ====================  ============================================  ==================
 *
 * "Enable" is also when a module is loaded that the patch names. "End" is when the last
 * task has migrated. At the end the patches that go out of effect are checked. A patch
 * that stays in effect is checked when it goes out of effect itself. The last two
 * reasons concern all patches, whatever their state is.
 *
 * A thread that has migrated has these functions on its stack: the one with the safe point
 * and its callers, up to the main function. The callers are known if the safe point is in
 * the main function itself, or in a function that is marked as never left, because its
 * callers are marked, too, or are main functions. Otherwise each function that the thread can
 * have called before it came to the safe point may be a caller. A function of a patch that
 * was enabled later can't be one: compare &klp_moved.since with live_patch::since.
 *
 * live_patch::pinned and module::klp_pinned are written in this file only, under klp_mutex,
 * and never cleared. The latter is for the time after the record of the patch is gone.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/vhost_task.h>
#include "internal.h"

static void klp_pin(struct live_patch *patch)
{
	lockdep_assert_held(&klp_mutex);
	patch->pinned = true;
	patch->mod->klp_pinned = true;
}

#define klp_pin_because(patch, fmt, ...)				\
do {									\
	pr_warn("patch '%s': " fmt "; the module can't be removed again\n", \
		(patch)->mod->name, ##__VA_ARGS__);			\
	klp_pin(patch);							\
} while (0)

/* All but a patch that could not be enabled: no task has run its code, or ever will. */
static void klp_pin_all(const char *why)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch) {
		if (!patch->pinned && patch->since)
			klp_pin_because(patch, "%s", why);
	}
}

/**
 * klp_pin_on_error - pin all modules if call sites could not be unregistered
 * @err: the error of ftrace, 0 for success
 *
 * Context: klp_mutex held.
 */
void klp_pin_on_error(int err)
{
	lockdep_assert_held(&klp_mutex);
	if (err)
		klp_pin_all("call sites may still lead to it");
}

static void klp_pin_leaving(const char *why)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch) {
		if (patch->state == KLP_DISABLING && !patch->pinned)
			klp_pin_because(patch, "%s", why);
	}
}

/**
 * klp_pin_forced - pin the modules of all patches that go out of effect by force
 *
 * Context: klp_mutex held, in a transition.
 */
void klp_pin_forced(void)
{
	klp_pin_leaving("tasks were moved wherever they were");
}

/**
 * klp_pin_never_left - pin the module if its patch replaces a function that is never left
 * @obj: an object of the patch. Functions that are not redirected are ignored
 *
 * Context: Process context, klp_mutex held.
 */
void klp_pin_never_left(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_live_func(obj, i, func) {
		if (func->redirect && klp_is_never_left(func))
			klp_pin_because(obj->patch, "tasks inside '%s' stay in the code that they entered, only new calls get the new one",
					func->desc->old_name);
	}
}

/*
 * What is code of the module to a task that keeps its address and will jump there, without
 * a redirect? NULL if the task keeps no such address.
 */
static const char *klp_why_kept(struct task_struct *task, const struct module *mod)
{
	unsigned long main = klp_main_function(task);

	if (main && within_module(main, mod))
		return "the main function";
	if (vhost_task_calls(task, mod))
		return "the function for items";
	/* Kept until another call sets it, also by a task that does not restart a call now. */
	if (within_module((unsigned long)READ_ONCE(task->restart_block.fn), mod))
		return "a function to restart a system call";
	return NULL;
}

/* Does a task, started or not, keep the address of code of the module? */
static void klp_pin_kept(struct live_patch *patch)
{
	struct task_struct *process, *task;
	const char *why;

	guard(rcu)();
	for_each_process_thread(process, task) {
		why = klp_why_kept(task, patch->mod);
		if (why) {
			klp_pin_because(patch, "its code is %s of %s (%d)",
					why, task->comm, task_pid_nr(task));
			return;
		}
	}
}

/* Return: the start address of the function that contains @addr, 0 if unknown. */
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
	bool entered_later;

	lockdep_assert_held(&klp_mutex);
	entered_later = (int)(moved->since - patch->since) >= 0;
	if (!moved->place && entered_later)
		klp_pin_because(patch, "%s (%d) and others wait in more places than can be recorded",
				moved->comm, moved->pid);
	else if (within_module(moved->place, patch->mod))
		klp_pin_because(patch, "%s (%d) waits in its code and may stay there",
				moved->comm, moved->pid);
	else if (klp_replaces_exit(patch, klp_function_of(moved->place)))
		klp_pin_because(patch, "%s (%d) exits, and waits in %ps",
				moved->comm, moved->pid, (void *)moved->place);
	else if (entered_later && !klp_callers_are_known(moved))
		klp_pin_because(patch, "%s (%d) waits in %ps, whose callers are not known and may be in the patch",
				moved->comm, moved->pid, (void *)moved->place);
}

static void klp_pin_at_end(struct live_patch *patch)
{
	const struct klp_moved *moved;
	unsigned int i;

	lockdep_assert_held(&klp_mutex);
	for (i = 0; i < patch->nr_objs; i++)
		klp_pin_never_left(patch->objs[i]);
	klp_pin_kept(patch);
	for (i = 0; !patch->pinned && (moved = klp_moved_get(i)); i++)
		klp_pin_moved(patch, moved);
}

/**
 * klp_pin_entered - pin the modules whose code a task may still run
 *
 * Context: Process context, klp_mutex held. The last task has migrated, and patches that
 * go out of effect are still in KLP_DISABLING.
 */
void klp_pin_entered(void)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch) {
		if (patch->state == KLP_DISABLING && !patch->pinned)
			klp_pin_at_end(patch);
	}
	if (klp_transition_get()->unsafe)
		klp_pin_leaving(klp_transition_get()->unsafe);
	/* Only after a forced transition. The tasks may run the code of any patch. */
	if (klp_migration_exiting())
		klp_pin_all("exiting tasks were not waited for");
}
