// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, lookup of symbols: from a name to an address.
 */

/**
 * DOC: Symbols
 *
 * A patch names what it replaces or uses. Most of these symbols are not
 * exported, many are static, and a static name may occur more than once in one
 * object. A symbol is therefore given by three parts: the object, the name and
 * a position. Position n is the n-th symbol of that name in the order of
 * kallsyms; position 0 claims that the name is unique, which is checked.
 *
 * A wrong guess would redirect some unrelated function. So there is no guess:
 * a lookup finds exactly the symbol that was meant, or it fails.
 *
 * Locking: none of our own. kallsyms of vmlinux never changes; the symbols of
 * a module are walked under module_mutex, which is taken below klp_mutex. The
 * address of a module symbol is valid as long as the caller keeps the module
 * from going, which klp_mutex does.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "internal.h"

/**
 * struct klp_symbol_search - a walk over the symbols of one object
 * @name:	name of the symbol
 * @sympos:	position that is wanted, 0 for a unique symbol
 * @count:	symbols of that name seen so far
 * @addr:	address of the last one of them
 */
struct klp_symbol_search {
	const char *name;
	unsigned long sympos;
	unsigned long count;
	unsigned long addr;
};

/* Returns non-zero, which ends the walk, at the position that is wanted. */
static int klp_match_address(void *data, unsigned long addr)
{
	struct klp_symbol_search *search = data;

	search->addr = addr;
	search->count++;
	return search->count == search->sympos;
}

static int klp_match_name(void *data, const char *name, unsigned long addr)
{
	struct klp_symbol_search *search = data;

	if (strcmp(name, search->name))
		return 0;
	return klp_match_address(data, addr);
}

/**
 * klp_find_symbol - find the address of a symbol, exported or not
 * @objname:	name of the module, NULL for vmlinux
 * @name:	name of the symbol
 * @sympos:	position among the symbols of that name, counted from 1 in the
 *		order of kallsyms. 0: the name has to be unique in the object
 * @addr:	where to store the address, untouched on failure
 *
 * Context: Task context, may sleep, takes module_mutex. The caller keeps the
 * module from going while it uses the address.
 * Return: 0, or -EINVAL if there is no such symbol, if its name is ambiguous or
 * if there are fewer symbols of that name than @sympos.
 */
int klp_find_symbol(const char *objname, const char *name,
		    unsigned long sympos, unsigned long *addr)
{
	struct klp_symbol_search search = { .name = name, .sympos = sympos };

	if (objname)
		module_kallsyms_on_each_symbol(objname, klp_match_name,
					       &search);
	else
		kallsyms_on_each_match_symbol(klp_match_address, name,
					      &search);

	if (search.count == (sympos ?: 1)) {
		*addr = search.addr;
		return 0;
	}

	objname = objname ?: "vmlinux";
	if (!search.count)
		pr_err("no symbol '%s' in object '%s'\n", name, objname);
	else if (!sympos)
		pr_err("symbol '%s' is ambiguous in object '%s': there are %lu, a position is needed\n",
		       name, objname, search.count);
	else
		pr_err("no symbol '%s' at position %lu in object '%s': there are only %lu\n",
		       name, sympos, objname, search.count);
	return -EINVAL;
}
