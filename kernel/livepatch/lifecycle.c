// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life cycle of a patch: enabled, disabled, replaced, reversed, forced.
 */

/**
 * DOC: Changes of patches
 *
 * klp_enable_patch() starts a transition and returns. The transition ends when the
 * last task has migrated, see klp_transition_done(). There is one transition at a
 * time. Its steps are:
 *
 * 1. The states of the patches are set. They define which function is called in
 *    which universe.
 * 2. The redirects are committed, while all tasks are still in the old universe. This
 *    has no effect on them.
 * 3. klp_migration_start() is called.
 * 4. Optionally, a write to the file "enabled" swaps the states, and starts the
 *    migration again in the opposite direction.
 * 5. All tasks have migrated. The redirects forget the old universe. Patches that
 *    went out of effect are removed from the redirects and from sysfs, and the
 *    reference to the module is dropped unless it is pinned.
 *
 * **Locking**
 *
 * A change is the start, the reversal, the forcing or the end of a transition,
 * together with its callbacks. klp_change_mutex serializes changes. It is not held
 * while tasks migrate. klp_mutex is taken inside of klp_change_mutex, and outside of
 * cpus_read_lock() and all locks of ftrace. Files in sysfs take klp_mutex, and some
 * take both mutexes. The removal of a directory waits for the users of its files. So
 * a directory is removed without holding either mutex.
 *
 * Callbacks of patch modules run without klp_mutex, so that they may load and
 * remove modules. A module that a patch names is patched or unpatched between two
 * changes, or while a change runs a callback, see modules.c.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/ftrace.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <trace/events/livepatch.h>
#include "internal.h"

/* Serializes changes, see "Locking" above. */
static DEFINE_MUTEX(klp_change_mutex);

/*
 * Number of tasks in klp_wait_for_exiting(). No transition starts meanwhile: it would wait for
 * these tasks, and change the universe that the exiting tasks have left.
 */
static unsigned int klp_nr_waiting __guarded_by(&klp_mutex);

static void klp_change_begin(void)
	__acquires(&klp_change_mutex) __acquires(&klp_mutex)
{
	mutex_lock(&klp_change_mutex);
	mutex_lock(&klp_mutex);
	klp_wait_for_modules();
}

static void klp_change_end(void)
	__releases(&klp_mutex) __releases(&klp_change_mutex)
{
	mutex_unlock(&klp_mutex);
	mutex_unlock(&klp_change_mutex);
}

DEFINE_LOCK_GUARD_0(klp_change, klp_change_begin(), klp_change_end())
DECLARE_LOCK_GUARD_0_ATTRS(klp_change,
			   __acquires(&klp_change_mutex) __acquires(&klp_mutex),
			   __releases(&klp_mutex) __releases(&klp_change_mutex))

static bool klp_is_patching(void)
{
	return klp_transition_get()->patching;
}

static int klp_patch_bind(struct live_patch *patch)
{
	struct live_object *obj;
	struct module *mod;
	unsigned int i;
	int ret;

	klp_for_each_live_object(patch, i, obj) {
		mod = obj->desc->name ? klp_find_module(obj->desc->name) : NULL;
		if (obj->desc->name && !mod)
			continue;
		ret = klp_object_bind(obj, mod);
		if (ret)
			return ret;
	}
	return 0;
}

static void klp_patch_unbind(struct live_patch *patch)
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_live_object(patch, i, obj) {
		if (obj->desc->mod)
			klp_object_unbind(obj);
	}
}

static void klp_each_object(struct live_patch *patch,
			    void (*fn)(struct live_object *obj))
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_live_object(patch, i, obj)
		fn(obj);
}

/* A patch with "replace" disables the others of its set in the same transition. */
static int klp_retire_replaced(struct live_patch *patch)
{
	struct live_patch *old;

	if (!patch->replace)
		return 0;
	klp_for_each_patch(old) {
		if (old == patch || !klp_patch_replaces(patch, old))
			continue;
		klp_patch_set_state(old, KLP_DISABLING);
		klp_each_object(old, klp_object_retire);
	}
	return klp_redirect_commit();
}

