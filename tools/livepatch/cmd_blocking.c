// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp blocking: the stragglers; -v adds their processes, -vv their stacks.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static void klp_show_relative(const char *what, pid_t pid)
{
	char name[256];

	if (!pid)
		return;
	klp_process_name(name, sizeof(name), pid);
	printf("           %s: %s (%d)\n", what, name, pid);
}

static void klp_show_family(const struct klp_straggler *s)
{
	char command[1024];

	klp_process_command(command, sizeof(command), s->pid);
	if (*command)
		printf("           command: %s\n", command);
	klp_show_relative("parent", klp_parent_of(s->pid));
	klp_show_relative("child", klp_child_of(s->pid));
}

static void klp_show_stack(pid_t tid)
{
	char *stack = klp_thread_stack(tid), *line, *rest = stack;

	if (!stack)
		puts("           stack: not readable");
	while ((line = strsep(&rest, "\n"))) {
		if (*line)
			printf("           stack: %s\n", line);
	}
	free(stack);
}

/* Print each straggler alone, followed by its details. */
static void klp_show_details(const struct klp_stragglers *stragglers, int verbose)
{
	for (int i = 0; i < stragglers->nr; i++) {
		struct klp_stragglers one = { .list = &stragglers->list[i], .nr = 1 };

		klp_show_stragglers(stdout, &one);
		if (verbose && one.list->pid)
			klp_show_family(one.list);
		if (verbose > 1 && one.list->tid)
			klp_show_stack(one.list->tid);
	}
}

enum klp_exit klp_cmd_blocking(const struct klp_options *options)
{
	struct klp_stragglers stragglers;
	struct klp_patch patch;

	if (!klp_find_transition(&patch))
		return KLP_DONE;
	klp_stragglers_read(&stragglers);
	klp_show_missing(stdout, &stragglers);
	klp_show_details(&stragglers, options->verbose);
	klp_stragglers_free(&stragglers);
	return KLP_IN_TRANSITION;
}
