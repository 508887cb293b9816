// SPDX-License-Identifier: GPL-2.0
#include <linux/livepatch.h>
#include "prototype.h"

static ssize_t fixed_read(struct file *file, char __user *to, size_t size,
			  loff_t *ppos)
{
	return 0;
}

static int fixed_count(struct item *first, struct item *last)
{
	return 0;
}

static unsigned int fixed_size(const struct item *item)
{
	return 0;
}

static void fixed_init(void)
{
}

static int fixed_compare(const struct item *item, unsigned int size)
{
	return 0;
}

static int fixed_static(void)
{
	return 0;
}

int fixed_elsewhere(struct item *item);

static struct klp_func funcs[] = {
	{
		.old_name = "item_read",
		.new_func = fixed_read,
	},
	{
		.old_name = "item_count",
		.new_func = fixed_count,
	},
	{
		.new_func = fixed_size,
		.old_name = "item_size",
		.old_sympos = 1,
	},
	{ .old_name = "item_init", .new_func = fixed_init },
	{ .old_name = "item_compare", .new_func = fixed_compare },
	/* The type of one of the two functions is not known. */
	{ .old_name = "item_nobody_knows", .new_func = fixed_static },
	{ .old_name = "item_init", .new_func = fixed_elsewhere },
	{ }
};
