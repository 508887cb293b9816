// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp status, klp check: is there a transition, and what delays it?
 */
#include <jansson.h>
#include "klp.h"

static json_t *klp_string(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *klp_number(long number)
{
	return number ? json_integer(number) : json_null();
}

static json_t *klp_json_straggler(const struct klp_straggler *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "tid", klp_number(s->tid), "thread", klp_string(s->name),
			 "pid", klp_number(s->pid), "process", klp_string(s->process),
			 "reason", klp_string(s->reason), "place", klp_string(s->place),
			 "help", klp_string(s->help));
}

static json_t *klp_json_stragglers(const struct klp_stragglers *stragglers)
{
	json_t *array;

	if (stragglers->unknown)
		return json_null();
	array = json_array();
	for (int i = 0; i < stragglers->nr; i++)
		json_array_append_new(array, klp_json_straggler(&stragglers->list[i]));
	return array;
}

static void klp_json_status(const struct klp_patch *patch, bool transition)
{
	json_t *status = json_pack("{s:b}", "transition", transition);
	struct klp_stragglers stragglers;

	if (transition) {
		klp_stragglers_read(&stragglers);
		json_object_update_new(status,
				       json_pack("{s:s, s:s, s:I, s:i, s:o}",
						 "patch", patch->name,
						 "direction", klp_direction(patch),
						 "age_ms", (json_int_t)patch->age_ms,
						 "count", patch->stragglers, "stragglers",
						 klp_json_stragglers(&stragglers)));
		klp_stragglers_free(&stragglers);
	}
	json_dumpf(status, stdout, JSON_INDENT(1));
	puts("");
	json_decref(status);
}

static void klp_text_status(const struct klp_patch *patch, bool transition)
{
	if (transition)
		klp_show_transition(stdout, patch);
	else
		puts("no transition");
}

enum klp_exit klp_cmd_status(const struct klp_options *options)
{
	struct klp_patch patch;
	bool transition = klp_find_transition(&patch);

	if (!klp_has_live_patching())
		return klp_fail(KLP_REFUSED, "this kernel has no live patching");
	if (options->json)
		klp_json_status(&patch, transition);
	else
		klp_text_status(&patch, transition);
	return transition ? KLP_IN_TRANSITION : KLP_DONE;
}

enum klp_exit klp_cmd_check(const struct klp_options *options)
{
	struct klp_patch patch;

	(void)options;
	if (!klp_has_live_patching())
		return KLP_REFUSED;
	return klp_find_transition(&patch) ? KLP_IN_TRANSITION : KLP_DONE;
}
