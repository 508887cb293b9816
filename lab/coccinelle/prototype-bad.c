// SPDX-License-Identifier: GPL-2.0
#include <linux/livepatch.h>
#include "prototype.h"

static ssize_t fixed_read(struct file *file, char __user *buf, size_t len)
{
	return 0;
}

static int fixed_count(struct item *first, unsigned int last)
{
	return 0;
}

static long fixed_size(const struct item *item)
{
	return 0;
}

static void fixed_init(struct item *item)
{
}

static int fixed_compare(const struct item *item, unsigned long size)
{
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "item_read",
		.new_func = fixed_read,		/* found */
	},
	{
		.old_name = "item_count",
		.new_func = fixed_count,	/* found */
	},
	{
		.new_func = fixed_size,		/* found */
		.old_name = "item_size",
		.old_sympos = 1,
	},
	{ .old_name = "item_init", .new_func = fixed_init },	/* found */
	{ .old_name = "item_compare", .new_func = fixed_compare }, /* found */
	{ }
};
