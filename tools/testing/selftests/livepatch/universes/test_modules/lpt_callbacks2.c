// SPDX-License-Identifier: GPL-2.0
/* The same patch under another name, to replace the first */

#include "lpt_callbacks.c"
