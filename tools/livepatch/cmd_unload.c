// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp unload: disable a patch, wait for the end of the transition, and remove its module.
 */
#include "klp.h"

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

	if (!klp_patch_read(&patch, name))
		return klp_module_loaded(name) ? klp_finish_unload(name) :
		       klp_fail(KLP_USAGE, "'%s' is not loaded", name);
	if (patch.enabled && klp_disable(name))
		return KLP_REFUSED;
	status = klp_await(name, options);
	return status ? status : klp_finish_unload(name);
}
