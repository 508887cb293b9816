// SPDX-License-Identifier: GPL-2.0
/*
 * A patch of the functions that the parameter "functions" names. Each new function
 * counts its calls and continues in the original, after the call site at its entry. So
 * the patch does not change what functions do, and works for any function. A function of
 * a module is named MODULE:FUNCTION. All such functions have to be of one module, which is
 * loaded.
 *
 * With the parameter "frame" the original is called, so that tasks return to the code
 * of this module. If they can sleep there, they do so for "nap_ms" milliseconds. The
 * functions must have no arguments on the stack, that is, not more than six.
 */

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/linkage.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/ibt.h>
#include <asm/unwind_hints.h>

#define LPT_SLOTS 48

static char *functions[LPT_SLOTS];
static int lpt_nr;
module_param_array(functions, charp, &lpt_nr, 0444);
MODULE_PARM_DESC(functions, "functions to patch");

static bool frame;
module_param(frame, bool, 0444);
MODULE_PARM_DESC(frame, "call the original, so that tasks return to the code of this module");

static bool blind;
module_param(blind, bool, 0444);
MODULE_PARM_DESC(blind, "also patch functions that can't be probed, so that the patch is refused");

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before this one");

static unsigned int nap_ms;
module_param(nap_ms, uint, 0644);
MODULE_PARM_DESC(nap_ms, "with frame=1: milliseconds to sleep after the original has returned");

static unsigned long calls[LPT_SLOTS] __used;
module_param_array(calls, ulong, NULL, 0444);
MODULE_PARM_DESC(calls, "number of calls of each function");

/* The addresses in the originals after their call sites */
static unsigned long lpt_behind[LPT_SLOTS] __used;

static __used noinline void lpt_after(void)
{
	if (nap_ms && preemptible() && task_is_running(current))
		msleep(nap_ms);
}

/*
 * lpt_pass_N() preserves all registers and the stack. It reaches the original by a
 * return, because there is no ENDBR for an indirect jump. lpt_frame_N() preserves both
 * registers of a return value.
 */
#define LPT_PASS(n)							\
	asm(".pushsection .text, \"ax\"\n"				\
	    ".balign 16\n"						\
	    ".type lpt_pass_" #n ", @function\n"			\
	    "lpt_pass_" #n ":\n\t"					\
	    ASM_ENDBR							\
	    "lock incq calls + 8 * " #n "(%rip)\n\t"			\
	    "push lpt_behind + 8 * " #n "(%rip)\n\t"			\
	    UNWIND_HINT_FUNC						\
	    ASM_RET							\
	    ".size lpt_pass_" #n ", . - lpt_pass_" #n "\n"		\
	    ".balign 16\n"						\
	    ".type lpt_frame_" #n ", @function\n"			\
	    "lpt_frame_" #n ":\n\t"					\
	    ASM_ENDBR							\
	    "sub $24, %rsp\n\t"						\
	    "call lpt_pass_" #n "\n\t"					\
	    "mov %rax, (%rsp)\n\t"					\
	    "mov %rdx, 8(%rsp)\n\t"					\
	    "call lpt_after\n\t"					\
	    "mov (%rsp), %rax\n\t"					\
	    "mov 8(%rsp), %rdx\n\t"					\
	    "add $24, %rsp\n\t"						\
	    ASM_RET							\
	    ".size lpt_frame_" #n ", . - lpt_frame_" #n "\n"		\
	    ".popsection\n");						\
	extern char lpt_pass_##n[], lpt_frame_##n[];

#define LPT_ENTRY(n) { lpt_pass_##n, lpt_frame_##n },

#define LPT_8(m, d) \
	m(d##0) m(d##1) m(d##2) m(d##3) m(d##4) m(d##5) m(d##6) m(d##7)
#define LPT_ALL(m) \
	m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9)	\
	LPT_8(m, 1) m(18) m(19) LPT_8(m, 2) m(28) m(29)		\
	LPT_8(m, 3) m(38) m(39) LPT_8(m, 4)

LPT_ALL(LPT_PASS)

static void * const lpt_entries[][2] = { LPT_ALL(LPT_ENTRY) };
static_assert(ARRAY_SIZE(lpt_entries) == LPT_SLOTS);

static struct klp_func lpt_funcs[LPT_SLOTS + 1];
static struct klp_func lpt_module_funcs[LPT_SLOTS + 1];

/* The second one has a name if there are functions of a module. */
static struct klp_object lpt_objs[] = {
	{ .funcs = lpt_funcs },
	{ .funcs = lpt_module_funcs },
	{ }
};

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

/* A kprobe at the entry is at the call site, which has 5 bytes of nop or call. */
static bool lpt_find_behind(const char *name, unsigned long *behind)
{
	struct kprobe probe = { .symbol_name = name };

	if (register_kprobe(&probe))
		return false;
	*behind = (unsigned long)probe.addr + 5;
	unregister_kprobe(&probe);
	return true;
}

/* Add a function with the code of this slot. The name is cut at its colon. */
static void lpt_add(char *name, int slot)
{
	static int nr, nr_module;
	char *colon = strchr(name, ':');
	struct klp_func *func;

	if (colon) {
		*colon = '\0';
		lpt_objs[1].name = name;
		func = &lpt_module_funcs[nr_module++];
	} else {
		func = &lpt_funcs[nr++];
	}
	func->old_name = colon ? colon + 1 : name;
	func->new_func = lpt_entries[slot][frame];
}

static int __init lpt_pass_init(void)
{
	int i, slot = 0;

	for (i = 0; i < lpt_nr; i++) {
		if (!lpt_find_behind(functions[i], &lpt_behind[slot]) && !blind)
			continue;
		lpt_add(functions[i], slot++);
	}
	/* Without functions of a module the list of objects ends before. */
	if (!lpt_objs[1].name)
		lpt_objs[1].funcs = NULL;
	lpt_patch.replace = replace;
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_pass_exit(void)
{
}

module_init(lpt_pass_init);
module_exit(lpt_pass_exit);
MODULE_DESCRIPTION("Live patching tests: replace functions by themselves");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
