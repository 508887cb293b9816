// SPDX-License-Identifier: GPL-2.0
/*
 * The module that the tests patch. It calls a pair of functions in all contexts, and
 * counts violations of the consistency model.
 *
 * lpt_pair_a() and lpt_pair_b() return a version. Within one entry of the
 * kernel (one system call, one interrupt, one work item) all calls must return
 * the same version. Otherwise the entry is counted as "mixed". In a transition a
 * task, and the interrupts of a CPU, get the old version and then the new one.
 * An old version after a new one is counted in "order". After a transition all calls
 * get the new version. Others are counted in "stale". "apart" is no error: it
 * counts interrupts that have migrated, and interrupt a task that has not.
 *
 * The files in debugfs:
 *
 *   version	read: what the functions return right now
 *   init	read: what the pair returned to the init function
 *   phase	write: "to V" before a transition to version V, "at V" after its
 *		end, "any" to switch off the checks of "order" and "stale"
 *   stats	read: the counters, one line for each context. write: zero them
 *   call	write: "SHAPE COUNT USECS", see lpt_shapes[]
 *   timers	write: 1 starts a timer of each kind on every CPU, 0 stops them
 *   nmi	write: 1 starts NMIs on every CPU, 0 stops them
 *   requeue	write: 1 starts a work item that queues itself, 0 stops it
 *   rescue	write: 1 starts work items on the last CPU that queue themselves,
 *		more than its workers can run at once, 0 stops them. Calls by the
 *		rescuer of the queue are counted in the context "rescuer"
 *   longwork	write: start a work item that sleeps for so many milliseconds
 */

#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "lpt.h"

static LPT_VERSION_FUNC(lpt_pair_a, LPT_ORIGINAL);
static LPT_VERSION_FUNC(lpt_pair_b, LPT_ORIGINAL);
static LPT_VERSION_FUNC(lpt_twin, LPT_ORIGINAL);
static notrace LPT_VERSION_FUNC(lpt_untraceable, LPT_ORIGINAL);

/* Inlined, so there is no symbol */
static __always_inline int lpt_inlined(int version)
{
	return version + 1;
}

/* The compiler may clone this function for its only argument, under another name. */
static noinline int lpt_cloned(int version)
{
	int i, sum = 0;

	for (i = 0; i < version; i++)
		sum += lpt_inlined(lpt_untraceable());
	return sum / version;
}

enum lpt_context {
	LPT_SYSCALL,
	LPT_WORK,
	LPT_LONGWORK,
	LPT_KTHREAD,
	LPT_SOFTIRQ,
	LPT_HARDIRQ,
	LPT_NMI,
	LPT_RESCUER,
	LPT_CONTEXTS
};

static const char * const lpt_names[LPT_CONTEXTS] = {
	"syscall", "work", "longwork", "kthread", "softirq", "hardirq", "nmi",
	"rescuer",
};

static struct lpt_stats {
	atomic64_t old;
	atomic64_t new;
	atomic64_t mixed;
	atomic64_t order;
	atomic64_t stale;
	/* Interrupts with another version than that of the task that they interrupt */
	atomic64_t apart;
} lpt_stats[LPT_CONTEXTS];

/* Bits of lpt_phase: the new version, whether all must get it, and a count of phases */
#define LPT_GOAL	GENMASK(7, 0)
#define LPT_SETTLED	BIT(8)
#define LPT_EPOCH	GENMASK(31, 16)
#define LPT_EPOCH_1	BIT(16)

static unsigned int lpt_phase;

/* Whether one task, or the interrupts of one CPU, got the new version in this phase */
struct lpt_view {
	unsigned int epoch;
	bool flipped;
};

/* The calls within one entry of the kernel */
struct lpt_entry {
	int version;
	bool mixed;
};

static void lpt_enter(struct lpt_entry *entry)
{
	entry->version = lpt_pair_a();
	entry->mixed = false;
}

static void lpt_see(struct lpt_entry *entry, int version)
{
	if (version != entry->version)
		entry->mixed = true;
}

static void lpt_account_order(struct lpt_stats *stats, struct lpt_view *view,
			      unsigned int phase, int version)
{
	unsigned int epoch = phase & LPT_EPOCH;

	if (view->epoch != epoch) {
		view->epoch = epoch;
		view->flipped = false;
	}
	if (version == (phase & LPT_GOAL))
		view->flipped = true;
	else if (view->flipped)
		atomic64_inc(&stats->order);
}

