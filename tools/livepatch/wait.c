// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wait for the end of a transition. The kernel wakes up each process that polls the file
 * "transition" of the patch.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include "klp.h"

/* The progress is shown that often. */
#define KLP_INTERVAL_MS		200

static long klp_left_ms(long start, long ms)
{
	long left = ms - (klp_now_ms() - start);

	if (ms == KLP_FOREVER || left > KLP_INTERVAL_MS)
		return KLP_INTERVAL_MS;
	return left < 0 ? 0 : left;
}

/* The file is read before it is polled, because poll() reports a change since then. */
static bool klp_in_transition(int fd, const char *name)
{
	struct klp_patch patch;
	char value;

	if (pread(fd, &value, 1, 0) != 1 || value != '1')
		return false;
	if (klp_patch_read(&patch, name))
		klp_progress_show(&patch);
	return true;
}

/**
 * klp_wait_transition - wait until a patch is not in transition
 * @name: the name of the patch
 * @ms: how long, or KLP_FOREVER
 *
 * Return: false if the transition goes on.
 */
bool klp_wait_transition(const char *name, long ms)
{
	char path[PATH_MAX];
	int fd = open(klp_path(path, KLP_SYSFS "/%s/transition", name),
		      O_RDONLY | O_CLOEXEC);
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };
	long start = klp_now_ms(), left = 1;
	bool active;

	if (fd < 0)
		return true;
	while ((active = klp_in_transition(fd, name)) && left) {
		left = klp_left_ms(start, ms);
		poll(&poll_fd, 1, left);
	}
	klp_progress_clear();
	close(fd);
	return !active;
}

/**
 * klp_wait_gone - wait until the directory of a patch is removed
 * @name: the name of the patch, which was disabled or replaced
 * @ms: how long
 *
 * This needs a grace period of RCU tasks after the transition.
 *
 * Return: false if it is still there.
 */
bool klp_wait_gone(const char *name, long ms)
{
	long start = klp_now_ms();

	while (klp_patch_exists(name)) {
		if (klp_now_ms() - start >= ms)
			return false;
		klp_sleep_ms(20);
	}
	return true;
}
