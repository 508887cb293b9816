// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, checks of the description that a patch module gives.
 */

/**
 * DOC: Checks of a description
 *
 * A description is checked before it is used: it has to be complete and for this build of
 * the kernel, and its names have to be valid names of directories in sysfs. Symbols are not
 * looked up here, see klp_find_symbol(). Properties that depend on other patches are
 * checked when the patch is enabled.
 *
 * An object whose name no module can have is accepted for compatibility. Such an object
 * is never patched, so a warning is logged.
 *
 * Locking: none. The description belongs to the caller, and is only read.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "internal.h"

/* Return: the reason why no module can have this name, NULL if a module can. */
static const char *klp_why_no_module(const char *name)
{
	if (!strcmp(name, "vmlinux"))
		return "the kernel is the object whose name is NULL";
	if (strchr(name, '/') || strends(name, ".ko"))
		return "it is a file name, a module name has no path and no suffix";
	if (strchr(name, '-'))
		return "a module name has '_' in place of '-'";
	return NULL;
}

static int klp_check_object_name(const struct klp_patch *patch,
				 const char *name)
{
	const char *reason;

	if (!*name) {
		pr_err("patch '%s': the name of an object is empty\n",
		       patch->mod->name);
		return -EINVAL;
	}
	if (strlen(name) >= MODULE_NAME_LEN) {
		pr_err("patch '%s': name of object '%s' is too long\n",
		       patch->mod->name, name);
		return -EINVAL;
	}
	if (klp_sysfs_has_file(name)) {
		pr_err("patch '%s': object '%s' has the name of a file in the directory of the patch in sysfs\n",
		       patch->mod->name, name);
		return -EINVAL;
	}
	reason = klp_why_no_module(name);
	if (reason)
		pr_warn("patch '%s': object '%s' will never be patched: %s\n",
			patch->mod->name, name, reason);
	return 0;
}

static int klp_check_func(const struct klp_patch *patch,
			  const struct klp_object *obj,
			  const struct klp_func *func)
{
	bool has_name = func->old_name && *func->old_name;

	if (has_name && strlen(func->old_name) >= KSYM_NAME_LEN) {
		pr_err("patch '%s' object '%s': the name of a function is too long\n",
		       patch->mod->name, klp_desc_name(obj));
		return -EINVAL;
	}
	if (has_name && func->new_func)
		return 0;
	pr_err("patch '%s' object '%s': function '%s' has no %s\n",
	       patch->mod->name, klp_desc_name(obj), has_name ? func->old_name : "?",
	       has_name ? "new function" : "name");
	return -EINVAL;
}

static int klp_check_object(const struct klp_patch *patch,
			    const struct klp_object *obj)
{
	const struct klp_func *func;
	int ret;

	if (!obj->funcs) {
		pr_err("patch '%s' object '%s': has no list of functions\n",
		       patch->mod->name, klp_desc_name(obj));
		return -EINVAL;
	}
	klp_for_each_func_static(obj, func) {
		ret = klp_check_func(patch, obj, func);
		if (ret)
			return ret;
	}
	ret = obj->name ? klp_check_object_name(patch, obj->name) : 0;
	return ret ?: klp_check_has_build(patch->mod, klp_desc_name(obj));
}

/**
 * klp_check_patch - check a description independently of other patches
 * @patch: the description
 *
 * The first error is reported in the log.
 *
 * Context: Process context.
 * Return: 0; -EINVAL if the module, a list or a name is missing, if the module is not
 * marked as a patch, or if an object has a name that is empty, too long, or that of
 * a file in the directory of the patch; -ENOEXEC if the patch is for another build of
 * vmlinux, or does not name a build that it has to name.
 */
int klp_check_patch(const struct klp_patch *patch)
{
	const struct klp_object *obj;
	int ret;

	if (!patch || !patch->mod || !patch->objs) {
		pr_err("patch '%s': has no module or no list of objects\n",
		       patch && patch->mod ? patch->mod->name : "?");
		return -EINVAL;
	}
	if (!is_livepatch_module(patch->mod)) {
		pr_err("module %s is not marked as a livepatch module\n",
		       patch->mod->name);
		return -EINVAL;
	}
	ret = klp_check_kernel_build(patch->mod) ?:
	      klp_check_has_build(patch->mod, "vmlinux");
	if (ret)
		return ret;
	klp_for_each_object_static(patch, obj) {
		ret = klp_check_object(patch, obj);
		if (ret)
			return ret;
	}
	return 0;
}