/* @view is NULL if entries may run in different tasks, so that their order is undefined. */
static void lpt_account(enum lpt_context context, struct lpt_view *view,
			const struct lpt_entry *entry)
{
	struct lpt_stats *stats = &lpt_stats[context];
	unsigned int phase;

	/* Read the phase after the versions: "to V" is written before the transition starts. */
	smp_rmb();
	phase = READ_ONCE(lpt_phase);

	atomic64_inc(entry->version == LPT_ORIGINAL ? &stats->old : &stats->new);
	if (entry->mixed)
		atomic64_inc(&stats->mixed);
	if (!(phase & LPT_GOAL))
		return;
	if (view)
		lpt_account_order(stats, view, phase, entry->version);
	if ((phase & LPT_SETTLED) && entry->version != (phase & LPT_GOAL))
		atomic64_inc(&stats->stale);
}

static void lpt_sleep(unsigned int usecs)
{
	if (usecs)
		usleep_range(usecs, usecs + usecs / 4);
}

static void lpt_run_pairs(struct lpt_entry *entry, unsigned int count,
			  unsigned int usecs)
{
	lpt_enter(entry);
	while (count--) {
		lpt_see(entry, lpt_pair_a());
		lpt_sleep(usecs);
		lpt_see(entry, lpt_pair_b());
		cond_resched();
	}
}

/*
 * The shapes of a system call
 */

struct lpt_call {
	struct lpt_view *view;
	unsigned int count;
	unsigned int usecs;
	struct work_struct work;
	struct kthread_work kthread_work;
};

static struct workqueue_struct *lpt_wq;
static struct kthread_worker *lpt_worker;

static void lpt_call_pairs(struct lpt_call *call)
{
	struct lpt_entry entry;

	lpt_run_pairs(&entry, call->count, call->usecs);
	lpt_account(LPT_SYSCALL, call->view, &entry);
}

static void lpt_work_fn(struct work_struct *work)
{
	struct lpt_call *call = container_of(work, struct lpt_call, work);
	struct lpt_entry entry;

	lpt_run_pairs(&entry, call->count, call->usecs);
	lpt_account(LPT_WORK, NULL, &entry);
}

static void lpt_call_work(struct lpt_call *call)
{
	INIT_WORK_ONSTACK(&call->work, lpt_work_fn);
	queue_work(lpt_wq, &call->work);
	flush_work(&call->work);
	destroy_work_on_stack(&call->work);
}

static void lpt_kthread_work_fn(struct kthread_work *work)
{
	struct lpt_call *call = container_of(work, struct lpt_call, kthread_work);
	static struct lpt_view view;
	struct lpt_entry entry;

	lpt_run_pairs(&entry, call->count, call->usecs);
	lpt_account(LPT_KTHREAD, &view, &entry);
}

static void lpt_call_kthread(struct lpt_call *call)
{
	kthread_init_work(&call->kthread_work, lpt_kthread_work_fn);
	kthread_queue_work(lpt_worker, &call->kthread_work);
	kthread_flush_work(&call->kthread_work);
}

/* The task that keeps a CPU busy in the kernel, and the version that it got */
static struct task_struct *lpt_busy;
static int lpt_busy_version;

static void lpt_call_busy(struct lpt_call *call)
{
	unsigned long end = jiffies + usecs_to_jiffies(call->usecs);
	unsigned int phase = READ_ONCE(lpt_phase);
	struct lpt_entry entry;

	lpt_enter(&entry);
	lpt_busy_version = entry.version;
	/* Orders the version before the task, for lpt_interrupt(). */
	smp_store_release(&lpt_busy, current);
	/* Also counted at the end. Here it shows to scripts that the call has started. */
	lpt_account(LPT_SYSCALL, call->view, &entry);
	do {
		lpt_see(&entry, lpt_pair_a());
		lpt_see(&entry, lpt_pair_b());
		cond_resched();
	} while (time_before(jiffies, end) && READ_ONCE(lpt_phase) == phase);
	WRITE_ONCE(lpt_busy, NULL);
	lpt_account(LPT_SYSCALL, call->view, &entry);
}

static const struct lpt_shape {
	const char *name;
	void (*fn)(struct lpt_call *call);
} lpt_shapes[] = {
	{ "pairs",	lpt_call_pairs },	/* COUNT times: a, sleep, b */
	{ "work",	lpt_call_work },	/* pairs in a work item */
	{ "kthread",	lpt_call_kthread },	/* pairs in a kthread_worker */
	{ "busy",	lpt_call_busy },	/* pairs for USECS or until a new phase */
};

static int lpt_call_open(struct inode *inode, struct file *file)
{
	struct lpt_view *view = kzalloc_obj(*view);

	file->private_data = view;
	return view ? 0 : -ENOMEM;
}

