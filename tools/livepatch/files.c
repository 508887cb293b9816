// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files of sysfs, debugfs and proc. With --root=DIR all of them are below DIR.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "klp.h"

static const char *klp_root = "";

void klp_set_root(const char *root)
{
	klp_root = root;
}

bool klp_has_root(void)
{
	return *klp_root;
}

static const char *klp_vpath(char path[PATH_MAX], const char *format, va_list args)
{
	int n = snprintf(path, PATH_MAX, "%s", klp_root);

	if (n < PATH_MAX)
		vsnprintf(path + n, PATH_MAX - n, format, args);
	return path;
}

/**
 * klp_path - make the path of a file below the root
 * @path: the buffer
 * @format: the absolute path of the file without --root
 *
 * Return: @path.
 */
const char *klp_path(char path[PATH_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	klp_vpath(path, format, args);
	va_end(args);
	return path;
}

/* Files of proc and sysfs have no size, so read until the end. */
static char *klp_read_fd(int fd, size_t *length)
{
	size_t size = 0, n = 0;
	char *text = NULL, *more;
	ssize_t got;

	do {
		size += 4096;
		more = realloc(text, size + 1);
		if (!more)
			break;
		text = more;
		while ((got = read(fd, text + n, size - n)) > 0)
			n += got;
	} while (n == size);
	/* A file of sysfs may be gone by now: that is an error of read(). */
	if (!more || (got < 0 && !n)) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	if (length)
		*length = n;
	return text;
}

static char *klp_vread(size_t *length, const char *format, va_list args)
{
	char path[PATH_MAX];
	char *text;
	int fd;

	fd = open(klp_vpath(path, format, args), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = klp_read_fd(fd, length);
	close(fd);
	return text;
}

/**
 * klp_read - read a whole file
 * @length: set to the number of bytes, may be NULL
 * @format: the path
 *
 * Return: the text, to be freed, with a 0 after its end; NULL if it can't be read.
 */
char *klp_read(size_t *length, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = klp_vread(length, format, args);
	va_end(args);
	return text;
}

/**
 * klp_read_line - read the first line of a file, without the newline
 * @line: the buffer, set to "" if the file can't be read
 * @size: the size of @line
 * @format: the path
 *
 * Return: true if the file could be read.
 */
bool klp_read_line(char *line, size_t size, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = klp_vread(NULL, format, args);
	va_end(args);
	snprintf(line, size, "%s", text ? text : "");
	line[strcspn(line, "\n")] = 0;
	free(text);
	return text;
}

/**
 * klp_read_number - read a number from a file
 * @format: the path
 *
 * Return: the number, -1 if the file can't be read.
 */
long klp_read_number(const char *format, ...)
{
	va_list args;
	char *text;
	long number;

	va_start(args, format);
	text = klp_vread(NULL, format, args);
	va_end(args);
	number = text ? strtol(text, NULL, 10) : -1;
	free(text);
	return number;
}

/**
 * klp_write - write a text to a file that exists
 * @text: the text
 * @format: the path
 *
 * Return: 0, or a negative error.
 */
int klp_write(const char *text, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int fd, ret;

	va_start(args, format);
	klp_vpath(path, format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/**
 * klp_exists - does a file exist?
 * @format: the path
 *
 * Return: true if it exists.
 */
bool klp_exists(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	klp_vpath(path, format, args);
	va_end(args);
	return !access(path, F_OK);
}
