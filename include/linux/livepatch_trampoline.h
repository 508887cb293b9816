/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching, what an architecture provides: a trampoline for each function
 * that two universes see differently. Architectures without it leave the choice
 * to a callback of ftrace.
 */
#ifndef _LINUX_LIVEPATCH_TRAMPOLINE_H_
#define _LINUX_LIVEPATCH_TRAMPOLINE_H_

#include <linux/percpu-defs.h>
#include <linux/types.h>

#define KLP_UNIVERSES	2

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
void *klp_arch_alloc_block(unsigned int nr);
unsigned long klp_arch_build_trampoline(void *block, unsigned int idx,
					const unsigned long to[KLP_UNIVERSES]);
void klp_arch_seal_block(void *block, unsigned int nr);
void klp_arch_free_block(void *block);

/* Where the original function goes on behind its call site at @ip. */
unsigned long klp_arch_behind_site(unsigned long ip);

#else

static inline void *klp_arch_alloc_block(unsigned int nr) { return NULL; }
static inline unsigned long
klp_arch_build_trampoline(void *block, unsigned int idx,
			  const unsigned long to[KLP_UNIVERSES])
{
	return 0;
}
static inline void klp_arch_seal_block(void *block, unsigned int nr) { }
static inline void klp_arch_free_block(void *block) { }
static inline unsigned long klp_arch_behind_site(unsigned long ip)
{
	return ip;
}

#endif /* CONFIG_LIVEPATCH_TRAMPOLINE */

#endif /* _LINUX_LIVEPATCH_TRAMPOLINE_H_ */
