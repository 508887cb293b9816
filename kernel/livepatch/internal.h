/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layers of live patching. A layer calls only what is declared before it in this file,
 * except for three callbacks, which lifecycle.c defines:
 * klp_transition_done(), klp_patch_write_enabled() and klp_patch_force().
 */
#ifndef _LIVEPATCH_INTERNAL_H
#define _LIVEPATCH_INTERNAL_H

#include <linux/freezer.h>
#include <linux/kallsyms.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/livepatch_trampoline.h>
#include <linux/mutex.h>
#include <trace/events/livepatch.h>

/* ---------------------- registry.c: the patches, and the transition under way */

struct live_object;

/*
 * Protects the data of live patching. It is dropped while a callback of a patch module
 * runs. It does not protect the universes of tasks and interrupts, see universe.c, nor
 * klp_moved, see moved.c. Some fields are read without it, by READ_ONCE().
 */
extern struct mutex klp_mutex;

/* Delay before a step that must not fail is tried again, in milliseconds */
#define KLP_RETRY_MS	20

/**
 * enum klp_patch_state - state of a patch
 * @KLP_DISABLED:	before the patch is enabled; again after it was disabled or
 *			replaced, which is final
 * @KLP_ENABLING:	in a transition: tasks that have migrated run the functions of
 *			the patch
 * @KLP_ENABLED:	all tasks run the functions of the patch
 * @KLP_DISABLING:	in a transition: tasks that have not migrated run the functions
 *			of the patch
 *
 * In a transition each patch that it concerns is in KLP_ENABLING or
 * KLP_DISABLING. Reversing the transition swaps these two.
 */
enum klp_patch_state {
	KLP_DISABLED,
	KLP_ENABLING,
	KLP_ENABLED,
	KLP_DISABLING,
};

/**
 * struct live_patch - the core's record of an enabled patch
 * @kobj:	its directory in sysfs
 * @list:	in the list of patches, the oldest first
 * @desc:	the module's description, valid until the last module reference is
 *		dropped
 * @mod:	the patch module
 * @state:	state of the patch
 * @replace:	the patch replaces all older patches of its set
 * @replace_set: the set, see sets.c
 * @pinned:	the module stays in memory, because a task may run its code for ever
 * @init_failed: the init function of the module has returned an error after it had
 *		enabled the patch, so the patch can't be enabled again
 * @awaits_exits: the patch could not be enabled, and exiting tasks may call it
 * @since:	value of klp_nr_starts in the migration that enabled the patch, 0 before
 * @nr_objs:	number of objects
 * @objs:	its objects
 */
struct live_patch {
	struct kobject kobj;
	struct list_head list;
	struct klp_patch *desc;
	struct module *mod;
	enum klp_patch_state state __guarded_by(&klp_mutex);
	bool replace;
	unsigned int replace_set;
	bool pinned __guarded_by(&klp_mutex);
	bool init_failed __guarded_by(&klp_mutex);
	bool awaits_exits;
	unsigned int since __guarded_by(&klp_mutex);
	unsigned int nr_objs;
	struct live_object **objs;
};

extern struct list_head klp_live_patches __guarded_by(&klp_mutex);

#define klp_for_each_patch(patch) \
	list_for_each_entry(patch, &klp_live_patches, list)

/**
 * enum klp_phase - how far a transition has come
 * @KLP_PHASE_IDLE:	 there is no transition
 * @KLP_PHASE_PREPARING: the states of patches and the redirects are set up, callbacks
 *			 run
 * @KLP_PHASE_MIGRATING: tasks migrate
 * @KLP_PHASE_FINISHING: no task is left to migrate, callbacks run
 */
enum klp_phase {
	KLP_PHASE_IDLE,
	KLP_PHASE_PREPARING,
	KLP_PHASE_MIGRATING,
	KLP_PHASE_FINISHING,
};

/**
 * struct klp_transition - the transition of klp_patch_in_transition()
 * @phase:	how far it has come
 * @patching:	true if it enables the patch, false if it disables it
 * @forced:	tasks were moved by force; false again after a reversal
 * @unsafe:	why a task may still run code that goes out of effect, NULL: no task
 *		was moved at a place where it may
 * @started:	when tasks began to migrate in this direction
 */