/*
 * Does the object still have to be patched? While a callback ran, its module may have been
 * unloaded, or loaded, and is patched then.
 */
static bool klp_object_awaits_patch(const struct live_object *obj)
	__must_hold(&klp_mutex)
{
	return klp_object_is_loaded(obj) && obj->stage == KLP_OBJECT_ORIGINAL;
}

static int klp_patch_object(struct live_object *obj)
{
	int ret;

	lockdep_assert_held(&klp_mutex);
	if (!klp_object_awaits_patch(obj))
		return 0;
	ret = klp_object_pre_patch(obj);
	klp_wait_for_modules();
	if (ret || !klp_object_awaits_patch(obj))
		return ret;
	ret = klp_object_patch(obj);
	if (ret)
		pr_warn("failed to patch object '%s'\n", klp_object_name(obj));
	return ret;
}

static int klp_patch_objects(struct live_patch *patch)
{
	struct live_object *obj;
	unsigned int i;
	int ret;

	klp_for_each_live_object(patch, i, obj) {
		ret = klp_patch_object(obj);
		if (ret)
			return ret;
	}
	return klp_retire_replaced(patch);
}

/* Call one of the callbacks for each object of a patch. */
static void klp_call_objects(struct live_patch *patch,
			     void (*callback)(struct live_object *obj))
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_live_object(patch, i, obj) {
		callback(obj);
		klp_wait_for_modules();
	}
}

static void klp_finish_states(void)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch) {
		if (patch->state == KLP_ENABLING) {
			klp_patch_set_state(patch, KLP_ENABLED);
		} else if (patch->state == KLP_DISABLING) {
			klp_patch_set_state(patch, KLP_DISABLED);
			klp_each_object(patch, klp_object_unstack);
		}
	}
}

static void klp_collect_disabled(struct list_head *gone)
{
	struct live_patch *patch, *next;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry_safe(patch, next, &klp_live_patches, list) {
		if (patch->state == KLP_DISABLED)
			klp_patch_remove(patch, gone);
	}
}

static void klp_finish_transition(struct list_head *gone)
{
	struct live_patch *patch = klp_patch_in_transition();

	pr_debug("'%s': completing %s transition\n", patch->mod->name,
		 klp_transition_direction());

	klp_finish_states();
	klp_pin_on_error(klp_redirect_settle());
	klp_transition_finish();
	klp_poke_stop();
	/*
	 * Replaced patches stay in the list meanwhile, because callbacks may read the
	 * system states of these patches, see compat.c.
	 */
	klp_call_objects(patch, klp_is_patching() ? klp_object_post_patch :
						    klp_object_post_unpatch);
	klp_collect_disabled(gone);

	pr_notice("'%s': %s complete\n", patch->mod->name, klp_transition_direction());
	klp_transition_end();
	klp_sysfs_notify_transition(patch);
}

/* Patches that are out of effect, until their grace period. */
static LIST_HEAD_GUARDED(klp_gone, klp_mutex);

/*
 * Patches from klp_gone, from their grace period until their directory is gone. Changed by
 * klp_release_work only, under klp_mutex.
 */
static LIST_HEAD(klp_releasing);

static bool klp_has_name(const struct list_head *patches, const char *name)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(patch, patches, list) {
		if (!strcmp(kobject_name(&patch->kobj), name))
			return true;
	}
	return false;
}

/* The module may be unloaded when its reference is dropped. The record stays. */
static void klp_release_patch(struct live_patch *patch)
{
	/* A patch that has left the list does not get pinned any more. */
	if (!context_unsafe(patch->pinned))
		module_put(patch->mod);
	klp_record_destroy(patch);
}

