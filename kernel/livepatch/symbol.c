// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, lookup of the address of a symbol by its name.
 */

/**
 * DOC: Symbols
 *
 * A patch names the functions that it replaces and the symbols that it uses. Most
 * of these symbols are not exported, many are static, and a static name may occur
 * more than once in one object. Three parts therefore identify a symbol: the
 * object, the name and a position. Position n is the n-th symbol of that name in
 * the order of kallsyms. Position 0 requires that the name is unique in the object,
 * and the lookup fails if it is not.
 *
 * A lookup finds exactly one symbol, or it fails. It never selects one of several
 * candidates, because a wrong choice would redirect an unrelated function.
 *
 * Locking: this file has no lock of its own. The symbols of vmlinux never change.
 * The symbols of a module are walked under module_mutex, which is taken inside of
 * klp_mutex. The address of a module symbol is valid while the module is loaded. A
 * caller that holds klp_mutex prevents the modules that a patch names from being unloaded.
 * For a symbol of another module, the patched module has to depend on that module.
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
 * @sympos:	position to find, 0 for a unique symbol
 * @patch:	name of the patch, for messages
 * @objname:	name of the object
 * @count:	number of symbols of that name found so far
 * @addr:	address of the last of these symbols
 */
struct klp_symbol_search {
	const char *name;
	unsigned long sympos;
	const char *patch;
	const char *objname;
	unsigned long count;
	unsigned long addr;
};

/* Returns non-zero, which ends the walk, at the position to find. */
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

/* The compiler may have replaced the function by a clone, such as name.constprop.0. */
static int klp_report_clone(void *data, const char *name, unsigned long addr)
{
	struct klp_symbol_search *search = data;
	size_t len = strlen(search->name);

	if (strncmp(name, search->name, len) || name[len] != '.')
		return 0;
	pr_err("patch '%s' object '%s': no symbol '%s', the compiler has made '%s' of it\n",
	       search->patch, search->objname ?: "vmlinux", search->name, name);
	return 1;
}

/* Calls @fn for each symbol of the object until @fn returns non-zero. */
static int klp_walk_symbols(struct klp_symbol_search *search,
			    int (*fn)(void *data, const char *name,
				      unsigned long addr))
{
	if (search->objname)
		return module_kallsyms_on_each_symbol(search->objname, fn, search);
	return kallsyms_on_each_symbol(fn, search);
}

static void klp_report_symbol(struct klp_symbol_search *search)
{
	const char *objname = search->objname ?: "vmlinux";

	if (!search->count && !klp_walk_symbols(search, klp_report_clone))
		pr_err("patch '%s' object '%s': no symbol '%s', it does not exist, or is inlined, or init code that is gone\n",
		       search->patch, objname, search->name);
	else if (search->count && !search->sympos)
		pr_err("patch '%s' object '%s': symbol '%s' is ambiguous, there are %lu, a position is needed\n",
		       search->patch, objname, search->name, search->count);
	else if (search->count)
		pr_err("patch '%s' object '%s': no symbol '%s' at position %lu, there are only %lu\n",
		       search->patch, objname, search->name, search->sympos,
		       search->count);
}

/**
 * klp_find_symbol - find the address of a symbol, exported or not
 * @patch:	name of the patch, for messages
 * @objname:	name of the module, NULL for vmlinux
 * @name:	name of the symbol
 * @sympos:	position among the symbols of that name, counted from 1 in the
 *		order of kallsyms; 0 if the name has to be unique in the object
 * @addr:	where to store the address, untouched on failure
 *
 * Context: Task context, may sleep, takes module_mutex. The caller prevents the
 * module from being unloaded while it uses the address.
 * Return: 0, or -EINVAL if there is no such symbol, if its name is ambiguous or
 * if there are fewer symbols of that name than @sympos.
 */
int klp_find_symbol(const char *patch, const char *objname, const char *name,
		    unsigned long sympos, unsigned long *addr)
{
	struct klp_symbol_search search = {
		.name		= name,
		.sympos		= sympos,
		.patch		= patch,
		.objname	= objname,
	};

	if (objname)
		klp_walk_symbols(&search, klp_match_name);
	else
		kallsyms_on_each_match_symbol(klp_match_address, name,
					      &search);

	if (search.count == (sympos ?: 1)) {
		*addr = search.addr;
		return 0;
	}

	klp_report_symbol(&search);
	return -EINVAL;
}
