// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stragglers of a transition, with the reason: /sys/kernel/debug/livepatch/behind.
 */

#include <linux/debugfs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include "internal.h"

/* What keeps a task from migrating, and what would make it migrate. */
struct klp_reason {
	const char *why;
	const char *help;
};

static const struct klp_reason klp_reasons[] = {
	[KLP_CLASS_IDLE] = {
		"idle", "nothing, it comes by itself" },
	[KLP_CLASS_WORK] = {
		"in a work item", "the end of the item" },
	[KLP_CLASS_KTHREAD] = {
		"kthread not at a safe point",
		IS_ENABLED(CONFIG_LIVEPATCH_STACK_CHECK) ?
		"the end of what it does; else kthread_safe_point() in its loop, stack_check, or force" :
		"the end of what it does; else kthread_safe_point() in its loop, or force" },
	[KLP_CLASS_EXITS] = {
		"exiting", "nothing, it comes by itself" },
	[KLP_CLASS_EXIT_WAITS] = {
		"exiting and asleep", "the end of what it waits for" },
	[KLP_CLASS_RUNS] = {
		"running", "nothing, it comes by itself" },
	[KLP_CLASS_GUEST] = {
		"running a guest", "a signal, it is about to get one" },
	[KLP_CLASS_STOPPED] = {
		"stopped in a system call", "letting it continue" },
	[KLP_CLASS_SLEEPS] = {
		"asleep in a system call", "a signal, it is about to get one" },
	[KLP_CLASS_REQUEST] = {
		"in a request of io_uring or vhost",
		"the end of the request; it gets a signal after 15 s" },
	[KLP_CLASS_NO_NOTIFY] = {
		"asleep where it must not be disturbed",
		"the end of what it waits for, or a signal of your own" },
	[KLP_CLASS_KILLABLE] = {
		"asleep, killable", "the end of what it waits for, or SIGKILL" },
	[KLP_CLASS_UNINTERRUPTIBLE] = {
		"uninterruptible", "the end of what it waits for" },
};

static void klp_show_task(struct seq_file *m, struct task_struct *task)
{
	const struct klp_reason *reason = &klp_reasons[klp_straggler_class(task)];
	unsigned long wchan = get_wchan(task);

	seq_printf(m, "%d\t", task_pid_nr(task));
	/* Programs choose their names. The fields of a line are separated by tabs. */
	seq_escape(m, task->comm, "\t\n\\");
	seq_printf(m, "\t%s", reason->why);
	if (wchan)
		seq_printf(m, " in %ps", (void *)wchan);
	seq_printf(m, "\thelp: %s\n", reason->help);
}

static void klp_show_cpu(struct seq_file *m, struct task_struct *idle)
{
	if (klp_patch_pending(idle))
		klp_show_task(m, idle);
	if (klp_irq_is_straggler(task_cpu(idle)))
		seq_printf(m, "-\tcpu%d\tinterrupts\thelp: nothing, they come by themselves\n",
			   task_cpu(idle));
}

static void klp_show_head(struct seq_file *m)
{
	/* The number may be negative, see klp_migration_exiting(). */
	int exiting = max(klp_migration_exiting(), 0);

	seq_printf(m, "%s %s: %d behind for %u ms\n",
		   klp_patch_in_transition()->mod->name, klp_transition_direction(),
		   klp_migration_stragglers(), klp_transition_age_ms());
	if (exiting)
		seq_printf(m, "-\t-\t%d exiting\thelp: nothing, they come by themselves\n",
			   exiting);
}

/*
 * Positions in the file: 0 is the head, followed by tasks in the order of their PIDs.
 * CPUs come after the largest possible PID, in the order of their numbers.
 */
#define KLP_POS_CPU	(PID_MAX_LIMIT + 1)

/* Return: the first straggler at @pos or later, with a reference, or NULL. */
static struct task_struct *klp_task_straggler_at(loff_t *pos)
{
	struct task_struct *task;
	struct pid *pid;

	guard(rcu)();
	for (; (pid = find_ge_pid(*pos, &init_pid_ns)); ++*pos) {
		*pos = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_PID);
		if (task && klp_patch_pending(task))
			return get_task_struct(task);
	}
	return NULL;
}

/* The same for CPUs. Return: the idle task of the CPU, or NULL. */
static struct task_struct *klp_cpu_straggler_at(loff_t *pos)
{
	struct task_struct *idle;

	for (; *pos < KLP_POS_CPU + nr_cpu_ids; ++*pos) {
		if (!cpu_possible(*pos - KLP_POS_CPU))
			continue;
		idle = idle_task(*pos - KLP_POS_CPU);
		if (klp_patch_pending(idle) || klp_irq_is_straggler(task_cpu(idle)))
			return get_task_struct(idle);
	}
	return NULL;
}

static void *klp_straggler_at(loff_t *pos)
{
	struct task_struct *task = NULL;

	if (*pos < KLP_POS_CPU)
		task = klp_task_straggler_at(pos);
	if (task)
		return task;
	*pos = max_t(loff_t, *pos, KLP_POS_CPU);
	return klp_cpu_straggler_at(pos);
}

static void *klp_stragglers_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&klp_mutex);
	if (!klp_patch_in_transition())
		return NULL;
	return *pos ? klp_straggler_at(pos) : SEQ_START_TOKEN;
}

static void klp_shown_put(void *v)
{
	if (v && v != SEQ_START_TOKEN)
		put_task_struct(v);
}

static void *klp_stragglers_next(struct seq_file *m, void *v, loff_t *pos)
{
	klp_shown_put(v);
	++*pos;
	return klp_straggler_at(pos);
}

static void klp_stragglers_stop(struct seq_file *m, void *v)
{
	klp_shown_put(v);
	mutex_unlock(&klp_mutex);
}

static int klp_stragglers_show(struct seq_file *m, void *v)
{
	if (v == SEQ_START_TOKEN)
		klp_show_head(m);
	else if (is_idle_task(v))
		klp_show_cpu(m, v);
	else
		klp_show_task(m, v);
	return 0;
}

static const struct seq_operations klp_stragglers_sops = {
	.start	= klp_stragglers_start,
	.next	= klp_stragglers_next,
	.stop	= klp_stragglers_stop,
	.show	= klp_stragglers_show,
};
DEFINE_SEQ_ATTRIBUTE(klp_stragglers);

static int __init klp_status_init(void)
{
	struct dentry *dir = debugfs_create_dir("livepatch", NULL);

	debugfs_create_file("behind", 0400, dir, NULL, &klp_stragglers_fops);
	return 0;
}
late_initcall(klp_status_init);
