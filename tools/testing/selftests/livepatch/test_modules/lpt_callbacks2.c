// SPDX-License-Identifier: GPL-2.0
/* The same once more, to replace the first. */

#include "lpt_callbacks.c"