/*
 * All tasks have migrated. Before the modules are released, wait for tasks that were
 * preempted in a trampoline, or in the handler, before they get to a function of the patch,
 * and for RCU callbacks that the patch has queued. This may take long, so no lock is held
 * meanwhile.
 */
static void klp_release_fn(struct work_struct *work)
{
	struct live_patch *patch, *next;

	scoped_guard(mutex, &klp_mutex)
		list_splice_init(&klp_gone, &klp_releasing);
	klp_wait_for_calls();
	rcu_barrier();

	list_for_each_entry_safe(patch, next, &klp_releasing, list) {
		kobject_get(&patch->kobj);
		klp_release_patch(patch);
		scoped_guard(mutex, &klp_mutex)
			list_del_init(&patch->list);
		kobject_put(&patch->kobj);
	}
}

static DECLARE_WORK(klp_release_work, klp_release_fn);

/**
 * klp_transition_done - complete the transition if all tasks have migrated
 *
 * Does nothing while there are stragglers, for example because the transition was
 * reversed after the work item was queued, or exiting tasks to wait for.
 *
 * Context: Work item.
 */
void klp_transition_done(void)
{
	struct live_patch *patch;
	unsigned int age;

	guard(klp_change)();

	if (klp_transition_get()->phase != KLP_PHASE_MIGRATING || !klp_migration_done())
		return;
	patch = klp_patch_in_transition();
	age = klp_transition_age_ms();
	klp_pin_entered();
	klp_finish_transition(&klp_gone);
	trace_livepatch_complete(patch->mod->name, klp_is_patching(), age);
	if (!list_empty(&klp_gone))
		queue_work(system_dfl_wq, &klp_release_work);
}

/* Wait until a patch of that name that is out of effect has left sysfs. */
static void klp_flush_release(const char *name)
{
	bool leaving;

	scoped_guard(mutex, &klp_mutex)
		leaving = klp_has_name(&klp_gone, name) ||
			  klp_has_name(&klp_releasing, name);
	if (leaving)
		flush_work(&klp_release_work);
}

/* Likewise, also if all tasks have migrated and the completion is still to run. */
static void klp_flush(const char *name)
{
	klp_migration_flush();
	klp_flush_release(name);
}

static void klp_begin_transition(struct live_patch *patch, bool patching)
{
	klp_transition_begin(patch, patching);
	klp_patch_set_state(patch, patching ? KLP_ENABLING : KLP_DISABLING);
	klp_moved_reset();
	pr_debug("'%s': initializing %s transition\n", patch->mod->name,
		 klp_transition_direction());
}

static void klp_start_transition(void)
{
	const char *name = klp_patch_in_transition()->mod->name;

	pr_notice("'%s': starting %s transition\n", name, klp_transition_direction());
	trace_livepatch_start(name, klp_is_patching(), 0);
	klp_migration_start();
	klp_poke_start();
}

/* Reverse the direction of the transition, and of all patches that it concerns. */
static void klp_swap_states(void)
{
	struct live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_transition_reverse();
	klp_for_each_patch(patch) {
		if (patch->state == KLP_ENABLING)
			klp_patch_set_state(patch, KLP_DISABLING);
		else if (patch->state == KLP_DISABLING)
			klp_patch_set_state(patch, KLP_ENABLING);
	}
}

static void klp_reverse_transition(void)
{
	const char *name = klp_patch_in_transition()->mod->name;

	pr_debug("'%s': reversing transition from %s\n", name,
		 klp_is_patching() ? "patching to unpatching" :
				     "unpatching to patching");
	klp_swap_states();
	/* A task that was moved by force may still be in code that goes out of effect. */
	if (klp_transition_get()->forced)
		klp_pin_forced();
	trace_livepatch_reverse(name, klp_is_patching(), klp_transition_age_ms());
	klp_start_transition();
}

/*
 * Enabling has failed before any task has migrated. Restore the state of all patches, and
 * move the new one to @gone.
 */
