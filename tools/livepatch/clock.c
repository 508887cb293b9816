// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time in milliseconds.
 */
#include <time.h>
#include "klp.h"

long klp_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

void klp_sleep_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}