struct klp_transition {
	enum klp_phase phase;
	bool patching;
	bool forced;
	const char *unsafe;
	ktime_t started;
};

void klp_patch_set_state(struct live_patch *patch, enum klp_patch_state state);
void klp_transition_begin(struct live_patch *patch, bool patching);
void klp_transition_reverse(void);
void klp_transition_migrate(void);
void klp_transition_set_forced(void);
void klp_transition_set_unsafe(const char *why);
void klp_transition_finish(void);
void klp_transition_end(void);
struct live_patch *klp_patch_in_transition(void);
const struct klp_transition *klp_transition_get(void);
const char *klp_transition_direction(void);
unsigned int klp_transition_age_ms(void);
u8 klp_goal_universe(void);
u8 klp_next_universe(void);
unsigned int klp_next_start(void);

/*
 * The content of the file "enabled", read without a lock. A patch that is being
 * replaced is still enabled. The transition is read before the state, see barrier C in
 * klp_patch_in_transition(). If the reader is delayed between the two reads, the state
 * may belong to a later transition.
 */
static inline bool klp_patch_is_enabled(const struct live_patch *patch)
{
	bool in_transition = patch == klp_patch_in_transition();
	/* Without klp_mutex, see above. */
	enum klp_patch_state state = context_unsafe(READ_ONCE(patch->state));

	return state == KLP_ENABLING || state == KLP_ENABLED ||
	       (state == KLP_DISABLING && !in_transition);
}

/* Is the patch in effect for tasks that have migrated (@then), or that have not? */
static inline bool klp_patch_in_effect(const struct live_patch *patch, bool then)
	__must_hold(&klp_mutex)
{
	return patch->state == KLP_ENABLED ||
	       patch->state == (then ? KLP_ENABLING : KLP_DISABLING);
}

/* Is an older patch disabled by the transition that enables a patch? */
static inline bool klp_patch_replaces(const struct live_patch *patch,
				      const struct live_patch *older)
{
	return patch->replace && patch->replace_set == older->replace_set;
}

/* ------------------------ build.c: is a patch for the build that is loaded? */

int klp_check_build(const struct module *pmod, struct module *mod);
int klp_check_kernel_build(const struct module *pmod);
int klp_check_has_build(const struct module *pmod, const char *name);

/* ------------------------------------------------- symbol.c: names, addresses */

int klp_find_symbol(const char *patch, const char *objname, const char *name,
		    unsigned long sympos, unsigned long *addr);

/* ------------------------------ reloc.c: relocations that depend on other modules */

int klp_apply_object_relocs(struct klp_patch *patch, struct klp_object *obj);
void klp_clear_object_relocs(struct klp_patch *patch, struct klp_object *obj);

/**
 * struct klp_symbol_name - what the name of a livepatch symbol says
 * @objname:	object that has the symbol
 * @name:	name of the symbol in there
 * @sympos:	its position, as in struct klp_func
 */
struct klp_symbol_name {
	char objname[MODULE_NAME_LEN];
	char name[KSYM_NAME_LEN];
	unsigned long sympos;
};

#if IS_ENABLED(CONFIG_KUNIT)
bool klp_parse_section_name(const char *name, char *objname);
bool klp_parse_symbol_name(const char *name, struct klp_symbol_name *parts);
bool klp_reloc_fits(const Elf_Rela *rela, size_t size);
#endif

/* --------------------------------------------- questions about a task */

/*
 * Has CFS bandwidth control throttled the task? A task that has left the fair class since
 * may keep the flag.
 */
#ifdef CONFIG_CFS_BANDWIDTH
static inline bool klp_is_throttled(const struct task_struct *task)
{
	return READ_ONCE(task->throttled);
}
#else
static inline bool klp_is_throttled(const struct task_struct *task)
{
	return false;
}
#endif

/* The flags of another task. Only PF_KTHREAD is stable, other flags are a hint. */
static inline unsigned int klp_task_flags(const struct task_struct *task)
{
	/* The task writes its flags without a lock and with plain stores. */
	return data_race(task->flags);
}

