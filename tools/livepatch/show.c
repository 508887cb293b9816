// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output that several commands have in common.
 */
#include <string.h>
#include "klp.h"

/**
 * klp_direction - name the direction of a transition
 * @patch: the patch in transition
 *
 * Return: the word that the log uses.
 */
const char *klp_direction(const struct klp_patch *patch)
{
	return patch->enabled ? "patching" : "unpatching";
}

/**
 * klp_show_age - print what a transition does, and for how long
 * @out: the file
 * @patch: the patch in transition
 */
void klp_show_age(FILE *out, const struct klp_patch *patch)
{
	fprintf(out, "%s: %s for %ld.%ld s, %d straggler%s\n", patch->name,
		klp_direction(patch), patch->age_ms / 1000, patch->age_ms / 100 % 10,
		patch->stragglers, patch->stragglers == 1 ? "" : "s");
}

static void klp_show_straggler(FILE *out, const struct klp_straggler *s)
{
	if (s->tid)
		fprintf(out, "  %7d  %-15s  %s", s->tid, s->name, s->reason);
	else
		fprintf(out, "        -  %-15s  %s", s->name, s->reason);
	if (s->place)
		fprintf(out, " in %s", s->place);
	if (s->tid && s->pid && s->pid != s->tid)
		fprintf(out, ", a thread of %s (%d)", s->process, s->pid);
	fprintf(out, "\n           what helps: %s\n", s->help);
}

/**
 * klp_show_missing - print that the list is not complete, and why
 * @out: the file
 * @stragglers: the stragglers
 */
void klp_show_missing(FILE *out, const struct klp_stragglers *stragglers)
{
	if (stragglers->unknown)
		fprintf(out, "  Their names are not known: debugfs can't be read.\n");
	if (stragglers->only_own)
		fprintf(out, "  Tasks of other users are not shown.\n");
}

/**
 * klp_show_stragglers - print two lines for each straggler
 * @out: the file
 * @stragglers: the stragglers
 */
void klp_show_stragglers(FILE *out, const struct klp_stragglers *stragglers)
{
	klp_show_missing(out, stragglers);
	for (int i = 0; i < stragglers->nr; i++)
		klp_show_straggler(out, &stragglers->list[i]);
}

/**
 * klp_show_transition - print what a transition does, and what delays it
 * @out: the file
 * @patch: the patch in transition
 */
void klp_show_transition(FILE *out, const struct klp_patch *patch)
{
	struct klp_stragglers stragglers;

	klp_stragglers_read(&stragglers);
	klp_show_age(out, patch);
	klp_show_stragglers(out, &stragglers);
	klp_stragglers_free(&stragglers);
}
