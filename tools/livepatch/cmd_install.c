// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp install, klp uninstall: which patches are loaded when the system boots.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include "klp.h"

static int klp_make_dirs(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static int klp_copy_data(int from, int to)
{
	ssize_t n;

	do {
		n = sendfile(to, from, NULL, 1 << 20);
	} while (n > 0);
	return n < 0 || fsync(to) ? -errno : 0;
}

/* The name of @to appears when the file is complete. */
static int klp_copy(const char *file, const char *to)
{
	char temporary[PATH_MAX + NAME_MAX + 40];
	int in, out, ret = -EIO;

	snprintf(temporary, sizeof(temporary), "%s.new", to);
	in = open(file, O_RDONLY | O_CLOEXEC);
	out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (in < 0 || out < 0)
		ret = -errno;
	else
		ret = klp_copy_data(in, out);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (!ret && rename(temporary, to))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}

/* The module says this about itself, and it becomes a part of the path. */
static bool klp_is_file_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

enum klp_exit klp_cmd_install(const struct klp_options *options)
{
	const char *file = options->args[0], *base = strrchr(file, '/');
	const char *suffix = klp_store_suffix(base ? base + 1 : file);
	char dir[PATH_MAX], to[PATH_MAX + NAME_MAX + 32];
	struct klp_modinfo info;
	int ret = klp_module_read(&info, file);

	if (ret)
		return klp_fail(KLP_USAGE, "%s: %s", file, strerror(-ret));
	if (!info.livepatch || !suffix || !klp_is_file_name(info.release) ||
	    !klp_is_file_name(info.name))
		return klp_fail(KLP_USAGE, "%s is not a live patch", file);
	klp_store_dir(dir, info.release);
	snprintf(to, sizeof(to), "%s/%s%s", dir, info.name, suffix);
	ret = klp_make_dirs(dir);
	if (!ret)
		ret = klp_copy(file, to);
	if (ret)
		return klp_fail(KLP_REFUSED, "%s: %s", to, strerror(-ret));
	/* A file that is compressed in another way would be loaded as well. */
	if (klp_store_remove(info.release, info.name, suffix))
		return KLP_REFUSED;
	printf("'%s' is installed for the kernel %s.\n", info.name, info.release);
	return KLP_DONE;
}

enum klp_exit klp_cmd_uninstall(const struct klp_options *options)
{
	const char *release = klp_store_release(options);
	const char *name = klp_module_name(options->args[0]);
	char path[PATH_MAX];

	if (strchr(name, '/') || !klp_store_find(path, release, name))
		return klp_fail(KLP_USAGE, "'%s' is not installed for the kernel %s", name,
				release);
	if (klp_store_remove(release, name, NULL))
		return KLP_REFUSED;
	printf("'%s' is not installed for the kernel %s any more.\n", name, release);
	return KLP_DONE;
}