static void klp_cancel_transition(struct live_patch *patch,
				  struct list_head *gone)
{
	pr_debug("'%s': canceling patching transition, going to unpatch\n",
		 patch->mod->name);
	klp_swap_states();
	klp_finish_transition(gone);
}

static int klp_enable(struct live_patch *patch, struct list_head *gone)
{
	int ret;

	lockdep_assert_held(&klp_mutex);
	pr_notice("enabling patch '%s'\n", patch->mod->name);
	klp_begin_transition(patch, true);

	ret = klp_patch_objects(patch);
	if (ret) {
		pr_warn("failed to enable patch '%s'\n", patch->mod->name);
		klp_cancel_transition(patch, gone);
		patch->awaits_exits = klp_migration_exiting();
		klp_nr_waiting += patch->awaits_exits;
		return ret;
	}
	klp_each_object(patch, klp_pin_never_left);
	patch->since = klp_next_start();
	klp_start_transition();
	return 0;
}

static int klp_disable(struct live_patch *patch)
{
	int ret;

	klp_begin_transition(patch, false);
	klp_each_object(patch, klp_object_retire);

	/* This has no effect until klp_migration_start(). */
	ret = klp_redirect_commit();
	if (ret) {
		pr_err("failed to disable patch '%s' (%d)\n", patch->mod->name, ret);
		klp_swap_states();
		klp_pin_on_error(klp_redirect_settle());
		klp_patch_set_state(patch, KLP_ENABLED);
		klp_poke_stop();
		klp_transition_end();
		return ret;
	}
	klp_call_objects(patch, klp_object_pre_unpatch);
	klp_start_transition();
	return 0;
}

/**
 * klp_patch_write_enabled - handle a write to the file "enabled"
 * @patch: the patch
 * @enable: true to enable the patch, false to disable it
 *
 * Context: Process context, waits for another change and its callbacks.
 * Return: 0; -EINVAL if the patch is in this state already, or was disabled and can't be
 * enabled again; -EBUSY during the transition of another patch, or while a patch that could
 * not be enabled waits for exiting tasks; -ENODEV if ftrace has disabled itself; -ENOMEM.
 */
int klp_patch_write_enabled(struct live_patch *patch, bool enable)
{
	guard(klp_change)();

	if (klp_patch_is_enabled(patch) == enable || (enable && patch->init_failed))
		return -EINVAL;
	if (patch == klp_patch_in_transition()) {
		klp_reverse_transition();
		return 0;
	}
	if (enable)
		return -EINVAL;
	if (klp_patch_in_transition() || klp_nr_waiting)
		return -EBUSY;
	return klp_disable(patch);
}

/**
 * klp_patch_force - end the transition of a patch, whether that is safe or not
 * @patch: the patch
 *
 * Afterwards a task may still run code that is out of effect. So the modules of all
 * patches that go out of effect are pinned.
 *
 * Context: Process context, waits for another change and its callbacks.
 * Return: 0, -EINVAL if the patch is not in transition.
 */
int klp_patch_force(struct live_patch *patch)
{
	guard(klp_change)();

	if (patch != klp_patch_in_transition())
		return -EINVAL;

	pr_warn("forcing remaining tasks to the %s state\n",
		klp_is_patching() ? "patched" : "unpatched");
	trace_livepatch_force(patch->mod->name, klp_is_patching(),
			      klp_transition_age_ms());
	klp_pin_forced();
	klp_migration_force();
	return 0;
}

