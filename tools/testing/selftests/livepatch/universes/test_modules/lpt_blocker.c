// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that block a transition, or that it must not wake or signal
 *
 * The files in debugfs:
 *
 *   hold	write: sleep until the release, or run likewise, see lpt_sleeps[]
 *   drain	close: sleep for 2 s, like a terminal that has output left.
 *		read: how often such a sleep has ended early
 *   late	close: sleep as for "hold", then call lpt_step() when the file is
 *		released
 *   linger	close: sleep as for "outside" while the file is released
 *   kthread	write: start a kernel thread "lpt_hold" that sleeps likewise, or has
 *		a loop of lpt_mains[]
 *   stepped	read: what lpt_step() has returned last
 *   release	write: end all these sleeps; the kernel thread ends
 *   unstarted	write: 1 creates a kernel thread "lpt_unstarted" and does not
 *		start it, 2 binds it to a CPU and starts it, 0 disposes of it.
 *		read: whether it ever ran
 *   irq	write: 1 requests an interrupt with a thread and raises it once,
 *		2 lets its thread raise it again each time, 0 gives it back
 */

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kthread.h>
#include <linux/livepatch_universe.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(lpt_wait);
static DEFINE_MUTEX(lpt_lock);
static unsigned int lpt_releases;
static struct task_struct *lpt_kthread;
static struct task_struct *lpt_unstarted;
static bool lpt_unstarted_ran;
static int lpt_irq;
static bool lpt_irq_again;
static int lpt_stepped;
static atomic_t lpt_drain_ended;

/* Patched by a function that returns at once, so a task here is in the original. */
static noinline void lpt_hold(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	wait_event(lpt_wait, READ_ONCE(lpt_releases) != seen);
}

/* Not patched */
static noinline void lpt_outside(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	wait_event(lpt_wait, READ_ONCE(lpt_releases) != seen);
}

/* The task may be frozen here, but this is no safe point. */
static noinline void lpt_bare_freezable(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	wait_event_state(lpt_wait, READ_ONCE(lpt_releases) != seen,
			 (TASK_UNINTERRUPTIBLE | TASK_FREEZABLE));
}

/* A safe point: a kernel thread may be frozen or migrated here. */
static noinline void lpt_freezable(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	kthread_wait_event_freezable(lpt_wait, READ_ONCE(lpt_releases) != seen);
}

/* A wait that allows freezing is not a safe point by itself. */
static noinline void lpt_freezer(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	wait_event_freezable(lpt_wait, READ_ONCE(lpt_releases) != seen);
	try_to_freeze();
}

/* A safe point, by wrapping a wait in kthread_wait() */
static noinline void lpt_other_wait(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	kthread_wait(wait_event_interruptible(lpt_wait,
					      READ_ONCE(lpt_releases) != seen));
}

/* A safe point in a function that live patching does not know the callers of */
static noinline int lpt_below(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);
	DEFINE_WAIT(wait);

	while (READ_ONCE(lpt_releases) == seen) {
		prepare_to_wait(&lpt_wait, &wait, TASK_INTERRUPTIBLE);
		if (READ_ONCE(lpt_releases) == seen)
			klp_schedule();
		finish_wait(&lpt_wait, &wait);
	}
	return 1;
}

/* The result shows which version has called lpt_below(), see lpt_step.c. */
static noinline int lpt_step(int (*below)(void))
{
	int ret = below();

	barrier();
	return ret;
}

/* Not const, because the compiler would make a clone of lpt_step() for a constant. */
static int (*lpt_below_fn)(void) = lpt_below;

static void lpt_depth(void)
{
	WRITE_ONCE(lpt_stepped, lpt_step(READ_ONCE(lpt_below_fn)));
}

/* A killable sleep: only a fatal signal wakes the task. */
static noinline void lpt_killable(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	wait_event_killable(lpt_wait, READ_ONCE(lpt_releases) != seen);
}

/* The task must not be woken by TIF_NOTIFY_SIGNAL here. */
static noinline void lpt_deaf(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	guard(no_notify_signal)();
	wait_event_interruptible(lpt_wait, READ_ONCE(lpt_releases) != seen);
}

/* The task runs in the kernel. No pass of the loop sleeps. */
static noinline void lpt_run(void)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	while (READ_ONCE(lpt_releases) == seen && !signal_pending(current))
		cond_resched();
}

static void (* const lpt_sleeps[])(void) = {
	[1] = lpt_hold,
	[2] = lpt_outside,
	[3] = lpt_bare_freezable,
	[4] = lpt_freezable,
	[6] = lpt_freezer,
	[8] = lpt_other_wait,
	[11] = lpt_depth,
	[12] = lpt_killable,
	[13] = lpt_deaf,
	[14] = lpt_run,
};

static bool lpt_sleep_exists(u64 nr)
{
	return nr < ARRAY_SIZE(lpt_sleeps) && lpt_sleeps[nr];
}

