// SPDX-License-Identifier: GPL-2.0
/* The same once more, to replace the first, or to be stacked on it. */

#include "lpt_callbacks.c"
