// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches direct calls of ftrace, or probes, to lpt_pair_a() and lpt_pair_b().
 *
 * The files in debugfs:
 *
 *   mode	write: what to attach instead of what is attached now, see
 *		lpt_modes[]; "none" to detach
 *   busy	write: how often ops_func() returns -EAGAIN before a direct call
 *		shares its function with a patch
 *   shared	read: for each function whether ops_func() was notified that a patch
 *		redirects it
 *   seen	read: how often the functions were entered and left, and the
 *		versions that they returned, as bits. write: start anew
 *
 * "entry" and "exit" are direct calls of ftrace, as BPF trampolines use them: "entry"
 * is like that of an fentry program, "exit" like that of an fexit program, which calls
 * the function itself. A change between the two uses modify_ftrace_direct().
 */

#include <linux/debugfs.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "lpt.h"

static atomic_t lpt_entries, lpt_exits, lpt_versions;

static const char * const lpt_names[] = { "lpt_pair_a", "lpt_pair_b" };

static bool lpt_shared[ARRAY_SIZE(lpt_names)];
static u32 lpt_busy;

/* Called by probes and by the trampolines below */
static __used noinline void lpt_entered(void)
{
	atomic_inc(&lpt_entries);
}

static __used noinline void lpt_left(unsigned long version)
{
	atomic_inc(&lpt_exits);
	atomic_or(BIT(version & 7), &lpt_versions);
}

/*
 * Direct calls. The functions have no arguments, so there is nothing to save.
 */

#if defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)

#include <asm/asm-offsets.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>

/*
 * A trampoline finds two addresses on the stack: the code to run for this caller, after
 * the call site or in a patch, and the return address of the caller. lpt_tramp_entry
 * returns to that code. lpt_tramp_exit calls it by a push and a return, and then returns
 * to the caller. So there is no indirect branch.
 *
 * The trampolines are aligned, because for an odd address ftrace would use a jump
 * instead of a call.
 */
asm("	.pushsection	.text, \"ax\", @progbits\n"
"	.balign	16\n"
"	.type	lpt_tramp_entry, @function\n"
"	.globl	lpt_tramp_entry\n"
"lpt_tramp_entry:\n"
	ASM_ENDBR
"	pushq	%rbp\n"
"	movq	%rsp, %rbp\n"
	CALL_DEPTH_ACCOUNT
"	call	lpt_entered\n"
"	leave\n"
	ASM_RET
"	.size	lpt_tramp_entry, .-lpt_tramp_entry\n"
"	.balign	16\n"
"	.type	lpt_tramp_exit, @function\n"
"	.globl	lpt_tramp_exit\n"
"lpt_tramp_exit:\n"
	ASM_ENDBR
"	pushq	%rbp\n"
"	movq	%rsp, %rbp\n"
"	pushq	%rbx\n"
"	subq	$8, %rsp\n"
	CALL_DEPTH_ACCOUNT
"	call	lpt_entered\n"
	CALL_DEPTH_ACCOUNT
"	call	lpt_tramp_code\n"
"	movq	%rax, %rbx\n"
"	movq	%rax, %rdi\n"
	CALL_DEPTH_ACCOUNT
"	call	lpt_left\n"
"	movq	%rbx, %rax\n"
"	addq	$8, %rsp\n"
"	popq	%rbx\n"
"	leave\n"
"	addq	$8, %rsp\n"
	ASM_RET
"	.size	lpt_tramp_exit, .-lpt_tramp_exit\n"
"	.type	lpt_tramp_code, @function\n"
"lpt_tramp_code:\n"
"	pushq	8(%rbp)\n"
	ASM_RET
"	.size	lpt_tramp_code, .-lpt_tramp_code\n"
"	.popsection\n"
);
STACK_FRAME_NON_STANDARD(lpt_tramp_exit);
STACK_FRAME_NON_STANDARD(lpt_tramp_code);

