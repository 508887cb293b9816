// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Change the state of a patch by writing to its files.
 */
#include "klp.h"

/* Return: KLP_DONE, or KLP_REFUSED after a message. */
static enum klp_exit klp_write_control(const char *what, const char *name, const char *path,
				       const char *value)
{
	struct klp_log log;
	int ret;

	klp_log_open(&log);
	ret = klp_write(value, "%s", path);
	if (ret)
		klp_refused(&log, what, name, -ret);
	klp_log_close(&log);
	return ret ? KLP_REFUSED : KLP_DONE;
}

static enum klp_exit klp_control(const char *what, const char *name, const char *file,
				 const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), KLP_SYSFS "/%s/%s", name, file);
	return klp_write_control(what, name, path, value);
}

/**
 * klp_disable - begin to disable a patch
 * @name: the patch
 *
 * If the patch is being enabled, this reverses its transition.
 *
 * Return: KLP_DONE, or KLP_REFUSED after a message.
 */
enum klp_exit klp_disable(const char *name)
{
	return klp_control("disabling", name, "enabled", "0");
}

/**
 * klp_reverse - reverse a transition
 * @patch: the patch, as it was before
 *
 * Return: KLP_DONE, or KLP_REFUSED after a message.
 */
enum klp_exit klp_reverse(const struct klp_patch *patch)
{
	return klp_control("reversing the transition of", patch->name, "enabled",
			   patch->enabled ? "0" : "1");
}

/**
 * klp_force - end a transition
 * @name: the patch
 *
 * Return: KLP_DONE, or KLP_REFUSED after a message.
 */
enum klp_exit klp_force(const char *name)
{
	return klp_control("forcing the transition of", name, "force", "1");
}

/**
 * klp_trust_stacks - let the kernel move stragglers by their stacks
 * @name: the patch in transition. The parameter is reset when the transition ends
 *
 * Return: KLP_DONE, or KLP_REFUSED after a message.
 */
enum klp_exit klp_trust_stacks(const char *name)
{
	return klp_write_control("settling the transition of", name,
				 "/sys/module/livepatch/parameters/stack_check", "any");
}
