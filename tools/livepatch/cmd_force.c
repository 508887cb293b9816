// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp force: end a transition by migrating all stragglers, wherever they are.
 */
#include "klp.h"

static void klp_show_moves(const struct klp_patch *patch)
{
	struct klp_stragglers stragglers;

	klp_stragglers_read(&stragglers);
	printf("Stragglers that would be moved to the functions %s '%s':\n",
	       patch->enabled ? "of" : "without", patch->name);
	klp_show_stragglers(stdout, &stragglers);
	printf("A task may have called functions of the other state in the same system call.\n"
	       "The modules of patches that go out of effect can't be removed any more.\n");
	klp_stragglers_free(&stragglers);
}

enum klp_exit klp_cmd_force(const struct klp_options *options)
{
	enum klp_exit status;
	struct klp_patch patch;

	if (!klp_find_transition(&patch))
		return klp_fail(KLP_REFUSED, "there is no transition to force");
	klp_show_moves(&patch);
	if (!options->yes)
		return klp_fail(KLP_USAGE, "force: nothing was changed. Give --yes to force.");
	if (klp_force(patch.name))
		return KLP_REFUSED;
	status = klp_await(patch.name, options);
	if (status)
		return status;
	printf("The transition of '%s' was forced. Plan to reboot.\n", patch.name);
	return KLP_DONE;
}
