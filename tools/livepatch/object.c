// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The objects and functions of a patch. An object is a directory with the file "patched", and
 * its functions are the directories "<function>,<position>" in it.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

/**
 * klp_objects_read - read the names of the objects of a patch
 * @objects: filled in
 * @patch: the name of the patch
 */
void klp_objects_read(struct klp_names *objects, const char *patch)
{
	char dir[PATH_MAX];
	int kept = 0;

	snprintf(dir, sizeof(dir), "/sys/kernel/livepatch/%s", patch);
	klp_names_read(objects, dir);
	for (int i = 0; i < objects->nr; i++) {
		if (klp_exists("%s/%s/patched", dir, objects->list[i]))
			objects->list[kept++] = objects->list[i];
		else
			free(objects->list[i]);
	}
	objects->nr = kept;
}

/**
 * klp_object_is_patched - are the functions of an object redirected?
 * @patch: the name of the patch
 * @object: the name of the object
 *
 * Return: true if they are, false if the object is not loaded.
 */
bool klp_object_is_patched(const char *patch, const char *object)
{
	return klp_read_number("/sys/kernel/livepatch/%s/%s/patched", patch, object) == 1;
}

/**
 * klp_functions_read - read the names "<function>,<position>" of an object
 * @functions: filled in
 * @patch: the name of the patch
 * @object: the name of the object
 */
void klp_functions_read(struct klp_names *functions, const char *patch, const char *object)
{
	char dir[PATH_MAX];
	int kept = 0;

	snprintf(dir, sizeof(dir), "/sys/kernel/livepatch/%s/%s", patch, object);
	klp_names_read(functions, dir);
	for (int i = 0; i < functions->nr; i++) {
		if (strchr(functions->list[i], ','))
			functions->list[kept++] = functions->list[i];
		else
			free(functions->list[i]);
	}
	functions->nr = kept;
}

/**
 * klp_functions_count - count the functions that a patch replaces
 * @patch: the name of the patch
 *
 * Return: the number.
 */
int klp_functions_count(const char *patch)
{
	struct klp_names objects, functions;
	int nr = 0;

	klp_objects_read(&objects, patch);
	for (int i = 0; i < objects.nr; i++) {
		klp_functions_read(&functions, patch, objects.list[i]);
		nr += functions.nr;
		klp_names_free(&functions);
	}
	klp_names_free(&objects);
	return nr;
}
