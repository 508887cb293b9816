// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is a patch for the build of the kernel, and of its modules, that is loaded?
 */

/**
 * DOC: Builds
 *
 * The new functions of a patch are compiled for one build of the kernel: they rely on
 * the layout of its structures, and on which of its functions are inlined. A patch
 * module can name this build. Its section .klp.build_ids contains strings of the form
 *
 *   <object>=<build ID>
 *
 * for vmlinux, and for modules that the patch changes, see KLP_BUILD_ID(). The build ID is
 * the hash that the linker puts into each image.
 *
 * 1. The patch module is loaded. Before its relocations are applied,
 *    klp_check_kernel_build() compares the build ID of vmlinux.
 * 2. The patch is enabled. klp_check_has_build() refuses it if an ID is missing
 *    and the parameter require_build_id is set.
 * 3. A module that the patch changes is loaded, or was loaded before the patch.
 *    klp_check_build() compares its build ID before the module is patched.
 *
 * Nothing is compared with an object whose ID the patch does not name.
 *
 * Locking: none. The section is constant.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/buildid.h>
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "internal.h"

/* Refuse patches that do not name the builds of vmlinux and of all their objects. */
static bool require_build_id;
module_param(require_build_id, bool, 0644);

/* Return: the digits of the build ID that a patch names for an object, NULL if none. */
static const char *klp_named_build(const struct module *pmod, const char *name)
{
	const char *entry = pmod->klp_build_ids;
	const char *end = entry + pmod->klp_build_ids_size;
	size_t len = strlen(name);

	for (; entry < end; entry += strlen(entry) + 1) {
		if (!strncmp(entry, name, len) && entry[len] == '=')
			return entry + len + 1;
	}
	return NULL;
}

/* A build ID of zeroes stands for none. */
static bool klp_is_build_id(const u8 id[BUILD_ID_SIZE_MAX])
{
	return memchr_inv(id, 0, BUILD_ID_SIZE_MAX);
}

/* A short ID is padded with zeroes, as those of the kernel and of modules are. */
static bool klp_parse_build_id(const char *digits, u8 id[BUILD_ID_SIZE_MAX])
{
	size_t len = strlen(digits);

	memset(id, 0, BUILD_ID_SIZE_MAX);
	if (len % 2 || len / 2 > BUILD_ID_SIZE_MAX)
		return false;
	return !hex2bin(id, digits, len / 2) && klp_is_build_id(id);
}

/**
 * klp_check_build - compare the build of an object with the one that a patch is for
 * @pmod:	the patch module, whose vmlinux was compared
 * @mod:	the module of the object, NULL for vmlinux
 *
 * A difference is reported in the log.
 *
 * Context: Process context. The module is not unloaded meanwhile.
 * Return: 0; -ENOEXEC if the build is another one, or if the patch names something that
 * is no build ID.
 */
int klp_check_build(const struct module *pmod, struct module *mod)
{
	const u8 *loaded = mod ? module_buildid(mod) : vmlinux_build_id;
	const char *name = mod ? mod->name : "vmlinux";
	const char *digits = klp_named_build(pmod, name);
	u8 id[BUILD_ID_SIZE_MAX];

	if (!digits)
		return 0;
	if (!klp_parse_build_id(digits, id)) {
		pr_err("patch '%s' object '%s': '%s' is no build ID\n",
		       pmod->name, name, digits);
		return -ENOEXEC;
	}
	if (!memcmp(id, loaded, sizeof(id)))
		return 0;
	if (klp_is_build_id(loaded))
		pr_err("patch '%s' object '%s': is for build ID %s, but that of the loaded one is %*phN\n",
		       pmod->name, name, digits, BUILD_ID_SIZE_MAX, loaded);
	else
		pr_err("patch '%s' object '%s': is for build ID %s, but the loaded one has none\n",
		       pmod->name, name, digits);
	return -ENOEXEC;
}

/**
 * klp_check_kernel_build - compare the build of the kernel with the one that a patch is for
 * @pmod: the patch module, its sections are loaded
 *
 * Context: Process context.
 * Return: As klp_check_build(); -ENOEXEC too if the section of build IDs is malformed.
 */
int klp_check_kernel_build(const struct module *pmod)
{
	unsigned int size = pmod->klp_build_ids_size;

	if (size && pmod->klp_build_ids[size - 1]) {
		pr_err("patch '%s', section '%s': does not end with a zero byte\n",
		       pmod->name, KLP_BUILD_IDS_SEC);
		return -ENOEXEC;
	}
	return klp_check_build(pmod, NULL);
}

/**
 * klp_check_has_build - does a patch name the build of an object, if it has to?
 * @pmod: the patch module
 * @name: name of the object
 *
 * Context: Process context.
 * Return: 0; -ENOEXEC if it does not, and the parameter require_build_id is set.
 */
int klp_check_has_build(const struct module *pmod, const char *name)
{
	if (!READ_ONCE(require_build_id) || klp_named_build(pmod, name))
		return 0;
	pr_err("patch '%s' object '%s': names no build ID, and livepatch.require_build_id is set\n",
	       pmod->name, name);
	return -ENOEXEC;
}
