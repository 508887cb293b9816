// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp list: the patches in the order in which they were enabled, and the modules of patches
 * that are out of effect and still loaded.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static void klp_text_object(const char *patch, const char *object)
{
	struct klp_names functions;

	printf("        %s: %s\n", object,
	       klp_object_is_patched(patch, object) ? "patched" : "not loaded");
	klp_functions_read(&functions, patch, object);
	for (int i = 0; i < functions.nr; i++)
		printf("          %s\n", functions.list[i]);
	klp_names_free(&functions);
}

static void klp_text_objects(const char *patch)
{
	struct klp_names objects;

	klp_objects_read(&objects, patch);
	for (int i = 0; i < objects.nr; i++)
		klp_text_object(patch, objects.list[i]);
	klp_names_free(&objects);
}

static void klp_text_about(const char *name)
{
	struct klp_modinfo info;

	klp_module_describe(&info, name);
	if (*info.version)
		printf(", version %s", info.version);
	if (*info.description)
		printf(": %s", info.description);
	puts("");
}

static void klp_text_patch(const struct klp_patch *patch, bool verbose)
{
	printf("%4d  %-24s  %s%s%s", patch->order, patch->name, klp_patch_state(patch),
	       patch->replace ? ", cumulative" : "", patch->pinned ? ", pinned" : "");
	if (patch->set)
		printf(", set %u", patch->set);
	klp_text_about(patch->name);
	if (verbose)
		klp_text_objects(patch->name);
}

static void klp_text_unused(const char *name)
{
	printf("   -  %-24s  not in effect, its module is loaded", name);
	klp_text_about(name);
}

static json_t *klp_json_function(const char *function)
{
	const char *comma = strrchr(function, ',');

	return json_pack("{s:o, s:i}", "name", json_stringn(function, comma - function),
			 "position", atoi(comma + 1));
}

static json_t *klp_json_object(const char *patch, const char *object)
{
	json_t *array = json_array();
	struct klp_names functions;

	klp_functions_read(&functions, patch, object);
	for (int i = 0; i < functions.nr; i++)
		json_array_append_new(array, klp_json_function(functions.list[i]));
	klp_names_free(&functions);
	return json_pack("{s:s, s:b, s:o}", "name", object,
			 "patched", klp_object_is_patched(patch, object), "functions", array);
}

static json_t *klp_json_objects(const char *patch)
{
	json_t *array = json_array();
	struct klp_names objects;

	klp_objects_read(&objects, patch);
	for (int i = 0; i < objects.nr; i++)
		json_array_append_new(array, klp_json_object(patch, objects.list[i]));
	klp_names_free(&objects);
	return array;
}

/* Version and description are null if they are not known. */
static json_t *klp_json_about(const char *name)
{
	struct klp_modinfo info;

	klp_module_describe(&info, name);
	return json_pack("{s:s, s:s?, s:s?}", "name", name,
			 "version", *info.version ? info.version : NULL,
			 "description", *info.description ? info.description : NULL);
}

static json_t *klp_json_patch(const struct klp_patch *patch)
{
	json_t *json = klp_json_about(patch->name);

	json_object_update_new(json, json_pack("{s:s, s:i, s:b, s:I, s:b, s:o}",
					       "state", klp_patch_state(patch),
					       "order", patch->order,
					       "replace", patch->replace,
					       "replace_set", (json_int_t)patch->set,
					       "pinned", patch->pinned,
					       "objects", klp_json_objects(patch->name)));
	return json;
}

static void klp_list_json(const struct klp_patches *patches, const struct klp_names *unused)
{
	json_t *enabled = json_array(), *others = json_array(), *all;

	for (int i = 0; i < patches->nr; i++)
		json_array_append_new(enabled, klp_json_patch(&patches->list[i]));
	for (int i = 0; i < unused->nr; i++)
		json_array_append_new(others, klp_json_about(unused->list[i]));
	all = json_pack("{s:o, s:o}", "patches", enabled, "unused_modules", others);
	json_dumpf(all, stdout, JSON_INDENT(1));
	puts("");
	json_decref(all);
}

static void klp_list_text(const struct klp_patches *patches, const struct klp_names *unused,
			  bool verbose)
{
	for (int i = 0; i < patches->nr; i++)
		klp_text_patch(&patches->list[i], verbose);
	for (int i = 0; i < unused->nr; i++)
		klp_text_unused(unused->list[i]);
	if (!patches->nr && !unused->nr)
		puts("no patches");
}

enum klp_exit klp_cmd_list(const struct klp_options *options)
{
	struct klp_patches patches;
	struct klp_names unused;

	if (klp_patches_read(&patches) < 0)
		return klp_fail(KLP_REFUSED, "this kernel has no live patching");
	klp_modules_unused(&unused);
	if (options->json)
		klp_list_json(&patches, &unused);
	else
		klp_list_text(&patches, &unused, options->verbose);
	klp_names_free(&unused);
	klp_patches_free(&patches);
	return KLP_DONE;
}
