// SPDX-License-Identifier: GPL-2.0
/* One that stays loaded */

#include "lpt_pass1.c"
