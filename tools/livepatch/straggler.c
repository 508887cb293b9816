// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stragglers of the transition, from netlink, or else from the file in debugfs.
 *
 * A line of the file is "<tid>\t<name>\t<reason>[ in <function>]\thelp: <what helps>". The kernel
 * escapes tabs, newlines and backslashes in the name, which the task may have chosen.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

#define KLP_HELP	"help: "

/* A place is "function", or "function [module]". */
static bool klp_is_place(const char *text)
{
	const char *space = strchr(text, ' ');

	return !space || space[1] == '[';
}

/* Set the reason, and the place if the text is "reason in place". Reasons have " in ", too. */
static void klp_split_reason(struct klp_straggler *straggler, char *text)
{
	char *in, *last = NULL;

	for (in = strstr(text, " in "); in; in = strstr(in + 1, " in "))
		last = in;
	if (last && klp_is_place(last + 4)) {
		straggler->place = klp_strdup_escaped(last + 4);
		*last = 0;
	}
	straggler->reason = klp_strdup_escaped(text);
}

static void klp_name_process(struct klp_straggler *straggler)
{
	if (!straggler->tid)
		return;
	straggler->pid = klp_process_of(straggler->tid);
	straggler->process = klp_strdup_process(straggler->pid);
}

/* Return: false if it is not a line of a straggler. */
static bool klp_parse_line(struct klp_straggler *straggler, char *line)
{
	char *tid = strsep(&line, "\t");
	char *name = strsep(&line, "\t");
	char *reason = strsep(&line, "\t");

	if (!line || strncmp(line, KLP_HELP, strlen(KLP_HELP)))
		return false;
	klp_unescape(name);
	*straggler = (struct klp_straggler){
		.tid = atoi(tid),
		.name = klp_strdup_escaped(name),
		.help = klp_strdup_escaped(line + strlen(KLP_HELP)),
	};
	klp_split_reason(straggler, reason);
	klp_name_process(straggler);
	return true;
}

/* The first line has the number and the age, which are in sysfs as well. */
static void klp_parse(struct klp_stragglers *all, char *text)
{
	struct klp_straggler straggler, *list;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!klp_parse_line(&straggler, line))
			continue;
		list = realloc(all->list, (all->nr + 1) * sizeof(*list));
		if (!list)
			return;
		all->list = list;
		all->list[all->nr++] = straggler;
	}
}

/**
 * klp_stragglers_read - read what delays the transition
 * @stragglers: filled in. Empty if there is no transition, and if the file can't be read.
 */
void klp_stragglers_read(struct klp_stragglers *stragglers)
{
	char *text;

	if (klp_netlink_stragglers(stragglers))
		return;
	text = klp_read(NULL, "/sys/kernel/debug/livepatch/behind");
	*stragglers = (struct klp_stragglers){ .unknown = !text };
	if (text)
		klp_parse(stragglers, text);
	free(text);
}

void klp_stragglers_free(struct klp_stragglers *stragglers)
{
	for (int i = 0; i < stragglers->nr; i++) {
		struct klp_straggler *s = &stragglers->list[i];

		free(s->name);
		free(s->process);
		free(s->reason);
		free(s->place);
		free(s->help);
	}
	free(stragglers->list);
	*stragglers = (struct klp_stragglers){};
}
