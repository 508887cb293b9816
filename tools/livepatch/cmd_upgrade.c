// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp upgrade: load a cumulative patch, and remove the modules of the patches that it replaces.
 */
#include "klp.h"

static enum klp_exit klp_remove_replaced(const struct klp_patches *before)
{
	enum klp_exit status = KLP_DONE, ret;

	for (int i = 0; i < before->nr; i++) {
		printf("'%s' was replaced.\n", before->list[i].name);
		ret = klp_remove(before->list[i].name);
		if (ret)
			status = ret;
	}
	return status;
}

enum klp_exit klp_cmd_upgrade(const struct klp_options *options)
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
