/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching, the interface for architectures: a trampoline for each function that
 * differs between the universes, and the width of relocations. On architectures
 * without trampolines, a callback of ftrace selects the function.
 */
#ifndef _LINUX_LIVEPATCH_TRAMPOLINE_H_
#define _LINUX_LIVEPATCH_TRAMPOLINE_H_

#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/types.h>

#define KLP_UNIVERSES	2

/*
 * Bits of the preempt count that mark the contexts in which the universe of the CPU
 * is used: NMI, hard interrupt, and softirq being served. With PREEMPT_RT softirqs
 * run in tasks and can be preempted, so there the universe of the task is used.
 */
#define KLP_IRQ_MASK	(NMI_MASK | HARDIRQ_MASK | \
			 (IS_ENABLED(CONFIG_PREEMPT_RT) ? 0 : SOFTIRQ_OFFSET))

/* Universe of the NMIs, hard and soft interrupts of a CPU */
DECLARE_PER_CPU(u8, klp_irq_universe);

#ifdef CONFIG_LIVEPATCH_TRAMPOLINE

/* Size of a trampoline in bytes: a cache line of most processors */
#define KLP_TRAMPOLINE_SIZE	64

/**
 * klp_arch_fill_block - fill memory for trampolines with instructions that trap
 * @block: the memory, writable
 * @size: its size in bytes, a multiple of the page size
 *
 * Context: Process context.
 */
void klp_arch_fill_block(void *block, size_t size);

/**
 * klp_arch_build_trampoline - write a trampoline
 * @trampoline: KLP_TRAMPOLINE_SIZE bytes, writable, which are executed later
 * @to: address that a caller in each universe goes to
 *
 * The trampoline preserves all registers that a function may use at its entry.
 *
 * Context: Process context.
 * Return: 0, or -ERANGE if a branch from @trampoline can't reach @to.
 */
int klp_arch_build_trampoline(void *trampoline,
			      const unsigned long to[KLP_UNIVERSES]);

/**
 * klp_arch_after_site - where the original continues after its call site
 * @ip: address of the call site
 *
 * Context: Any.
 * Return: address of the next instruction.
 */
unsigned long klp_arch_after_site(unsigned long ip);

/**
 * klp_arch_after_pad - where a direct jump enters a function
 * @fn: the function
 *
 * Context: Any.
 * Return: the address of @fn, or that after its landing pad for indirect branches.
 */
unsigned long klp_arch_after_pad(void *fn);

#else

#define KLP_TRAMPOLINE_SIZE	0

static inline void klp_arch_fill_block(void *block, size_t size) { }

static inline int klp_arch_build_trampoline(void *trampoline,
					    const unsigned long to[KLP_UNIVERSES])
{
	return -ERANGE;
}

static inline unsigned long klp_arch_after_site(unsigned long ip)
{
	return ip;
}

static inline unsigned long klp_arch_after_pad(void *fn)
{
	return (unsigned long)fn;
}

#endif /* CONFIG_LIVEPATCH_TRAMPOLINE */

#ifdef CONFIG_LIVEPATCH_UNIVERSES
int klp_arch_reloc_width(unsigned int type);

bool klp_is_trampoline(unsigned long addr);
#else
static inline bool klp_is_trampoline(unsigned long addr) { return false; }
#endif

#endif /* _LINUX_LIVEPATCH_TRAMPOLINE_H_ */
