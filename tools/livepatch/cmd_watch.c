// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp watch: print what the kernel logs about live patching when it happens, and during a
 * transition the stragglers when their number changes. The kernel sends events by netlink when
 * it has changed. Without these, read the number from sysfs twice a second.
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
static void klp_watch_wait(const struct klp_log *log, int events_fd, bool transition)
{
	struct pollfd poll_fds[] = {
		{ .fd = log->file ? fileno(log->file) : -1, .events = POLLIN },
		{ .fd = events_fd, .events = POLLIN },
	};

	poll(poll_fds, 2, transition && events_fd < 0 ? KLP_WATCH_MS : -1);
	if (poll_fds[0].revents & (POLLHUP | POLLNVAL))
		klp_sleep_ms(KLP_WATCH_MS);
}

enum klp_exit klp_cmd_watch(const struct klp_options *options)
{
	struct ynl_sock *events;
	struct klp_log log;
	int last = -1, fd;

	(void)options;
	klp_log_open(&log);
	events = klp_netlink_watch(&fd);
	if (!log.file && !events)
		return klp_fail(KLP_REFUSED, "/dev/kmsg can't be read by this user");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		bool transition;

		klp_watch_log(&log);
		klp_netlink_events(events, !log.file);
		transition = klp_watch_transition(&last);
		klp_watch_wait(&log, fd, transition);
	}
}
