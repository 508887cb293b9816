// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of the kernel: what it says about live patching from now on.
 *
 * A record of /dev/kmsg is "<level>,<sequence>,<microseconds>,...;<text>\n", followed by lines
 * that begin with a space. The kernel escapes control characters in the text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "klp.h"

/* A record that does not fit into the buffer can't be read. */
#define KLP_RECORD_MAX	16384

static void klp_log_open_at(struct klp_log *log, int whence)
{
	char path[PATH_MAX];
	int fd;

	*log = (struct klp_log){};
	fd = open(klp_path(path, "/dev/kmsg"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	lseek(fd, 0, whence);
	log->file = fdopen(fd, "r");
	if (log->file)
		setvbuf(log->file, NULL, _IOFBF, KLP_RECORD_MAX);
	else
		close(fd);
}

/**
 * klp_log_open - read the records that are logged from now on
 * @log: initialized. Without permission to read the log it has no records.
 */
void klp_log_open(struct klp_log *log)
{
	klp_log_open_at(log, SEEK_END);
}

/**
 * klp_log_open_all - read all records that the kernel still has
 * @log: initialized
 */
void klp_log_open_all(struct klp_log *log)
{
	klp_log_open_at(log, SEEK_SET);
}

/* Read a line. If records have been overwritten, go on with the oldest one. */
static bool klp_log_line(struct klp_log *log)
{
	ssize_t n;

	if (!log->file)
		return false;
	do {
		clearerr(log->file);
		errno = 0;
		n = getline(&log->line, &log->size, log->file);
	} while (n < 0 && errno == EPIPE);
	return n > 0;
}

/**
 * klp_log_next - read the next record
 * @log: the log
 * @record: filled in; the text is valid until the next call
 *
 * Return: false if there is none at the moment.
 */
bool klp_log_next(struct klp_log *log, struct klp_record *record)
{
	unsigned int prefix;
	char *text;

	while (klp_log_line(log)) {
		text = strchr(log->line, ';');
		if (log->line[0] == ' ' || !text ||
		    sscanf(log->line, "%u,%*u,%llu", &prefix, &record->us) != 2)
			continue;
		record->level = prefix & 7;
		record->text = text + 1;
		text[strcspn(text, "\n")] = 0;
		return true;
	}
	return false;
}

/**
 * klp_log_is_ours - is the record about live patching?
 * @record: the record
 *
 * Return: true if it begins with "livepatch:".
 */
bool klp_log_is_ours(const struct klp_record *record)
{
	return !strncmp(record->text, "livepatch:", strlen("livepatch:"));
}

void klp_log_close(struct klp_log *log)
{
	if (log->file)
		fclose(log->file);
	free(log->line);
	*log = (struct klp_log){};
}
