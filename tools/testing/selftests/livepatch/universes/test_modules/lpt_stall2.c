// SPDX-License-Identifier: GPL-2.0
/* The same patch, which replaces the first */
#define LPT_STALL_REPLACE
#include "lpt_stall.c"
