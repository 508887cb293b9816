// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is behind in a transition, and why: /sys/kernel/debug/livepatch/behind.
 */

#include <linux/debugfs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include "internal.h"

/* What keeps a task from migrating, and what would help. */
struct klp_reason {
	const char *class;
	const char *help;
};

static struct klp_reason klp_reason_of(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	if (is_idle_task(task))
		return (struct klp_reason){ "idle", "nothing, it comes by itself" };
	if (task->flags & PF_EXITING)
		return (struct klp_reason){ "exiting", "nothing, it comes by itself" };
	if (task->flags & PF_KTHREAD)
		return (struct klp_reason){ "kthread without a safe point",
					    "klp_safe_point() in its loop, or force" };
	if (state == TASK_RUNNING)
		return (struct klp_reason){ "running", "nothing, it comes by itself" };
	if (state & (__TASK_STOPPED | __TASK_TRACED))
		return (struct klp_reason){ "stopped in a system call",
					    "letting it continue" };
	if (state & TASK_INTERRUPTIBLE)
		return (struct klp_reason){ "asleep in a system call",
					    "a signal, it is about to get one" };
	return (struct klp_reason){ "uninterruptible",
				    "the end of what it waits for" };
}

static void klp_show_task(struct seq_file *m, struct task_struct *task)
{
	struct klp_reason reason = klp_reason_of(task);
	unsigned long wchan = get_wchan(task);

	seq_printf(m, "%d\t%s\t%s", task_pid_nr(task), task->comm, reason.class);
	if (wchan)
		seq_printf(m, " in %ps", (void *)wchan);
	seq_printf(m, "\thelp: %s\n", reason.help);
}

static int klp_behind_show(struct seq_file *m, void *unused)
{
	struct task_struct *leader, *task;
	int cpu, exiting;

	guard(mutex)(&klp_mutex);
	if (!klp_transition_patch())
		return 0;

	seq_printf(m, "%s %s: %d behind for %u ms\n",
		   klp_transition_patch()->mod->name, klp_transition_direction(),
		   klp_migration_behind(), klp_migration_age_ms());
	exiting = klp_migration_exiting();
	if (exiting)
		seq_printf(m, "-\t-\t%d exiting\thelp: nothing, they come by themselves\n",
			   exiting);
	scoped_guard(rcu) {
		for_each_process_thread(leader, task) {
			if (klp_patch_pending(task))
				klp_show_task(m, task);
		}
	}
	for_each_possible_cpu(cpu) {
		if (klp_patch_pending(idle_task(cpu)))
			klp_show_task(m, idle_task(cpu));
		if (klp_irq_is_behind(cpu))
			seq_printf(m, "-\tcpu%d\tinterrupts\thelp: nothing, they come by themselves\n",
				   cpu);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(klp_behind);

static int __init klp_status_init(void)
{
	struct dentry *dir = debugfs_create_dir("livepatch", NULL);

	debugfs_create_file("behind", 0400, dir, NULL, &klp_behind_fops);
	return 0;
}
late_initcall(klp_status_init);
