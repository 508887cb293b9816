// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks of trampolines. Call sites jump to a trampoline during a transition. They also do
 * if ftrace can't store the address of the target, see redirect.c.
 *
 * The architecture writes the trampolines. A block is writable until it is complete, and
 * executable afterwards. The redirects hold references to a block, one for each trampoline
 * that they use. While the block is built, klp_redirect_commit() holds one. It is freed
 * after a grace period, because a task may be preempted in it.
 */

#include <linux/execmem.h>
#include <linux/ftrace.h>
#include <linux/perf_event.h>
#include <linux/rculist.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/cacheflush.h>
#include "internal.h"

/**
 * struct klp_block - trampolines that were built together
 * @list:	in klp_blocks
 * @text:	the trampolines
 * @size:	size of @text in bytes
 * @built:	number of trampolines that have been written
 * @refs:	number of references
 * @dead:	for klp_free_later()
 * @rcu:	for kfree_rcu()
 */
struct klp_block {
	struct list_head list;
	void *text;
	size_t size;
	unsigned int built;
	unsigned int refs;
	struct klp_dead dead;
	struct rcu_head rcu;
};

/* All blocks whose text is not freed yet, written under klp_mutex */
static LIST_HEAD(klp_blocks);

/* Name of trampolines in a perf profile */
#define KLP_PERF_NAME	"klp_trampoline"

/* The lengths in a PERF_RECORD_TEXT_POKE event, and its size, have 16 bits. */
#define KLP_PERF_BYTES	((size_t)SZ_4K)

/* Report the symbol before its text when it is added, after it when it is removed. */
static void klp_report_to_perf(const struct klp_block *block, bool gone)
{
	void *text = block->text, *end = text + block->size;

	if (!gone)
		perf_event_ksymbol(PERF_RECORD_KSYMBOL_TYPE_OOL,
				   (unsigned long)block->text, block->size,
				   false, KLP_PERF_NAME);
	for (; text < end; text += KLP_PERF_BYTES) {
		size_t len = min_t(size_t, end - text, KLP_PERF_BYTES);

		perf_event_text_poke(text, text, gone ? len : 0, text,
				     gone ? 0 : len);
	}
	if (gone)
		perf_event_ksymbol(PERF_RECORD_KSYMBOL_TYPE_OOL,
				   (unsigned long)block->text, block->size,
				   true, KLP_PERF_NAME);
}

/**
 * klp_block_alloc - allocate a block of trampolines
 * @nr: number of trampolines
 *
 * Context: Process context, klp_mutex held.
 * Return: the block, with a reference; NULL when out of memory.
 */
struct klp_block *klp_block_alloc(unsigned int nr)
{
	struct klp_block *block = kzalloc_obj(*block);

	lockdep_assert_held(&klp_mutex);
	if (!block)
		return NULL;
	block->size = PAGE_ALIGN(nr * KLP_TRAMPOLINE_SIZE);
	block->text = execmem_alloc_rw(EXECMEM_FTRACE, block->size);
	if (!block->text) {
		kfree(block);
		return NULL;
	}
	klp_arch_fill_block(block->text, block->size);
	block->refs = 1;
	list_add_rcu(&block->list, &klp_blocks);
	return block;
}

/**
 * klp_block_add - write the next trampoline of a block
 * @block: the block, not sealed yet
 * @to: where a caller in each universe goes
 *
 * Context: Process context, klp_mutex held.
 * Return: the target for the call site: the trampoline; or ftrace, which calls the
 * handler, if a trampoline of this block can't reach the functions.
 */
unsigned long klp_block_add(struct klp_block *block,
			    const unsigned long to[KLP_UNIVERSES])
{
	void *trampoline = block->text + block->built * KLP_TRAMPOLINE_SIZE;

	lockdep_assert_held(&klp_mutex);
	if (klp_arch_build_trampoline(trampoline, to))
		return FTRACE_ADDR;
	block->built++;
	return ftrace_jmp_set((unsigned long)trampoline);
}

/**
 * klp_block_seal - make a block executable, after all its trampolines were written
 * @block: the block
 *
 * Context: Process context, klp_mutex held.
 * Return: 0, or an error of set_memory_rox(). Then the block must not be used.
 */
int klp_block_seal(struct klp_block *block)
{
	unsigned long start = (unsigned long)block->text;

	lockdep_assert_held(&klp_mutex);
	klp_report_to_perf(block, false);
	flush_icache_range(start, start + block->size);
	return set_memory_rox(start, block->size >> PAGE_SHIFT);
}

/**
 * klp_block_get - add a reference to a block
 * @block: the block, or NULL
 *
 * Context: klp_mutex held.
 * Return: the block.
 */
struct klp_block *klp_block_get(struct klp_block *block)
{
	lockdep_assert_held(&klp_mutex);
	if (block)
		block->refs++;
	return block;
}

static void klp_free_block(struct klp_dead *dead)
{
	struct klp_block *block = container_of(dead, struct klp_block, dead);

	scoped_guard(mutex, &klp_mutex)
		list_del_rcu(&block->list);
	klp_report_to_perf(block, true);
	execmem_free(block->text);
	kfree_rcu(block, rcu);
}

/**
 * klp_block_put - drop a reference to a block
 * @block: the block, or NULL
 *
 * Context: klp_mutex held.
 */
void klp_block_put(struct klp_block *block)
{
	lockdep_assert_held(&klp_mutex);
	/* A task may still be preempted in the block, so it stays in the list. */
	if (block && !--block->refs)
		klp_free_later(&block->dead, klp_free_block);
}

/**
 * klp_is_trampoline - is an address within a trampoline of live patching?
 * @addr: the address
 *
 * Context: Any.
 * Return: true if the address is in a block that a task may still run.
 */
bool notrace klp_is_trampoline(unsigned long addr)
{
	struct klp_block *block;

	guard(preempt_notrace)();
	list_for_each_entry_rcu(block, &klp_blocks, list, true) {
		if (addr - (unsigned long)block->text < block->size)
			return true;
	}
	return false;
}
