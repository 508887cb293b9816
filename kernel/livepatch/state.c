// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, states: changes of the system that one patch leaves to the
 * next.
 */

/**
 * DOC: System states
 *
 * The callbacks of a patch may change more than code: convert data, attach
 * shadow variables, switch something on. A later patch has to know. Each such
 * change is a state, with an id and a version, and the patches list the states
 * that they know of:
 *
 * - A patch that replaces all others must know each of their states, in the
 *   same version or a newer one, as it is to keep or to undo them.
 * - Any other patch may leave out a state, but must not know an older version
 *   of it only.
 *
 * A patch that does not is refused by klp_enable_patch(). What a version means,
 * and how the data are handed over, is an agreement between the patches. The
 * callbacks do it: klp_get_state() gives them their own state,
 * klp_get_prev_state() the one of the latest earlier patch.
 *
 * Locking: the states are the module's own and are only read here, but for
 * what its callbacks write into them. klp_mutex protects the list of patches.
 * No patch leaves it while a callback runs.
 */

#include <kunit/visibility.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include "internal.h"

#define klp_for_each_state(patch, state) \
	for (state = (patch)->states; state && state->id; state++)

/**
 * klp_get_state - find a state in a patch
 * @patch:	the patch
 * @id:		id of the state
 *
 * Context: Any, while the patch module is there.
 * Return: The state, NULL if the patch does not know it.
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
 * The current patch is the one in transition. There is none outside of a
 * transition, and to ask then is a bug that gives a warning.
 *
 * Context: Callbacks of a patch, takes klp_mutex.
 * Return: The state of the latest patch that knows it and is older than the
 * current one, NULL if there is none.
 */
struct klp_state *klp_get_prev_state(unsigned long id)
{
	struct live_patch *current_patch, *patch;
	struct klp_state *state, *last = NULL;

	guard(mutex)(&klp_mutex);

	current_patch = klp_transition_patch();
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
 * klp_can_succeed - compare the states of two patches
 * @patch:	the patch that is to be enabled
 * @installed:	a patch that is enabled
 *
 * Context: Any, while both patch modules are there.
 * Return: Whether @patch may come after @installed.
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
 * klp_is_patch_compatible - compare the states of a patch with all enabled ones
 * @patch:	the patch that is to be enabled
 *
 * Context: Task context, klp_mutex is held.
 * Return: Whether @patch may come after all enabled patches.
 */
bool klp_is_patch_compatible(struct klp_patch *patch)
{
	struct live_patch *installed;

	lockdep_assert_held(&klp_mutex);

	klp_for_each_patch(installed) {
		if (!klp_can_succeed(patch, installed->desc))
			return false;
	}
	return true;
}
