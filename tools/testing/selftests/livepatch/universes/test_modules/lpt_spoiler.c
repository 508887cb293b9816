// SPDX-License-Identifier: GPL-2.0
/*
 * Overwrites the call site of a function without the knowledge of ftrace, by a jump to
 * the next instruction. The next update of that site disables ftrace until a reboot.
 */

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/text-patching.h>

static char *function = "";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "function whose call site is overwritten");

static unsigned long (*lpt_ftrace_location)(unsigned long ip);
static void (*lpt_poke)(void *addr, const void *opcode, size_t len,
			const void *emulate);
static unsigned long (*lpt_lookup)(const char *name);

/* By a kprobe, because the functions are not exported. Return: the start of the function */
static unsigned long lpt_look_up_by_probe(const char *name)
{
	struct kprobe kp = { .symbol_name = name };
	unsigned long addr;

	if (register_kprobe(&kp))
		return 0;
	addr = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return ALIGN_DOWN(addr, 16);
}

static int __init lpt_spoiler_init(void)
{
	static const u8 jump[JMP32_INSN_SIZE] = { JMP32_INSN_OPCODE };
	struct mutex *lock; /* text_mutex */
	unsigned long ip;

	lpt_lookup = (void *)lpt_look_up_by_probe("kallsyms_lookup_name");
	if (!lpt_lookup)
		return -EOPNOTSUPP;
	lpt_ftrace_location = (void *)lpt_lookup("ftrace_location");
	lpt_poke = (void *)lpt_lookup("smp_text_poke_single");
	lock = (void *)lpt_lookup("text_mutex");
	if (!lpt_ftrace_location || !lpt_poke || !lock)
		return -EOPNOTSUPP;

	ip = lpt_ftrace_location(lpt_lookup(function));
	if (!ip)
		return -ENOENT;
	mutex_lock(lock);
	lpt_poke((void *)ip, jump, sizeof(jump), NULL);
	mutex_unlock(lock);
	return 0;
}

static void __exit lpt_spoiler_exit(void)
{
}

module_init(lpt_spoiler_init);
module_exit(lpt_spoiler_exit);
MODULE_DESCRIPTION("Live patching tests: what disables ftrace");
MODULE_LICENSE("GPL");
