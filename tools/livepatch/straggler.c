// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stragglers of the transition, from the file in debugfs.
 *
 * The lines are "<tid>\t<name>\t<reason>[ in <function>]\thelp: <what helps>". The name of a
 * task may contain tabs and newlines. So a record is taken apart from both ends, and a line
 * that has no end is continued by the next line.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "klp.h"

#define KLP_HELP	"\thelp: "

static char *klp_strdup_escaped(const char *text, size_t length)
{
	size_t size = 4 * length + 5;
	char *copy = malloc(size);

	if (copy)
		klp_escape(copy, size, text, length);
	return copy;
}

/* A place is "function", or "function [module]". */
static bool klp_is_place(const char *text, const char *end)
{
	const char *space = memchr(text, ' ', end - text);

	return !space || (space + 1 < end && space[1] == '[');
}

/* Set the reason, and the place if the text is "reason in place". Reasons have " in ", too. */
static void klp_split_reason(struct klp_straggler *straggler, const char *text, size_t length)
{
	const char *end = text + length, *in = end;

	while (--in > text) {
		if (end - in > 4 && !memcmp(in, " in ", 4))
			break;
	}
	if (in <= text || !klp_is_place(in + 4, end)) {
		straggler->reason = klp_strdup_escaped(text, length);
		return;
	}
	straggler->reason = klp_strdup_escaped(text, in - text);
	straggler->place = klp_strdup_escaped(in + 4, end - in - 4);
}

static void klp_name_process(struct klp_straggler *straggler)
{
	char name[256];

	if (!straggler->tid)
		return;
	straggler->pid = klp_process_of(straggler->tid);
	klp_process_name(name, sizeof(name), straggler->pid);
	straggler->process = strdup(name);
}

/* Is it the beginning of a record: the ID of a thread, or a dash, and a tab? */
static const char *klp_record_name(const char *record)
{
	const char *name = record + strspn(record, "0123456789");

	if (name == record && *name == '-')
		name++;
	return name != record && *name == '\t' ? name + 1 : NULL;
}

/**
 * klp_parse_record - take a record apart
 * @straggler: filled in
 * @record: the record, which may contain newlines in the name of the task
 * @length: its length without the newline at the end
 *
 * Return: false if the record is not complete.
 */
static bool klp_parse_record(struct klp_straggler *straggler, const char *record, size_t length)
{
	const char *name = klp_record_name(record);
	const char *end = record + length, *help, *reason;

	for (help = end - strlen(KLP_HELP); help > record; help--) {
		if (!memcmp(help, KLP_HELP, strlen(KLP_HELP)))
			break;
	}
	if (!name || help <= name || help + strlen(KLP_HELP) == end)
		return false;
	reason = memrchr(name, '\t', help - name);
	if (!reason || reason + 1 == help)
		return false;
	*straggler = (struct klp_straggler){ .tid = atoi(record) };
	straggler->name = klp_strdup_escaped(name, reason - name);
	klp_split_reason(straggler, reason + 1, help - reason - 1);
	help += strlen(KLP_HELP);
	straggler->help = klp_strdup_escaped(help, end - help);
	klp_name_process(straggler);
	return true;
}

static bool klp_add_record(struct klp_stragglers *all, const char *record, size_t length)
{
	struct klp_straggler straggler, *list;

	if (!klp_parse_record(&straggler, record, length))
		return false;
	list = realloc(all->list, (all->nr + 1) * sizeof(*list));
	if (list) {
		all->list = list;
		all->list[all->nr++] = straggler;
	}
	return true;
}

/* The first line has the number and the age, which are in sysfs as well. */
static void klp_parse(struct klp_stragglers *all, const char *text)
{
	const char *record = strchr(text, '\n'), *end;

	if (!record)
		return;
	record++;
	for (end = strchr(record, '\n'); end; end = strchr(end + 1, '\n')) {
		if (klp_add_record(all, record, end - record))
			record = end + 1;
	}
}

/**
 * klp_stragglers_read - read what delays the transition
 * @stragglers: filled in. Empty if there is no transition, and if the file can't be read.
 */
void klp_stragglers_read(struct klp_stragglers *stragglers)
{
	char *text = klp_read(NULL, "/sys/kernel/debug/livepatch/behind");

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