static int lpt_call_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static int lpt_get_line(char *line, size_t size, const char __user *buf,
			size_t len)
{
	if (len >= size)
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = '\0';
	return 0;
}

static ssize_t lpt_call_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	struct lpt_call call = { .view = file->private_data };
	char line[64], name[16];
	int i, err;

	err = lpt_get_line(line, sizeof(line), buf, len);
	if (err)
		return err;
	if (sscanf(line, "%15s %u %u", name, &call.count, &call.usecs) != 3)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(lpt_shapes); i++) {
		if (strcmp(name, lpt_shapes[i].name))
			continue;
		lpt_shapes[i].fn(&call);
		return len;
	}
	return -EINVAL;
}

static const struct file_operations lpt_call_fops = {
	.owner = THIS_MODULE,
	.open = lpt_call_open,
	.write = lpt_call_write,
	.release = lpt_call_release,
};

/*
 * Interrupts
 */

#define LPT_HARD_PERIOD	(2000 * NSEC_PER_USEC)
#define LPT_SOFT_PERIOD	(3000 * NSEC_PER_USEC)

struct lpt_timers {
	struct hrtimer hard;
	struct hrtimer soft;
};

static DEFINE_PER_CPU(struct lpt_timers, lpt_timers);
static DEFINE_PER_CPU(struct lpt_view, lpt_irq_view);
static DEFINE_PER_CPU(struct lpt_view, lpt_nmi_view);
static DEFINE_MUTEX(lpt_timers_lock);
static bool lpt_timers_on;

/* Called by the NMI handler. NMIs do not nest, so the view of this CPU is not shared. */
void lpt_nmi(void)
{
	struct lpt_entry entry;

	lpt_enter(&entry);
	lpt_see(&entry, lpt_pair_b());
	lpt_see(&entry, lpt_pair_a());
	lpt_account(LPT_NMI, this_cpu_ptr(&lpt_nmi_view), &entry);
}

static void lpt_interrupt(enum lpt_context context)
{
	struct task_struct *busy;
	struct lpt_entry entry;
	unsigned long flags;
	int i;

	lpt_enter(&entry);
	for (i = 0; i < 4; i++) {
		lpt_see(&entry, lpt_pair_b());
		lpt_see(&entry, lpt_pair_a());
	}

	/* Pairs with lpt_call_busy(). */
	busy = smp_load_acquire(&lpt_busy);
	if (context == LPT_HARDIRQ && busy == current &&
	    entry.version != lpt_busy_version)
		atomic64_inc(&lpt_stats[context].apart);

	local_irq_save(flags);
	lpt_account(context, this_cpu_ptr(&lpt_irq_view), &entry);
	local_irq_restore(flags);
}

static enum hrtimer_restart lpt_hard_fn(struct hrtimer *timer)
{
	lpt_interrupt(LPT_HARDIRQ);
	hrtimer_forward_now(timer, LPT_HARD_PERIOD);
	return HRTIMER_RESTART;
}

static enum hrtimer_restart lpt_soft_fn(struct hrtimer *timer)
{
	lpt_interrupt(LPT_SOFTIRQ);
	hrtimer_forward_now(timer, LPT_SOFT_PERIOD);
	return HRTIMER_RESTART;
}

static void lpt_start_timers_here(void *unused)
{
	struct lpt_timers *timers = this_cpu_ptr(&lpt_timers);

	hrtimer_start(&timers->hard, LPT_HARD_PERIOD,
		      HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&timers->soft, LPT_SOFT_PERIOD,
		      HRTIMER_MODE_REL_PINNED_SOFT);
}

static void lpt_stop_timers(void)
{
	struct lpt_timers *timers;
	int cpu;

	if (!lpt_timers_on)
		return;
	for_each_possible_cpu(cpu) {
		timers = per_cpu_ptr(&lpt_timers, cpu);
		hrtimer_cancel(&timers->hard);
		hrtimer_cancel(&timers->soft);
	}
	lpt_timers_on = false;
}

