// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the patches are that are loaded at boot: /var/lib/livepatch/<release of the kernel>/.
 */
#include <string.h>
#include <sys/utsname.h>
#include "klp.h"

#define KLP_STORE	"/var/lib/livepatch"

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
	static const char * const suffixes[] = { "", ".xz", ".zst", ".gz" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		klp_path(path, KLP_STORE "/%s/%s.ko%s", release, name, suffixes[i]);
		if (klp_exists(KLP_STORE "/%s/%s.ko%s", release, name, suffixes[i]))
			return true;
	}
	return false;
}
