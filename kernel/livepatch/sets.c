// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, replace sets: patches that are replaced independently of each other.
 */

/**
 * DOC: Replace sets
 *
 * Cumulative patches from different sources have to be enabled at the same time, for
 * example the security fixes of a distributor and a fix that a user has made. Therefore
 * each patch belongs to a set, which is a number:
 *
 * - A patch with "replace" replaces the patches of its own set only.
 * - The states of patches are compared within a set only, see compat.c.
 * - Patches of different sets must not replace the same function or list the same
 *   state. Otherwise the order in which the sets are updated would decide which new
 *   function is called.
 *
 * So patches of different sets can be enabled, disabled and replaced in any order. A patch
 * that names no set is in set 0. Within a set, patches are stacked and replaced as if there
 * were no other set.
 *
 * Functions are compared by their names. So a conflict is found when the patch is
 * enabled, even if the module that has the function is loaded later. Two names of one
 * function are not recognized.
 *
 * Locking: klp_mutex protects the list of patches. The descriptions are only read.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "internal.h"

static bool klp_is_same_object(const struct klp_object *obj,
			       const struct klp_object *other)
{
	return !strcmp(klp_desc_name(obj), klp_desc_name(other));
}

static bool klp_is_same_func(const struct klp_func *func,
			     const struct klp_func *other)
{
	return klp_desc_sympos(func) == klp_desc_sympos(other) &&
	       !strcmp(func->old_name, other->old_name);
}

static bool klp_has_func(const struct klp_object *obj, const struct klp_func *func)
{
	const struct klp_func *own;

	klp_for_each_func_static(obj, own) {
		if (klp_is_same_func(own, func))
			return true;
	}
	return false;
}

static bool klp_find_shared_func(struct klp_conflict *conflict,
				 const struct klp_object *other)
{
	const struct klp_object *obj = conflict->obj;
	const struct klp_func *func;

	klp_for_each_func_static(obj, func) {
		conflict->func = func;
		if (klp_has_func(other, func))
			return true;
	}
	return false;
}

static bool klp_find_func_conflict(const struct klp_patch *patch,
				   const struct klp_patch *other,
				   struct klp_conflict *conflict)
{
	const struct klp_object *obj, *twin;

	klp_for_each_object_static(patch, obj) {
		conflict->obj = obj;
		klp_for_each_object_static(other, twin) {
			if (klp_is_same_object(obj, twin) &&
			    klp_find_shared_func(conflict, twin))
				return true;
		}
	}
	return false;
}

static bool klp_find_state_conflict(struct klp_patch *patch, struct klp_patch *other,
				    struct klp_conflict *conflict)
{
	struct klp_state *state;

	klp_for_each_state(patch, state) {
		conflict->state = state;
		if (klp_get_state(other, state->id))
			return true;
	}
	return false;
}

/**
 * klp_find_conflict - find what two patches both change
 * @patch:	a patch
 * @other:	another patch
 * @conflict:	set to the first function or state in @patch that @other changes, too
 *
 * Context: Any, while both patch modules are loaded.
 * Return: true if there is one.
 */
VISIBLE_IF_KUNIT
bool klp_find_conflict(struct klp_patch *patch, struct klp_patch *other,
		       struct klp_conflict *conflict)
{
	*conflict = (struct klp_conflict){ };
	if (klp_find_func_conflict(patch, other, conflict))
		return true;
	*conflict = (struct klp_conflict){ };
	return klp_find_state_conflict(patch, other, conflict);
}

static void klp_report_conflict(const struct klp_patch *patch,
				const struct live_patch *other,
				const struct klp_conflict *conflict)
{
	if (conflict->state)
		pr_err("patch '%s': state %lu belongs to patch '%s' of replace set %u, this patch is in set %u\n",
		       patch->mod->name, conflict->state->id, other->mod->name,
		       other->replace_set, patch->replace_set);
	else
		pr_err("patch '%s' object '%s': function '%s,%lu' is replaced by patch '%s' of replace set %u, this patch is in set %u\n",
		       patch->mod->name, klp_desc_name(conflict->obj),
		       conflict->func->old_name, klp_desc_sympos(conflict->func),
		       other->mod->name, other->replace_set, patch->replace_set);
}

/**
 * klp_check_sets - compare what a patch changes with the patches of other sets
 * @patch: the patch that is to be enabled
 *
 * A conflict is reported in the log. During a transition a patch that is about to be
 * disabled counts as well, so the caller checks first that there is no transition.
 *
 * Context: Process context, klp_mutex held.
 * Return: 0; -EINVAL if a patch of another set changes the same function or state.
 */
int klp_check_sets(struct klp_patch *patch)
{
	struct klp_conflict conflict;
	struct live_patch *other;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(other) {
		if (other->replace_set == patch->replace_set ||
		    !klp_find_conflict(patch, other->desc, &conflict))
			continue;
		klp_report_conflict(patch, other, &conflict);
		return -EINVAL;
	}
	return 0;
}