static int lpt_hold_set(void *data, u64 nr)
{
	if (!lpt_sleep_exists(nr))
		return -EINVAL;
	lpt_sleeps[nr]();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_hold_fops, NULL, lpt_hold_set, "%llu\n");

static int lpt_release_set(void *data, u64 unused)
{
	WRITE_ONCE(lpt_releases, lpt_releases + 1);
	wake_up_all(&lpt_wait);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_release_fops, NULL, lpt_release_set, "%llu\n");

static int lpt_kthread_fn(void *sleep)
{
	((void (*)(void))sleep)();
	return 0;
}

/* A thread without a safe point that sleeps in its main function itself */
static int lpt_kthread_main(void *unused)
{
	unsigned int seen = READ_ONCE(lpt_releases);
	DEFINE_WAIT(wait);

	while (READ_ONCE(lpt_releases) == seen) {
		prepare_to_wait(&lpt_wait, &wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(lpt_releases) == seen)
			schedule();
		finish_wait(&lpt_wait, &wait);
	}
	return 0;
}

/* There is a safe point in the loop, but the thread does not sleep there. */
static int lpt_loop(void *unused)
{
	unsigned int seen = READ_ONCE(lpt_releases);
	DEFINE_WAIT(wait);

	while (READ_ONCE(lpt_releases) == seen) {
		kthread_safe_point();
		prepare_to_wait(&lpt_wait, &wait, TASK_INTERRUPTIBLE);
		if (READ_ONCE(lpt_releases) == seen)
			schedule();
		finish_wait(&lpt_wait, &wait);
	}
	return 0;
}

/* The condition of the wait is always true, so the thread never sleeps. */
static int lpt_busy(void *unused)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	while (READ_ONCE(lpt_releases) == seen) {
		kthread_wait_event_interruptible(lpt_wait, true);
		cond_resched();
	}
	return 0;
}

/* The wait calls timer_init_key() ten times a second, see lpt_stall.c. */
static int lpt_often(void *unused)
{
	unsigned int seen = READ_ONCE(lpt_releases);

	while (READ_ONCE(lpt_releases) == seen)
		klp_schedule_timeout_interruptible(HZ / 10);
	return 0;
}

/* Main functions with a loop */
static int (* const lpt_mains[])(void *unused) = {
	[5] = lpt_loop,
	[7] = lpt_busy,
	[9] = lpt_kthread_main,
	[10] = lpt_often,
};

static struct task_struct *lpt_kthread_create(u64 nr)
{
	if (nr < ARRAY_SIZE(lpt_mains) && lpt_mains[nr])
		return kthread_create(lpt_mains[nr], NULL, "lpt_hold");
	if (!lpt_sleep_exists(nr))
		return ERR_PTR(-EINVAL);
	return kthread_create(lpt_kthread_fn, lpt_sleeps[nr], "lpt_hold");
}

static void lpt_reap(struct task_struct **task)
{
	if (!*task)
		return;
	kthread_stop_put(*task);
	*task = NULL;
}

static int lpt_kthread_set(void *data, u64 nr)
{
	struct task_struct *task;

	guard(mutex)(&lpt_lock);
	lpt_release_set(NULL, 0);
	lpt_reap(&lpt_kthread);
	task = lpt_kthread_create(nr);
	if (IS_ERR(task))
		return PTR_ERR(task);
	lpt_kthread = get_task_struct(task);
	wake_up_process(task);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_kthread_fops, NULL, lpt_kthread_set, "%llu\n");

static int lpt_stepped_get(void *data, u64 *stepped)
{
	*stepped = READ_ONCE(lpt_stepped);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_stepped_fops, lpt_stepped_get, NULL, "%llu\n");

/* Like closing a terminal with output left: sleep for 2 s, or until a signal */
static int lpt_drain_release(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE &&
	    wait_event_interruptible_timeout(lpt_wait, false, 2 * HZ))
		atomic_inc(&lpt_drain_ended);
	return 0;
}

static ssize_t lpt_drain_read(struct file *file, char __user *buf, size_t len,
			      loff_t *pos)
{
	char text[16];
	int nr = scnprintf(text, sizeof(text), "%d\n", atomic_read(&lpt_drain_ended));

	return simple_read_from_buffer(buf, len, pos, text, nr);
}

static const struct file_operations lpt_drain_fops = {
	.owner		= THIS_MODULE,
	.open		= simple_open,
	.read		= lpt_drain_read,
	.release	= lpt_drain_release,
};

static int lpt_late_flush(struct file *file, fl_owner_t id)
{
	lpt_hold();
	return 0;
}

static noinline int lpt_nothing_below(void)
{
	return 1;
}

static int lpt_late_release(struct inode *inode, struct file *file)
{
	WRITE_ONCE(lpt_stepped, lpt_step(lpt_nothing_below));
	return 0;
}

