// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp unload: disable a patch, wait for the end of the transition, and remove its module.
 */
#include "klp.h"

/* There is no patch of that name in sysfs. Only the module of a patch may be removed. */
static enum klp_exit klp_check_left(const char *name)
{
	if (!klp_module_loaded(name))
		return klp_fail(KLP_USAGE, "'%s' is not loaded", name);
	if (!klp_module_is_patch(name))
		return klp_fail(KLP_USAGE, "'%s' is not a live patch", name);
	return KLP_DONE;
}

/* Another process may have reversed the transition meanwhile. */
static enum klp_exit klp_finish_unload(const char *name)
{
	struct klp_patch patch;
	enum klp_exit status;

	if (klp_patch_read(&patch, name) && patch.enabled)
		return klp_fail(KLP_REVERSED, "'%s' is enabled: the transition was reversed", name);
	status = klp_remove(name);
	if (!status && !klp_module_loaded(name))
		printf("'%s' is unloaded.\n", name);
	return status;
}

enum klp_exit klp_cmd_unload(const struct klp_options *options)
{
	const char *name = klp_module_name(options->args[0]);
	enum klp_exit status;
	struct klp_patch patch;

	if (!klp_patch_read(&patch, name)) {
		status = klp_check_left(name);
		return status ? status : klp_finish_unload(name);
	}
	if (patch.enabled && klp_disable(name))
		return KLP_REFUSED;
	status = klp_await(name, options);
	return status ? status : klp_finish_unload(name);
}
