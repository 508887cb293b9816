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

/**
 * klp_arch_alloc_block - allocate memory for trampolines
 * @nr: number of trampolines
 * @size: where to store the size of the memory, in bytes
 *
 * The memory is writable until klp_arch_seal_block() makes it executable. It is never
 * both.
 *
 * Context: Process context, may sleep.
 * Return: the memory, NULL when there is none.
 */
void *klp_arch_alloc_block(unsigned int nr, size_t *size);

/**
 * klp_arch_build_trampoline - write a trampoline
 * @block: what klp_arch_alloc_block() returned, not sealed yet
 * @idx: index of the trampoline in the block, from 0 on
 * @to: address that a caller in each universe goes to
 *
 * The trampoline preserves all registers that a function may use at its entry.
 *
 * Context: Process context.
 * Return: address of the trampoline.
 */
unsigned long klp_arch_build_trampoline(void *block, unsigned int idx,
					const unsigned long to[KLP_UNIVERSES]);

/**
 * klp_arch_seal_block - make trampolines executable, and read-only
 * @block: what klp_arch_alloc_block() returned
 * @size: its size in bytes
 *
 * Context: Process context, may sleep.
 * Return: 0, or an error if the memory can't be changed. Then it is only to be freed.
 */
int klp_arch_seal_block(void *block, size_t size);

/**
 * klp_arch_free_block - free trampolines, sealed or not
 * @block: what klp_arch_alloc_block() returned. No task and no CPU executes it
 *
 * Context: Process context, may sleep.
 */
void klp_arch_free_block(void *block);

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

static inline void *klp_arch_alloc_block(unsigned int nr, size_t *size)
{
	return NULL;
}

static inline unsigned long
klp_arch_build_trampoline(void *block, unsigned int idx,
			  const unsigned long to[KLP_UNIVERSES])
{
	return 0;
}

static inline int klp_arch_seal_block(void *block, size_t size)
{
	return -EOPNOTSUPP;
}

static inline void klp_arch_free_block(void *block) { }

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
unsigned int klp_arch_reloc_width(unsigned int type);

bool klp_is_trampoline(unsigned long addr);
#else
static inline bool klp_is_trampoline(unsigned long addr) { return false; }
#endif

#endif /* _LINUX_LIVEPATCH_TRAMPOLINE_H_ */
