// SPDX-License-Identifier: GPL-2.0
/* A patch like lpt_pair2 whose module stays: a stack check was used when it was disabled. */

#define LPT_PAIR_VERSION 6
#include "lpt_pair2.c"
