// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp reverse: let the tasks that have migrated migrate back.
 */
#include "klp.h"

enum klp_exit klp_cmd_reverse(const struct klp_options *options)
{
	struct klp_patch patch, now;
	enum klp_exit status;

	if (!klp_find_transition(&patch))
		return klp_fail(KLP_REFUSED, "there is no transition to reverse");
	if (klp_reverse(&patch))
		return KLP_REFUSED;
	status = klp_await(patch.name, options);
	if (status)
		return status;
	if (klp_patch_read(&now, patch.name) && now.enabled == patch.enabled)
		return klp_fail(KLP_REVERSED, "the transition of '%s' was reversed again",
				patch.name);
	printf("The transition of '%s' is reversed: the patch is %s.\n", patch.name,
	       patch.enabled ? "disabled" : "enabled");
	return patch.enabled ? klp_remove(patch.name) : KLP_DONE;
}
