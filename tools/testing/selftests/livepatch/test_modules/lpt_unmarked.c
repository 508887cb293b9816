// SPDX-License-Identifier: GPL-2.0
/* A patch whose module does not say that it is one. */

#define LPT_UNMARKED
#include "lpt_input.c"
