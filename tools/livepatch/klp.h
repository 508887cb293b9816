/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * klp: the parts of the command, and what they offer to each other.
 */
#ifndef _TOOLS_LIVEPATCH_KLP_H
#define _TOOLS_LIVEPATCH_KLP_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

/* How long to wait for the end of a transition. One that nothing blocks takes less than a second. */
#define KLP_WAIT_MS	60000

/* Exit statuses, see klp(8). */
enum klp_exit {
	KLP_DONE,
	KLP_IN_TRANSITION,
	KLP_USAGE,
	KLP_STALLED,
	KLP_REVERSED,
	KLP_REFUSED,
};

/* Options of a command. The command table says which command accepts which option. */
struct klp_options {
	bool json;
	int verbose;
	bool yes;
	bool installed;
	bool reverse;
	bool reverse_on_stall;
	long wait_ms;
	const char *kernel;
	char **args;
	int nr_args;
};

/* files.c: small files below the root of --root */
void klp_set_root(const char *root);
bool klp_has_root(void);
__printf(2, 3)
const char *klp_path(char path[PATH_MAX], const char *format, ...);
__printf(2, 3)
char *klp_read(size_t *length, const char *format, ...);
__printf(3, 4)
bool klp_read_line(char *line, size_t size, const char *format, ...);
__printf(1, 2)
long klp_read_number(const char *format, ...);
__printf(2, 3)
int klp_write(const char *text, const char *format, ...);
__printf(1, 2)
bool klp_exists(const char *format, ...);

/* names.c: sorted names of a directory */
struct klp_names {
	char **list;
	int nr;
};

void klp_names_read(struct klp_names *names, const char *dir);
void klp_names_keep(struct klp_names *names, bool (*keep)(const char *name, const void *arg),
		    const void *arg);
bool klp_names_has(const struct klp_names *names, const char *name);
void klp_names_free(struct klp_names *names);

/* escape.c: text that others have chosen */
void klp_escape(char *to, size_t size, const char *from, size_t length);
void klp_unescape(char *text);
char *klp_strdup_escaped(const char *text);

/* clock.c */
long klp_now_ms(void);
void klp_sleep_ms(long ms);

/* patch.c: the patches that the kernel has */
#define KLP_SYSFS	"/sys/kernel/livepatch"

struct klp_patch {
	char name[NAME_MAX + 1];
	bool enabled;
	bool transition;
	bool replace;
	unsigned int set;
	bool pinned;
	int order;
	int stragglers;
	long age_ms;
};

struct klp_patches {
	struct klp_patch *list;
	int nr;
};

bool klp_has_live_patching(void);
bool klp_patch_read(struct klp_patch *patch, const char *name);
bool klp_patch_exists(const char *name);
const char *klp_patch_state(const struct klp_patch *patch);
int klp_patches_read(struct klp_patches *patches);
void klp_patches_free(struct klp_patches *patches);
bool klp_find_transition(struct klp_patch *patch);

/* object.c: what a patch replaces */
void klp_objects_read(struct klp_names *objects, const char *patch);
bool klp_object_is_patched(const char *patch, const char *object);
void klp_functions_read(struct klp_names *functions, const char *patch, const char *object);
int klp_functions_count(const char *patch);

/* straggler.c: what delays the transition */
struct klp_straggler {
	pid_t tid;		/* 0: no thread, but the interrupts of a CPU, or exiting tasks */
	pid_t pid;		/* the process of the thread, 0 if it is not known */
	char *name;		/* all strings are escaped */
	char *process;
	char *reason;
	char *place;
	char *help;
};

struct klp_stragglers {
	struct klp_straggler *list;
	int nr;
	bool unknown;		/* the file could not be read */
	bool only_own;		/* tasks of other users are not in the list */
};

void klp_stragglers_read(struct klp_stragglers *stragglers);
void klp_stragglers_free(struct klp_stragglers *stragglers);

/* netlink.c: the family of generic netlink */
struct ynl_sock;

struct ynl_sock *klp_netlink_open(void);
void klp_netlink_close(struct ynl_sock *socket);
bool klp_netlink_stragglers(struct klp_stragglers *stragglers);
enum klp_exit klp_netlink_poke(pid_t tid);
struct ynl_sock *klp_netlink_watch(int *fd);
void klp_netlink_events(struct ynl_sock *socket, bool print);

/* process.c: what /proc says about a thread */
pid_t klp_process_of(pid_t tid);
pid_t klp_parent_of(pid_t pid);
pid_t klp_child_of(pid_t pid);
void klp_process_name(char *name, size_t size, pid_t pid);
char *klp_strdup_process(pid_t pid);
void klp_process_command(char *command, size_t size, pid_t pid);
char *klp_thread_stack(pid_t tid);

