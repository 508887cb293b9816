// SPDX-License-Identifier: GPL-2.0
/* A patch like lpt_pair2, to be stacked on others */

#define LPT_PAIR_VERSION 4
#include "lpt_pair2.c"
