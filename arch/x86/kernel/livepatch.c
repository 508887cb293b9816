// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trampolines that send a call to the code of the caller's universe.
 */

/**
 * DOC: Trampolines on x86
 *
 * The call site at a function's entry jumps here, so that all registers and the
 * stack are those of the function's caller. The code is::
 *
 *		testl	$KLP_IRQ_MASK, %gs:__preempt_count
 *		jnz	1f
 *		mov	%gs:current_task, %r11
 *		cmpb	$0, task_struct.klp_universe(%r11)
 *		jne	function of universe 1
 *		jmp	function of universe 0
 *	1:	cmpb	$0, %gs:klp_irq_universe
 *		jne	function of universe 1
 *		jmp	function of universe 0
 *
 * %r11 and the flags are free at the entry of a function. There is no indirect
 * branch, no call and no return in it, so mitigations and call depth accounting
 * need not know; and as only direct jumps come here, it wants no ENDBR.
 */

#include <linux/execmem.h>
#include <linux/ftrace.h>
#include <linux/livepatch_trampoline.h>
#include <linux/sched.h>
#include <linux/set_memory.h>
#include <linux/string.h>
#include <linux/text-patching.h>
#include <asm/current.h>
#include <asm/ibt.h>
#include <asm/insn.h>

#define KLP_TRAMPOLINE_SIZE	64

static u8 *klp_emit(u8 *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static u8 *klp_emit_u32(u8 *at, u32 val)
{
	return klp_emit(at, &val, sizeof(val));
}

/* Per-CPU variables are reached by their sign-extended address. */
static u8 *klp_emit_percpu(u8 *at, const void __percpu *var)
{
	return klp_emit_u32(at, (u32)(unsigned long)var);
}

static u8 *klp_emit_rel32(u8 *at, unsigned long target)
{
	return klp_emit_u32(at, (u32)(target - (unsigned long)(at + 4)));
}

#define KLP_EMIT(at, ...) \
	klp_emit(at, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

/* Behind a comparison of the universe with 0. */
static u8 *klp_emit_choice(u8 *at, const unsigned long to[KLP_UNIVERSES])
{
	at = KLP_EMIT(at, 0x0f, 0x85);				/* jne rel32 */
	at = klp_emit_rel32(at, to[1]);
	at = KLP_EMIT(at, JMP32_INSN_OPCODE);
	return klp_emit_rel32(at, to[0]);
}

static u8 *klp_emit_trampoline(u8 *at, const unsigned long to[KLP_UNIVERSES])
{
	u8 *irq;

	at = KLP_EMIT(at, 0x65, 0xf7, 0x04, 0x25);		/* testl imm, %gs: */
	at = klp_emit_percpu(at, &__preempt_count);
	at = klp_emit_u32(at, KLP_IRQ_MASK);
	at = KLP_EMIT(at, 0x75, 0);				/* jnz rel8 */
	irq = at;

	at = KLP_EMIT(at, 0x65, 0x4c, 0x8b, 0x1c, 0x25);	/* mov %gs:, %r11 */
	at = klp_emit_percpu(at, &current_task);
	at = KLP_EMIT(at, 0x41, 0x80, 0xbb);			/* cmpb imm, (%r11) */
	at = klp_emit_u32(at, offsetof(struct task_struct, klp_universe));
	at = KLP_EMIT(at, 0);
	at = klp_emit_choice(at, to);

	irq[-1] = at - irq;
	at = KLP_EMIT(at, 0x65, 0x80, 0x3c, 0x25);		/* cmpb imm, %gs: */
	at = klp_emit_percpu(at, &klp_irq_universe);
	at = KLP_EMIT(at, 0);
	return klp_emit_choice(at, to);
}

void *klp_arch_alloc_block(unsigned int nr, size_t *size)
{
	void *block;

	*size = PAGE_ALIGN(nr * KLP_TRAMPOLINE_SIZE);
	block = execmem_alloc_rw(EXECMEM_FTRACE, *size);
	if (block)
		memset(block, INT3_INSN_OPCODE, *size);
	return block;
}

unsigned long klp_arch_build_trampoline(void *block, unsigned int idx,
					const unsigned long to[KLP_UNIVERSES])
{
	u8 *start = block + idx * KLP_TRAMPOLINE_SIZE;
	u8 *end = klp_emit_trampoline(start, to);

	WARN_ON_ONCE(end - start > KLP_TRAMPOLINE_SIZE);
	return (unsigned long)start;
}

int klp_arch_seal_block(void *block, size_t size)
{
	return set_memory_rox((unsigned long)block, size >> PAGE_SHIFT);
}

void klp_arch_free_block(void *block)
{
	execmem_free(block);
}

unsigned long klp_arch_behind_site(unsigned long ip)
{
	return ip + MCOUNT_INSN_SIZE;
}

unsigned long klp_arch_behind_pad(void *fn)
{
	return (unsigned long)fn + (is_endbr(fn) ? ENDBR_INSN_SIZE : 0);
}
