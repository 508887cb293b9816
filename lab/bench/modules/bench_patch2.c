// SPDX-License-Identifier: GPL-2.0
#define BENCH_VERSION 3
#include "bench_patch1.c"
