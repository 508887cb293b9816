// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp load: load a patch from a file, or all patches that are installed for this kernel.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static enum klp_exit klp_load_stored(const char *file, const struct klp_options *options)
{
	struct klp_modinfo info;

	if (!klp_module_read(&info, file) && klp_module_loaded(info.name)) {
		printf("'%s' is loaded already.\n", info.name);
		return KLP_DONE;
	}
	return klp_load(file, options, false);
}

/* A later patch can't be loaded during the transition of an earlier one. */
static enum klp_exit klp_load_installed(const struct klp_options *options)
{
	const char *release = klp_store_release(options);
	enum klp_exit status = KLP_DONE;
	char dir[PATH_MAX], file[PATH_MAX];
	struct klp_names names;

	snprintf(dir, sizeof(dir), "/var/lib/livepatch/%s", release);
	klp_names_read(&names, dir);
	for (int i = 0; i < names.nr && !status; i++)
		status = klp_load_stored(klp_path(file, "%s/%s", dir, names.list[i]), options);
	klp_names_free(&names);
	return status;
}

enum klp_exit klp_cmd_load(const struct klp_options *options)
{
	if (options->installed != !options->nr_args)
		return klp_fail(KLP_USAGE, "load: either name a file, or give --installed");
	if (options->installed)
		return klp_load_installed(options);
	return klp_load(options->args[0], options, false);
}
