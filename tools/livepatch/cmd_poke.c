// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp poke: let the kernel visit one straggler now.
 */
#include <stdlib.h>
#include "klp.h"

/* How long to wait for the thread to leave the kernel */
#define KLP_POKE_MS	1000

/* Return: whether the thread is, or may be, a straggler; if so, @show prints it. */
static bool klp_is_straggler(pid_t tid, bool show)
{
	struct klp_stragglers stragglers;
	bool found;

	klp_stragglers_read(&stragglers);
	found = stragglers.unknown;
	for (int i = 0; i < stragglers.nr && !found; i++) {
		struct klp_stragglers one = { .list = &stragglers.list[i], .nr = 1 };

		found = one.list->tid == tid;
		if (found && show)
			klp_show_stragglers(stdout, &one);
	}
	klp_stragglers_free(&stragglers);
	return found;
}

enum klp_exit klp_cmd_poke(const struct klp_options *options)
{
	char *end;
	long tid = strtol(options->args[0], &end, 10);
	long start = klp_now_ms();

	if (*end || tid <= 0 || tid > INT_MAX)
		return klp_fail(KLP_USAGE, "'%s' is no thread ID", options->args[0]);
	if (klp_netlink_poke(tid))
		return KLP_REFUSED;
	while (klp_is_straggler(tid, false) && klp_now_ms() - start < KLP_POKE_MS)
		klp_sleep_ms(20);
	if (klp_is_straggler(tid, true))
		return klp_fail(KLP_STALLED, "%ld has not migrated", tid);
	printf("%ld has migrated.\n", tid);
	return KLP_DONE;
}
