// SPDX-License-Identifier: GPL-2.0
/* A second patch of klptorture, to be stacked on others */

#define KLPT_NUMBER 2
#include "klptorture_patch1.c"