/* log.c: the log of the kernel */
struct klp_log {
	FILE *file;
	char *line;
	size_t size;
};

struct klp_record {
	int level;
	unsigned long long us;
	const char *text;
};

void klp_log_open(struct klp_log *log);
void klp_log_open_all(struct klp_log *log);
bool klp_log_next(struct klp_log *log, struct klp_record *record);
bool klp_log_is_ours(const struct klp_record *record);
void klp_log_close(struct klp_log *log);

/* module.c: modules of patches */
struct klp_modinfo {
	char name[NAME_MAX + 1];
	char release[256];
	char version[256];
	char description[1024];
	bool livepatch;
};

int klp_module_insert(const char *file, char **parameters, int nr);
int klp_module_remove(const char *name);
int klp_module_read(struct klp_modinfo *info, const char *file);
bool klp_module_loaded(const char *name);
bool klp_module_is_patch(const char *name);
const char *klp_module_name(char *name);
void klp_module_describe(struct klp_modinfo *info, const char *name);
void klp_modules_unused(struct klp_names *names);

/* store.c: patches that are loaded at boot */
const char *klp_store_release(const struct klp_options *options);
void klp_store_dir(char path[PATH_MAX], const char *release);
void klp_store_read(struct klp_names *files, const char *release);
const char *klp_store_suffix(const char *name);
bool klp_store_find(char path[PATH_MAX], const char *release, const char *name);
enum klp_exit klp_store_remove(const char *release, const char *name, const char *but);

/* show.c: output that several commands have in common */
void klp_show_missing(FILE *out, const struct klp_stragglers *stragglers);
void klp_show_stragglers(FILE *out, const struct klp_stragglers *stragglers);
void klp_show_age(FILE *out, const struct klp_patch *patch);
void klp_show_transition(FILE *out, const struct klp_patch *patch);
const char *klp_direction(const struct klp_patch *patch);

/* progress.c: a line of a terminal that shows how a transition proceeds */
void klp_progress_show(const struct klp_patch *patch);
void klp_progress_clear(void);

/* wait.c */
#define KLP_FOREVER	(-1L)
bool klp_wait_transition(const char *name, long ms);
bool klp_wait_gone(const char *name, long ms);

/* refuse.c: messages about what has failed */
__printf(2, 3)
enum klp_exit klp_fail(enum klp_exit status, const char *format, ...);
enum klp_exit klp_refused(struct klp_log *log, const char *what, const char *name, int error);

/* control.c: writes to the files of a patch */
enum klp_exit klp_disable(const char *name);
enum klp_exit klp_reverse(const struct klp_patch *patch);
enum klp_exit klp_force(const char *name);
enum klp_exit klp_trust_stacks(const char *name);

/* await.c: a transition may take longer than the administrator wants to wait */
enum klp_exit klp_await(const char *name, const struct klp_options *options);
enum klp_exit klp_await_kept(const char *name, const struct klp_options *options);

/* remove.c: the module of a patch that is out of effect */
enum klp_exit klp_remove(const char *name);

/* klp.c: the command line */
bool klp_parse_seconds(long *ms, const char *text);

/* The commands */
enum klp_exit klp_cmd_status(const struct klp_options *options);
enum klp_exit klp_cmd_check(const struct klp_options *options);
enum klp_exit klp_cmd_list(const struct klp_options *options);
enum klp_exit klp_cmd_blocking(const struct klp_options *options);
enum klp_exit klp_cmd_load(const struct klp_options *options);
enum klp_exit klp_cmd_upgrade(const struct klp_options *options);
enum klp_exit klp_cmd_unload(const struct klp_options *options);
enum klp_exit klp_cmd_reverse(const struct klp_options *options);
enum klp_exit klp_cmd_poke(const struct klp_options *options);
enum klp_exit klp_cmd_wait(const struct klp_options *options);
enum klp_exit klp_cmd_settle(const struct klp_options *options);
enum klp_exit klp_cmd_force(const struct klp_options *options);
enum klp_exit klp_cmd_watch(const struct klp_options *options);
enum klp_exit klp_cmd_install(const struct klp_options *options);
enum klp_exit klp_cmd_uninstall(const struct klp_options *options);
enum klp_exit klp_cmd_metrics(const struct klp_options *options);

/* load.c: what load and upgrade have in common */
enum klp_exit klp_check_module(struct klp_modinfo *info, const char *file);
enum klp_exit klp_load(const char *file, const struct klp_options *options, bool cumulative);

#endif
