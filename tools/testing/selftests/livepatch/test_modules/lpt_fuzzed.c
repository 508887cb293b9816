// SPDX-License-Identifier: GPL-2.0
/* A patch of the pair that is forced at random, and therefore never unloaded. */

#define LPT_PAIR_VERSION 6
#include "lpt_pair2.c"
