/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching: functions that are on the stack of a task while it migrates.
 *
 * A task that is in such a function while it migrates stays in the version that it has
 * entered. If a patch replaces such a function, live patching logs a warning and keeps
 * the patch module in memory, see kernel/livepatch/stay.c. Mark the function after its
 * definition:
 *
 *   KLP_NEVER_LEFT(fn)		the function has a safe point or a quiescent section, or
 *				calls a function that has one, or is called in a quiescent
 *				section. All its callers are marked, too, or are main
 *				functions of kernel threads
 *   KLP_NEVER_LEFT_SHARED(fn)	the same, but not all callers are known
 *   KLP_CALLS_SHARED(fn)	main function of a kernel thread that calls such a
 *				function directly
 *   KLP_EXIT_PATH(fn)		function on the path of an exiting task, at whose end the
 *				init of a PID namespace waits for the other tasks
 *
 * For a system call that is defined by SYSCALL_DEFINEn(name, ...) use
 * KLP_NEVER_LEFT_SYSCALL(name) or KLP_EXIT_PATH_SYSCALL(name).
 *
 * A mark is the address of the function, so the compiler checks that the function exists.
 *
 * - The main function of a kernel thread needs no mark, because live patching asks the
 *   thread for it.
 * - A function that can't be patched needs no mark: assembly code, noinstr, notrace.
 * - If the compiler inlines a marked function, its callers have the code. They are marked,
 *   too, so this is safe. But the mark also makes the compiler emit the function itself,
 *   which nothing calls. Most compilers do not inline a static function with a mark, unless it
 *   is small. Then make it noinline if a call costs nothing there, which is the case if it
 *   sleeps. Otherwise make it __always_inline, and do not mark it.
 * - The mark of a function stands for its clones and parts, such as fn.constprop.0 and
 *   fn.cold. The mark of a system call stands for all of its entry points.
 * - Mark the functions of an architecture where the architecture defines them.
 */
#ifndef _LINUX_LIVEPATCH_NEVER_LEFT_H_
#define _LINUX_LIVEPATCH_NEVER_LEFT_H_

#include <linux/compiler.h>

/* Kinds of marks, see above */
enum klp_mark_kind {
	KLP_MARK_NEVER_LEFT,
	KLP_MARK_SHARED,
	KLP_MARK_CALLS_SHARED,
	KLP_MARK_EXIT_PATH,
};

/**
 * struct klp_mark - mark of a function
 * @addr: address of the function
 * @kind: an enum klp_mark_kind, as long as an address so that marks form an array
 */
struct klp_mark {
	unsigned long addr;
	unsigned long kind;
};

#ifdef CONFIG_LIVEPATCH_UNIVERSES
/* The marks of the kernel; struct module has those of a module. */
extern const struct klp_mark __start_klp_marks[];
extern const struct klp_mark __stop_klp_marks[];

#define __KLP_MARK(fn, _kind)						\
	static const struct klp_mark __used __section("_klp_marks")	\
	__aligned(sizeof(long)) _klp_mark_##fn = {			\
		.addr = (unsigned long)fn,				\
		.kind = _kind,						\
	}
#else
#define __KLP_MARK(fn, _kind)
#endif

#define KLP_MARK(fn, kind)	__KLP_MARK(fn, kind)

/* One of the entry points of a system call */
#if defined(CONFIG_X86_64)
#define KLP_SYSCALL(name)	__x64_sys_##name
#elif defined(CONFIG_ARM64)
#define KLP_SYSCALL(name)	__arm64_sys_##name
#elif defined(CONFIG_S390)
#define KLP_SYSCALL(name)	__s390x_sys_##name
#else
#define KLP_SYSCALL(name)	sys_##name
#endif

#define KLP_NEVER_LEFT(fn)		KLP_MARK(fn, KLP_MARK_NEVER_LEFT)
#define KLP_NEVER_LEFT_SHARED(fn)	KLP_MARK(fn, KLP_MARK_SHARED)
#define KLP_CALLS_SHARED(fn)		KLP_MARK(fn, KLP_MARK_CALLS_SHARED)
#define KLP_EXIT_PATH(fn)		KLP_MARK(fn, KLP_MARK_EXIT_PATH)

#define KLP_NEVER_LEFT_SYSCALL(name)	KLP_NEVER_LEFT(KLP_SYSCALL(name))
#define KLP_EXIT_PATH_SYSCALL(name)	KLP_EXIT_PATH(KLP_SYSCALL(name))

#endif /* _LINUX_LIVEPATCH_NEVER_LEFT_H_ */
