// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What delays a transition, with the reasons.
 */

#include <linux/cpumask.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include "internal.h"

#define KLP_BY_ITSELF	"nothing, it migrates by itself"

static const struct klp_reason klp_reasons[] = {
	[KLP_CLASS_IDLE] = {
		"idle", KLP_BY_ITSELF },
	[KLP_CLASS_WORK] = {
		"in a work item", "the end of the item" },
	[KLP_CLASS_KTHREAD] = {
		"kthread not at a safe point",
		IS_ENABLED(CONFIG_LIVEPATCH_STACK_CHECK) ?
		"the end of what it does; else kthread_safe_point() in its loop, stack_check, or force" :
		"the end of what it does; else kthread_safe_point() in its loop, or force" },
	[KLP_CLASS_EXITS] = {
		"exiting", KLP_BY_ITSELF },
	[KLP_CLASS_EXIT_WAITS] = {
		"exiting and asleep", "the end of what it waits for" },
	[KLP_CLASS_RUNS] = {
		"running", KLP_BY_ITSELF },
	[KLP_CLASS_GUEST] = {
		"running a guest", "nothing, it will be interrupted" },
	[KLP_CLASS_STOPPED] = {
		"stopped in a system call", "letting it continue" },
	[KLP_CLASS_SLEEPS] = {
		"asleep in a system call", "nothing, it will be interrupted" },
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
	[KLP_CLASS_INTERRUPTS] = {
		"interrupts", "nothing, they migrate by themselves" },
	[KLP_CLASS_LEFT_LIST] = {
		"exiting", "the end of their exits" },
};

/**
 * klp_reason - put into words what keeps something from migrating
 * @class: its class
 *
 * Context: Any.
 * Return: the reason and what helps.
 */
const struct klp_reason *klp_reason(enum klp_class class)
{
	return &klp_reasons[class];
}

/*
 * Positions in the list: tasks are at their PIDs. Then there is a position for the idle
 * task of each CPU, one for the interrupt context of each CPU, and one for the number of
 * exiting tasks.
 */
#define KLP_POS_IDLE		((loff_t)PID_MAX_LIMIT + 1)
#define KLP_POS_INTERRUPTS	(KLP_POS_IDLE + nr_cpu_ids)
#define KLP_POS_EXITING		(KLP_POS_INTERRUPTS + nr_cpu_ids)

static bool klp_list_as_task(struct klp_listed *entry, struct task_struct *task)
{
	if (!task || !klp_patch_pending(task))
		return false;
	entry->task = get_task_struct(task);
	entry->class = klp_straggler_class(task);
	return true;
}

static bool klp_list_task(struct klp_listed *entry, loff_t *pos, struct pid_namespace *ns)
{
	struct pid *pid;

	guard(rcu)();
	for (; *pos < KLP_POS_IDLE; ++*pos) {
		pid = find_ge_pid(*pos, ns);
		if (!pid)
			break;
		*pos = pid_nr_ns(pid, ns);
		if (klp_list_as_task(entry, pid_task(pid, PIDTYPE_PID)))
			return true;
	}
	*pos = max(*pos, KLP_POS_IDLE);
	return false;
}

static bool klp_list_idle(struct klp_listed *entry, loff_t *pos)
{
	for (; *pos < KLP_POS_INTERRUPTS; ++*pos) {
		entry->cpu = *pos - KLP_POS_IDLE;
		if (cpu_possible(entry->cpu) &&
		    klp_list_as_task(entry, idle_task(entry->cpu)))
			return true;
	}
	return false;
}

static bool klp_list_interrupts(struct klp_listed *entry, loff_t *pos)
{
	entry->class = KLP_CLASS_INTERRUPTS;
	for (; *pos < KLP_POS_EXITING; ++*pos) {
		entry->cpu = *pos - KLP_POS_INTERRUPTS;
		if (cpu_possible(entry->cpu) && klp_irq_is_straggler(entry->cpu))
			return true;
	}
	return false;
}

static bool klp_list_exiting(struct klp_listed *entry, const loff_t *pos)
{
	entry->class = KLP_CLASS_LEFT_LIST;
	entry->cpu = -1;
	if (*pos == KLP_POS_EXITING)
		entry->exiting = max(klp_migration_exiting(), 0);
	return entry->exiting;
}

/**
 * klp_list_get - get the first entry at a position or later
 * @entry: filled in, to be released by klp_list_put()
 * @pos: the position, 0 at first. Set to that of the entry, the next one is at a higher
 *	 position
 * @ns: the list has the tasks of this namespace, in the order of their PIDs there
 *
 * Context: Process context, klp_mutex held.
 * Return: false at the end of the list, or if there is no transition.
 */
bool klp_list_get(struct klp_listed *entry, loff_t *pos, struct pid_namespace *ns)
{
	lockdep_assert_held(&klp_mutex);
	*entry = (struct klp_listed){ .cpu = -1 };
	return klp_patch_in_transition() &&
	       (klp_list_task(entry, pos, ns) || klp_list_idle(entry, pos) ||
		klp_list_interrupts(entry, pos) || klp_list_exiting(entry, pos));
}

/**
 * klp_list_put - release an entry
 * @entry: the entry
 *
 * Context: Any.
 */
void klp_list_put(struct klp_listed *entry)
{
	if (entry->task)
		put_task_struct(entry->task);
}
