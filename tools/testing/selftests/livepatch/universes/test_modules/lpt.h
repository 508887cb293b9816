/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the modules of the live patching tests. */
#ifndef LPT_H
#define LPT_H

#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/sched.h>

/*
 * A function that returns a version. The asm hides the value from the compiler, because
 * callers must not be optimized for it. The name in the asm prevents that two functions
 * with equal code are merged.
 */
#define LPT_VERSION_FUNC(name, version)			\
	noinline int name(void)				\
	{						\
		int __version = (version);		\
							\
		asm volatile("# " #name : "+r" (__version)); \
		return __version;			\
	}

/* In a kernel thread: wait at a safe point until the thread has to stop. */
static __always_inline void lpt_wait_for_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		kthread_schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* What the original functions return */
#define LPT_ORIGINAL 1

/* Calls the second function named lpt_twin(), in target_twin.c */
int lpt_call_twin2(void);

/* The functions of target_weak.c */
int lpt_hole_first(void);
int lpt_hole_middle(void);
int lpt_hole_notrace(void);
int lpt_hole_last(void);

/* The weak functions of target_weak.c, which target_twin.c overrides */
int lpt_dead_1(void);
int lpt_dead_2(void);
int lpt_dead_3(void);
int lpt_dead_4(void);
int lpt_dead_5(void);
int lpt_dead_6(void);
int lpt_dead_7(void);
int lpt_dead_8(void);
int lpt_dead_9(void);
int lpt_dead_10(void);
int lpt_dead_11(void);

/* target_nmi.c sends NMIs to all CPUs, whose handler calls lpt_nmi() */
void lpt_nmi(void);

#ifdef CONFIG_X86_LOCAL_APIC
int lpt_nmi_start(void);
void lpt_nmi_stop(void);
#else
static inline int lpt_nmi_start(void)
{
	return -EOPNOTSUPP;
}

static inline void lpt_nmi_stop(void) { }
#endif

/* The trampolines of lpt_attach.c */
void lpt_tramp_entry(void);
void lpt_tramp_exit(void);
void lpt_tramp_code(void);

#endif /* LPT_H */
