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

/*
 * A block of trampolines is filled while it is writable, and made executable by
 * klp_arch_seal_block(). It is never both. A trampoline jumps to @to[u] for a
 * caller in universe u, and preserves all registers that a function may use at its
 * entry. These functions are called in process context, on memory that is not
 * executed yet, or not executed any more.
 */
void *klp_arch_alloc_block(unsigned int nr, size_t *size);
unsigned long klp_arch_build_trampoline(void *block, unsigned int idx,
					const unsigned long to[KLP_UNIVERSES]);
int klp_arch_seal_block(void *block, size_t size);
void klp_arch_free_block(void *block);

/* Return: the address after the call site at @ip, where the original continues. */
unsigned long klp_arch_after_site(unsigned long ip);

/* Return: the address for a direct jump to @fn, which is after its landing pad, if any. */
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

#ifdef CONFIG_LIVEPATCH
/* Return: the number of bytes that a relocation writes, 0: unknown. Context: any. */
unsigned int klp_arch_reloc_width(unsigned int type);

bool klp_is_trampoline(unsigned long addr);
#else
static inline bool klp_is_trampoline(unsigned long addr) { return false; }
#endif

#endif /* _LINUX_LIVEPATCH_TRAMPOLINE_H_ */
