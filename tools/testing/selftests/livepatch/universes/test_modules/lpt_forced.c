// SPDX-License-Identifier: GPL-2.0
/* A patch like lpt_pair2 that is forced, so that its module stays loaded */

#define LPT_PAIR_VERSION 5
#include "lpt_pair2.c"
