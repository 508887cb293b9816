// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A patch that adds a field to a structure, as a shadow variable
 *
 * The sessions of livepatch-shadow-target.c get the time at which they were opened.
 * It is unknown for sessions that were opened before the patch was loaded:
 *
 *   # insmod livepatch-shadow-target.ko
 *   # cd /sys/module/livepatch_shadow_target/parameters
 *   # echo ann > open
 *   # insmod livepatch-shadow-fix1.ko
 *   # echo bob > open; cat list
 *   ann opened unknown
 *   bob opened 815
 *   # echo 0 > /sys/kernel/livepatch/livepatch_shadow_fix1/enabled
 *   # cat list
 *   ann
 *   bob
 *
 * During a transition some tasks run old code, which closes a session without freeing
 * its shadow variable. The next session may get the same memory, and would find the
 * variable of the previous one. So variables are used only while all tasks run the new
 * code: from post_patch to pre_unpatch. post_patch frees variables that are left from
 * before.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "livepatch-shadow.h"

static bool everybody_patched;

static void fix1_session_begin(struct session *session, const char *name)
{
	u64 *opened;

	strscpy(session->name, name);
	if (!READ_ONCE(everybody_patched))
		return;

	/* If the allocation fails, the time of this session is unknown. */
	opened = klp_shadow_alloc(session, SESSION_OPENED, sizeof(*opened),
				  GFP_KERNEL, NULL, NULL);
	if (opened)
		*opened = ktime_get_boottime_seconds();
}

static void fix1_session_end(struct session *session)
{
	session->name[0] = '\0';
	klp_shadow_free(session, SESSION_OPENED, NULL);
}

static int fix1_session_show(const struct session *session,
			     char *buf, size_t size)
{
	u64 *opened = NULL;

	if (READ_ONCE(everybody_patched))
		opened = klp_shadow_get((void *)session, SESSION_OPENED);
	if (!opened)
		return scnprintf(buf, size, "%s opened unknown\n", session->name);
	return scnprintf(buf, size, "%s opened %llu\n", session->name, *opened);
}

static void fix1_post_patch(struct klp_object *obj)
{
	/* Variables may be left if disabling the patch was reversed. */
	klp_shadow_free_all(SESSION_OPENED, NULL);
	WRITE_ONCE(everybody_patched, true);
}

static void fix1_pre_unpatch(struct klp_object *obj)
{
	WRITE_ONCE(everybody_patched, false);
}

static void fix1_post_unpatch(struct klp_object *obj)
{
	klp_shadow_free_all(SESSION_OPENED, NULL);
}

static struct klp_func funcs[] = {
	{
		.old_name = "session_begin",
		.new_func = fix1_session_begin,
	},
	{
		.old_name = "session_end",
		.new_func = fix1_session_end,
	},
	{
		.old_name = "session_show",
		.new_func = fix1_session_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "livepatch_shadow_target",
		.funcs = funcs,
		.callbacks = {
			.post_patch	= fix1_post_patch,
			.pre_unpatch	= fix1_pre_unpatch,
			.post_unpatch	= fix1_post_unpatch,
		},
	},
	{ }
};

/*
 * When a patch is replaced, its callbacks are not called. The state informs the
 * replacing patch about the variables that it takes over.
 */
static struct klp_state states[] = {
	{
		.id = SESSION_OPENED,
		.version = 1,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};

static int __init fix1_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit fix1_exit(void)
{
}

module_init(fix1_init);
module_exit(fix1_exit);
MODULE_DESCRIPTION("Live patching sample: add a shadow variable");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
