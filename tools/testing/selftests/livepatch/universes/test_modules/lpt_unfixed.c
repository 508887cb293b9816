// SPDX-License-Identifier: GPL-2.0
/*
 * Undoes a fix that changed two functions. A task that has called the first one needs the
 * same version of the second. To disable this patch is to apply the fix.
 *
 *	ptrace		"ptrace: Don't change __state": a flag instead of the task state
 *			says that the tracee ignores SIGKILL
 *	fanotify	"fsnotify: fix pinning group in fsnotify_prepare_user_wait()": a
 *			waiting task counts for each mark, and not once for the group
 *	freeze		"fs: Add freezing handling to mnt_want_write() / mnt_drop_write()"
 */

#include <linux/fsnotify_backend.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched/signal.h>
#include <linux/srcu.h>

static char *fix;
module_param(fix, charp, 0444);
MODULE_PARM_DESC(fix, "the fix to undo");

/* The addresses of symbols that are not exported */
static ulong tasklist;
module_param(tasklist, ulong, 0444);
MODULE_PARM_DESC(tasklist, "address of tasklist_lock");

static ulong wait_inactive;
module_param(wait_inactive, ulong, 0444);
MODULE_PARM_DESC(wait_inactive, "address of wait_task_inactive()");

static ulong mark_srcu;
module_param(mark_srcu, ulong, 0444);
MODULE_PARM_DESC(mark_srcu, "address of fsnotify_mark_srcu");

/* The signal handlers of a tracee can't change: its tracer would have to wait for it. */
static spinlock_t *lpt_siglock(struct task_struct *child)
{
	return &rcu_dereference_protected(child->sighand, true)->siglock;
}

static bool lpt_freeze_traced(struct task_struct *child)
{
	guard(spinlock_irq)(lpt_siglock(child));
	if (!task_is_traced(child) || fatal_signal_pending(child))
		return false;
	/* Not TASK_TRACED, which has TASK_WAKEKILL */
	WRITE_ONCE(child->__state, __TASK_TRACED);
	return true;
}

static bool lpt_may_attach(struct task_struct *child, bool ignore_state)
{
	guard(read_lock)((rwlock_t *)tasklist);
	if (!child->ptrace || rcu_access_pointer(child->parent) != current)
		return false;
	return ignore_state || lpt_freeze_traced(child);
}

static int lpt_check_attach(struct task_struct *child, bool ignore_state)
{
	unsigned long (*wait)(struct task_struct *task, unsigned int state) =
		(void *)wait_inactive;

	if (!lpt_may_attach(child, ignore_state))
		return -ESRCH;
	return ignore_state || wait(child, __TASK_TRACED) ? 0 : -ESRCH;
}

static void lpt_unfreeze_traced(struct task_struct *child)
{
	if (READ_ONCE(child->__state) != __TASK_TRACED)
		return;
	guard(spinlock_irq)(lpt_siglock(child));
	WRITE_ONCE(child->__state, TASK_TRACED);
}

static bool lpt_prepare_user_wait(struct fsnotify_iter_info *info)
{
	int type;

	fsnotify_foreach_iter_type(type) {
		if (info->marks[type])
			refcount_inc(&info->marks[type]->refcnt);
	}
	atomic_inc(&info->current_group->user_waits);
	srcu_read_unlock((struct srcu_struct *)mark_srcu, info->srcu_idx);
	return true;
}

static void lpt_finish_user_wait(struct fsnotify_iter_info *info)
{
	struct fsnotify_group *group = info->current_group;
	int type;

	info->srcu_idx = srcu_read_lock((struct srcu_struct *)mark_srcu);
	fsnotify_foreach_iter_type(type) {
		if (info->marks[type])
			fsnotify_put_mark(info->marks[type]);
	}
	if (atomic_dec_and_test(&group->user_waits) && group->shutdown)
		wake_up(&group->notification_waitq);
}

static int lpt_want_write(struct vfsmount *mnt)
{
	return mnt_get_write_access(mnt);
}

static void lpt_drop_write(struct vfsmount *mnt)
{
	mnt_put_write_access(mnt);
}

static struct klp_func lpt_ptrace_funcs[] = {
	{ .old_name = "ptrace_check_attach", .new_func = lpt_check_attach },
	{ .old_name = "ptrace_unfreeze_traced", .new_func = lpt_unfreeze_traced },
	{ }
};

static struct klp_func lpt_fanotify_funcs[] = {
	{ .old_name = "fsnotify_prepare_user_wait", .new_func = lpt_prepare_user_wait },
	{ .old_name = "fsnotify_finish_user_wait", .new_func = lpt_finish_user_wait },
	{ }
};

static struct klp_func lpt_freeze_funcs[] = {
	{ .old_name = "mnt_want_write", .new_func = lpt_want_write },
	{ .old_name = "mnt_drop_write", .new_func = lpt_drop_write },
	{ }
};

static struct klp_object lpt_objs[] = { { }, { } };

static struct klp_patch lpt_patch = {
	.mod = THIS_MODULE,
	.objs = lpt_objs,
};

static int __init lpt_unfixed_init(void)
{
	if (!fix)
		return -EINVAL;
	if (!strcmp(fix, "ptrace") && tasklist && wait_inactive)
		lpt_objs[0].funcs = lpt_ptrace_funcs;
	else if (!strcmp(fix, "fanotify") && mark_srcu)
		lpt_objs[0].funcs = lpt_fanotify_funcs;
	else if (!strcmp(fix, "freeze"))
		lpt_objs[0].funcs = lpt_freeze_funcs;
	else
		return -EINVAL;
	return klp_enable_patch(&lpt_patch);
}

static void __exit lpt_unfixed_exit(void)
{
}

module_init(lpt_unfixed_init);
module_exit(lpt_unfixed_exit);
MODULE_DESCRIPTION("Live patching tests: without fixes of two functions that agree");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
