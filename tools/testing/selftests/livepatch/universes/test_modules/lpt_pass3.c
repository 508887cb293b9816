// SPDX-License-Identifier: GPL-2.0
/* A patch like lpt_pass1 whose module stays loaded, for test-functions.sh */

#include "lpt_pass1.c"
