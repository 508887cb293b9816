// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the patches are that are loaded at boot: /var/lib/livepatch/<release of the kernel>/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "klp.h"

#define KLP_STORE	"/var/lib/livepatch"

/* A module may be compressed. */
static const char * const klp_suffixes[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz", NULL };

/**
 * klp_store_release - for which kernel are the patches?
 * @options: the option --kernel, the default is the running kernel
 *
 * Return: its release.
 */
const char *klp_store_release(const struct klp_options *options)
{
	static struct utsname name;

	if (options->kernel)
		return options->kernel;
	uname(&name);
	return name.release;
}

/**
 * klp_store_dir - make the path of the directory for a kernel
 * @path: the buffer
 * @release: the release of the kernel
 */
void klp_store_dir(char path[PATH_MAX], const char *release)
{
	klp_path(path, KLP_STORE "/%s", release);
}

/**
 * klp_store_find - find the file of a patch
 * @path: filled in
 * @release: the release of the kernel
 * @name: the name of the module
 *
 * Return: false if the patch is not installed.
 */
bool klp_store_find(char path[PATH_MAX], const char *release, const char *name)
{
	for (int i = 0; klp_suffixes[i]; i++) {
		klp_path(path, KLP_STORE "/%s/%s%s", release, name, klp_suffixes[i]);
		if (klp_exists(KLP_STORE "/%s/%s%s", release, name, klp_suffixes[i]))
			return true;
	}
	return false;
}

/**
 * klp_store_remove - remove the files of a patch
 * @release: the release of the kernel
 * @name: the name of the module
 * @but: the suffix of a file to keep, or NULL
 *
 * Return: KLP_DONE, or KLP_REFUSED after a message.
 */
enum klp_exit klp_store_remove(const char *release, const char *name, const char *but)
{
	char path[PATH_MAX];

	for (int i = 0; klp_suffixes[i]; i++) {
		if (but && !strcmp(klp_suffixes[i], but))
			continue;
		klp_path(path, KLP_STORE "/%s/%s%s", release, name, klp_suffixes[i]);
		if (unlink(path) && errno != ENOENT)
			return klp_fail(KLP_REFUSED, "%s: %s", path, strerror(errno));
	}
	return KLP_DONE;
}

/**
 * klp_store_suffix - find the suffix of the name of a module's file
 * @name: the name, without directories
 *
 * Return: the suffix, which says how the module is compressed; NULL if it is none of these.
 */
const char *klp_store_suffix(const char *name)
{
	size_t length = strlen(name);

	for (int i = 0; klp_suffixes[i]; i++) {
		size_t n = strlen(klp_suffixes[i]);

		if (length > n && !strcmp(name + length - n, klp_suffixes[i]))
			return name + length - n;
	}
	return NULL;
}

/* Other files are leftovers of klp install, when it was interrupted. */
static bool klp_is_module_file(const char *name, const void *unused)
{
	(void)unused;
	return klp_store_suffix(name);
}

/**
 * klp_store_read - read the names of the files of patches
 * @files: filled in, in the order in which they are loaded
 * @release: the release of the kernel
 */
void klp_store_read(struct klp_names *files, const char *release)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), KLP_STORE "/%s", release);
	klp_names_read(files, dir);
	klp_names_keep(files, klp_is_module_file, NULL);
}
