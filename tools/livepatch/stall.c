// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transition that takes longer than the administrator wants to wait: report the stragglers,
 * and keep the transition or reverse it.
 */
#include "klp.h"

static void klp_report_stall(const struct klp_patch *patch)
{
	struct klp_stragglers stragglers;

	klp_stragglers_read(&stragglers);
	klp_show_age(stderr, patch);
	klp_show_stragglers(stderr, &stragglers);
	klp_stragglers_free(&stragglers);
}

static enum klp_exit klp_keep(const struct klp_patch *patch)
{
	fprintf(stderr, "The transition of '%s' goes on. It ends when no straggler is left.\n",
		patch->name);
	fprintf(stderr, "klp wait waits for it, klp reverse reverses it.\n");
	return KLP_STALLED;
}

static enum klp_exit klp_give_up(const struct klp_patch *patch, const struct klp_options *options)
{
	fprintf(stderr, "The transition of '%s' is reversed.\n", patch->name);
	if (klp_reverse(patch))
		return KLP_REFUSED;
	if (!klp_wait_transition(patch->name, options->wait_ms))
		return klp_keep(patch);
	if (patch->enabled)
		klp_remove(patch->name);
	return KLP_REVERSED;
}

/**
 * klp_stalled - act on a transition that was waited for in vain
 * @name: the patch
 * @options: the option --on-stall, and how long to wait if the transition is reversed
 *
 * Return: the exit status.
 */
enum klp_exit klp_stalled(const char *name, const struct klp_options *options)
{
	struct klp_patch patch;

	if (!klp_patch_read(&patch, name) || !patch.transition)
		return KLP_DONE;
	klp_report_stall(&patch);
	return options->reverse_on_stall ? klp_give_up(&patch, options) : klp_keep(&patch);
}
