// SPDX-License-Identifier: GPL-2.0
/* A third patch of klptorture, to be stacked on others */

#define KLPT_NUMBER 3
#include "klptorture_patch1.c"
