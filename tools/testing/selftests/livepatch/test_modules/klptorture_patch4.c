// SPDX-License-Identifier: GPL-2.0
/* One more patch of klptorture, to be stacked on the first. */

#define KLPT_NUMBER 4
#include "klptorture_patch1.c"
