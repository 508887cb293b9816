/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching, what an architecture provides: a trampoline for each function
 * that two universes see differently. Architectures without it leave the choice
 * to a callback of ftrace. And the width of relocations.
 */
#ifndef _LINUX_LIVEPATCH_TRAMPOLINE_H_
#define _LINUX_LIVEPATCH_TRAMPOLINE_H_

#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/types.h>

#define KLP_UNIVERSES	2

/*
 * In which contexts it is the universe of the CPU that counts, by the bits of
 * the preempt count: NMI, hard interrupt, and softirq being served. With
 * PREEMPT_RT softirqs run in tasks, can be preempted, and follow the task.
 */
#define KLP_IRQ_MASK	(NMI_MASK | HARDIRQ_MASK | \
			 (IS_ENABLED(CONFIG_PREEMPT_RT) ? 0 : SOFTIRQ_OFFSET))

/* Universe of the NMIs, hard and soft interrupts of a CPU */
DECLARE_PER_CPU(u8, klp_irq_universe);

#ifdef CONFIG_LIVEPATCH_TRAMPOLINE

/*
 * A block of trampolines is filled while it is writable, and becomes executable
 * by klp_arch_seal_block(). It is never both. A trampoline goes to @to[u] for a
 * caller in universe u, and changes nothing that a function may expect at its
 * entry. All of these are called in process context, on memory that nobody runs
 * yet or any more.
 */
void *klp_arch_alloc_block(unsigned int nr, size_t *size);
unsigned long klp_arch_build_trampoline(void *block, unsigned int idx,
					const unsigned long to[KLP_UNIVERSES]);
int klp_arch_seal_block(void *block, size_t size);
void klp_arch_free_block(void *block);

/* Where the original function goes on behind its call site at @ip. */
unsigned long klp_arch_behind_site(unsigned long ip);

/* Where a direct jump may enter the function @fn: behind a landing pad. */
unsigned long klp_arch_behind_pad(void *fn);

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

static inline unsigned long klp_arch_behind_site(unsigned long ip)
{
	return ip;
}

static inline unsigned long klp_arch_behind_pad(void *fn)
{
	return (unsigned long)fn;
}

#endif /* CONFIG_LIVEPATCH_TRAMPOLINE */

#ifdef CONFIG_LIVEPATCH
/* How many bytes a relocation of that type writes, 0: not known. In any context. */
unsigned int klp_arch_reloc_width(unsigned int type);

bool klp_is_trampoline(unsigned long addr);
#else
static inline bool klp_is_trampoline(unsigned long addr) { return false; }
#endif

#endif /* _LINUX_LIVEPATCH_TRAMPOLINE_H_ */
