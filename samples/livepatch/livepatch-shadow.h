/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions shared by livepatch-shadow-target.c and its patches
 */
#ifndef LIVEPATCH_SHADOW_H
#define LIVEPATCH_SHADOW_H

#include <linux/list.h>
#include <linux/types.h>

/*
 * The module allocates the sessions, so their size is fixed while it is loaded. A
 * patch can't add a field.
 */
struct session {
	struct list_head list;
	char name[16];
};

/* IDs of the shadow variables, and of the states that describe them */
enum {
	SESSION_OPENED = 1,	/* u64: when it was opened, in seconds */
	SESSION_OPENER,		/* struct session_opener, see livepatch-shadow-fix2.c */
};

#endif
