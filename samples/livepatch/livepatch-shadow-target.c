// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ordinary module that livepatch-shadow-fix1.c and -fix2.c extend
 *
 * It keeps a list of named sessions:
 *
 *   # insmod livepatch-shadow-target.ko
 *   # cd /sys/module/livepatch_shadow_target/parameters
 *   # echo ann > open; echo bob > open
 *   # cat list
 *   ann
 *   bob
 *   # echo ann > close
 *   # cat list
 *   bob
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "livepatch-shadow.h"

/* Protects the list, and the sessions in it */
static DEFINE_MUTEX(sessions_lock);
static LIST_HEAD(sessions);

/*
 * The patches replace these three functions, so they must be neither inlined nor
 * cloned. They are called with sessions_lock held.
 */

static noinline __noclone void session_begin(struct session *session,
					     const char *name)
{
	strscpy(session->name, name);
}

static noinline __noclone void session_end(struct session *session)
{
	session->name[0] = '\0';
}

static noinline __noclone int session_show(const struct session *session,
					   char *buf, size_t size)
{
	return scnprintf(buf, size, "%s\n", session->name);
}

static struct session *session_find(const char *name)
{
	struct session *session;

	list_for_each_entry(session, &sessions, list) {
		if (!strcmp(session->name, name))
			return session;
	}
	return NULL;
}

static void session_close(struct session *session)
{
	list_del(&session->list);
	session_end(session);
	kfree(session);
}

/* Strips the newline that echo writes. */
static void copy_name(char *name, size_t size, const char *val)
{
	strscpy(name, val, size);
	strim(name);
}

static int open_set(const char *val, const struct kernel_param *kp)
{
	char name[sizeof_field(struct session, name)];
	struct session *session;

	copy_name(name, sizeof(name), val);
	guard(mutex)(&sessions_lock);
	if (!name[0] || session_find(name))
		return -EINVAL;

	session = kzalloc_obj(*session);
	if (!session)
		return -ENOMEM;
	session_begin(session, name);
	list_add_tail(&session->list, &sessions);
	return 0;
}

static int close_set(const char *val, const struct kernel_param *kp)
{
	char name[sizeof_field(struct session, name)];
	struct session *session;

	copy_name(name, sizeof(name), val);
	guard(mutex)(&sessions_lock);
	session = session_find(name);
	if (!session)
		return -ENOENT;
	session_close(session);
	return 0;
}

static int list_get(char *buf, const struct kernel_param *kp)
{
	struct session *session;
	int len = 0;

	guard(mutex)(&sessions_lock);
	list_for_each_entry(session, &sessions, list)
		len += session_show(session, buf + len, PAGE_SIZE - len);
	return len;
}

static const struct kernel_param_ops open_ops = {
	.set = open_set,
};
module_param_cb(open, &open_ops, NULL, 0200);
MODULE_PARM_DESC(open, "Open a session of this name");

static const struct kernel_param_ops close_ops = {
	.set = close_set,
};
module_param_cb(close, &close_ops, NULL, 0200);
MODULE_PARM_DESC(close, "Close the session of this name");

static const struct kernel_param_ops list_ops = {
	.get = list_get,
};
module_param_cb(list, &list_ops, NULL, 0444);
MODULE_PARM_DESC(list, "The sessions that are open");

static int __init target_init(void)
{
	return 0;
}

static void __exit target_exit(void)
{
	struct session *session, *next;

	guard(mutex)(&sessions_lock);
	list_for_each_entry_safe(session, next, &sessions, list)
		session_close(session);
}

module_init(target_init);
module_exit(target_exit);
MODULE_DESCRIPTION("Live patching sample: a module with sessions");
MODULE_LICENSE("GPL");
