// SPDX-License-Identifier: GPL-2.0
/* A patch like lpt_pair2 that is forced at random, so that its module stays loaded */

#define LPT_PAIR_VERSION 6
#include "lpt_pair2.c"
