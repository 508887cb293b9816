// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load a patch and wait for the end of its transition.
 */
#include <string.h>
#include "klp.h"

static enum klp_exit klp_check_module(struct klp_modinfo *info, const char *file)
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
static enum klp_exit klp_check_cumulative(const char *name, const struct klp_options *options)
{
	struct klp_options reverse = *options;
	struct klp_patch patch;

	if (!klp_patch_read(&patch, name) || patch.replace)
		return KLP_DONE;
	klp_fail(KLP_REFUSED, "'%s' is not cumulative, it replaces no patches. Use klp load.",
		 name);
	reverse.reverse_on_stall = true;
	if (patch.transition)
		return klp_stalled(name, &reverse);
	if (klp_disable(name))
		return KLP_REFUSED;
	if (!klp_wait_transition(name, options->wait_ms))
		return klp_stalled(name, options);
	klp_remove(name);
	return KLP_REVERSED;
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
	if (!status && cumulative)
		status = klp_check_cumulative(info.name, options);
	if (status)
		return status;
	if (klp_wait_transition(info.name, options->wait_ms))
		return klp_report_load(info.name);
	if (!options->wait_ms && !options->reverse_on_stall) {
		printf("'%s' is loaded, and its transition is under way.\n", info.name);
		return KLP_IN_TRANSITION;
	}
	return klp_stalled(info.name, options);
}
