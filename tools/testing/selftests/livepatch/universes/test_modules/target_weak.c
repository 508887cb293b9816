// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that are followed by dead functions
 *
 * A weak function that is overridden, here by target_twin.c, leaves its text and the
 * record of its call site, but no symbol. So kallsyms treats the text as a part of the
 * function before it. The order in this file is the order of the text.
 */

#include <linux/compiler.h>

#include "lpt.h"

LPT_VERSION_FUNC(lpt_hole_first, LPT_ORIGINAL)
__weak LPT_VERSION_FUNC(lpt_dead_1, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_2, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_3, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_4, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_5, LPT_ORIGINAL + 1)
LPT_VERSION_FUNC(lpt_hole_middle, LPT_ORIGINAL)
__weak LPT_VERSION_FUNC(lpt_dead_6, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_7, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_8, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_9, LPT_ORIGINAL + 1)
__weak LPT_VERSION_FUNC(lpt_dead_10, LPT_ORIGINAL + 1)
notrace LPT_VERSION_FUNC(lpt_hole_notrace, LPT_ORIGINAL)
__weak LPT_VERSION_FUNC(lpt_dead_11, LPT_ORIGINAL + 1)
LPT_VERSION_FUNC(lpt_hole_last, LPT_ORIGINAL)
