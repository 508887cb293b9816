// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Remove the module of a patch that was disabled or replaced.
 *
 * The directory of the patch goes a grace period after the transition. The last reference of
 * the module may be dropped a moment after that.
 */
#include <errno.h>
#include <string.h>
#include "klp.h"

#define KLP_GONE_MS	30000
#define KLP_RETRY_MS	3000

static int klp_remove_patiently(const char *name)
{
	long start = klp_now_ms();
	int ret;

	while ((ret = klp_module_remove(name)) == -EWOULDBLOCK) {
		if (klp_now_ms() - start > KLP_RETRY_MS)
			break;
		klp_sleep_ms(50);
	}
	return ret == -ENOENT ? 0 : ret;
}

/* The file says "pinned" as long as the directory is there. */
static bool klp_is_pinned(const char *name)
{
	return klp_read_number(KLP_SYSFS "/%s/pinned", name) == 1;
}

/* Lines about a pinned module are "livepatch: patch '<name>': <reason>; the module can't ...". */
static bool klp_is_reason(const struct klp_record *record, const char *name)
{
	char begin[NAME_MAX + 32];

	snprintf(begin, sizeof(begin), "livepatch: patch '%s': ", name);
	return !strncmp(record->text, begin, strlen(begin)) &&
	       (strstr(record->text, "can't be removed again") ||
		strstr(record->text, "its module stays"));
}

static enum klp_exit klp_stays(const char *name)
{
	struct klp_record record;
	struct klp_log log;

	printf("'%s' is not in effect. Its module stays loaded, because a task may run its code.\n",
	       name);
	klp_log_open_all(&log);
	while (klp_log_next(&log, &record)) {
		if (klp_is_reason(&record, name))
			printf("  kernel: %s\n", record.text);
	}
	klp_log_close(&log);
	return KLP_DONE;
}

/**
 * klp_remove - wait until a patch is gone, and remove its module
 * @name: the patch
 *
 * A module that is pinned stays. This is not an error, because the patch has no effect.
 *
 * Return: the exit status.
 */
enum klp_exit klp_remove(const char *name)
{
	bool pinned = klp_is_pinned(name);
	struct klp_log log;
	int ret;

	if (!klp_wait_gone(name, KLP_GONE_MS))
		return klp_fail(KLP_REFUSED,
				"'%s' is not in effect, but may still be in use. Repeat klp unload %s later.",
				name, name);
	if (!klp_module_loaded(name))
		return KLP_DONE;
	if (pinned)
		return klp_stays(name);
	klp_log_open(&log);
	ret = klp_remove_patiently(name);
	if (ret == -EWOULDBLOCK)
		klp_stays(name);
	else if (ret)
		klp_refused(&log, "removing the module of", name, -ret);
	klp_log_close(&log);
	return ret && ret != -EWOULDBLOCK ? KLP_REFUSED : KLP_DONE;
}
