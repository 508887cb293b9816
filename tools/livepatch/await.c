// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wait for the end of a transition as long as the administrator wants. If it takes longer,
 * report the stragglers, and keep the transition or reverse it.
 */
#include "klp.h"

static enum klp_exit klp_keep(const struct klp_patch *patch)
{
	fprintf(stderr, "The transition of '%s' goes on. It ends when no straggler is left.\n",
		patch->name);
	fprintf(stderr, "klp wait waits for it, klp reverse reverses it.\n");
	return KLP_STALLED;
}

static enum klp_exit klp_give_up(const char *name, const struct klp_options *options)
{
	struct klp_patch patch;

	/* Read it again: to reverse a transition that has ended would begin another one. */
	if (!klp_patch_read(&patch, name) || !patch.transition)
		return KLP_DONE;
	if (klp_reverse(&patch))
		return KLP_REFUSED;
	fprintf(stderr, "The transition of '%s' is reversed.\n", name);
	if (!klp_wait_transition(name, options->wait_ms))
		return klp_keep(&patch);
	if (patch.enabled)
		klp_remove(name);
	return KLP_REVERSED;
}

/**
 * klp_await - wait for the end of a transition
 * @name: the patch
 * @options: how long to wait, and whether to reverse the transition then
 *
 * Return: KLP_DONE if the transition has ended, otherwise the exit status.
 */
enum klp_exit klp_await(const char *name, const struct klp_options *options)
{
	struct klp_patch patch;

	if (klp_wait_transition(name, options->wait_ms) ||
	    !klp_patch_read(&patch, name) || !patch.transition)
		return KLP_DONE;
	if (!options->wait_ms && !options->reverse_on_stall) {
		printf("The transition of '%s' is under way.\n", name);
		return KLP_IN_TRANSITION;
	}
	klp_show_transition(stderr, &patch);
	return options->reverse_on_stall ? klp_give_up(name, options) : klp_keep(&patch);
}

/**
 * klp_await_kept - as klp_await(), but never reverse the transition
 * @name: the patch
 * @options: how long to wait
 *
 * Return: KLP_DONE if the transition has ended, otherwise the exit status.
 */
enum klp_exit klp_await_kept(const char *name, const struct klp_options *options)
{
	struct klp_options keep = *options;

	keep.reverse_on_stall = false;
	return klp_await(name, &keep);
}
