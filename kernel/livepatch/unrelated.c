// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel threads that the author of a patch has declared unrelated to it.
 */

/**
 * DOC: Unrelated threads
 *
 * A kernel thread without a safe point delays each transition, also if it never calls
 * anything that the patch changes. The author of the patch may know that, and name the
 * thread in klp_patch::unrelated. Then it is moved wherever it sleeps, as by force, if it
 * has not come to a safe point for some seconds. Its stack is not examined.
 *
 * A thread is named by its main function and the module of that. Its comm is no name: a
 * thread may change it, and other threads may have the same.
 *
 * A transition may concern several patches, because it replaces some of them. All of them
 * have to name the thread. If one of them is wrong, the thread returns to code of a patch
 * that goes out of effect, so the modules of these patches are pinned.
 */

#include <linux/kallsyms.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "internal.h"

static bool klp_patch_names(const struct live_patch *patch, const char *main,
			    const char *module)
{
	const struct klp_thread *thread = patch->desc->unrelated;

	for (; thread && thread->main; thread++) {
		if (!strcmp(thread->main, main) &&
		    !strcmp(thread->module ?: "vmlinux", module ?: "vmlinux"))
			return true;
	}
	return false;
}

/**
 * klp_is_unrelated - have the patches that change nothing to do with a thread?
 * @task: the task, a straggler
 *
 * Context: Process context, klp_mutex held, in a transition.
 * Return: true if @task is a kernel thread, but no worker of a workqueue, and each patch
 * that the transition enables or disables names it.
 */
bool klp_is_unrelated(struct task_struct *task)
{
	static char buf[KSYM_NAME_LEN];
	unsigned long main = klp_main_function(task);
	unsigned long size, offset;
	const char *name;
	char *module;
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	if (!main || klp_task_flags(task) & PF_WQ_WORKER)
		return false;
	name = kallsyms_lookup(main, &size, &offset, &module, buf);
	if (!name || offset)
		return false;
	klp_for_each_patch(patch) {
		if (patch->state != KLP_ENABLED && patch->state != KLP_DISABLED &&
		    !klp_patch_names(patch, name, module))
			return false;
	}
	return true;
}
