// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The patches that the kernel has, from /sys/kernel/livepatch.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static long klp_patch_number(const char *name, const char *file)
{
	return klp_read_number(KLP_SYSFS "/%s/%s", name, file);
}

/**
 * klp_has_live_patching - does the kernel have live patching?
 *
 * Return: true if it has.
 */
bool klp_has_live_patching(void)
{
	return klp_exists(KLP_SYSFS);
}

/**
 * klp_patch_exists - does the kernel have this patch?
 * @name: the name of its module
 *
 * Return: true if it has a directory in sysfs.
 */
bool klp_patch_exists(const char *name)
{
	return klp_exists(KLP_SYSFS "/%s/enabled", name);
}

/**
 * klp_patch_read - read the files of a patch
 * @patch: filled in
 * @name: the name of its module, may be that in @patch
 *
 * Return: false if there is no such patch.
 */
bool klp_patch_read(struct klp_patch *patch, const char *name)
{
	long enabled = klp_patch_number(name, "enabled");
	long stragglers = klp_patch_number(name, "stragglers");
	long age = klp_patch_number(name, "transition_ms");
	long set = klp_patch_number(name, "replace_set");
	struct klp_patch read;

	if (enabled < 0)
		return false;
	read = (struct klp_patch){
		.enabled = enabled,
		.transition = klp_patch_number(name, "transition") == 1,
		.replace = klp_patch_number(name, "replace") == 1,
		.set = set < 0 ? 0 : set,
		.pinned = klp_patch_number(name, "pinned") == 1,
		.order = klp_patch_number(name, "stack_order"),
		.stragglers = stragglers < 0 ? 0 : stragglers,
		.age_ms = age < 0 ? 0 : age,
	};
	snprintf(read.name, sizeof(read.name), "%s", name);
	*patch = read;
	return true;
}

/**
 * klp_patch_state - name the state of a patch
 * @patch: the patch
 *
 * A patch that is disabled, and whose directory is about to be removed, is "disabled".
 *
 * Return: a word.
 */
const char *klp_patch_state(const struct klp_patch *patch)
{
	if (patch->transition)
		return klp_direction(patch);
	return patch->enabled ? "enabled" : "disabled";
}

static int klp_patch_compare(const void *a, const void *b)
{
	const struct klp_patch *one = a, *other = b;

	return one->order - other->order;
}

/**
 * klp_patches_read - read all patches, in the order in which they were enabled
 * @patches: filled in
 *
 * Return: the number of patches, or -1 if the kernel has no live patching.
 */
int klp_patches_read(struct klp_patches *patches)
{
	struct klp_names names;

	*patches = (struct klp_patches){};
	if (!klp_has_live_patching())
		return -1;
	klp_names_read(&names, KLP_SYSFS);
	patches->list = calloc(names.nr + 1, sizeof(*patches->list));
	for (int i = 0; patches->list && i < names.nr; i++)
		patches->nr += klp_patch_read(&patches->list[patches->nr], names.list[i]);
	klp_names_free(&names);
	qsort(patches->list, patches->nr, sizeof(*patches->list), klp_patch_compare);
	return patches->nr;
}

void klp_patches_free(struct klp_patches *patches)
{
	free(patches->list);
	*patches = (struct klp_patches){};
}

/**
 * klp_find_transition - find the patch that is being enabled or disabled
 * @patch: filled in
 *
 * Return: false if there is no transition.
 */
bool klp_find_transition(struct klp_patch *patch)
{
	struct klp_names names;
	bool found = false;

	klp_names_read(&names, KLP_SYSFS);
	for (int i = 0; i < names.nr && !found; i++)
		found = klp_patch_number(names.list[i], "transition") == 1 &&
			klp_patch_read(patch, names.list[i]) && patch->transition;
	klp_names_free(&names);
	return found;
}
