// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The family "livepatch" of generic netlink: an interface for programs.
 */

/**
 * DOC: The netlink family
 *
 * Documentation/netlink/specs/livepatch.yaml describes the messages. The files
 * netlink_gen.[ch] and include/uapi/linux/livepatch.h are generated from it.
 *
 * All users can list the patches, get the transition, and receive events, as they can
 * read sysfs. A task is in the list of stragglers if the process that has opened the
 * socket may inspect the task, as for /proc/<pid>/wchan. The credentials of the process
 * that sends or receives do not count: it may have got the socket as its standard output
 * or input, from a process with fewer privileges.
 *
 * The events come from the trace points of live patching. These are called in process
 * context with klp_mutex held, and most of them with klp_change_mutex. So the events are in
 * order. A program that does not read its socket in time gets ENOBUFS, and loses events.
 *
 * **Locking**
 *
 * klp_mutex is taken inside of the locks that netlink holds around the functions below. The
 * functions that send an event under klp_mutex take none of these locks.
 */

#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <net/sock.h>
#include <trace/events/livepatch.h>
#include "internal.h"
#include "netlink_gen.h"

/* Where a dump continues in the next message */
struct klp_dump {
	loff_t pos;
};

static struct klp_dump *klp_dump(struct netlink_callback *cb)
{
	NL_ASSERT_CTX_FITS(struct klp_dump);
	return (struct klp_dump *)cb->ctx;
}

/* End an entry, or remove it if it did not fit. Return: 0 or -EMSGSIZE. */
static int klp_nl_end(struct sk_buff *skb, void *head, bool failed)
{
	if (failed) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int klp_nl_put_flag(struct sk_buff *skb, int attr, bool flag)
{
	return flag ? nla_put_flag(skb, attr) : 0;
}

static int klp_nl_put_direction(struct sk_buff *skb, int attr, bool patching)
{
	return nla_put_u32(skb, attr, patching ? LIVEPATCH_DIRECTION_PATCHING :
						 LIVEPATCH_DIRECTION_UNPATCHING);
}

static int klp_nl_put_patch(struct sk_buff *skb, struct netlink_callback *cb,
			    const struct live_patch *patch, unsigned int order)
{
	void *head = genlmsg_iput(skb, genl_info_dump(cb));
	bool failed;

	lockdep_assert_held(&klp_mutex);
	if (!head)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, head);
	failed = nla_put_string(skb, LIVEPATCH_A_PATCH_NAME, patch->mod->name) ||
		 nla_put_u32(skb, LIVEPATCH_A_PATCH_STACK_ORDER, order) ||
		 klp_nl_put_flag(skb, LIVEPATCH_A_PATCH_ENABLED,
				 klp_patch_is_enabled(patch)) ||
		 klp_nl_put_flag(skb, LIVEPATCH_A_PATCH_REPLACE, patch->replace) ||
		 nla_put_u32(skb, LIVEPATCH_A_PATCH_REPLACE_SET, patch->replace_set) ||
		 klp_nl_put_flag(skb, LIVEPATCH_A_PATCH_PINNED, patch->pinned);
	if (!failed && patch == klp_patch_in_transition())
		failed = klp_nl_put_direction(skb, LIVEPATCH_A_PATCH_DIRECTION,
					      klp_transition_get()->patching);
	return klp_nl_end(skb, head, failed);
}

/**
 * livepatch_nl_patch_get_dumpit - list the patches
 * @skb: filled in
 * @cb: the state of the dump
 *
 * If the list has changed since the message before, a message has NLM_F_DUMP_INTR.
 *
 * Context: Process context.
 * Return: 0 at the end of the list, -EMSGSIZE if the list continues.
 */
int livepatch_nl_patch_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct klp_dump *dump = klp_dump(cb);
	struct live_patch *patch;
	unsigned int order = 0;
	int ret;

	guard(mutex)(&klp_mutex);
	cb->seq = klp_patches_seq();
	klp_for_each_patch(patch) {
		if (++order <= dump->pos)
			continue;
		ret = klp_nl_put_patch(skb, cb, patch, order);
		if (ret)
			return ret;
		dump->pos = order;
	}
	return 0;
}

static int klp_nl_put_transition(struct sk_buff *skb)
{
	const struct live_patch *patch = klp_patch_in_transition();
	const struct klp_transition *transition = klp_transition_get();

	lockdep_assert_held(&klp_mutex);
	if (!patch)
		return 0;
	return nla_put_string(skb, LIVEPATCH_A_TRANSITION_PATCH, patch->mod->name) ?:
	       klp_nl_put_direction(skb, LIVEPATCH_A_TRANSITION_DIRECTION,
				    transition->patching) ?:
	       nla_put_u32(skb, LIVEPATCH_A_TRANSITION_AGE_MS, klp_transition_age_ms()) ?:
	       nla_put_u32(skb, LIVEPATCH_A_TRANSITION_STRAGGLERS, klp_migration_left()) ?:
	       klp_nl_put_flag(skb, LIVEPATCH_A_TRANSITION_FORCED, transition->forced);
}