/* Return: the main function of a kernel thread, 0 for other tasks. */
static inline unsigned long klp_main_function(struct task_struct *task)
{
	return klp_task_flags(task) & PF_KTHREAD ? (unsigned long)kthread_func(task) : 0;
}

/**
 * klp_task_is_asleep - has the task gone to sleep by itself?
 * @task: the task
 *
 * A task that waits for a spinlock on PREEMPT_RT is not asleep in this sense, and
 * neither is a task that is being woken.
 *
 * Context: Any. The result is exact under task_call_func(), otherwise a hint.
 * Return: true if the task is asleep and off the run queue.
 */
static inline bool klp_task_is_asleep(const struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	if (state == TASK_RUNNING || state & (TASK_WAKING | TASK_RTLOCK_WAIT))
		return false;
	/* With delayed dequeue a sleeping task stays on the run queue for a while. */
	return !READ_ONCE(task->on_rq) || READ_ONCE(task->se.sched_delayed);
}

/* Is the task asleep, and not dead? As exact as klp_task_is_asleep(). */
static inline bool klp_task_sleeps(struct task_struct *task)
{
	return klp_task_is_asleep(task) && READ_ONCE(task->__state) != TASK_DEAD;
}

/* --------------------------------- straggler.c: why a task has not migrated yet */

/*
 * Age of a transition in milliseconds from which on it is reported in the log, and running
 * tasks get the fake signal
 */
#define KLP_LONG_MS	15000

/**
 * enum klp_class - what keeps a task from migrating
 * @KLP_CLASS_IDLE:	idle task, migrates in the idle loop
 * @KLP_CLASS_WORK:	worker in a work item, migrates after the item
 * @KLP_CLASS_KTHREAD:	kernel thread that has not reached a safe point
 * @KLP_CLASS_EXITS:	exiting and running
 * @KLP_CLASS_EXIT_WAITS: exiting and asleep
 * @KLP_CLASS_RUNS:	runs in the kernel, migrates on the way out to user mode
 * @KLP_CLASS_GUEST:	runs a guest; the fake signal makes it leave KVM_RUN
 * @KLP_CLASS_STOPPED:	stopped by its tracer in the middle of a system call
 * @KLP_CLASS_SLEEPS:	asleep in a system call; the fake signal makes it leave the call
 * @KLP_CLASS_REQUEST:	worker of io_uring or vhost that sleeps in a request
 * @KLP_CLASS_NO_NOTIFY:	asleep where TIF_NOTIFY_SIGNAL does not wake it
 * @KLP_CLASS_KILLABLE:	asleep, only a fatal signal wakes it
 * @KLP_CLASS_UNINTERRUPTIBLE: asleep, no signal wakes it
 * @KLP_CLASS_INTERRUPTS: no task, but the interrupt context of a CPU
 * @KLP_CLASS_LEFT_LIST: exiting tasks that have left the task list
 *
 * The fake signal is TIF_NOTIFY_SIGNAL without a signal, see klp_poke_user_task().
 */
enum klp_class {
	KLP_CLASS_IDLE,
	KLP_CLASS_WORK,
	KLP_CLASS_KTHREAD,
	KLP_CLASS_EXITS,
	KLP_CLASS_EXIT_WAITS,
	KLP_CLASS_RUNS,
	KLP_CLASS_GUEST,
	KLP_CLASS_STOPPED,
	KLP_CLASS_SLEEPS,
	KLP_CLASS_REQUEST,
	KLP_CLASS_NO_NOTIFY,
	KLP_CLASS_KILLABLE,
	KLP_CLASS_UNINTERRUPTIBLE,
	KLP_CLASS_INTERRUPTS,
	KLP_CLASS_LEFT_LIST,
};

enum klp_class klp_straggler_class(const struct task_struct *task);
bool klp_straggler_wants_signal(struct task_struct *task, unsigned int age);

/* ------------------ moved.c: where kernel threads were when they migrated */

/**
 * struct klp_moved - a place at which kernel threads migrated
 * @place:	address of the safe point, 0 if the table was full
 * @main:	main function of the threads, 0 for workers of io_uring and vhost, and for
 *		user tasks that exit
 * @since:	klp_nr_starts when the latest of the threads reached the safe point
 * @pid:	PID of that thread
 * @comm:	name of that thread
 */
