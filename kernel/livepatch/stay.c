// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that are on the stack of a task while it migrates.
 */

/**
 * DOC: Functions that are never left
 *
 * A task migrates with some functions on its stack: the main loop of a kernel thread,
 * or the function in which a user task stops on the way out to user mode. Such a function
 * can be patched, and later calls run the new version. But a task that is already in the
 * function keeps the version that it has entered, in both universes. A kernel thread may
 * do so until it exits.
 *
 * Therefore a warning is logged when such a patch is enabled, and the module is pinned,
 * as in a forced transition, because a task may run its code for ever.
 *
 * These functions are marked where they are defined, see linux/livepatch_never_left.h.
 * The marks are in the section _klp_marks of the kernel, and of each module that has such
 * functions.
 */

#include <linux/bits.h>
#include <linux/kallsyms.h>
#include <linux/livepatch_never_left.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include "internal.h"

/* The only function of live patching that tasks migrate in and that can be patched */
KLP_NEVER_LEFT(klp_migrate_this_cpu);

/* Marks of functions that are never left */
#define KLP_NEVER_LEFT_KINDS	(BIT(KLP_MARK_NEVER_LEFT) | BIT(KLP_MARK_SHARED))

/*
 * Look up the name that a function has in its source: that of name.constprop.0 is name, that
 * of each entry point of a system call, such as __x64_sys_vfork, is sys_vfork. Return: true if
 * the symbol has another name.
 */
static bool klp_source_name(unsigned long addr, char name[KSYM_NAME_LEN])
{
	char *dot, *sys;

	if (lookup_symbol_name(addr, name))
		return false;
	dot = strchr(name, '.');
	if (dot)
		*dot = '\0';
	sys = strncmp(name, "__", 2) ? NULL : strstr(name, "_sys_");
	if (sys)
		memmove(name, sys + 1, strlen(sys));
	return dot || sys;
}

static bool klp_mark_has_name(const struct klp_mark *mark, const char *source_name)
{
	static char name[KSYM_NAME_LEN];

	lockdep_assert_held(&klp_mutex);
	name[0] = '\0';
	klp_source_name(mark->addr, name);
	return !strcmp(name, source_name);
}

/*
 * Is the function at @addr marked with one of the @kinds? A clone of a marked function has
 * another address, and so has an entry point of a marked system call. Their names show what
 * they are.
 */
static bool klp_is_marked(unsigned long addr, unsigned long kinds)
{
	static char name[KSYM_NAME_LEN];
	const struct klp_mark *mark = __start_klp_marks;
	const struct klp_mark *end = __stop_klp_marks;
	const struct module *mod;
	bool by_name;

	lockdep_assert_held(&klp_mutex);
	by_name = klp_source_name(addr, name);

	guard(rcu)();
	mod = __module_address(addr);
	if (mod) {
		mark = mod->klp_marks;
		end = mark + mod->num_klp_marks;
	}
	for (; mark < end; mark++) {
		if (kinds & BIT(mark->kind) &&
		    (mark->addr == addr || (by_name && klp_mark_has_name(mark, name))))
			return true;
	}
	return false;
}

/* Is there a kernel thread whose main function this is? */
static bool klp_is_main_function(unsigned long addr)
{
	struct task_struct *leader;

	guard(rcu)();
	for_each_process(leader) {
		if (klp_main_function(leader) == addr)
			return true;
	}
	return false;
}

/**
 * klp_is_never_left - may a task be in this function while it migrates?
 * @func: the function, bound
 *
 * Context: Process context, klp_mutex held.
 * Return: true if the function is marked, or is the main function of a kernel thread.
 */
bool klp_is_never_left(const struct live_func *func)
{
	return klp_is_marked(func->addr, KLP_NEVER_LEFT_KINDS) ||
	       klp_is_main_function(func->addr);
}

/**
 * klp_has_known_callers - are all callers of a function known?
 * @addr: start address of the function
 * @main: main function of the thread that is in the function
 *
 * Context: Process context, klp_mutex held.
 * Return: true if the function is marked, because then its callers are marked, too, or
 * are main functions. If the function may be called from anywhere, true only if @main is
 * known to call it.
 */
bool klp_has_known_callers(unsigned long addr, unsigned long main)
{
	if (klp_is_marked(addr, BIT(KLP_MARK_NEVER_LEFT) | BIT(KLP_MARK_EXIT_PATH)))
		return true;
	return klp_is_marked(addr, BIT(KLP_MARK_SHARED)) &&
	       klp_is_marked(main, BIT(KLP_MARK_CALLS_SHARED));
}

static bool klp_is_exit_path(unsigned long addr)
{
	return klp_is_marked(addr, BIT(KLP_MARK_EXIT_PATH));
}

/**
 * klp_replaces_exit - does a patch replace a function on the path of an exiting task?
 * @patch: the patch
 * @addr: start address of the function in which a task has migrated
 *
 * Only one kind of task migrates on that path: the init of a PID namespace, which waits for
 * the other tasks of the namespace. So these functions are not among those that are never
 * left, and a patch that replaces one of them is pinned only if such a task has
 * migrated there.
 *
 * Context: Process context, klp_mutex held.
 * Return: true if @addr is the function in which the init of a PID namespace waits while it
 * exits, and @patch replaces a function between the kernel entry and that function.
 */
bool klp_replaces_exit(const struct live_patch *patch, unsigned long addr)
{
	const struct live_object *obj;
	const struct live_func *func;
	unsigned int i, j;

	lockdep_assert_held(&klp_mutex);
	if (!klp_is_exit_path(addr))
		return false;
	klp_for_each_live_object(patch, i, obj) {
		klp_for_each_live_func(obj, j, func) {
			if (func->redirect && klp_is_exit_path(func->addr))
				return true;
		}
	}
	return false;
}