/**
 * livepatch_nl_transition_get_doit - tell about the transition that is under way
 * @skb: the request
 * @info: describes the request
 *
 * Context: Process context.
 * Return: 0 or an error.
 */
int livepatch_nl_transition_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	int ret = -EMSGSIZE;
	void *head;

	if (!reply)
		return -ENOMEM;
	head = genlmsg_iput(reply, info);
	if (head) {
		scoped_guard(mutex, &klp_mutex)
			ret = klp_nl_put_transition(reply);
	}
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/* Uses the credentials of the process that has opened the socket, see above. */
static bool klp_nl_may_see(struct task_struct *task)
{
	return ptrace_may_access(task, PTRACE_MODE_READ_FSCREDS | PTRACE_MODE_NOAUDIT);
}

static int klp_nl_put_place(struct sk_buff *skb, struct task_struct *task)
{
	unsigned long wchan = get_wchan(task);
	char *place __free(kfree) = NULL;

	if (!wchan)
		return 0;
	place = kasprintf(GFP_KERNEL, "%ps", (void *)wchan);
	return place ? nla_put_string(skb, LIVEPATCH_A_STRAGGLER_PLACE, place) : 0;
}

/* A user can choose any bytes for the name, and programs expect text. */
static int klp_nl_put_comm(struct sk_buff *skb, struct task_struct *task)
{
	char comm[TASK_COMM_LEN], escaped[4 * TASK_COMM_LEN];
	int len;

	get_task_comm(comm, task);
	len = string_escape_mem(comm, strlen(comm), escaped, sizeof(escaped) - 1,
				ESCAPE_NAP | ESCAPE_OCTAL | ESCAPE_APPEND, "\\");
	escaped[len] = '\0';
	return nla_put_string(skb, LIVEPATCH_A_STRAGGLER_COMM, escaped);
}

static int klp_nl_put_task(struct sk_buff *skb, struct task_struct *task)
{
	struct pid_namespace *ns = task_active_pid_ns(current);

	if (!is_idle_task(task) &&
	    (nla_put_u32(skb, LIVEPATCH_A_STRAGGLER_TID, task_pid_nr_ns(task, ns)) ||
	     nla_put_u32(skb, LIVEPATCH_A_STRAGGLER_TGID, task_tgid_nr_ns(task, ns))))
		return -EMSGSIZE;
	return klp_nl_put_comm(skb, task) ?:
	       klp_nl_put_place(skb, task);
}

static const u32 klp_nl_reasons[] = {
	[KLP_CLASS_IDLE]	    = LIVEPATCH_REASON_IDLE,
	[KLP_CLASS_WORK]	    = LIVEPATCH_REASON_WORK_ITEM,
	[KLP_CLASS_KTHREAD]	    = LIVEPATCH_REASON_KTHREAD,
	[KLP_CLASS_EXITS]	    = LIVEPATCH_REASON_EXITING,
	[KLP_CLASS_EXIT_WAITS]	    = LIVEPATCH_REASON_EXITING_ASLEEP,
	[KLP_CLASS_RUNS]	    = LIVEPATCH_REASON_RUNNING,
	[KLP_CLASS_GUEST]	    = LIVEPATCH_REASON_GUEST,
	[KLP_CLASS_STOPPED]	    = LIVEPATCH_REASON_STOPPED,
	[KLP_CLASS_SLEEPS]	    = LIVEPATCH_REASON_ASLEEP,
	[KLP_CLASS_REQUEST]	    = LIVEPATCH_REASON_REQUEST,
	[KLP_CLASS_NO_NOTIFY]	    = LIVEPATCH_REASON_NOT_TO_DISTURB,
	[KLP_CLASS_KILLABLE]	    = LIVEPATCH_REASON_KILLABLE,
	[KLP_CLASS_UNINTERRUPTIBLE] = LIVEPATCH_REASON_UNINTERRUPTIBLE,
	[KLP_CLASS_INTERRUPTS]	    = LIVEPATCH_REASON_INTERRUPTS,
	[KLP_CLASS_LEFT_LIST]	    = LIVEPATCH_REASON_EXITING,
};

static int klp_nl_put_reason(struct sk_buff *skb, enum klp_class class)
{
	const struct klp_reason *reason = klp_reason(class);

	return nla_put_u32(skb, LIVEPATCH_A_STRAGGLER_REASON, klp_nl_reasons[class]) ?:
	       nla_put_string(skb, LIVEPATCH_A_STRAGGLER_WHY, reason->why) ?:
	       nla_put_string(skb, LIVEPATCH_A_STRAGGLER_HELP, reason->help);
}

static int klp_nl_put_entry(struct sk_buff *skb, const struct klp_listed *entry)
{
	int ret = 0;

	if (entry->task)
		ret = klp_nl_put_task(skb, entry->task);
	if (!ret && entry->cpu >= 0)
		ret = nla_put_u32(skb, LIVEPATCH_A_STRAGGLER_CPU, entry->cpu);
	if (!ret && entry->exiting)
		ret = nla_put_u32(skb, LIVEPATCH_A_STRAGGLER_EXITING, entry->exiting);
	return ret ?: klp_nl_put_reason(skb, entry->class);
}

