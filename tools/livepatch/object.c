// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The objects and functions of a patch. An object is a directory with the file "patched", and
 * its functions are the directories "<function>,<position>" in it.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static bool klp_is_object(const char *name, const void *patch)
{
	return klp_exists(KLP_SYSFS "/%s/%s/patched", (const char *)patch, name);
}

static bool klp_is_function(const char *name, const void *unused)
{
	(void)unused;
	return strchr(name, ',');
}

/**
 * klp_objects_read - read the names of the objects of a patch
 * @objects: filled in
 * @patch: the name of the patch
 */
void klp_objects_read(struct klp_names *objects, const char *patch)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), KLP_SYSFS "/%s", patch);
	klp_names_read(objects, dir);
	klp_names_keep(objects, klp_is_object, patch);
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
	return klp_read_number(KLP_SYSFS "/%s/%s/patched", patch, object) == 1;
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

	snprintf(dir, sizeof(dir), KLP_SYSFS "/%s/%s", patch, object);
	klp_names_read(functions, dir);
	klp_names_keep(functions, klp_is_function, NULL);
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
