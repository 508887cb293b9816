// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stragglers of a transition, with the reason: /sys/kernel/debug/livepatch/behind.
 */

#include <linux/debugfs.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include "internal.h"

static void klp_show_head(struct seq_file *m)
{
	seq_printf(m, "%s %s: %d behind for %u ms\n",
		   klp_patch_in_transition()->mod->name, klp_transition_direction(),
		   klp_migration_stragglers(), klp_transition_age_ms());
}

static void klp_show_task(struct seq_file *m, const struct klp_listed *entry)
{
	unsigned long wchan = get_wchan(entry->task);

	seq_printf(m, "%d\t", task_pid_nr(entry->task));
	/* Programs choose their names. The fields of a line are separated by tabs. */
	seq_escape(m, entry->task->comm, "\t\n\\");
	seq_printf(m, "\t%s", klp_reason(entry->class)->why);
	if (wchan)
		seq_printf(m, " in %ps", (void *)wchan);
}

static void klp_show_entry(struct seq_file *m, const struct klp_listed *entry)
{
	if (entry->task)
		klp_show_task(m, entry);
	else if (entry->exiting)
		seq_printf(m, "-\t-\t%d %s", entry->exiting, klp_reason(entry->class)->why);
	else
		seq_printf(m, "-\tcpu%d\t%s", entry->cpu, klp_reason(entry->class)->why);
	seq_printf(m, "\thelp: %s\n", klp_reason(entry->class)->help);
}

/* The entry that is shown, between start and stop. */
static struct klp_listed klp_shown __guarded_by(&klp_mutex);

/* Position 0 in the file is the head. Thus it has the positions of the list plus 1. */
static void *klp_shown_at(loff_t *pos)
{
	loff_t list_pos = *pos - 1;
	bool found;

	lockdep_assert_held(&klp_mutex);
	found = klp_list_get(&klp_shown, &list_pos, &init_pid_ns);
	*pos = list_pos + 1;
	return found ? &klp_shown : NULL;
}

static void *klp_stragglers_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&klp_mutex);
	if (!klp_patch_in_transition())
		return NULL;
	return *pos ? klp_shown_at(pos) : SEQ_START_TOKEN;
}

static void klp_shown_put(void *v)
{
	if (v && v != SEQ_START_TOKEN)
		klp_list_put(v);
}

static void *klp_stragglers_next(struct seq_file *m, void *v, loff_t *pos)
{
	klp_shown_put(v);
	++*pos;
	return klp_shown_at(pos);
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
	else
		klp_show_entry(m, v);
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