/* Checks that depend on the current state of live patching. */
static int klp_check_time(struct klp_patch *desc)
{
	lockdep_assert_held(&klp_mutex);
	if (!klp_sysfs_ready())
		return -ENODEV;
	if (ftrace_is_dead()) {
		pr_err("patch '%s': ftrace is dead, no function can be redirected\n",
		       desc->mod->name);
		return -ENODEV;
	}
	if (!klp_is_patch_compatible(desc)) {
		pr_err("Livepatch patch (%s) is not compatible with the already installed livepatches.\n",
		       desc->mod->name);
		return -EINVAL;
	}
	if (klp_patch_in_transition()) {
		pr_err("patch '%s' can't be enabled during the transition of '%s'\n",
		       desc->mod->name, klp_patch_in_transition()->mod->name);
		return -EBUSY;
	}
	if (klp_nr_waiting) {
		pr_err("patch '%s' can't be enabled while another one that has failed waits for exiting tasks\n",
		       desc->mod->name);
		return -EBUSY;
	}
	return klp_check_sets(desc);
}

static int klp_create_and_enable(struct klp_patch *desc, struct list_head *gone)
{
	struct live_patch *patch = klp_record_alloc(desc);
	int ret;

	if (!patch)
		return -ENOMEM;

	ret = klp_record_fill(patch);
	if (!ret) {
		/* The records are complete, so the patch may be found for modules. */
		klp_patch_add(patch);
		ret = klp_patch_bind(patch);
	}
	if (!ret)
		return klp_enable(patch, gone);

	klp_patch_remove(patch, gone);
	return ret;
}

/*
 * A patch that was created owns a reference to its module. On an error it is moved to
 * @gone.
 */
static int klp_try_enable(struct klp_patch *desc, struct list_head *gone)
{
	int ret;

	lockdep_assert_held(&klp_mutex);
	ret = klp_check_time(desc);
	if (ret)
		return ret;
	if (!try_module_get(desc->mod)) {
		pr_err("patch '%s': its module is being unloaded\n", desc->mod->name);
		return -ENODEV;
	}
	ret = klp_create_and_enable(desc, gone);
	if (ret && list_empty(gone))
		module_put(desc->mod);
	return ret;
}

/* For waits of user tasks that hold no lock: suspend may freeze the task here. */
static void klp_pause(void)
{
	set_current_state(TASK_IDLE | TASK_FREEZABLE);
	schedule_timeout(msecs_to_jiffies(KLP_RETRY_MS));
}

static bool klp_nobody_exits(void)
{
	guard(mutex)(&klp_mutex);
	return !klp_migration_exiting();
}

/*
 * A patch was prepared for the universe that is not the goal, and could not be enabled. Only
 * tasks can be there that a forced transition did not wait for when they exited. They may
 * call the patch until they are dead.
 */
static void klp_wait_for_exiting(void)
{
	while (!klp_nobody_exits())
		klp_pause();
	klp_wait_for_calls();
	scoped_guard(mutex, &klp_mutex)
		klp_nr_waiting--;
}

/* The patches could not be enabled, and are in no list. Their modules may try it again. */
static void klp_discard_patches(struct list_head *gone)
{
	struct live_patch *patch, *next;

	list_for_each_entry_safe(patch, next, gone, list) {
		if (patch->awaits_exits)
			klp_wait_for_exiting();
		/* A callback or an exiting task may have queued RCU callbacks. */
		rcu_barrier();
		scoped_guard(mutex, &klp_mutex)
			klp_patch_unbind(patch);
		klp_release_patch(patch);
	}
}

/**
 * klp_enable_patch - replace the functions that a patch module describes
 * @desc: the description, has to live as long as the module
 *
 * Called from the init function of the module. On success the transition has started,
 * and holds a reference to the module until the patch has been disabled or replaced.
 *
 * Context: Process context, waits for another change and its callbacks. Not from a
 * callback of another patch. On an error, also waits for exiting tasks that a forced
 * transition has left behind.
 * Return: 0; -EINVAL for a description that is incomplete or wrong, names an unknown or
 * ambiguous function, replaces a function by itself or in a cycle, is not compatible
 * with the enabled patches, or shares a function or a state with a patch of another
 * replace set; -EEXIST if it names an object or a function twice; -ENOENT for a new
 * function that lies in no symbol; -ENOEXEC for relocations that are malformed, or if the
 * patch is for another build; -EBUSY during another transition, while another patch that
 * could not be enabled waits for exiting tasks, or if another user of ftrace redirects one of
 * the functions; -EAGAIN if BPF keeps changing a trampoline of one of them; -ENODEV if the
 * module is being unloaded, sysfs is missing or ftrace has disabled itself; -ENOMEM; or the
 * error of a callback.
 */
