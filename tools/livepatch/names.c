// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The names in a directory, in the order of versions: patch-9 comes before patch-10.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static int klp_names_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/**
 * klp_names_read - read the names in a directory, without those that begin with a dot
 * @names: filled in; empty if the directory can't be read
 * @dir: the path, without the root
 */
void klp_names_read(struct klp_names *names, const char *dir)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int i, n;

	*names = (struct klp_names){};
	n = scandir(klp_path(path, "%s", dir), &entries, klp_names_visible, versionsort);
	if (n < 0)
		return;
	names->list = calloc(n + 1, sizeof(*names->list));
	for (i = 0; i < n; i++) {
		if (names->list)
			names->list[names->nr++] = strdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

/**
 * klp_names_has - is this one of the names?
 * @names: the names
 * @name: the name
 *
 * Return: true if it is.
 */
bool klp_names_has(const struct klp_names *names, const char *name)
{
	for (int i = 0; i < names->nr; i++) {
		if (!strcmp(names->list[i], name))
			return true;
	}
	return false;
}

/**
 * klp_names_keep - keep some of the names
 * @names: the names
 * @keep: is called for each name; a name for which it returns false is removed
 * @arg: is passed to @keep
 */
void klp_names_keep(struct klp_names *names, bool (*keep)(const char *name, const void *arg),
		    const void *arg)
{
	int kept = 0;

	for (int i = 0; i < names->nr; i++) {
		if (keep(names->list[i], arg))
			names->list[kept++] = names->list[i];
		else
			free(names->list[i]);
	}
	names->nr = kept;
}

void klp_names_free(struct klp_names *names)
{
	for (int i = 0; i < names->nr; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct klp_names){};
}
