// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trampolines that select the version of a function by the caller's universe.
 */

/**
 * DOC: Trampolines on x86
 *
 * The call site at a function's entry jumps to a trampoline, so all registers and the
 * stack are still those at the entry of the function. The code is::
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
 * %r11 and the flags may be clobbered at the entry of a function. The code has no
 * indirect branch, no call and no return, so it needs no mitigations and no call depth
 * accounting. It is reached by direct jumps only, so it needs no ENDBR.
 */

#include <linux/build_bug.h>
#include <linux/execmem.h>
#include <linux/ftrace.h>
#include <linux/limits.h>
#include <linux/livepatch_trampoline.h>
#include <linux/sched.h>
#include <linux/set_memory.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/text-patching.h>
#include <asm/current.h>
#include <asm/ibt.h>
#include <asm/insn.h>

#define KLP_TRAMPOLINE_SIZE	64

/* Code that follows a comparison of the universe with 0 */
struct klp_choice {
	u8 jne[2];
	u32 to_1;
	u8 jmp;
	u32 to_0;
} __packed;

struct klp_trampoline {
	u8 testl[4];
	u32 preempt_count;
	u32 irq_mask;
	u8 jnz;
	u8 to_irq;
	u8 mov[5];
	u32 current_task;
	u8 cmpb_task[3];
	u32 task_universe;
	u8 task_zero;
	struct klp_choice task;
	u8 cmpb_irq[4];
	u32 irq_universe;
	u8 irq_zero;
	struct klp_choice irq;
} __packed;

#define KLP_TO_IRQ	(offsetof(struct klp_trampoline, cmpb_irq) - \
			 offsetofend(struct klp_trampoline, to_irq))

static_assert(sizeof(struct klp_trampoline) <= KLP_TRAMPOLINE_SIZE);
static_assert(KLP_TO_IRQ <= S8_MAX);

/* Per-CPU variables are addressed by a sign-extended 32-bit displacement. */
static u32 klp_percpu(const void __percpu *var)
{
	return (u32)(unsigned long)var;
}

/* A rel32 operand is relative to the end of its instruction. */
static u32 klp_rel32(const void *at, size_t end, unsigned long target)
{
	return (u32)(target - ((unsigned long)at + end));
}

static void klp_emit_choice(struct klp_choice *at,
			    const unsigned long to[KLP_UNIVERSES])
{
	*at = (struct klp_choice){
		.jne	= { 0x0f, 0x85 },			/* jne rel32 */
		.to_1	= klp_rel32(at, offsetofend(struct klp_choice, to_1),
				    to[1]),
		.jmp	= JMP32_INSN_OPCODE,
		.to_0	= klp_rel32(at, offsetofend(struct klp_choice, to_0),
				    to[0]),
	};
}

static void klp_emit_trampoline(struct klp_trampoline *at,
				const unsigned long to[KLP_UNIVERSES])
{
	*at = (struct klp_trampoline){
		.testl		= { 0x65, 0xf7, 0x04, 0x25 },	/* imm, %gs: */
		.preempt_count	= klp_percpu(&__preempt_count),
		.irq_mask	= KLP_IRQ_MASK,
		.jnz		= 0x75,				/* rel8 */
		.to_irq		= KLP_TO_IRQ,
		.mov		= { 0x65, 0x4c, 0x8b, 0x1c, 0x25 }, /* %gs:, %r11 */
		.current_task	= klp_percpu(&current_task),
		.cmpb_task	= { 0x41, 0x80, 0xbb },		/* imm, (%r11) */
		.task_universe	= offsetof(struct task_struct, klp_universe),
		.cmpb_irq	= { 0x65, 0x80, 0x3c, 0x25 },	/* imm, %gs: */
		.irq_universe	= klp_percpu(&klp_irq_universe),
	};
	klp_emit_choice(&at->task, to);
	klp_emit_choice(&at->irq, to);
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
	void *trampoline = block + idx * KLP_TRAMPOLINE_SIZE;

	klp_emit_trampoline(trampoline, to);
	return (unsigned long)trampoline;
}

int klp_arch_seal_block(void *block, size_t size)
{
	return set_memory_rox((unsigned long)block, size >> PAGE_SHIFT);
}

void klp_arch_free_block(void *block)
{
	execmem_free(block);
}

unsigned long klp_arch_after_site(unsigned long ip)
{
	return ip + MCOUNT_INSN_SIZE;
}

unsigned long klp_arch_after_pad(void *fn)
{
	return (unsigned long)fn + (is_endbr(fn) ? ENDBR_INSN_SIZE : 0);
}
