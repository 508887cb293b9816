// SPDX-License-Identifier: GPL-2.0
/* A fourth patch of klptorture, to be stacked on others */

#define KLPT_NUMBER 4
#include "klptorture_patch1.c"