static const struct file_operations lpt_late_fops = {
	.owner		= THIS_MODULE,
	.open		= simple_open,
	.flush		= lpt_late_flush,
	.release	= lpt_late_release,
};

static int lpt_linger_release(struct inode *inode, struct file *file)
{
	lpt_outside();
	return 0;
}

static const struct file_operations lpt_linger_fops = {
	.owner		= THIS_MODULE,
	.open		= simple_open,
	.release	= lpt_linger_release,
};

static int lpt_unstarted_fn(void *unused)
{
	lpt_unstarted_ran = true;
	return 0;
}

static int lpt_unstarted_set(void *data, u64 mode)
{
	struct task_struct *task;

	guard(mutex)(&lpt_lock);
	if (mode == 2 && lpt_unstarted) {
		kthread_bind(lpt_unstarted, cpumask_first(cpu_online_mask));
		wake_up_process(lpt_unstarted);
		return 0;
	}
	lpt_reap(&lpt_unstarted);
	if (mode != 1)
		return mode ? -EINVAL : 0;
	lpt_unstarted_ran = false;
	task = kthread_create(lpt_unstarted_fn, NULL, "lpt_unstarted");
	if (IS_ERR(task))
		return PTR_ERR(task);
	lpt_unstarted = get_task_struct(task);
	return 0;
}

static int lpt_unstarted_get(void *data, u64 *ran)
{
	*ran = lpt_unstarted_ran;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_unstarted_fops, lpt_unstarted_get,
			 lpt_unstarted_set, "%llu\n");

static irqreturn_t lpt_irq_fn(int irq, void *unused)
{
	return IRQ_WAKE_THREAD;
}

static irqreturn_t lpt_irq_thread_fn(int irq, void *unused)
{
	usleep_range(100, 200);
	if (READ_ONCE(lpt_irq_again))
		generic_handle_irq_safe(irq);
	return IRQ_HANDLED;
}

/* An interrupt that no hardware raises */
static int lpt_irq_request(void)
{
	int irq = irq_alloc_desc(NUMA_NO_NODE);
	int ret;

	if (irq < 0)
		return irq;
	irq_set_chip_and_handler(irq, &dummy_irq_chip, handle_simple_irq);
	irq_modify_status(irq, IRQ_NOREQUEST, IRQ_NOAUTOEN);
	ret = request_threaded_irq(irq, lpt_irq_fn, lpt_irq_thread_fn,
				   IRQF_NO_AUTOEN, "lpt_irq", NULL);
	if (ret) {
		irq_free_desc(irq);
		return ret;
	}
	enable_irq(irq);
	lpt_irq = irq;
	return 0;
}

static void lpt_irq_free(void)
{
	if (!lpt_irq)
		return;
	WRITE_ONCE(lpt_irq_again, false);
	free_irq(lpt_irq, NULL);
	irq_free_desc(lpt_irq);
	lpt_irq = 0;
}

static int lpt_irq_set(void *data, u64 mode)
{
	int ret;

	guard(mutex)(&lpt_lock);
	lpt_irq_free();
	if (!mode)
		return 0;
	ret = lpt_irq_request();
	if (ret)
		return ret;
	WRITE_ONCE(lpt_irq_again, mode == 2);
	generic_handle_irq_safe(lpt_irq);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lpt_irq_fops, NULL, lpt_irq_set, "%llu\n");

static struct dentry *lpt_dir;

static int __init lpt_blocker_init(void)
{
	lpt_dir = debugfs_create_dir("lpt_blocker", NULL);
	debugfs_create_file("hold", 0200, lpt_dir, NULL, &lpt_hold_fops);
	debugfs_create_file("kthread", 0200, lpt_dir, NULL, &lpt_kthread_fops);
	debugfs_create_file("drain", 0600, lpt_dir, NULL, &lpt_drain_fops);
	/* The proxy of debugfs has no flush(). */
	debugfs_create_file_unsafe("late", 0200, lpt_dir, NULL, &lpt_late_fops);
	debugfs_create_file("linger", 0200, lpt_dir, NULL, &lpt_linger_fops);
	debugfs_create_file("stepped", 0400, lpt_dir, NULL, &lpt_stepped_fops);
	debugfs_create_file("release", 0200, lpt_dir, NULL, &lpt_release_fops);
	debugfs_create_file("unstarted", 0600, lpt_dir, NULL,
			    &lpt_unstarted_fops);
	debugfs_create_file("irq", 0200, lpt_dir, NULL, &lpt_irq_fops);
	return 0;
}

static void __exit lpt_blocker_exit(void)
{
	debugfs_remove(lpt_dir);
	lpt_release_set(NULL, 0);
	lpt_reap(&lpt_kthread);
	lpt_reap(&lpt_unstarted);
	lpt_irq_free();
}

module_init(lpt_blocker_init);
module_exit(lpt_blocker_exit);
MODULE_DESCRIPTION("Live patching tests: tasks that delay a transition");
MODULE_LICENSE("GPL");