struct klp_moved {
	unsigned long place;
	unsigned long main;
	unsigned int since;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

void klp_moved_note(struct task_struct *task, unsigned long place, unsigned int since);
void klp_moved_reset(void);
const struct klp_moved *klp_moved_get(unsigned int idx);

/* ------------------------------------ universe.c: which tasks migrate, and when */

u8 klp_caller_universe(void);
void klp_migration_start(void);
void klp_migration_force(void);
bool klp_migration_done(void);
void klp_migration_flush(void);
int klp_migration_stragglers(void);
int klp_migration_exiting(void);
int klp_migration_left(void);
bool klp_irq_is_straggler(int cpu);

/* Functions that visit stragglers, for poke.c */
void klp_run_later(struct delayed_work *work, unsigned long delay);
void klp_stragglers_get(void);
void klp_stragglers_put(void);
bool klp_visit(struct task_struct *task, bool force);
bool klp_move_if(struct task_struct *task, enum klp_place place,
		 bool (*may_move)(struct task_struct *task));
void klp_walk_tasks(void (*fn)(struct task_struct *task));
void klp_visit_cpu(int cpu, bool force);
void klp_migrate_this_cpu(void);

/* Defined in lifecycle.c, called by universe.c from a work item */
void klp_transition_done(void);

/* ------------------------------- defer.c: data that is freed after a grace period */

/**
 * struct klp_dead - part of data that is freed after a grace period
 * @node:	in the list of data that waits for the grace period
 * @free:	frees the data
 */
struct klp_dead {
	struct llist_node node;
	void (*free)(struct klp_dead *dead);
};

void klp_wait_for_calls(void);
void klp_free_later(struct klp_dead *dead, void (*free)(struct klp_dead *dead));

/* ------------------------------------------------ block.c: blocks of trampolines */

struct klp_block;

struct klp_block *klp_block_alloc(unsigned int nr);
unsigned long klp_block_add(struct klp_block *block,
			    const unsigned long to[KLP_UNIVERSES]);
int klp_block_seal(struct klp_block *block);
struct klp_block *klp_block_get(struct klp_block *block);
void klp_block_put(struct klp_block *block);

/* ------------------------------------- redirect.c: what a function's entry does */

/**
 * struct klp_redirect - where the calls of one function go
 * @node:	in the table of redirects, by @ip
 * @ip:		address of the call site at the function's entry
 * @name:	name of the function, while it is being changed
 * @fn:		what a caller in each universe runs, NULL: the original
 * @entry:	jump target of the call site, in the format of ftrace
 * @next_entry:	value of @entry after the next commit
 * @group:	group that the call site is registered with, NULL: none
 * @block:	block of trampolines that contains @entry, NULL: none
 * @change:	in klp_noted, in klp_differing, or in no list
 * @stack:	the functions that replace this one, the newest first. Used by
 *		object.c only
 * @reached:	in the list of a search for cycles. Used by object.c only
 * @dead:	for klp_free_later()
 */
struct klp_redirect {
	struct hlist_node node;
	unsigned long ip;
	const char *name __guarded_by(&klp_mutex);
	void *fn[KLP_UNIVERSES];
	unsigned long entry;
	unsigned long next_entry __guarded_by(&klp_mutex);
	struct klp_group *group __guarded_by(&klp_mutex);
	struct klp_block *block __guarded_by(&klp_mutex);
	struct list_head change __guarded_by(&klp_mutex);
	struct list_head stack __guarded_by(&klp_mutex);
	struct list_head reached __guarded_by(&klp_mutex);
	struct klp_dead dead;
};

struct klp_redirect *klp_redirect_find(unsigned long ip);
struct klp_redirect *klp_redirect_get(unsigned long ip, const char *name);
void klp_redirect_set(struct klp_redirect *redirect, void *now, void *then);
int klp_redirect_commit(void);
bool klp_redirect_is_live(const struct klp_redirect *redirect);
int klp_redirect_must_commit(void);
int klp_redirect_settle(void);
bool klp_redirect_any_differing(bool (*is_it)(unsigned long addr));

/* -------------------------- stack.c: kernel threads that are moved by their stack */

#ifdef CONFIG_LIVEPATCH_STACK_CHECK
bool klp_stack_is_clear(struct task_struct *task);
bool klp_stack_is_same(struct task_struct *task);
void klp_stack_check_end(void);
#else
static inline bool klp_stack_is_clear(struct task_struct *task)
{
	return false;
}

static inline bool klp_stack_is_same(struct task_struct *task)
{
	return false;
}

static inline void klp_stack_check_end(void) { }
#endif

/* ------------------- unrelated.c: kernel threads that a patch has nothing to do with */

bool klp_is_unrelated(struct task_struct *task);

/* ------------------------------ poke.c: what is done about stragglers after a while */

void klp_poke_start(void);
void klp_poke_stop(void);
bool klp_poke_now(struct task_struct *task);

/* ------------------------------ object.c: the functions of a patch in one object */

/**
 * struct live_func - the core's record of a function that a patch replaces
 * @kobj:	its directory in sysfs
 * @obj:	the object that has the original
 * @desc:	the module's description
 * @redirect:	where the calls go, NULL unless the object is patched
 * @stack:	in klp_redirect::stack, while the object is patched
 * @addr:	address of the original, while the object is bound
 * @ip:		address of the call site at its entry, while the object is bound
 */
struct live_func {
	struct kobject kobj;
	struct live_object *obj;
	const struct klp_func *desc;
	struct klp_redirect *redirect __guarded_by(&klp_mutex);
	struct list_head stack __guarded_by(&klp_mutex);
	unsigned long addr;
	unsigned long ip;
};

/**
 * enum klp_object_stage - progress of patching an object
 * @KLP_OBJECT_ORIGINAL: no function of the object is replaced
 * @KLP_OBJECT_PATCHED:	 its new functions are on the stacks of their redirects
 * @KLP_OBJECT_SETTLED:	 patched, and post_patch was called, because all tasks run the
 *			 new functions; pre_unpatch was not called yet
 */
enum klp_object_stage {
	KLP_OBJECT_ORIGINAL,
	KLP_OBJECT_PATCHED,
	KLP_OBJECT_SETTLED,
};

/**
 * struct live_object - the core's record of an object that a patch changes
 * @kobj:	its directory in sysfs
 * @patch:	the patch
 * @desc:	the module's description
 * @stage:	how far the object is patched
 * @in_callback: a callback of the object runs, and klp_mutex is dropped
 * @nr_funcs:	number of functions
 * @funcs:	its functions
 */
struct live_object {
	struct kobject kobj;
	struct live_patch *patch;
	struct klp_object *desc;
	enum klp_object_stage stage __guarded_by(&klp_mutex);
	bool in_callback __guarded_by(&klp_mutex);
	unsigned int nr_funcs;
	struct live_func **funcs;
};

#define klp_for_each_live_func(obj, i, func) \
	for (i = 0; i < (obj)->nr_funcs && ((func) = (obj)->funcs[i]); i++)

#define klp_for_each_live_object(patch, i, obj) \
	for (i = 0; i < (patch)->nr_objs && ((obj) = (patch)->objs[i]); i++)

static inline const char *klp_desc_name(const struct klp_object *desc)
{
	return desc->name ?: "vmlinux";
}

static inline const char *klp_object_name(const struct live_object *obj)
{
	return klp_desc_name(obj->desc);
}

/* Position 0 requires a unique name, whose position in kallsyms is 1. */
static inline unsigned long klp_desc_sympos(const struct klp_func *desc)
{
	return desc->old_sympos ?: 1;
}

static inline bool klp_object_is_loaded(const struct live_object *obj)
{
	return !obj->desc->name || obj->desc->mod;
}

void klp_object_init(struct live_object *obj);
int klp_object_bind(struct live_object *obj, struct module *mod);
void klp_object_unbind(struct live_object *obj);
void klp_object_wait(struct live_object *obj);
int klp_object_pre_patch(struct live_object *obj);
void klp_object_post_patch(struct live_object *obj);
void klp_object_pre_unpatch(struct live_object *obj);
void klp_object_post_unpatch(struct live_object *obj);
int klp_object_patch(struct live_object *obj);
void klp_object_retire(struct live_object *obj);
void klp_object_unstack(struct live_object *obj);
int klp_object_unpatch(struct live_object *obj);

/* ---------------------------- stay.c: functions that tasks are in while they migrate */

bool klp_is_never_left(const struct live_func *func);
bool klp_has_known_callers(unsigned long addr, unsigned long main);
bool klp_replaces_exit(const struct live_patch *patch, unsigned long addr);

/* ------------------------------------ pin.c: which modules have to stay, and why */

void klp_pin_on_error(int err);
void klp_pin_forced(void);
void klp_pin_never_left(struct live_object *obj);
void klp_pin_entered(void);

/* ----------------------------------- sysfs.c: the files under /sys/kernel/livepatch */

bool klp_sysfs_ready(void);
bool klp_sysfs_has_file(const char *name);
int klp_sysfs_add_patch(struct live_patch *patch);
int klp_sysfs_add_object(struct live_object *obj);
void klp_sysfs_notify_transition(struct live_patch *patch);

/* Defined in lifecycle.c, called when a file is written */
int klp_patch_write_enabled(struct live_patch *patch, bool enable);
int klp_patch_force(struct live_patch *patch);

/* ------------------------- record.c: records of patches, their objects and functions */

struct live_patch *klp_record_alloc(struct klp_patch *desc);
int klp_record_fill(struct live_patch *patch);
void klp_record_destroy(struct live_patch *patch);

/* ---------------------------------------- check.c: is a description well formed? */

int klp_check_patch(const struct klp_patch *patch);

/* -------------------------------------------- compat.c: states between patches */

#define klp_for_each_state(patch, state) \
	for (state = (patch)->states; state && state->id; state++)

bool klp_is_patch_compatible(struct klp_patch *patch);

#if IS_ENABLED(CONFIG_KUNIT)
bool klp_can_succeed(struct klp_patch *patch, struct klp_patch *installed);
#endif

/* ------------------- sets.c: patches that are replaced independently of each other */

/**
 * struct klp_conflict - what two patches of different sets both change
 * @obj:	the object of @func
 * @func:	a function, unless they share a state
 * @state:	a state, NULL if they share a function
 */
struct klp_conflict {
	const struct klp_object *obj;
	const struct klp_func *func;
	const struct klp_state *state;
};

int klp_check_sets(struct klp_patch *patch);

#if IS_ENABLED(CONFIG_KUNIT)
bool klp_find_conflict(struct klp_patch *patch, struct klp_patch *other,
		       struct klp_conflict *conflict);
#endif

/* ---------------------- modules.c: modules that come and go while patches name them */

void klp_wait_for_modules(void);
void klp_patch_add(struct live_patch *patch);
void klp_patch_remove(struct live_patch *patch, struct list_head *gone);
unsigned int klp_patches_seq(void);
struct module *klp_find_module(const char *name);
struct live_patch *klp_find_patch(const struct module *mod);

/* --------------------------- listing.c: the list of what delays a transition, and why */

/**
 * struct klp_reason - why something has not migrated, for people
 * @why:	what keeps it from migrating
 * @help:	what would make it migrate
 */
struct klp_reason {
	const char *why;
	const char *help;
};

/**
 * struct klp_listed - an entry of the list
 * @task:	a task, with a reference, or NULL
 * @cpu:	without a task, the CPU whose interrupt context is a straggler, or -1;
 *		with an idle task, its CPU; with another task, -1
 * @exiting:	without a task and a CPU, the number of exiting tasks
 * @class:	what keeps it from migrating
 */
struct klp_listed {
	struct task_struct *task;
	int cpu;
	int exiting;
	enum klp_class class;
};

const struct klp_reason *klp_reason(enum klp_class class);
bool klp_list_get(struct klp_listed *entry, loff_t *pos, struct pid_namespace *ns);
void klp_list_put(struct klp_listed *entry);

/* Files without a section are the highest layers. Only callbacks call into them. */

#endif /* _LIVEPATCH_INTERNAL_H */
