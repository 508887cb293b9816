// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What /proc says about a thread and its process. All texts are escaped.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "klp.h"

/* The kernel escapes newlines in the line "Name:", so each line has one field. */
static pid_t klp_status_number(pid_t tid, const char *field)
{
	char *status = klp_read(NULL, "/proc/%d/status", tid);
	char *line = status ? strstr(status, field) : NULL;
	pid_t number = line ? atoi(line + strlen(field)) : 0;

	free(status);
	return number;
}

/**
 * klp_process_of - find the process of a thread
 * @tid: the ID of the thread
 *
 * Return: its ID, or 0 if the thread is gone.
 */
pid_t klp_process_of(pid_t tid)
{
	return klp_status_number(tid, "\nTgid:");
}

/**
 * klp_parent_of - find the parent of a process
 * @pid: the ID of the process
 *
 * Return: the ID of the parent, or 0.
 */
pid_t klp_parent_of(pid_t pid)
{
	return klp_status_number(pid, "\nPPid:");
}

/**
 * klp_child_of - find the first child of a process
 * @pid: the ID of the process
 *
 * Return: the ID of the child, or 0 if there is none.
 */
pid_t klp_child_of(pid_t pid)
{
	struct klp_names names;
	pid_t child = 0;

	klp_names_read(&names, "/proc");
	for (int i = 0; i < names.nr && !child; i++) {
		if (isdigit(names.list[i][0]) && klp_parent_of(atoi(names.list[i])) == pid)
			child = atoi(names.list[i]);
	}
	klp_names_free(&names);
	return child;
}

/**
 * klp_process_name - read the name of a process or thread
 * @name: the buffer, "" if the process is gone
 * @size: its size
 * @pid: the ID
 */
void klp_process_name(char *name, size_t size, pid_t pid)
{
	size_t length = 0;
	char *comm = klp_read(&length, "/proc/%d/comm", pid);

	/* The file ends with a newline. The name may contain more of them. */
	if (length)
		length--;
	klp_escape(name, size, comm, length);
	free(comm);
}

/**
 * klp_strdup_process - allocate a copy of the name of a process or thread
 * @pid: the ID
 *
 * Return: the name, "" if the process is gone, to be freed.
 */
char *klp_strdup_process(pid_t pid)
{
	char name[256];

	klp_process_name(name, sizeof(name), pid);
	return strdup(name);
}

/**
 * klp_process_command - read the command line of a process
 * @command: the buffer, "" if there is none, as for kernel threads
 * @size: its size
 * @pid: the ID
 */
void klp_process_command(char *command, size_t size, pid_t pid)
{
	size_t length = 0;
	char *text = klp_read(&length, "/proc/%d/cmdline", pid);

	if (length)
		length--;
	for (size_t i = 0; i < length; i++) {
		if (!text[i])
			text[i] = ' ';
	}
	klp_escape(command, size, text, length);
	free(text);
}

/**
 * klp_thread_stack - read the stack of a thread
 * @tid: the ID of the thread
 *
 * Return: the text, to be freed; NULL if it can't be read.
 */
char *klp_thread_stack(pid_t tid)
{
	return klp_read(NULL, "/proc/%d/stack", tid);
}
