// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp metrics: for the text collector of node_exporter. Times are in seconds, and the names of
 * patches are names of modules, which need no escaping.
 */
#include "klp.h"

static void klp_metric(const char *name, const char *help)
{
	printf("# HELP livepatch_%s %s\n# TYPE livepatch_%s gauge\n", name, help, name);
}

static void klp_metric_state(const struct klp_patches *patches)
{
	klp_metric("patch_enabled", "1 if the patch is or becomes enabled, 0 if it is disabled.");
	for (int i = 0; i < patches->nr; i++)
		printf("livepatch_patch_enabled{patch=\"%s\"} %d\n", patches->list[i].name,
		       patches->list[i].enabled);
}

static void klp_metric_transition(const struct klp_patches *patches)
{
	klp_metric("patch_transition", "1 during the transition of the patch.");
	for (int i = 0; i < patches->nr; i++)
		printf("livepatch_patch_transition{patch=\"%s\"} %d\n", patches->list[i].name,
		       patches->list[i].transition);
}

static void klp_metric_pinned(const struct klp_patches *patches)
{
	klp_metric("patch_pinned", "1 if the module of the patch can't be removed any more.");
	for (int i = 0; i < patches->nr; i++)
		printf("livepatch_patch_pinned{patch=\"%s\"} %d\n", patches->list[i].name,
		       patches->list[i].pinned);
}

static void klp_metric_functions(const struct klp_patches *patches)
{
	klp_metric("patch_functions", "Number of functions that the patch replaces.");
	for (int i = 0; i < patches->nr; i++)
		printf("livepatch_patch_functions{patch=\"%s\"} %d\n", patches->list[i].name,
		       klp_functions_count(patches->list[i].name));
}

static void klp_metric_age(const struct klp_patches *patches)
{
	long age = 0, stragglers = 0;

	for (int i = 0; i < patches->nr; i++) {
		if (!patches->list[i].transition)
			continue;
		age = patches->list[i].age_ms;
		stragglers = patches->list[i].stragglers;
	}
	klp_metric("transition_seconds", "Time since tasks began to migrate, 0 if at rest.");
	printf("livepatch_transition_seconds %ld.%03ld\n", age / 1000, age % 1000);
	klp_metric("stragglers", "Number of tasks and interrupt contexts that have not migrated.");
	printf("livepatch_stragglers %ld\n", stragglers);
}

static void klp_metric_unused(void)
{
	struct klp_names unused;

	klp_modules_unused(&unused);
	klp_metric("unused_modules", "Number of loaded modules of patches that are not in effect.");
	printf("livepatch_unused_modules %d\n", unused.nr);
	klp_names_free(&unused);
}

enum klp_exit klp_cmd_metrics(const struct klp_options *options)
{
	struct klp_patches patches;

	(void)options;
	if (klp_patches_read(&patches) < 0)
		return klp_fail(KLP_REFUSED, "this kernel has no live patching");
	klp_metric_state(&patches);
	klp_metric_transition(&patches);
	klp_metric_pinned(&patches);
	klp_metric_functions(&patches);
	klp_metric_age(&patches);
	klp_metric_unused();
	klp_patches_free(&patches);
	return KLP_DONE;
}