/* Allow IPMODIFY to share the functions, but return -EAGAIN while "busy" is not zero. */
static int lpt_ops_func(struct ftrace_ops *ops, unsigned long ip,
			enum ftrace_ops_cmd cmd)
{
	char name[KSYM_SYMBOL_LEN];
	int i;

	if (cmd == FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER && lpt_busy) {
		lpt_busy--;
		return -EAGAIN;
	}
	snprintf(name, sizeof(name), "%ps", (void *)ip);
	for (i = 0; i < ARRAY_SIZE(lpt_names); i++) {
		if (str_has_prefix(name, lpt_names[i]))
			lpt_shared[i] = cmd != FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER;
	}
	return 0;
}

static struct ftrace_ops lpt_ops = { .ops_func = lpt_ops_func };
static unsigned long lpt_direct;

static int lpt_set_direct(unsigned long tramp)
{
	unsigned long old = lpt_direct;
	int i, ret = 0;

	for (i = 0; !old && !ret && i < ARRAY_SIZE(lpt_names); i++) {
		char name[16];

		strscpy(name, lpt_names[i]);
		ret = ftrace_set_filter(&lpt_ops, name, strlen(name), !i);
	}
	if (ret)
		return ret;
	if (!tramp)
		ret = unregister_ftrace_direct(&lpt_ops, old, true);
	else if (old)
		ret = modify_ftrace_direct(&lpt_ops, tramp);
	else
		ret = register_ftrace_direct(&lpt_ops, tramp);
	if (!ret)
		lpt_direct = tramp;
	return ret;
}

static int lpt_attach_entry(void)
{
	return lpt_set_direct((unsigned long)lpt_tramp_entry);
}

static int lpt_attach_exit(void)
{
	return lpt_set_direct((unsigned long)lpt_tramp_exit);
}

static int lpt_detach_direct(void)
{
	return lpt_set_direct(0);
}

#else

static int lpt_attach_entry(void)
{
	return -EOPNOTSUPP;
}

static int lpt_attach_exit(void)
{
	return -EOPNOTSUPP;
}

static int lpt_detach_direct(void)
{
	return 0;
}

#endif

/*
 * Probes
 */

static int lpt_probe_pre(struct kprobe *kp, struct pt_regs *regs)
{
	lpt_entered();
	return 0;
}

static void lpt_probe_post(struct kprobe *kp, struct pt_regs *regs,
			   unsigned long flags)
{
}

static int lpt_probe_return(struct kretprobe_instance *instance,
			    struct pt_regs *regs)
{
	lpt_left(regs_return_value(regs));
	return 0;
}

static struct kprobe lpt_kprobes[ARRAY_SIZE(lpt_names)];
static struct kretprobe lpt_kretprobes[ARRAY_SIZE(lpt_names)];

static int lpt_attach_kprobes(kprobe_post_handler_t post)
{
	struct kprobe *kps[] = { &lpt_kprobes[0], &lpt_kprobes[1] };
	int i;

	for (i = 0; i < ARRAY_SIZE(lpt_names); i++)
		lpt_kprobes[i] = (struct kprobe) {
			.symbol_name = lpt_names[i],
			.pre_handler = lpt_probe_pre,
			.post_handler = post,
		};
	return register_kprobes(kps, ARRAY_SIZE(kps));
}

static int lpt_attach_kprobe(void)
{
	return lpt_attach_kprobes(NULL);
}

static int lpt_attach_post(void)
{
	return lpt_attach_kprobes(lpt_probe_post);
}

static int lpt_detach_kprobe(void)
{
	struct kprobe *kps[] = { &lpt_kprobes[0], &lpt_kprobes[1] };

	unregister_kprobes(kps, ARRAY_SIZE(kps));
	return 0;
}

static int lpt_attach_kretprobe(void)
{
	struct kretprobe *rps[] = { &lpt_kretprobes[0], &lpt_kretprobes[1] };
	int i;

	for (i = 0; i < ARRAY_SIZE(lpt_names); i++)
		lpt_kretprobes[i] = (struct kretprobe) {
			.kp.symbol_name = lpt_names[i],
			.handler = lpt_probe_return,
			.maxactive = 256,
		};
	return register_kretprobes(rps, ARRAY_SIZE(rps));
}

