// SPDX-License-Identifier: GPL-2.0
/* One more patch of the pair, to be stacked on the first. */

#define LPT_PAIR_VERSION 3
#include "lpt_pair2.c"
