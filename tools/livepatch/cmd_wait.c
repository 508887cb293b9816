// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp wait: wait for the end of the transition.
 */
#include "klp.h"

enum klp_exit klp_cmd_wait(const struct klp_options *options)
{
	long ms = KLP_FOREVER;
	struct klp_patch patch;

	if (options->nr_args && !klp_parse_seconds(&ms, options->args[0]))
		return klp_fail(KLP_USAGE, "wait: '%s' is no number of seconds", options->args[0]);
	if (!klp_find_transition(&patch) || klp_wait_transition(patch.name, ms))
		return KLP_DONE;
	if (klp_patch_read(&patch, patch.name))
		klp_show_age(stdout, &patch);
	return KLP_IN_TRANSITION;
}
