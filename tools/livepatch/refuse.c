// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages about what has failed, with the reason that the kernel has logged.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "klp.h"

/**
 * klp_fail - print a message
 * @status: the exit status
 * @format: the message
 *
 * Return: @status.
 */
enum klp_exit klp_fail(enum klp_exit status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("klp: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	return status;
}

/* Lines of the module loader begin with the name of the module. */
static bool klp_is_about(const struct klp_record *record, const char *name)
{
	size_t length = strlen(name);

	return klp_log_is_ours(record) ||
	       (!strncmp(record->text, name, length) && record->text[length] == ':');
}

static int klp_show_log(struct klp_log *log, const char *name)
{
	struct klp_record record;
	int shown = 0;

	while (klp_log_next(log, &record)) {
		if (klp_is_about(&record, name))
			shown += fprintf(stderr, "  kernel: %s\n", record.text) > 0;
	}
	return shown;
}

static void klp_show_other_transition(const char *name)
{
	struct klp_patch other;

	if (klp_find_transition(&other) && strcmp(other.name, name))
		fprintf(stderr, "  The transition of '%s' is under way. See klp status.\n",
			other.name);
}

static const char *klp_hint(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "Only root may do this, and modules must not be disabled.";
	case EEXIST:
		return "A module of this name is loaded already. See klp list.";
	case ENOEXEC:
		return "The module was built for another kernel, or is damaged.";
	case EINVAL:
		return "Perhaps the transition has just ended, see klp status.";
	case EKEYREJECTED:
		return "The kernel does not accept the signature of the module.";
	default:
		return NULL;
	}
}

/**
 * klp_refused - report that the kernel has refused something, and why
 * @log: the log since the attempt
 * @what: what was tried
 * @name: the name of the patch
 * @error: the error, positive
 *
 * Return: KLP_REFUSED.
 */
enum klp_exit klp_refused(struct klp_log *log, const char *what, const char *name, int error)
{
	klp_fail(KLP_REFUSED, "%s '%s': %s", what, name, strerror(error));
	if (error == EBUSY)
		klp_show_other_transition(name);
	if (!klp_show_log(log, name) && klp_hint(error))
		fprintf(stderr, "  %s\n", klp_hint(error));
	return KLP_REFUSED;
}
