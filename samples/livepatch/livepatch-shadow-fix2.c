// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A follow-up patch that takes over the shadow variables of livepatch-shadow-fix1.c
 *
 * Sessions now also record the command that opened them. The variable of the first
 * patch has no room for it, so there is a new one. It has a pointer to allocated
 * memory, which a destructor frees. Old variables are converted when they are read:
 *
 *   # insmod livepatch-shadow-target.ko
 *   # cd /sys/module/livepatch_shadow_target/parameters
 *   # echo ann > open
 *   # insmod livepatch-shadow-fix1.ko
 *   # echo bob > open
 *   # insmod livepatch-shadow-fix2.ko
 *   # echo cid > open; cat list
 *   ann opened unknown
 *   bob opened 815 by somebody
 *   cid opened 816 by bash
 *
 * The patch replaces the first one, which can be unloaded then. It also works without
 * the first one. To remove both:
 *
 *   # rmmod livepatch-shadow-fix1
 *   # echo 0 > /sys/kernel/livepatch/livepatch_shadow_fix2/enabled
 *   # rmmod livepatch-shadow-fix2
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "livepatch-shadow.h"

struct session_opener {
	u64 opened;
	char *command;
};

/* As in the first patch: variables of the new kind are used only while this is true. */
static bool everybody_patched;
/* Old code may have run since pre_unpatch, and closed sessions without their variables. */
static bool left_behind;

/* The constructor and the destructor run under a spinlock, so they must not sleep. */
static int opener_ctor(void *session, void *data, void *ctor_data)
{
	struct session_opener *opener = data, *from = ctor_data;

	*opener = *from;
	return 0;
}

static void opener_dtor(void *session, void *data)
{
	struct session_opener *opener = data;

	kfree(opener->command);
}

/* Takes ownership of @command. NULL means that its allocation failed. */
static void opener_attach(struct session *session, u64 opened, char *command)
{
	struct session_opener opener = {
		.opened = opened,
		.command = command,
	};

	if (!command)
		return;
	if (!klp_shadow_alloc(session, SESSION_OPENER, sizeof(opener), GFP_KERNEL,
			      opener_ctor, &opener))
		kfree(command);
}

/* Runs under sessions_lock of the module, so no other task attaches variables. */
static struct session_opener *opener_get(struct session *session)
{
	u64 *opened;

	if (!READ_ONCE(everybody_patched))
		return NULL;

	opened = klp_shadow_get(session, SESSION_OPENED);
	if (opened) {
		opener_attach(session, *opened, kstrdup("somebody", GFP_KERNEL));
		klp_shadow_free(session, SESSION_OPENED, NULL);
	}
	return klp_shadow_get(session, SESSION_OPENER);
}

static void fix2_session_begin(struct session *session, const char *name)
{
	strscpy(session->name, name);
	if (READ_ONCE(everybody_patched))
		opener_attach(session, ktime_get_boottime_seconds(),
			      kstrdup(current->comm, GFP_KERNEL));
}

static void fix2_session_end(struct session *session)
{
	session->name[0] = '\0';
	klp_shadow_free(session, SESSION_OPENED, NULL);
	klp_shadow_free(session, SESSION_OPENER, opener_dtor);
}

static int fix2_session_show(const struct session *session,
			     char *buf, size_t size)
{
	struct session_opener *opener = opener_get((struct session *)session);

	if (!opener)
		return scnprintf(buf, size, "%s opened unknown\n", session->name);
	return scnprintf(buf, size, "%s opened %llu by %s\n", session->name,
			 opener->opened, opener->command);
}

static void free_all(void)
{
	klp_shadow_free_all(SESSION_OPENED, NULL);
	klp_shadow_free_all(SESSION_OPENER, opener_dtor);
}

/* Variables of the first patch are valid, unless older code has run since. */
static void fix2_post_patch(struct klp_object *obj)
{
	if (left_behind)
		free_all();
	WRITE_ONCE(everybody_patched, true);
}

static void fix2_pre_unpatch(struct klp_object *obj)
{
	WRITE_ONCE(everybody_patched, false);
	left_behind = true;
}

static void fix2_post_unpatch(struct klp_object *obj)
{
	/*
	 * If pre_unpatch did not run, the patch was not completely enabled. Then
	 * the variables may belong to the first patch, which stays enabled.
	 */
	if (left_behind)
		free_all();
	left_behind = false;
}

static struct klp_func funcs[] = {
	{
		.old_name = "session_begin",
		.new_func = fix2_session_begin,
	},
	{
		.old_name = "session_end",
		.new_func = fix2_session_end,
	},
	{
		.old_name = "session_show",
		.new_func = fix2_session_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "livepatch_shadow_target",
		.funcs = funcs,
		.callbacks = {
			.post_patch	= fix2_post_patch,
			.pre_unpatch	= fix2_pre_unpatch,
			.post_unpatch	= fix2_post_unpatch,
		},
	},
	{ }
};

/*
 * This patch has a version of the state of the first patch, so it may replace it. The
 * first patch can't replace this one, because its version of the state is older.
 */
static struct klp_state states[] = {
	{
		.id = SESSION_OPENED,
		.version = 2,
	},
	{
		.id = SESSION_OPENER,
		.version = 1,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};

static int __init fix2_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit fix2_exit(void)
{
}

module_init(fix2_init);
module_exit(fix2_exit);
MODULE_DESCRIPTION("Live patching sample: follow-up with a destructor");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
