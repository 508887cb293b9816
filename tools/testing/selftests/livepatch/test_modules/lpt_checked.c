// SPDX-License-Identifier: GPL-2.0
/* A patch of the pair that stays, as a stack was trusted when it was disabled. */

#define LPT_PAIR_VERSION 6
#include "lpt_pair2.c"
