// SPDX-License-Identifier: GPL-2.0
/*
 * A function $(exit N) for make, which exits with status N. If a recipe fails, make
 * exits with 2, whatever the status of the recipe. "make vm" needs the real status.
 */
#include <gnumake.h>
#include <stdio.h>
#include <stdlib.h>

int plugin_is_GPL_compatible;

static char *end_make(const char *name, unsigned int argc, char **argv)
{
	(void)name;
	(void)argc;
	fflush(NULL);
	exit(atoi(argv[0]));
}

int exit_gmk_setup(void)
{
	gmk_add_function("exit", end_make, 1, 1, GMK_FUNC_DEFAULT);
	return 1;
}
