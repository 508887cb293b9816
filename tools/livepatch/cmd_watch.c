// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp watch: print what the kernel logs about live patching when it happens, and during a
 * transition the number of stragglers when it changes.
 */
#include <poll.h>
#include "klp.h"

#define KLP_WATCH_MS	500

static int klp_watch_log(struct klp_log *log)
{
	struct klp_record record;
	int shown = 0;

	while (klp_log_next(log, &record)) {
		if (!klp_log_is_ours(&record))
			continue;
		printf("[%5llu.%06llu] %s\n", record.us / 1000000, record.us % 1000000,
		       record.text);
		shown++;
	}
	return shown;
}

/* Return: whether there is a transition */
static bool klp_watch_transition(int *last)
{
	struct klp_patch patch;

	if (!klp_find_transition(&patch)) {
		*last = -1;
		return false;
	}
	if (patch.stragglers != *last)
		klp_show_transition(stdout, &patch);
	*last = patch.stragglers;
	return true;
}

/* A record that is not ours wakes this up too. A log that was closed must not keep it busy. */
static void klp_watch_wait(const struct klp_log *log, bool transition)
{
	struct pollfd poll_fd = { .fd = fileno(log->file), .events = POLLIN };

	poll(&poll_fd, 1, transition ? KLP_WATCH_MS : -1);
	if (poll_fd.revents & (POLLHUP | POLLNVAL))
		klp_sleep_ms(KLP_WATCH_MS);
}

enum klp_exit klp_cmd_watch(const struct klp_options *options)
{
	struct klp_log log;
	int last = -1;

	(void)options;
	klp_log_open(&log);
	if (!log.file)
		return klp_fail(KLP_REFUSED, "/dev/kmsg can't be read by this user");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		bool transition;

		klp_watch_log(&log);
		transition = klp_watch_transition(&last);
		klp_watch_wait(&log, transition);
	}
}
