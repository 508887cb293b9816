/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the modules that measure live patching. */
#ifndef BENCH_H
#define BENCH_H

/*
 * For LPT_VERSION_FUNC() of the selftests: all versions have the same number of
 * instructions.
 */
#include "lpt.h"

/* BENCH_THOUSAND(f) is f(0, 0, 0) f(0, 0, 1) ... f(9, 9, 9) */
#define BENCH_TEN(f, a, b)						\
	f(a, b, 0) f(a, b, 1) f(a, b, 2) f(a, b, 3) f(a, b, 4)		\
	f(a, b, 5) f(a, b, 6) f(a, b, 7) f(a, b, 8) f(a, b, 9)
#define BENCH_HUNDRED(f, a)						\
	BENCH_TEN(f, a, 0) BENCH_TEN(f, a, 1) BENCH_TEN(f, a, 2)	\
	BENCH_TEN(f, a, 3) BENCH_TEN(f, a, 4) BENCH_TEN(f, a, 5)	\
	BENCH_TEN(f, a, 6) BENCH_TEN(f, a, 7) BENCH_TEN(f, a, 8)	\
	BENCH_TEN(f, a, 9)
#define BENCH_THOUSAND(f)						\
	BENCH_HUNDRED(f, 0) BENCH_HUNDRED(f, 1) BENCH_HUNDRED(f, 2)	\
	BENCH_HUNDRED(f, 3) BENCH_HUNDRED(f, 4) BENCH_HUNDRED(f, 5)	\
	BENCH_HUNDRED(f, 6) BENCH_HUNDRED(f, 7) BENCH_HUNDRED(f, 8)	\
	BENCH_HUNDRED(f, 9)

/*
 * Global, so that it begins with an ENDBR if the new function does. So a loop of calls
 * takes the same number of instructions with either of them.
 */
int bench_fn(void);

/* Measure in the current context, for the file "probe". Exported by bench_target. */
void bench_probe(void);

#endif /* BENCH_H */
