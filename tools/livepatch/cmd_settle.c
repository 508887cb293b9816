// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp settle: let the kernel move the stragglers of this transition by their stacks.
 */
#include "klp.h"

enum klp_exit klp_cmd_settle(const struct klp_options *options)
{
	enum klp_exit status;
	struct klp_patch patch;

	if (!klp_find_transition(&patch))
		return klp_fail(KLP_REFUSED, "there is no transition to settle");
	if (klp_trust_stacks(patch.name))
		return KLP_REFUSED;
	status = klp_await(patch.name, options);
	if (status)
		return status;
	printf("The transition of '%s' has ended.\n", patch.name);
	return KLP_DONE;
}
