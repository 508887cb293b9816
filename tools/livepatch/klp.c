// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * klp - load live patches, and see what delays their transitions
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "klp.h"

/* Options that only some commands accept */
enum klp_given {
	KLP_O_JSON	= 0x01,
	KLP_O_VERBOSE	= 0x02,
	KLP_O_YES	= 0x04,
	KLP_O_WAIT	= 0x08,
	KLP_O_STALL	= 0x10,
	KLP_O_INSTALLED	= 0x20,
	KLP_O_KERNEL	= 0x40,
	KLP_O_REVERSE	= 0x80,
};

struct klp_command {
	const char *name;
	enum klp_exit (*run)(const struct klp_options *options);
	int min_args;
	int max_args;
	int options;
	const char *usage;
};

static const struct klp_command klp_commands[] = {
	{ "status", klp_cmd_status, 0, 0, KLP_O_JSON, "[--json]" },
	{ "check", klp_cmd_check, 0, 0, 0, "" },
	{ "list", klp_cmd_list, 0, 0, KLP_O_JSON | KLP_O_VERBOSE, "[-v] [--json]" },
	{ "blocking", klp_cmd_blocking, 0, 0, KLP_O_VERBOSE, "[-v | -vv]" },
	{ "load", klp_cmd_load, 0, INT_MAX, KLP_O_WAIT | KLP_O_STALL | KLP_O_INSTALLED,
	  "FILE [PARAMETER=VALUE]... | --installed  [--wait SECONDS] [--on-stall keep|reverse]" },
	{ "upgrade", klp_cmd_upgrade, 1, INT_MAX, KLP_O_WAIT | KLP_O_STALL | KLP_O_REVERSE,
	  "FILE [PARAMETER=VALUE]...  [--reverse] [--wait SECONDS] [--on-stall keep|reverse]" },
	{ "unload", klp_cmd_unload, 1, 1, KLP_O_WAIT | KLP_O_STALL,
	  "NAME [--wait SECONDS] [--on-stall keep|reverse]" },
	{ "poke", klp_cmd_poke, 1, 1, 0, "TID" },
	{ "reverse", klp_cmd_reverse, 0, 0, KLP_O_WAIT, "[--wait SECONDS]" },
	{ "wait", klp_cmd_wait, 0, 1, 0, "[SECONDS]" },
	{ "settle", klp_cmd_settle, 0, 0, KLP_O_WAIT, "[--wait SECONDS]" },
	{ "force", klp_cmd_force, 0, 0, KLP_O_YES | KLP_O_WAIT, "--yes [--wait SECONDS]" },
	{ "watch", klp_cmd_watch, 0, 0, 0, "" },
	{ "metrics", klp_cmd_metrics, 0, 0, 0, "" },
	{ "install", klp_cmd_install, 1, 1, 0, "FILE" },
	{ "uninstall", klp_cmd_uninstall, 1, 1, KLP_O_KERNEL, "NAME [--kernel RELEASE]" },
	{ }
};

static const struct option klp_long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "yes", no_argument, NULL, 'y' },
	{ "wait", required_argument, NULL, 'w' },
	{ "on-stall", required_argument, NULL, 's' },
	{ "installed", no_argument, NULL, 'i' },
	{ "kernel", required_argument, NULL, 'k' },
	{ "reverse", no_argument, NULL, 'R' },
	{ "root", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void klp_usage(FILE *out)
{
	const struct klp_command *command;

	fprintf(out, "usage: klp [--root=DIR] COMMAND\n");
	for (command = klp_commands; command->name; command++)
		fprintf(out, "  %-9s  %s\n", command->name, command->usage);
	fprintf(out, "Exit status: 0 done, 1 in transition, 2 usage, 3 stalled and kept,\n"
		"4 reversed, 5 refused. See klp(8).\n");
}

/**
 * klp_parse_seconds - parse a time
 * @ms: set to the time in milliseconds
 * @text: a number of seconds, which may have a fraction
 *
 * Return: false if it is no such number.
 */
bool klp_parse_seconds(long *ms, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0 && seconds <= 1000000000))
		return false;
	*ms = seconds * 1000;
	return true;
}

static bool klp_parse_stall(struct klp_options *options, const char *text)
{
	options->reverse_on_stall = !strcmp(text, "reverse");
	return options->reverse_on_stall || !strcmp(text, "keep");
}

/* Return: the bit of the option, 0 if all commands accept it, -1 if it is wrong. */
static int klp_parse_option(struct klp_options *options, int option)
{
	switch (option) {
	case 'j':
		options->json = true;
		return KLP_O_JSON;
	case 'v':
		options->verbose++;
		return KLP_O_VERBOSE;
	case 'y':
		options->yes = true;
		return KLP_O_YES;
	case 'i':
		options->installed = true;
		return KLP_O_INSTALLED;
	case 'R':
		options->reverse = true;
		return KLP_O_REVERSE;
	case 'k':
		options->kernel = optarg;
		return KLP_O_KERNEL;
	case 'w':
		return klp_parse_seconds(&options->wait_ms, optarg) ? KLP_O_WAIT : -1;
	case 's':
		return klp_parse_stall(options, optarg) ? KLP_O_STALL : -1;
	case 'r':
		klp_set_root(optarg);
		return 0;
	default:
		return -1;
	}
}

/* Return: the bits of all options, -1 if one is wrong. */
static int klp_parse_options(struct klp_options *options, int argc, char **argv)
{
	int option, bit, given = 0;

	while ((option = getopt_long(argc, argv, "vh", klp_long_options, NULL)) != -1) {
		if (option == 'h') {
			klp_usage(stdout);
			exit(KLP_DONE);
		}
		bit = klp_parse_option(options, option);
		if (bit < 0) {
			if (option != '?')
				klp_fail(KLP_USAGE, "'%s' is not a valid value", optarg);
			return -1;
		}
		given |= bit;
	}
	return given;
}

static const struct klp_command *klp_find_command(const char *name)
{
	const struct klp_command *command;

	for (command = klp_commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

static bool klp_accepts(const struct klp_command *command, const struct klp_options *options,
			int given)
{
	return options->nr_args >= command->min_args &&
	       options->nr_args <= command->max_args && !(given & ~command->options);
}

/* What could not be printed, to a file on a full disk for example, is missing there. */
static enum klp_exit klp_flush(enum klp_exit status)
{
	if (fflush(stdout) || ferror(stdout))
		return klp_fail(KLP_REFUSED, "standard output: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	struct klp_options options = { .wait_ms = KLP_WAIT_MS };
	const struct klp_command *command;
	int given = klp_parse_options(&options, argc, argv);

	if (given < 0)
		return KLP_USAGE;
	if (optind == argc) {
		klp_usage(stderr);
		return KLP_USAGE;
	}
	command = klp_find_command(argv[optind]);
	if (!command)
		return klp_fail(KLP_USAGE, "there is no command '%s'. See klp --help.",
				argv[optind]);
	options.args = argv + optind + 1;
	options.nr_args = argc - optind - 1;
	if (!klp_accepts(command, &options, given))
		return klp_fail(KLP_USAGE, "usage: klp %s %s", command->name, command->usage);
	return klp_flush(command->run(&options));
}
