// SPDX-License-Identifier: GPL-2.0
/*
 * Undoes a fix of a stable release that changed two functions: one that takes a lock, and
 * one that drops it. A call between the two needs the same version of both. To disable this
 * patch is to apply the fix.
 *
 *	raw	"raw: Fix NULL deref in raw_get_next()": a spinlock instead of RCU
 *	icmp	"ping: Fix potential NULL deref for /proc/net/icmp.": the same
 */

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <net/ping.h>

static char *fix;
module_param(fix, charp, 0444);
MODULE_PARM_DESC(fix, "the fix to undo");

/* raw_seq_next() or ping_seq_next(), which are not exported */
static ulong next_fn;
module_param(next_fn, ulong, 0444);
MODULE_PARM_DESC(next_fn, "address of the function that goes to the next socket");

static void *lpt_seq_start(struct seq_file *seq, loff_t *pos)
{
	void *(*next)(struct seq_file *seq, void *v, loff_t *pos) = (void *)next_fn;
	void *v = SEQ_START_TOKEN;
	loff_t i = 0;

	rcu_read_lock();
	while (v && i < *pos)
		v = next(seq, v, &i);
	return v;
}

static void lpt_seq_stop(struct seq_file *seq, void *v)
{
	rcu_read_unlock();
}

static void *lpt_ping_seq_start(struct seq_file *seq, loff_t *pos, sa_family_t family)
{
	struct ping_iter_state *state = seq->private;

	state->bucket = 0;
	state->family = family;
	return lpt_seq_start(seq, pos);
}

static void *lpt_ping_v4_seq_start(struct seq_file *seq, loff_t *pos)
{
	return lpt_ping_seq_start(seq, pos, AF_INET);
}

static struct klp_func lpt_raw_funcs[] = {
	{ .old_name = "raw_seq_start", .new_func = lpt_seq_start },
	{ .old_name = "raw_seq_stop", .new_func = lpt_seq_stop },
	{ }
};

static struct klp_func lpt_ping_funcs[] = {
	{ .old_name = "ping_seq_start", .new_func = lpt_ping_seq_start },
	/* May have a copy of ping_seq_start() in it */
	{ .old_name = "ping_v4_seq_start", .new_func = lpt_ping_v4_seq_start },
	{ .old_name = "ping_seq_stop", .new_func = lpt_seq_stop },
	{ }
};

static struct klp_object lpt_objs[] = { { }, { } };

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_unfixed_init(void)
{
	if (!fix || !next_fn)
		return -EINVAL;
	if (!strcmp(fix, "raw"))
		lpt_objs[0].funcs = lpt_raw_funcs;
	else if (!strcmp(fix, "icmp"))
		lpt_objs[0].funcs = lpt_ping_funcs;
	else
		return -EINVAL;
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_unfixed_exit(void)
{
}

module_init(lpt_unfixed_init);
module_exit(lpt_unfixed_exit);
MODULE_DESCRIPTION("Live patching tests: without fixes of stable releases");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