static void lpt_start_timers(void)
{
	struct lpt_timers *timers;
	int cpu;

	lpt_stop_timers();
	for_each_possible_cpu(cpu) {
		timers = per_cpu_ptr(&lpt_timers, cpu);
		hrtimer_setup(&timers->hard, lpt_hard_fn, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
		hrtimer_setup(&timers->soft, lpt_soft_fn, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_SOFT);
	}
	on_each_cpu(lpt_start_timers_here, NULL, 1);
	lpt_timers_on = true;
}

static int lpt_timers_set(void *data, u64 on)
{
	guard(mutex)(&lpt_timers_lock);
	if (on)
		lpt_start_timers();
	else
		lpt_stop_timers();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_timers_fops, NULL, lpt_timers_set, "%llu\n");

static bool lpt_nmi_on;

static int lpt_nmi_set(void *data, u64 on)
{
	int ret = 0;

	guard(mutex)(&lpt_timers_lock);
	if (lpt_nmi_on)
		lpt_nmi_stop();
	if (on)
		ret = lpt_nmi_start();
	lpt_nmi_on = on && !ret;
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_nmi_fops, NULL, lpt_nmi_set, "%llu\n");

/*
 * Work items that are not flushed by a system call
 */

#define LPT_RESCUED	24

static struct workqueue_struct *lpt_rescue_wq;
static struct work_struct lpt_rescued[LPT_RESCUED];
static bool lpt_rescue;

static void lpt_rescued_fn(struct work_struct *work)
{
	bool is_rescuer = strstarts(current->comm, "kworker/R-lpt");
	static struct lpt_view view;
	struct lpt_entry entry;

	lpt_run_pairs(&entry, 2, 2000);
	if (is_rescuer)
		lpt_account(LPT_RESCUER, &view, &entry);
	else
		lpt_account(LPT_WORK, NULL, &entry);
	if (READ_ONCE(lpt_rescue))
		queue_work_on(cpumask_last(cpu_online_mask), lpt_rescue_wq, work);
}

static int lpt_rescue_set(void *data, u64 on)
{
	int i;

	WRITE_ONCE(lpt_rescue, on);
	for (i = 0; i < LPT_RESCUED; i++) {
		if (on)
			queue_work_on(cpumask_last(cpu_online_mask),
				      lpt_rescue_wq, &lpt_rescued[i]);
		else
			cancel_work_sync(&lpt_rescued[i]);
	}
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_rescue_fops, NULL, lpt_rescue_set, "%llu\n");

static bool lpt_requeue;
static unsigned int lpt_long_msecs;

static void lpt_requeue_fn(struct work_struct *work)
{
	struct lpt_entry entry;

	lpt_run_pairs(&entry, 10, 0);
	lpt_account(LPT_WORK, NULL, &entry);
	if (READ_ONCE(lpt_requeue))
		queue_work(lpt_wq, work);
}

static DECLARE_WORK(lpt_requeue_work, lpt_requeue_fn);

static int lpt_requeue_set(void *data, u64 on)
{
	WRITE_ONCE(lpt_requeue, on);
	if (on)
		queue_work(lpt_wq, &lpt_requeue_work);
	else
		cancel_work_sync(&lpt_requeue_work);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_requeue_fops, NULL, lpt_requeue_set, "%llu\n");

static void lpt_long_fn(struct work_struct *work)
{
	struct lpt_entry entry;

	lpt_enter(&entry);
	msleep(lpt_long_msecs);
	lpt_see(&entry, lpt_pair_b());
	lpt_account(LPT_LONGWORK, NULL, &entry);
}

static DECLARE_WORK(lpt_long_work, lpt_long_fn);

static int lpt_long_set(void *data, u64 msecs)
{
	lpt_long_msecs = msecs;
	queue_work(lpt_wq, &lpt_long_work);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_long_fops, NULL, lpt_long_set, "%llu\n");

/*
 * What the scripts read
 */

static char lpt_init_saw[16];

static int lpt_version_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d %d %d %d %d\n", lpt_pair_a(), lpt_pair_b(),
		   lpt_twin(), lpt_call_twin2(), lpt_cloned(3) - 1);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lpt_version);

static int lpt_holes_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d %d %d %d\n", lpt_hole_first(), lpt_hole_middle(),
		   lpt_hole_notrace(), lpt_hole_last());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lpt_holes);

static int lpt_init_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%s\n", lpt_init_saw);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lpt_init);

static int lpt_stats_show(struct seq_file *m, void *unused)
{
	struct lpt_stats *s;
	int i;

	seq_puts(m, "context old new mixed order stale apart\n");
	for (i = 0; i < LPT_CONTEXTS; i++) {
		s = &lpt_stats[i];
		seq_printf(m, "%s %lld %lld %lld %lld %lld %lld\n",
			   lpt_names[i],
			   atomic64_read(&s->old), atomic64_read(&s->new),
			   atomic64_read(&s->mixed), atomic64_read(&s->order),
			   atomic64_read(&s->stale), atomic64_read(&s->apart));
	}
	return 0;
}

static int lpt_stats_open(struct inode *inode, struct file *file)
{
	return single_open(file, lpt_stats_show, NULL);
}

