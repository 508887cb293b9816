// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp upgrade: load a cumulative patch, and remove the modules of the patches that it replaces.
 */
#include "klp.h"

/* Neither a patch that was disabled before is replaced, nor one of another set. */
static bool klp_is_replaced(const struct klp_patch *before)
{
	struct klp_patch now;

	return before->enabled && !(klp_patch_read(&now, before->name) && now.enabled);
}

static enum klp_exit klp_remove_replaced(const struct klp_patches *before)
{
	enum klp_exit status = KLP_DONE, ret;

	for (int i = 0; i < before->nr; i++) {
		if (!klp_is_replaced(&before->list[i]))
			continue;
		printf("'%s' was replaced.\n", before->list[i].name);
		ret = klp_remove(before->list[i].name);
		if (ret)
			status = ret;
	}
	return status;
}

static enum klp_exit klp_upgrade(const struct klp_options *options)
{
	struct klp_patches before;
	enum klp_exit status;

	if (klp_patches_read(&before) < 0)
		return klp_fail(KLP_REFUSED, "this kernel has no live patching");
	status = klp_load(options->args[0], options, true);
	if (!status)
		status = klp_remove_replaced(&before);
	klp_patches_free(&before);
	return status;
}

/* Say how long tasks were without the patch that was reversed at @start, and remove its module. */
static void klp_report_reversal(const struct klp_patch *reversed, long start)
{
	long ms = klp_now_ms() - start;
	struct klp_patch next;

	if (klp_find_transition(&next))
		ms -= next.age_ms;
	printf("'%s' was reversed first. The next transition began, or was over, after %ld ms.\n",
	       reversed->name, ms);
	klp_remove(reversed->name);
}

/*
 * A transition that does not end keeps the next patch out: there are two versions of the
 * functions, and each task uses one of them, so there is no place for a third. It ends soon if
 * it is reversed, because the stragglers have not migrated yet.
 */
static enum klp_exit klp_reverse_and_upgrade(const struct klp_patch *stuck,
					     const struct klp_options *options)
{
	struct klp_options patient = *options;
	long start = klp_now_ms();
	struct klp_modinfo info;
	enum klp_exit status;

	/* Without a wait here the next patch could not be loaded. */
	if (!patient.wait_ms)
		patient.wait_ms = KLP_WAIT_MS;
	status = klp_check_module(&info, options->args[0]);
	if (!status)
		status = klp_reverse(stuck);
	if (status)
		return status;
	status = klp_await_kept(stuck->name, &patient);
	if (status)
		return klp_fail(status, "'%s' was not loaded", options->args[0]);
	status = klp_upgrade(options);
	if (stuck->enabled && status != KLP_REFUSED)
		klp_report_reversal(stuck, start);
	else if (stuck->enabled)
		klp_fail(status, "'%s' was reversed, and is not enabled any more", stuck->name);
	return status;
}

enum klp_exit klp_cmd_upgrade(const struct klp_options *options)
{
	struct klp_patch stuck;

	if (options->reverse && klp_find_transition(&stuck))
		return klp_reverse_and_upgrade(&stuck, options);
	return klp_upgrade(options);
}
