// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names and command lines of tasks are chosen by users without privileges. Everything that
 * could control a terminal, or end a line, a field or a string, is replaced.
 */
#include <stdlib.h>
#include <string.h>
#include "klp.h"

static bool klp_is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '\\' && c != '"';
}

/**
 * klp_escape - copy a text, with \xNN for all but printable ASCII
 * @to: the buffer. The text is cut off if the buffer is too small.
 * @size: the size of @to
 * @from: the text
 * @length: the length of @from
 *
 * The backslash and the quotation mark are replaced too, so that the result is unique and
 * can be quoted.
 */
void klp_escape(char *to, size_t size, const char *from, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n + 5 <= size; i++) {
		if (klp_is_plain(from[i]))
			to[n++] = from[i];
		else
			n += sprintf(to + n, "\\x%02x", (unsigned char)from[i]);
	}
	to[n] = 0;
}

static bool klp_is_octal(const char *text)
{
	return strspn(text, "01234567") >= 3;
}

/**
 * klp_unescape - undo what the kernel does to names: it replaces characters by \ooo
 * @text: the text, changed in place
 */
void klp_unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (*text == '\\' && klp_is_octal(text + 1)) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

/**
 * klp_strdup_escaped - allocate an escaped copy of a text
 * @text: the text
 *
 * Return: the copy, to be freed; NULL when out of memory.
 */
char *klp_strdup_escaped(const char *text)
{
	size_t length = strlen(text), size = 4 * length + 5;
	char *copy = malloc(size);

	if (copy)
		klp_escape(copy, size, text, length);
	return copy;
}