static ssize_t lpt_stats_write(struct file *file, const char __user *buf,
			       size_t len, loff_t *pos)
{
	struct lpt_stats *s;

	for (s = lpt_stats; s < lpt_stats + LPT_CONTEXTS; s++) {
		atomic64_set(&s->old, 0);
		atomic64_set(&s->new, 0);
		atomic64_set(&s->mixed, 0);
		atomic64_set(&s->order, 0);
		atomic64_set(&s->stale, 0);
		atomic64_set(&s->apart, 0);
	}
	return len;
}

static const struct file_operations lpt_stats_fops = {
	.owner = THIS_MODULE,
	.open = lpt_stats_open,
	.read = seq_read,
	.write = lpt_stats_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static ssize_t lpt_phase_write(struct file *file, const char __user *buf,
			       size_t len, loff_t *pos)
{
	unsigned int phase, goal = 0;
	char line[32];
	int err;

	err = lpt_get_line(line, sizeof(line), buf, len);
	if (err)
		return err;
	phase = (lpt_phase & LPT_EPOCH) + LPT_EPOCH_1;
	if (sscanf(line, "at %u", &goal) == 1)
		phase |= LPT_SETTLED;
	else if (sscanf(line, "to %u", &goal) != 1 && strncmp(line, "any", 3))
		return -EINVAL;
	WRITE_ONCE(lpt_phase, phase | (goal & LPT_GOAL));
	return len;
}

static const struct file_operations lpt_phase_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = lpt_phase_write,
};

static struct dentry *lpt_dir;

static void lpt_create_files(void)
{
	lpt_dir = debugfs_create_dir("lpt_target", NULL);
	debugfs_create_file("version", 0444, lpt_dir, NULL, &lpt_version_fops);
	debugfs_create_file("holes", 0444, lpt_dir, NULL, &lpt_holes_fops);
	debugfs_create_file("init", 0444, lpt_dir, NULL, &lpt_init_fops);
	debugfs_create_file("phase", 0200, lpt_dir, NULL, &lpt_phase_fops);
	debugfs_create_file("stats", 0600, lpt_dir, NULL, &lpt_stats_fops);
	debugfs_create_file("call", 0200, lpt_dir, NULL, &lpt_call_fops);
	debugfs_create_file("timers", 0200, lpt_dir, NULL, &lpt_timers_fops);
	debugfs_create_file("requeue", 0200, lpt_dir, NULL, &lpt_requeue_fops);
	debugfs_create_file("nmi", 0200, lpt_dir, NULL, &lpt_nmi_fops);
	debugfs_create_file("rescue", 0200, lpt_dir, NULL, &lpt_rescue_fops);
	debugfs_create_file("longwork", 0200, lpt_dir, NULL, &lpt_long_fops);
}

static int __init lpt_target_init(void)
{
	int ret, i;

	snprintf(lpt_init_saw, sizeof(lpt_init_saw), "%d %d", lpt_pair_a(),
		 lpt_pair_b());

	lpt_wq = alloc_workqueue("lpt_target", WQ_PERCPU, 0);
	if (!lpt_wq)
		return -ENOMEM;
	lpt_rescue_wq = alloc_workqueue("lpt_rescue", WQ_PERCPU | WQ_MEM_RECLAIM, 0);
	if (!lpt_rescue_wq) {
		ret = -ENOMEM;
		goto err_wq;
	}
	lpt_worker = kthread_run_worker(0, "lpt_worker");
	if (IS_ERR(lpt_worker)) {
		ret = PTR_ERR(lpt_worker);
		goto err_rescue_wq;
	}
	for (i = 0; i < LPT_RESCUED; i++)
		INIT_WORK(&lpt_rescued[i], lpt_rescued_fn);
	lpt_create_files();
	return 0;

err_rescue_wq:
	destroy_workqueue(lpt_rescue_wq);
err_wq:
	destroy_workqueue(lpt_wq);
	return ret;
}

static void __exit lpt_target_exit(void)
{
	debugfs_remove(lpt_dir);
	lpt_stop_timers();
	lpt_nmi_set(NULL, 0);
	lpt_requeue_set(NULL, 0);
	lpt_rescue_set(NULL, 0);
	kthread_destroy_worker(lpt_worker);
	destroy_workqueue(lpt_rescue_wq);
	destroy_workqueue(lpt_wq);
}

module_init(lpt_target_init);
module_exit(lpt_target_exit);
MODULE_DESCRIPTION("Live patching tests: the module that is patched");
MODULE_LICENSE("GPL");
