// SPDX-License-Identifier: GPL-2.0
/*
 * Lets one call of a function fail, by a kprobe at its entry: the "nth" call by a task
 * of the name "comm" returns "result" and does nothing. The probe redirects the function
 * (IPMODIFY), so no patch can redirect it at the same time.
 */

#include <linux/kprobes.h>
#include <linux/linkage.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/ibt.h>

static char *function = "";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "function that fails");

static long result;
module_param(result, long, 0444);
MODULE_PARM_DESC(result, "return value of the call that fails");

static char *comm = "lpt_module";
module_param(comm, charp, 0444);
MODULE_PARM_DESC(comm, "name of the tasks whose calls count");

static unsigned int nth;
module_param(nth, uint, 0644);
MODULE_PARM_DESC(nth, "number of the call that fails, from 1; 0: no call fails");

static unsigned int calls;
module_param(calls, uint, 0644);
MODULE_PARM_DESC(calls, "calls so far");

extern char lpt_just_return[];

asm(".pushsection .text, \"ax\"\n"
	".type lpt_just_return, @function\n"
	"lpt_just_return:\n\t"
	ASM_ENDBR
	ASM_RET
	".size lpt_just_return, . - lpt_just_return\n"
	".popsection\n");

static int lpt_before(struct kprobe *probe, struct pt_regs *regs)
{
	if (strcmp(current->comm, comm) || ++calls != nth)
		return 0;
	regs->ax = result;
	regs->ip = (unsigned long)lpt_just_return;
	return 1;
}

/* With a post_handler, kprobes uses IPMODIFY, so that lpt_before() can change regs->ip. */
static void lpt_behind(struct kprobe *probe, struct pt_regs *regs,
		       unsigned long flags)
{
}

static struct kprobe lpt_probe = {
	.pre_handler = lpt_before,
	.post_handler = lpt_behind,
};

static int __init lpt_fail_init(void)
{
	lpt_probe.symbol_name = function;
	return register_kprobe(&lpt_probe);
}

static void __exit lpt_fail_exit(void)
{
	unregister_kprobe(&lpt_probe);
}

module_init(lpt_fail_init);
module_exit(lpt_fail_exit);
MODULE_DESCRIPTION("Live patching tests: let a call of a function fail");
MODULE_LICENSE("GPL");
