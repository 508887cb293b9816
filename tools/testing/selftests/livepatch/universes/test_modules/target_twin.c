// SPDX-License-Identifier: GPL-2.0
/*
 * A second function named lpt_twin(), so that the name is ambiguous, and the functions
 * that override the weak ones of target_weak.c
 */

#include <linux/compiler.h>

#include "lpt.h"

static LPT_VERSION_FUNC(lpt_twin, LPT_ORIGINAL);

int lpt_call_twin2(void)
{
	return lpt_twin();
}

LPT_VERSION_FUNC(lpt_dead_1, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_2, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_3, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_4, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_5, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_6, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_7, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_8, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_9, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_10, LPT_ORIGINAL)
LPT_VERSION_FUNC(lpt_dead_11, LPT_ORIGINAL)
