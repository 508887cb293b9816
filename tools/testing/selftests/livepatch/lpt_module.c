// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and unloads modules, at a fraction of the cost of insmod and rmmod
 * where processors are emulated, and says which error it got:
 *
 *	lpt_module load FILE [PARAMETER=VALUE]...
 *	lpt_module unload NAME
 */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load(const char *file, char **params, int n)
{
	char args[1024] = "";
	int i, fd;

	for (i = 0; i < n; i++) {
		if (strlen(args) + strlen(params[i]) + 2 > sizeof(args))
			errx(2, "too many parameters");
		strcat(strcat(args, params[i]), " ");
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, args, 0))
		err(1, "load %s", file);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "load"))
		load(argv[2], argv + 3, argc - 3);
	else if (argc != 3 || strcmp(argv[1], "unload"))
		errx(2, "usage: lpt_module load FILE ... | unload NAME");
	else if (syscall(SYS_delete_module, argv[2], O_NONBLOCK))
		err(1, "unload %s", argv[2]);
	return 0;
}
