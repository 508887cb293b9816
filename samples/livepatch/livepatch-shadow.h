/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What livepatch-shadow-target.c and the patches for it agree on.
 */
#ifndef LIVEPATCH_SHADOW_H
#define LIVEPATCH_SHADOW_H

#include <linux/list.h>
#include <linux/types.h>

/*
 * The module allocates these, so their size is fixed once it is loaded. No
 * patch can add a field.
 */
struct session {
	struct list_head list;
	char name[16];
};

/* Ids of shadow variables and of the states that tell of them */
enum {
	SESSION_OPENED = 1,	/* u64: when it was opened, in seconds */
	SESSION_OPENER,		/* struct session_opener, see livepatch-shadow-fix2.c */
};

#endif
