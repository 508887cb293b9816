// SPDX-License-Identifier: GPL-2.0
/* A second copy, because a module that stays loaded can be tested once only */
#include "lpt_kept.c"