int klp_enable_patch(struct klp_patch *desc)
{
	LIST_HEAD(gone);
	int ret;

	ret = klp_check_patch(desc);
	if (ret)
		return ret;

	/* An earlier patch of the same name may just be leaving sysfs. */
	klp_flush(desc->mod->name);

	scoped_guard(klp_change)
		ret = klp_try_enable(desc, &gone);
	klp_discard_patches(&gone);
	return ret;
}
EXPORT_SYMBOL_GPL(klp_enable_patch);

/*
 * Reverse the transition of a patch that is being enabled.
 * Return: the patch, with a reference to its record. NULL if @mod has no patch.
 */
static struct live_patch *klp_undo_enable(struct module *mod, int err)
{
	struct live_patch *patch;

	/*
	 * A callback may load a module that has no patch, and whose init fails. That
	 * must not wait for klp_change_mutex, which is held around the callback.
	 */
	if (!klp_find_patch(mod))
		return NULL;
	guard(klp_change)();
	patch = klp_find_patch(mod);
	if (!patch)
		return NULL;
	kobject_get(&patch->kobj);
	patch->init_failed = true;
	if (patch == klp_patch_in_transition() && klp_is_patching()) {
		pr_err("patch '%s': init of its module has failed (%d), undoing the patch\n",
		       mod->name, err);
		klp_reverse_transition();
	}
	return patch;
}

/* Is the patch out of effect, or enabled by force? */
static bool klp_has_ended(struct live_patch *patch)
{
	return !klp_find_patch(patch->mod) ||
	       /* Without the lock, because it is read again and again */
	       context_unsafe(READ_ONCE(patch->state)) == KLP_ENABLED;
}

/*
 * Wait for the end of the transition that the patch is in. Drops the reference of the patch.
 *
 * The caller, which loads the module, must not delay what it waits for. It has been in the
 * same system call since before the patch was enabled. If the patch is undone before all
 * tasks have migrated, the caller need not migrate. Otherwise it has been moved, by force or
 * because of its stack, and is moved again. This undoes what made the call inconsistent, or,
 * if the transition is reversed during the wait, restores it.
 */
static void klp_wait_for_end(struct live_patch *patch)
{
	while (!klp_has_ended(patch)) {
		if (klp_patch_pending(current))
			klp_update_patch_state(current);
		klp_pause();
	}
	klp_migration_flush();
	kobject_put(&patch->kobj);
}

/**
 * klp_module_init_failed - the init function of a module has returned an error
 * @mod: the module, about to be freed whatever its reference count is
 * @err: the error
 *
 * If the module has enabled a patch, disables the patch, and waits until no task can run
 * its code. Tasks may stay in the code for ever if the transition was forced, or for one
 * of the reasons in pin.c.
 *
 * Context: Module loader, process context, sleeps as long as a transition takes.
 * Return: true if the module can be freed. Otherwise the patch may be in effect, and the
 * module has to stay in memory.
 */
bool klp_module_init_failed(struct module *mod, int err)
{
	struct live_patch *patch;
	bool may_go;

	if (!is_livepatch_module(mod))
		return true;

	patch = klp_undo_enable(mod, err);
	if (patch)
		klp_wait_for_end(patch);
	/* A patch that has left the list may not be released yet. */
	klp_flush_release(mod->name);
	/* Nor does it get pinned any more. */
	may_go = !klp_find_patch(mod) && !mod->klp_pinned;
	if (!may_go)
		pr_err("patch '%s': tasks may be in it, its module stays although init has failed (%d)\n",
		       mod->name, err);
	return may_go;
}
