// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, states: changes of the system that one patch hands over to the
 * next.
 */

/**
 * DOC: System states
 *
 * The callbacks of a patch may change more than code: they may convert data,
 * attach shadow variables, or switch a feature on. A later patch must take such a
 * change into account. Each change is therefore described by a state, which has an
 * id and a version, and each patch lists the states that it can handle:
 *
 * - A patch that replaces others has to list each state of the patches that it
 *   replaces, in the same version or a newer one, because it has to keep that
 *   change or undo it.
 * - Any other patch may leave out a state. If it lists the state, its version must
 *   not be older than that of an enabled patch.
 *
 * Patches of different replace sets have no states in common, see sets.c.
 *
 * klp_enable_patch() refuses a patch that breaks one of these rules. The patches
 * define the meaning of a version, and how data is handed over. Their callbacks get
 * the state of their own patch by klp_get_state(), and that of the latest
 * earlier patch by klp_get_prev_state().
 *
 * Locking: the states belong to the patch module. This file only reads them; the
 * callbacks of the module may write to their data. klp_mutex protects the list of
 * patches. No patch leaves the list while a callback runs.
 */

#include <kunit/visibility.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include "internal.h"

/**
 * klp_get_state - find a state in a patch
 * @patch:	the patch
 * @id:		id of the state
 *
 * Context: Any, while the patch module is loaded.
 * Return: The state, NULL if the patch does not list it.
 */
struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id)
{
	struct klp_state *state;

	klp_for_each_state(patch, state) {
		if (state->id == id)
			return state;
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(klp_get_state);

/**
 * klp_get_prev_state - find a state in the patches before the current one
 * @id:		id of the state
 *
 * The current patch is the one in transition. Calling this function outside of a
 * transition is a bug, and triggers a warning.
 *
 * Context: Callbacks of a patch, takes klp_mutex.
 * Return: The state of the latest patch that lists it and was enabled before the
 * current one, NULL if there is none.
 */
struct klp_state *klp_get_prev_state(unsigned long id)
{
	struct live_patch *current_patch, *patch;
	struct klp_state *state, *last = NULL;

	guard(mutex)(&klp_mutex);

	current_patch = klp_patch_in_transition();
	if (WARN_ON_ONCE(!current_patch))
		return NULL;

	klp_for_each_patch(patch) {
		if (patch == current_patch)
			break;
		state = klp_get_state(patch->desc, id);
		if (state)
			last = state;
	}
	return last;
}
EXPORT_SYMBOL_GPL(klp_get_prev_state);

/**
 * klp_can_succeed - compare the states of two patches of one set
 * @patch:	the patch that is to be enabled
 * @installed:	a patch that is enabled
 *
 * Context: Any, while both patch modules are loaded.
 * Return: true if @patch may be enabled while @installed is.
 */
VISIBLE_IF_KUNIT
bool klp_can_succeed(struct klp_patch *patch, struct klp_patch *installed)
{
	struct klp_state *state, *known;

	klp_for_each_state(installed, state) {
		known = klp_get_state(patch, state->id);
		if (known ? known->version < state->version : patch->replace)
			return false;
	}
	return true;
}

/**
 * klp_is_patch_compatible - compare the states of a patch with the enabled ones of its set
 * @patch:	the patch that is to be enabled
 *
 * Context: Task context, klp_mutex is held.
 * Return: true if @patch may be enabled now.
 */
bool klp_is_patch_compatible(struct klp_patch *patch)
{
	struct live_patch *installed;

	lockdep_assert_held(&klp_mutex);

	klp_for_each_patch(installed) {
		if (patch->replace_set == installed->replace_set &&
		    !klp_can_succeed(patch, installed->desc))
			return false;
	}
	return true;
}
