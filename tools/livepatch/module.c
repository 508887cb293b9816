// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The modules of patches, by means of libkmod.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include "klp.h"

/* Errors of the kernel are reported by klp_refused(), so libkmod need not log them. */
static struct kmod_ctx *klp_kmod(void)
{
	static struct kmod_ctx *ctx;

	if (!ctx) {
		ctx = kmod_new(NULL, NULL);
		if (ctx)
			kmod_set_log_priority(ctx, 0);
	}
	return ctx;
}

static char *klp_join(char **words, int nr)
{
	size_t size = 1;
	char *text;

	for (int i = 0; i < nr; i++)
		size += strlen(words[i]) + 1;
	text = calloc(1, size);
	for (int i = 0; text && i < nr; i++) {
		strcat(text, words[i]);
		if (i + 1 < nr)
			strcat(text, " ");
	}
	return text;
}

/**
 * klp_module_insert - load a module
 * @file: the file, which may be compressed
 * @parameters: parameters of the module
 * @nr: their number
 *
 * Return: 0, or the negative error of the kernel.
 */
int klp_module_insert(const char *file, char **parameters, int nr)
{
	struct kmod_module *module;
	char *text;
	int ret;

	/* The root is a copy of files. Do not change the running kernel. */
	if (klp_has_root())
		return -EOPNOTSUPP;
	text = klp_join(parameters, nr);
	ret = kmod_module_new_from_path(klp_kmod(), file, &module);
	if (!ret) {
		ret = kmod_module_insert_module(module, 0, text);
		kmod_module_unref(module);
	}
	free(text);
	return ret;
}

/**
 * klp_module_remove - unload a module, once
 * @name: the name of the module
 *
 * Return: 0, or the negative error of the kernel.
 */
int klp_module_remove(const char *name)
{
	struct kmod_module *module;
	int ret;

	if (klp_has_root())
		return -EOPNOTSUPP;
	ret = kmod_module_new_from_name(klp_kmod(), name, &module);
	if (!ret) {
		ret = kmod_module_remove_module(module, 0);
		kmod_module_unref(module);
	}
	return ret;
}

static void klp_modinfo_set(struct klp_modinfo *info, const char *key, const char *value)
{
	size_t length = strlen(value);

	if (!strcmp(key, "name"))
		snprintf(info->name, sizeof(info->name), "%s", value);
	else if (!strcmp(key, "version"))
		klp_escape(info->version, sizeof(info->version), value, length);
	else if (!strcmp(key, "description"))
		klp_escape(info->description, sizeof(info->description), value, length);
	else if (!strcmp(key, "livepatch"))
		info->livepatch = *value == 'Y';
	else if (!strcmp(key, "vermagic"))
		snprintf(info->release, sizeof(info->release), "%.*s",
			 (int)strcspn(value, " "), value);
}

static int klp_modinfo_read(struct klp_modinfo *info, struct kmod_module *module)
{
	struct kmod_list *list = NULL, *entry;
	int ret;

	ret = kmod_module_get_info(module, &list);
	if (ret < 0)
		return ret;
	snprintf(info->name, sizeof(info->name), "%s", kmod_module_get_name(module));
	kmod_list_foreach(entry, list)
		klp_modinfo_set(info, kmod_module_info_get_key(entry),
				kmod_module_info_get_value(entry));
	kmod_module_info_free_list(list);
	return 0;
}

/**
 * klp_module_read - read the section .modinfo of a file
 * @info: filled in
 * @file: the file
 *
 * Return: 0, or a negative error.
 */
int klp_module_read(struct klp_modinfo *info, const char *file)
{
	struct kmod_module *module;
	int ret;

	*info = (struct klp_modinfo){};
	ret = kmod_module_new_from_path(klp_kmod(), file, &module);
	if (ret)
		return ret;
	ret = klp_modinfo_read(info, module);
	kmod_module_unref(module);
	return ret;
}

/**
 * klp_module_describe - find out what the module of a patch says about itself
 * @info: filled in as far as possible
 * @name: the name of the module
 *
 * The version is in sysfs. The description is not. It is read from the file that is loaded at
 * boot, if there is one.
 */
void klp_module_describe(struct klp_modinfo *info, const char *name)
{
	struct klp_options running = {};
	char path[PATH_MAX], line[256];

	*info = (struct klp_modinfo){};
	if (klp_store_find(path, klp_store_release(&running), name))
		klp_module_read(info, path);
	if (klp_read_line(line, sizeof(line), "/sys/module/%s/version", name))
		klp_escape(info->version, sizeof(info->version), line, strlen(line));
}

/**
 * klp_module_loaded - is a module loaded?
 * @name: its name
 *
 * Return: true if it is.
 */
bool klp_module_loaded(const char *name)
{
	return klp_exists("/sys/module/%s/taint", name);
}

/**
 * klp_module_name - convert a name to that of a module
 * @name: changed in place: modules have underscores instead of dashes
 *
 * Return: @name.
 */
const char *klp_module_name(char *name)
{
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	return name;
}

/**
 * klp_module_is_patch - is a module that is loaded a live patch?
 * @name: its name
 *
 * Return: true if it is, enabled or not.
 */
bool klp_module_is_patch(const char *name)
{
	char taint[64];

	/* The letter K marks it. */
	return klp_read_line(taint, sizeof(taint), "/sys/module/%s/taint", name) &&
	       strchr(taint, 'K');
}

static bool klp_module_unused(const char *name, const void *unused)
{
	(void)unused;
	return klp_module_is_patch(name) && !klp_patch_exists(name);
}

/**
 * klp_modules_unused - find modules of patches that were disabled, or replaced by others
 * @names: filled in
 */
void klp_modules_unused(struct klp_names *names)
{
	klp_names_read(names, "/sys/module");
	klp_names_keep(names, klp_module_unused, NULL);
}
