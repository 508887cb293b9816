// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trampolines that select the version of a function by the caller's universe.
 */

/**
 * DOC: Trampolines on x86
 *
 * The call site at a function's entry jumps to a trampoline, so all registers and the
 * stack are still those at the entry of the function. A trampoline is a copy of
 * klp_template. In the copy the jumps to klp_universe_0 and klp_universe_1 lead to the
 * functions that the two universes run.
 *
 * A trampoline changes %r11 and the flags, whose values a function does not use at its
 * entry. It has no indirect branch, no call and no return, so it needs no mitigations
 * and no call depth accounting. It is reached by direct jumps only, so it needs no ENDBR.
 */

#include <linux/array_size.h>
#include <linux/ftrace.h>
#include <linux/livepatch_trampoline.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/text-patching.h>
#include <linux/unaligned.h>
#include <asm/current.h>
#include <asm/ibt.h>

extern const u8 klp_template[KLP_TRAMPOLINE_SIZE];
/* For each universe, the offsets of the ends of the jumps to its function */
extern const u8 klp_jumps[KLP_UNIVERSES][2];

/*
 * The template is data. It is in a function because only there assembly can refer to
 * constants of C. The function is not called.
 */
static void __used klp_define_template(void)
{
	asm volatile(".pushsection .rodata\n"
"klp_template:\n"
	"	testl	%[irq_mask], %%gs:__preempt_count\n"
	"	jnz	1f\n"
	"	movq	%%gs:current_task, %%r11\n"
	"	cmpb	$0, %c[universe](%%r11)\n"
	"	%{disp32%} jne klp_universe_1\n"
	"2:	%{disp32%} jmp klp_universe_0\n"
	"3:\n"
	"1:	cmpb	$0, %%gs:klp_irq_universe\n"
	"	%{disp32%} jne klp_universe_1\n"
	"4:	%{disp32%} jmp klp_universe_0\n"
	"5:\n"
	/* The assembler reports an error if the code is larger: .org can't go back. */
	"	.org	klp_template + %c[size], %c[int3]\n"
"klp_jumps:\n"
	"	.byte	3b - klp_template, 5b - klp_template\n"
	"	.byte	2b - klp_template, 4b - klp_template\n"
	/* Any address will do: the template is not executed, and a copy has its targets. */
	".set	klp_universe_0, klp_jumps\n"
	".set	klp_universe_1, klp_jumps\n"
	".popsection\n"
	: : [irq_mask] "i" (KLP_IRQ_MASK),
	    [universe] "i" (offsetof(struct task_struct, klp_universe)),
	    [size] "i" (KLP_TRAMPOLINE_SIZE), [int3] "i" (INT3_INSN_OPCODE));
}

/*
 * Set the target of the jump that ends at @end. Its rel32 operand is at the end of the
 * instruction, and relative to this end.
 */
static void klp_set_target(void *end, unsigned long target)
{
	u32 *rel32 = end - sizeof(*rel32);

	put_unaligned((u32)(target - (unsigned long)end), rel32);
}

void klp_arch_fill_block(void *block, size_t size)
{
	memset(block, INT3_INSN_OPCODE, size);
}

/* Kernel and modules are in a part of the address space that each jump reaches. */
int klp_arch_build_trampoline(void *trampoline,
			      const unsigned long to[KLP_UNIVERSES])
{
	int universe, jump;

	memcpy(trampoline, klp_template, KLP_TRAMPOLINE_SIZE);
	for (universe = 0; universe < KLP_UNIVERSES; universe++) {
		for (jump = 0; jump < ARRAY_SIZE(klp_jumps[universe]); jump++)
			klp_set_target(trampoline + klp_jumps[universe][jump],
				       to[universe]);
	}
	return 0;
}

unsigned long klp_arch_after_site(unsigned long ip)
{
	return ip + MCOUNT_INSN_SIZE;
}

unsigned long klp_arch_after_pad(void *fn)
{
	return (unsigned long)fn + (is_endbr(fn) ? ENDBR_INSN_SIZE : 0);
}
