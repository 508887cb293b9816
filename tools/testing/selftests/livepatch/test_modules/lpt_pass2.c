// SPDX-License-Identifier: GPL-2.0
/* Another one, to replace the first */

#include "lpt_pass1.c"