static int klp_nl_put_straggler(struct sk_buff *skb, struct netlink_callback *cb,
				const struct klp_listed *entry)
{
	void *head;

	if (entry->task && !klp_nl_may_see(entry->task))
		return 0;
	head = genlmsg_iput(skb, genl_info_dump(cb));
	return head ? klp_nl_end(skb, head, klp_nl_put_entry(skb, entry)) : -EMSGSIZE;
}

static int klp_nl_put_stragglers(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct klp_dump *dump = klp_dump(cb);
	struct klp_listed entry;
	int ret;

	guard(mutex)(&klp_mutex);
	for (; klp_list_get(&entry, &dump->pos, ns); dump->pos++) {
		ret = klp_nl_put_straggler(skb, cb, &entry);
		klp_list_put(&entry);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * livepatch_nl_straggler_get_dumpit - list the stragglers that the opener may inspect
 * @skb: filled in
 * @cb: the state of the dump
 *
 * Context: Process context, of the task that sends the request, or that receives.
 * Return: 0 at the end of the list, -EMSGSIZE if the list continues.
 */
int livepatch_nl_straggler_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct cred *opener = NETLINK_CB(cb->skb).sk->sk_socket->file->f_cred;

	scoped_with_creds(opener)
		return klp_nl_put_stragglers(skb, cb);
}

/**
 * livepatch_nl_straggler_poke_doit - visit a straggler now
 * @skb: the request
 * @info: describes the request
 *
 * Context: Process context.
 * Return: 0 or an error.
 */
int livepatch_nl_straggler_poke_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct task_struct *task __free(put_task) = NULL;

	if (!netlink_capable(skb, CAP_SYS_ADMIN))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, LIVEPATCH_A_STRAGGLER_TID))
		return -EINVAL;
	task = find_get_task_by_vpid(nla_get_u32(info->attrs[LIVEPATCH_A_STRAGGLER_TID]));
	if (!task)
		return -ESRCH;
	guard(mutex)(&klp_mutex);
	if (klp_poke_now(task))
		return 0;
	GENL_SET_ERR_MSG(info, "the task is no straggler");
	return -EINVAL;
}

static int klp_nl_put_event(struct sk_buff *skb, unsigned long event, const char *patch,
			    bool patching, unsigned int ms)
{
	return nla_put_u32(skb, LIVEPATCH_A_TRANSITION_EVENT, event) ?:
	       nla_put_string(skb, LIVEPATCH_A_TRANSITION_PATCH, patch) ?:
	       klp_nl_put_direction(skb, LIVEPATCH_A_TRANSITION_DIRECTION, patching) ?:
	       nla_put_u32(skb, LIVEPATCH_A_TRANSITION_AGE_MS, ms);
}

/* @left: number of stragglers, negative if the event does not have it */
static void klp_nl_notify(unsigned long event, const char *patch, bool patching,
			  unsigned int ms, int left)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	void *head;

	if (!skb)
		return;
	head = genlmsg_put(skb, 0, 0, &livepatch_nl_family, 0, LIVEPATCH_CMD_TRANSITION_NTF);
	if (!head || klp_nl_put_event(skb, event, patch, patching, ms) ||
	    (left >= 0 && nla_put_u32(skb, LIVEPATCH_A_TRANSITION_STRAGGLERS, left))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast_allns(&livepatch_nl_family, skb, 0, LIVEPATCH_NLGRP_EVENTS);
}

static void klp_nl_on_event(void *event, const char *patch, bool patching, unsigned int ms)
{
	klp_nl_notify((unsigned long)event, patch, patching, ms, -1);
}

static void klp_nl_on_round(void *event, const char *patch, bool patching, unsigned int ms,
			    int stragglers)
{
	klp_nl_notify((unsigned long)event, patch, patching, ms, stragglers);
}

/* The data of a probe is the event. */
#define klp_nl_register(name, probe, event) \
	register_trace_livepatch_##name(probe, (void *)(unsigned long)(event))

static int __init klp_netlink_init(void)
{
	return genl_register_family(&livepatch_nl_family) ?:
	       klp_nl_register(start, klp_nl_on_event, LIVEPATCH_EVENT_START) ?:
	       klp_nl_register(progress, klp_nl_on_round, LIVEPATCH_EVENT_PROGRESS) ?:
	       klp_nl_register(stall, klp_nl_on_round, LIVEPATCH_EVENT_STALL) ?:
	       klp_nl_register(reverse, klp_nl_on_event, LIVEPATCH_EVENT_REVERSE) ?:
	       klp_nl_register(force, klp_nl_on_event, LIVEPATCH_EVENT_FORCE) ?:
	       klp_nl_register(complete, klp_nl_on_event, LIVEPATCH_EVENT_COMPLETE);
}
late_initcall(klp_netlink_init);