static int lpt_detach_kretprobe(void)
{
	struct kretprobe *rps[] = { &lpt_kretprobes[0], &lpt_kretprobes[1] };

	unregister_kretprobes(rps, ARRAY_SIZE(rps));
	return 0;
}

static int lpt_nothing(void)
{
	return 0;
}

static const struct lpt_mode {
	const char *name;
	int (*attach)(void);
	int (*detach)(void);
} lpt_modes[] = {
	{ "none", lpt_nothing, lpt_nothing },
	/* Two that can take over from one another: the same detach */
	{ "entry", lpt_attach_entry, lpt_detach_direct },
	{ "exit", lpt_attach_exit, lpt_detach_direct },
	{ "kprobe", lpt_attach_kprobe, lpt_detach_kprobe },
	{ "post", lpt_attach_post, lpt_detach_kprobe }, /* with a post handler */
	{ "kretprobe", lpt_attach_kretprobe, lpt_detach_kretprobe },
};

static DEFINE_MUTEX(lpt_lock);
static const struct lpt_mode *lpt_mode = &lpt_modes[0];

static int lpt_switch_mode(const struct lpt_mode *mode)
{
	int ret;

	guard(mutex)(&lpt_lock);
	if (mode->detach != lpt_mode->detach || mode->detach != lpt_detach_direct) {
		ret = lpt_mode->detach();
		if (ret)
			return ret;
		lpt_mode = &lpt_modes[0];
	}
	ret = mode->attach();
	if (!ret)
		lpt_mode = mode;
	return ret;
}

static ssize_t lpt_mode_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	char name[16];
	int i, ret;

	if (len >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buf, len))
		return -EFAULT;
	name[len] = '\0';
	for (i = 0; i < ARRAY_SIZE(lpt_modes); i++) {
		if (!sysfs_streq(name, lpt_modes[i].name))
			continue;
		ret = lpt_switch_mode(&lpt_modes[i]);
		return ret ?: len;
	}
	return -EINVAL;
}

static const struct file_operations lpt_mode_fops = {
	.owner = THIS_MODULE,
	.write = lpt_mode_write,
};

static int lpt_seen_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d %d %d\n", atomic_read(&lpt_entries),
		   atomic_read(&lpt_exits), atomic_read(&lpt_versions));
	return 0;
}

static int lpt_seen_open(struct inode *inode, struct file *file)
{
	return single_open(file, lpt_seen_show, NULL);
}

static ssize_t lpt_seen_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	atomic_set(&lpt_entries, 0);
	atomic_set(&lpt_exits, 0);
	atomic_set(&lpt_versions, 0);
	return len;
}

static const struct file_operations lpt_seen_fops = {
	.owner = THIS_MODULE,
	.open = lpt_seen_open,
	.read = seq_read,
	.write = lpt_seen_write,
	.release = single_release,
};

static int lpt_shared_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d %d\n", lpt_shared[0], lpt_shared[1]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lpt_shared);

static struct dentry *lpt_dir;

static int __init lpt_attach_init(void)
{
	lpt_dir = debugfs_create_dir("lpt_attach", NULL);
	debugfs_create_file("mode", 0200, lpt_dir, NULL, &lpt_mode_fops);
	debugfs_create_u32("busy", 0600, lpt_dir, &lpt_busy);
	debugfs_create_file("shared", 0400, lpt_dir, NULL, &lpt_shared_fops);
	debugfs_create_file("seen", 0600, lpt_dir, NULL, &lpt_seen_fops);
	return 0;
}

static void __exit lpt_attach_exit_module(void)
{
	debugfs_remove(lpt_dir);
	lpt_mode->detach();
	/* Wait until no task is in a trampoline or in a handler. */
	synchronize_rcu_tasks();
}

module_init(lpt_attach_init);
module_exit(lpt_attach_exit_module);
MODULE_DESCRIPTION("Live patching tests: what others attach to functions");
MODULE_LICENSE("GPL");
