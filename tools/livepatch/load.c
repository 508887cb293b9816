// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load a patch and wait for the end of its transition.
 */
#include <string.h>
#include "klp.h"

/**
 * klp_check_module - read what a module says about itself
 * @info: filled in
 * @file: the file of the module
 *
 * Return: KLP_DONE, or KLP_USAGE after a message if it is no live patch.
 */
enum klp_exit klp_check_module(struct klp_modinfo *info, const char *file)
{
	int ret = klp_module_read(info, file);

	if (ret)
		return klp_fail(KLP_USAGE, "%s: %s", file, strerror(-ret));
	if (!info->livepatch)
		return klp_fail(KLP_USAGE, "%s is not a live patch", file);
	return KLP_DONE;
}

static enum klp_exit klp_insert(const char *file, const char *name,
				const struct klp_options *options)
{
	struct klp_log log;
	int ret;

	klp_log_open(&log);
	/* The first argument is the file, unless installed patches are loaded. */
	ret = klp_module_insert(file, options->args + 1,
				options->nr_args ? options->nr_args - 1 : 0);
	if (ret)
		klp_refused(&log, "loading", name, -ret);
	klp_log_close(&log);
	return ret ? KLP_REFUSED : KLP_DONE;
}

/* Another process may have reversed the transition meanwhile. */
static enum klp_exit klp_report_load(const char *name)
{
	struct klp_patch patch;

	if (!klp_patch_read(&patch, name) || !patch.enabled)
		return klp_fail(KLP_REVERSED, "'%s' is not enabled: the transition was reversed",
				name);
	printf("'%s' is enabled.\n", name);
	return KLP_DONE;
}

/* A patch that does not replace others is no upgrade: undo it. */
static enum klp_exit klp_undo(const char *name, const struct klp_options *options)
{
	enum klp_exit status;

	klp_fail(KLP_REVERSED, "'%s' is not cumulative, it replaces no patches. Use klp load.",
		 name);
	if (klp_disable(name))
		return KLP_REFUSED;
	status = klp_await_kept(name, options);
	if (!status)
		status = klp_remove(name);
	return status ? status : KLP_REVERSED;
}

static bool klp_is_cumulative(const char *name)
{
	struct klp_patch patch;

	return klp_patch_read(&patch, name) && patch.replace;
}

/**
 * klp_load - load a patch, and wait for the end of its transition
 * @file: the file of the module
 * @options: how long to wait, and what to do then
 * @cumulative: undo the patch if it does not replace others
 *
 * Return: the exit status.
 */
enum klp_exit klp_load(const char *file, const struct klp_options *options, bool cumulative)
{
	struct klp_modinfo info;
	enum klp_exit status;

	status = klp_check_module(&info, file);
	if (!status)
		status = klp_insert(file, info.name, options);
	if (status)
		return status;
	if (cumulative && !klp_is_cumulative(info.name))
		return klp_undo(info.name, options);
	status = klp_await(info.name, options);
	return status ? status : klp_report_load(info.name);
}
