// SPDX-License-Identifier: GPL-2.0
/* A patch like lpt_pass1, to replace it */

#include "lpt_pass1.c"
