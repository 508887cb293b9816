// SPDX-License-Identifier: GPL-2.0
/* A second one: a module that has to stay can be tried once. */
#include "lpt_starter.c"
