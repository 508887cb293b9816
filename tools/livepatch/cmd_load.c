// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp load: load a patch from a file, or all patches that are installed for this kernel.
 */
#include "klp.h"

static enum klp_exit klp_load_stored(const char *file, const struct klp_options *options)
{
	struct klp_modinfo info;
	struct klp_patch patch;

	if (klp_module_read(&info, file) || !klp_module_loaded(info.name))
		return klp_load(file, options, false);
	if (!klp_patch_read(&patch, info.name) || !patch.enabled)
		return klp_fail(KLP_REFUSED, "'%s' is loaded, but not enabled", info.name);
	printf("'%s' is loaded already.\n", info.name);
	return KLP_DONE;
}

/*
 * Stop at the first patch that is not enabled: the next one may be meant to be stacked on it, and
 * can't be loaded during its transition.
 */
static enum klp_exit klp_load_installed(const struct klp_options *options)
{
	const char *release = klp_store_release(options);
	enum klp_exit status = KLP_DONE;
	char dir[PATH_MAX], file[PATH_MAX + NAME_MAX + 2];
	struct klp_names names;

	klp_store_dir(dir, release);
	klp_store_read(&names, release);
	for (int i = 0; i < names.nr && !status; i++) {
		snprintf(file, sizeof(file), "%s/%s", dir, names.list[i]);
		status = klp_load_stored(file, options);
	}
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
