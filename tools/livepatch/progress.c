// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A line on a terminal that shows how a transition proceeds, with names of stragglers.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "klp.h"

static bool klp_progress_shown;

static int klp_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 80;
	return size.ws_col < 256 ? size.ws_col : 256;
}

/* Append "name (tid)" for as many stragglers as there is room for. */
static void klp_progress_names(char *line, size_t size, const struct klp_stragglers *stragglers)
{
	size_t n = strlen(line);
	char name[128];

	if (n >= size)
		return;
	for (int i = 0; i < stragglers->nr; i++) {
		const struct klp_straggler *s = &stragglers->list[i];

		if (s->tid)
			snprintf(name, sizeof(name), "%s%s (%d)", i ? ", " : ": ", s->name, s->tid);
		else
			snprintf(name, sizeof(name), "%s%s", i ? ", " : ": ", s->name);
		if (n + strlen(name) + 4 >= size) {
			snprintf(line + n, size - n, " ...");
			return;
		}
		n += snprintf(line + n, size - n, "%s", name);
	}
}

/**
 * klp_progress_show - replace the line, if stderr is a terminal
 * @patch: the patch in transition
 */
void klp_progress_show(const struct klp_patch *patch)
{
	struct klp_stragglers stragglers;
	char line[256];

	if (!isatty(STDERR_FILENO))
		return;
	klp_stragglers_read(&stragglers);
	snprintf(line, sizeof(line) / 2, "%.64s: %s for %ld.%ld s, %d straggler%s", patch->name,
		 klp_direction(patch), patch->age_ms / 1000, patch->age_ms / 100 % 10,
		 patch->stragglers, patch->stragglers == 1 ? "" : "s");
	klp_progress_names(line, klp_columns(), &stragglers);
	fprintf(stderr, "\r\033[K%.*s", klp_columns() - 1, line);
	klp_progress_shown = true;
	klp_stragglers_free(&stragglers);
}

/**
 * klp_progress_clear - remove the line, before something else is printed
 */
void klp_progress_clear(void)
{
	if (klp_progress_shown)
		fprintf(stderr, "\r\033[K");
	klp_progress_shown = false;
}
