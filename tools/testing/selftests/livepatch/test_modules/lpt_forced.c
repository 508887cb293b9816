// SPDX-License-Identifier: GPL-2.0
/* A patch of the pair that is forced, and therefore never unloaded. */

#define LPT_PAIR_VERSION 5
#include "lpt_pair2.c"
