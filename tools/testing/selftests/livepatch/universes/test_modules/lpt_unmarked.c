// SPDX-License-Identifier: GPL-2.0
/* A patch whose module lacks MODULE_INFO(livepatch, "Y") */

#define LPT_UNMARKED
#include "lpt_input.c"
