// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trampolines that select the version of a function by the caller's universe.
 */

/**
 * DOC: Trampolines on arm64
 *
 * The call site at a function's entry branches to a trampoline. The branch does not link,
 * so all registers but x9 are those at the entry of the function. A trampoline is a copy
 * of klp_template, in which two branches lead to the functions that the two universes run.
 *
 * A trampoline changes x16, x17 and the flags, whose values a function does not use at its
 * entry. It is only reached by direct branches, and has no others, so it needs no landing
 * pad. If a direct branch can't reach, ftrace calls the handler instead.
 */

#include <linux/ftrace.h>
#include <linux/livepatch_trampoline.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <asm/debug-monitors.h>
#include <asm/insn.h>
#include <asm/virt.h>

/* Indexes of instructions in the template */
extern const u8 klp_branches[KLP_UNIVERSES];
extern const u8 klp_percpu_base;

extern const __le32 klp_template[KLP_TRAMPOLINE_SIZE / AARCH64_INSN_SIZE];
/* What reads the base of per-CPU data into x17, if the kernel runs at EL1 and at EL2 */
extern const __le32 klp_read_base[2];

/*
 * The template is data. It is in a function because only there assembly can refer to
 * constants of C. The function is not called.
 */
static void __used klp_define_template(void)
{
	/* The template tests these bits one by one: not all fit into an immediate operand. */
	BUILD_BUG_ON((KLP_IRQ_MASK & ~SOFTIRQ_OFFSET) != (NMI_MASK | HARDIRQ_MASK));

	asm volatile(".pushsection .rodata\n"
	"	.balign	8\n"
"klp_template:\n"
	"	mrs	x16, sp_el0\n"
	"	ldr	w17, [x16, %c[count]]\n"
	"	tst	w17, %c[irq_mask]\n"
	"	b.ne	2f\n"
	".if %c[in_softirq]\n"
	"	tbnz	w17, %c[softirq_bit], 2f\n"
	".endif\n"
	/* The offset of an operand has 12 bits. */
	".if %c[universe] > 0xfff\n"
	"	add	x16, x16, %c[universe] & ~0xfff\n"
	".endif\n"
	"	ldrb	w17, [x16, %c[universe] & 0xfff]\n"
	"	cbnz	w17, 3f\n"
	"1:	b	.\n"
	"2:	mrs	x17, tpidr_el1\n"
	"	ldr	x16, 4f\n"
	"	ldrb	w17, [x17, x16]\n"
	"	cbz	w17, 1b\n"
	"3:	b	.\n"
	"	.balign	8\n"
	"4:	.quad	klp_irq_universe\n"
	/* The assembler reports an error if the code is larger: .org can't go back. */
	"	.org	klp_template + %c[size]\n"
"klp_read_base:\n"
	"	mrs	x17, tpidr_el1\n"
	"	mrs	x17, tpidr_el2\n"
"klp_branches:\n"
	"	.byte	(1b - klp_template) / 4, (3b - klp_template) / 4\n"
"klp_percpu_base:\n"
	"	.byte	(2b - klp_template) / 4\n"
	"	.balign	8\n"
	".popsection\n"
	: : [count] "i" (offsetof(struct task_struct, thread_info.preempt.count)),
	    [irq_mask] "i" (NMI_MASK | HARDIRQ_MASK),
	    [in_softirq] "i" (!!(KLP_IRQ_MASK & SOFTIRQ_OFFSET)),
	    [softirq_bit] "i" (SOFTIRQ_SHIFT),
	    [universe] "i" (offsetof(struct task_struct, klp_universe)),
	    [size] "i" (KLP_TRAMPOLINE_SIZE));
}

/* Write a branch from @insn to @to. */
static int klp_set_branch(__le32 *insn, unsigned long to)
{
	unsigned long from = (unsigned long)insn;

	/* The target is 2^25 instructions before or after the branch, or nearer. */
	if (abs((long)(to - from)) >= SZ_128M)
		return -ERANGE;
	*insn = cpu_to_le32(aarch64_insn_gen_branch_imm(from, to,
						AARCH64_INSN_BRANCH_NOLINK));
	return 0;
}

void klp_arch_fill_block(void *block, size_t size)
{
	memset32(block, (__force u32)cpu_to_le32(AARCH64_BREAK_FAULT),
		 size / AARCH64_INSN_SIZE);
}

int klp_arch_build_trampoline(void *trampoline,
			      const unsigned long to[KLP_UNIVERSES])
{
	__le32 *insn = trampoline;
	int universe, ret;

	memcpy(trampoline, klp_template, KLP_TRAMPOLINE_SIZE);
	insn[klp_percpu_base] = klp_read_base[is_kernel_in_hyp_mode()];
	for (universe = 0; universe < KLP_UNIVERSES; universe++) {
		ret = klp_set_branch(&insn[klp_branches[universe]], to[universe]);
		if (ret)
			return ret;
	}
	return 0;
}

unsigned long klp_arch_after_site(unsigned long ip)
{
	return ip + MCOUNT_INSN_SIZE;
}

/* A direct branch may lead to a landing pad, which costs one instruction. */
unsigned long klp_arch_after_pad(void *fn)
{
	return (unsigned long)fn;
}
