// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life cycle of a patch: enabled, disabled, replaced, reversed, forced.
 */

/**
 * DOC: Patches and transitions
 *
 * klp_enable_patch() starts a transition and returns. The transition ends when the
 * last task has migrated, see klp_transition_done(). There is one transition at a
 * time. Its steps are:
 *
 * 1. The states of the patches are set. They define which function is called in
 *    which universe.
 * 2. The redirects are committed, while all tasks are still in the old universe.
 * 3. klp_migration_start() is called.
 * 4. Optionally, a write to the file "enabled" swaps the states, and starts the
 *    migration again in the opposite direction.
 * 5. All tasks have migrated. The redirects forget the old universe. Patches that
 *    went out of effect lose their functions and their directory, and drop the
 *    reference to their module.
 *
 * **Locking**
 *
 * klp_change_mutex serializes changes of patches, each from its first step to its
 * last. klp_mutex is taken inside of klp_change_mutex, and outside of
 * cpus_read_lock() and all locks of ftrace. Files in sysfs take both mutexes, and
 * the removal of a directory waits for the users of its files. So a directory is
 * removed without holding either mutex.
 *
 * Callbacks of patch modules run without klp_mutex, so that they may load and
 * remove modules. A module that a patch names is patched or unpatched under
 * klp_mutex, between two changes or while a change runs a callback. Its own
 * callbacks drop klp_mutex, too. Meanwhile the module is counted in klp_nr_moving,
 * and a change waits until that is zero.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/ftrace.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <trace/events/livepatch.h>
#include "internal.h"

/* Serializes changes of patches, including their callbacks: see "Locking" above. */
static DEFINE_MUTEX(klp_change_mutex);
/* Protects the data in internal.h, and is dropped around callbacks. */
DEFINE_MUTEX(klp_mutex);
LIST_HEAD(klp_patches);

/* Modules that are being patched or unpatched, protected by klp_mutex */
static unsigned int klp_nr_moving;
static DECLARE_WAIT_QUEUE_HEAD(klp_moved);

/*
 * Held in addition to klp_mutex where klp_patches changes, and held where
 * module::klp_alive changes. So either klp_set_alive_unnamed() finds the patch that
 * names the module, and the caller goes on under klp_mutex, or klp_patch_bind() finds
 * the module.
 */
static DEFINE_SPINLOCK(klp_names_lock);

/* Woken at the end of a transition */
static DECLARE_WAIT_QUEUE_HEAD(klp_ended);

/* The patch that is enabled or disabled, NULL outside of a transition. */
static struct live_patch *klp_in_transition;

/* Drops klp_mutex, so modules may have come or gone afterwards: recheck objects. */
static void klp_wait_for_modules(void)
{
	lockdep_assert_held(&klp_mutex);
	wait_event_cmd(klp_moved, !klp_nr_moving,
		       mutex_unlock(&klp_mutex), mutex_lock(&klp_mutex));
}

static void klp_change_begin(void)
{
	mutex_lock(&klp_change_mutex);
	mutex_lock(&klp_mutex);
	klp_wait_for_modules();
}

static void klp_change_end(void)
{
	mutex_unlock(&klp_mutex);
	mutex_unlock(&klp_change_mutex);
}

DEFINE_LOCK_GUARD_0(klp_change, klp_change_begin(), klp_change_end())

static void klp_move_begin(void)
{
	mutex_lock(&klp_mutex);
	klp_nr_moving++;
}

static void klp_move_end(void)
{
	if (!--klp_nr_moving)
		wake_up_all(&klp_moved);
	mutex_unlock(&klp_mutex);
}

DEFINE_LOCK_GUARD_0(klp_move, klp_move_begin(), klp_move_end())

/**
 * klp_transition_patch - the patch that is being enabled or disabled
 *
 * Context: Any. The result is stable only under klp_mutex.
 * Return: the patch, NULL outside of a transition.
 */
struct live_patch *klp_transition_patch(void)
{
	/*
	 * Barrier D: orders the read of the transition before a read of a
	 * patch's state. A reader that sees the end of the transition sees the
	 * final states, too. Pairs with klp_finish_transition().
	 */
	return smp_load_acquire(&klp_in_transition);
}

/*
 * The only function that changes the state of a patch. Allowed are
 *
 *	DISABLED -> ENABLING <-> DISABLING -> DISABLED
 *	              v            ^
 *	            ENABLED -------'
 */
static void klp_set_state(struct live_patch *patch, enum klp_patch_state state)
{
	static const u8 from[] = {
		[KLP_DISABLED]	= BIT(KLP_DISABLING),
		[KLP_ENABLING]	= BIT(KLP_DISABLED) | BIT(KLP_DISABLING),
		[KLP_ENABLED]	= BIT(KLP_ENABLING),
		[KLP_DISABLING]	= BIT(KLP_ENABLED) | BIT(KLP_ENABLING),
	};

	lockdep_assert_held(&klp_mutex);
	WARN_ON_ONCE(!(from[state] & BIT(patch->state)));
	WRITE_ONCE(patch->state, state);
}

/* The final states are included, because they are set before the last callbacks run. */
static bool klp_is_patching(void)
{
	enum klp_patch_state state = klp_in_transition->state;

	return state == KLP_ENABLING || state == KLP_ENABLED;
}

/**
 * klp_transition_direction - the direction of the current transition
 *
 * Context: klp_mutex held, in a transition.
 * Return: "patching" or "unpatching".
 */
const char *klp_transition_direction(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_is_patching() ? "patching" : "unpatching";
}

static struct live_object *klp_find_object(struct live_patch *patch,
					   const char *name)
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_object(patch, i, obj) {
		if (obj->desc->name && !strcmp(obj->desc->name, name))
			return obj;
	}
	return NULL;
}

static void klp_add_patch(struct live_patch *patch)
{
	guard(spinlock)(&klp_names_lock);
	list_add_tail(&patch->list, &klp_patches);
}

static void klp_move_patch(struct live_patch *patch, struct list_head *gone)
{
	guard(spinlock)(&klp_names_lock);
	list_move_tail(&patch->list, gone);
}

static void klp_set_alive(struct module *mod, bool alive)
{
	guard(spinlock)(&klp_names_lock);
	mod->klp_alive = alive;
}

/* Set module::klp_alive if no patch names the module. Return: false if one does. */
static bool klp_set_alive_unnamed(struct module *mod, bool alive)
{
	struct live_patch *patch;

	guard(spinlock)(&klp_names_lock);
	klp_for_each_patch(patch) {
		if (klp_find_object(patch, mod->name))
			return false;
	}
	mod->klp_alive = alive;
	return true;
}

/*
 * A module can be patched from klp_module_coming() to klp_module_going(). No
 * reference is needed until klp_mutex is dropped: if a patch in the list names the
 * module, klp_module_going() waits for klp_mutex.
 */
static struct module *klp_find_module(const char *name)
{
	struct module *mod;

	guard(rcu)();
	mod = find_module(name);
	return mod && mod->klp_alive ? mod : NULL;
}

static int klp_patch_bind(struct live_patch *patch)
{
	struct live_object *obj;
	struct module *mod;
	unsigned int i;
	int ret;

	klp_for_each_object(patch, i, obj) {
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

	klp_for_each_object(patch, i, obj) {
		if (obj->desc->mod)
			klp_object_unbind(obj);
	}
}

static void klp_each_object(struct live_patch *patch,
			    void (*fn)(struct live_object *obj))
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_object(patch, i, obj)
		fn(obj);
}

/* A patch with "replace" disables all others in the same transition. */
static int klp_retire_replaced(struct live_patch *patch)
{
	struct live_patch *old;

	if (!patch->replace)
		return 0;
	klp_for_each_patch(old) {
		if (old == patch)
			continue;
		klp_set_state(old, KLP_DISABLING);
		klp_each_object(old, klp_object_retire);
	}
	return klp_redirect_commit();
}

/* While a callback runs, a module may be loaded, and is patched then, or unloaded. */
static bool klp_object_awaits_patch(const struct live_object *obj)
{
	return klp_object_is_loaded(obj) && obj->stage == KLP_OBJECT_ORIGINAL;
}

static int klp_patch_object(struct live_object *obj)
{
	int ret;

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

	klp_for_each_object(patch, i, obj) {
		ret = klp_patch_object(obj);
		if (ret)
			return ret;
	}
	return klp_retire_replaced(patch);
}

/* Call one of the callbacks for each object of a patch. */
static void klp_tell_objects(struct live_patch *patch,
			     void (*callback)(struct live_object *obj))
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_object(patch, i, obj) {
		callback(obj);
		klp_wait_for_modules();
	}
}

static void klp_finish_states(void)
{
	struct live_patch *patch;

	klp_for_each_patch(patch) {
		if (patch->state == KLP_ENABLING) {
			klp_set_state(patch, KLP_ENABLED);
		} else if (patch->state == KLP_DISABLING) {
			klp_set_state(patch, KLP_DISABLED);
			klp_each_object(patch, klp_object_unstack);
		}
	}
}

static void klp_collect_disabled(struct list_head *gone)
{
	struct live_patch *patch, *next;

	list_for_each_entry_safe(patch, next, &klp_patches, list) {
		if (patch->state == KLP_DISABLED)
			klp_move_patch(patch, gone);
	}
}

static void klp_finish_transition(struct list_head *gone)
{
	struct live_patch *patch = klp_in_transition;
	const char *direction = klp_transition_direction();
	bool patched = klp_is_patching();

	pr_debug("'%s': completing %s transition\n", patch->mod->name,
		 direction);

	klp_finish_states();
	klp_pin_on_error(klp_redirect_settle());
	klp_migration_end();
	/* The callbacks may read the states of replaced patches, which are still listed. */
	klp_tell_objects(patch, patched ? klp_object_post_patch :
					  klp_object_post_unpatch);
	klp_collect_disabled(gone);

	pr_notice("'%s': %s complete\n", patch->mod->name, direction);
	/* Barrier D, see klp_transition_patch(): set the states before the end. */
	smp_store_release(&klp_in_transition, NULL);
	klp_sysfs_notify_transition(patch);
	wake_up_all(&klp_ended);
}

/* Patches that are out of effect and wait for klp_release_work, under klp_mutex */
static LIST_HEAD(klp_gone);

/* A module may be unloaded when its reference is dropped. The record stays valid. */
static void klp_release_patches(struct list_head *gone)
{
	struct live_patch *patch, *next;

	list_for_each_entry_safe(patch, next, gone, list) {
		list_del_init(&patch->list);
		if (!patch->pinned)
			module_put(patch->mod);
		klp_patch_destroy(patch);
	}
}

/*
 * All tasks have migrated. Before the modules are released, wait for a grace period of
 * RCU tasks as well, because of tasks that were preempted in a trampoline or in a
 * function of the patch. No lock is held meanwhile, so nothing else is delayed.
 */
static void klp_release_fn(struct work_struct *work)
{
	LIST_HEAD(gone);

	scoped_guard(mutex, &klp_mutex)
		list_splice_init(&klp_gone, &gone);
	synchronize_rcu_tasks();
	klp_release_patches(&gone);
}

static DECLARE_WORK(klp_release_work, klp_release_fn);

/**
 * klp_transition_done - the last task has migrated
 *
 * Does nothing while there are stragglers, for example because the transition was
 * reversed after the work item was queued.
 *
 * Context: Work item.
 */
void klp_transition_done(void)
{
	guard(klp_change)();

	if (!klp_in_transition || !klp_migration_done())
		return;
	trace_livepatch_complete(klp_in_transition->mod->name, klp_is_patching(),
				 klp_migration_age_ms());
	klp_pin_entered();
	klp_finish_transition(&klp_gone);
	if (!list_empty(&klp_gone))
		queue_work(system_dfl_wq, &klp_release_work);
}

/* Wait until patches whose transition is over have been removed from sysfs. */
static void klp_flush(void)
{
	klp_migration_flush();
	flush_work(&klp_release_work);
}

static void klp_begin_transition(struct live_patch *patch,
				 enum klp_patch_state state)
{
	WRITE_ONCE(klp_in_transition, patch);
	klp_set_state(patch, state);
	klp_moved_reset();
	pr_debug("'%s': initializing %s transition\n", patch->mod->name,
		 klp_transition_direction());
}

static void klp_start_transition(void)
{
	pr_notice("'%s': starting %s transition\n", klp_in_transition->mod->name,
		  klp_transition_direction());
	trace_livepatch_start(klp_in_transition->mod->name, klp_is_patching(), 0);
	klp_migration_start(klp_is_patching());
}

/* Reverse the direction of all patches that the transition concerns. */
static void klp_swap_states(void)
{
	struct live_patch *patch;

	klp_for_each_patch(patch) {
		if (patch->state == KLP_ENABLING)
			klp_set_state(patch, KLP_DISABLING);
		else if (patch->state == KLP_DISABLING)
			klp_set_state(patch, KLP_ENABLING);
	}
}

static void klp_reverse_transition(void)
{
	pr_debug("'%s': reversing transition from %s\n",
		 klp_in_transition->mod->name,
		 klp_is_patching() ? "patching to unpatching" :
				     "unpatching to patching");
	klp_swap_states();
	/* A task that was moved by force may still be in code that goes out of effect. */
	if (klp_migration_forced())
		klp_pin_forced();
	trace_livepatch_reverse(klp_in_transition->mod->name, klp_is_patching(),
				klp_migration_age_ms());
	klp_start_transition();
}

/* No task has migrated yet. Restore the state of all patches, and drop the new one. */
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

	pr_notice("enabling patch '%s'\n", patch->mod->name);
	klp_begin_transition(patch, KLP_ENABLING);

	ret = klp_patch_objects(patch);
	if (ret) {
		pr_warn("failed to enable patch '%s'\n", patch->mod->name);
		klp_cancel_transition(patch, gone);
		return ret;
	}
	klp_each_object(patch, klp_pin_never_left);
	patch->since = klp_migration_next_start();
	klp_start_transition();
	return 0;
}

static int klp_disable(struct live_patch *patch)
{
	int ret;

	klp_begin_transition(patch, KLP_DISABLING);
	klp_each_object(patch, klp_object_retire);

	/* No effect until klp_migration_start(). */
	ret = klp_redirect_commit();
	if (ret) {
		pr_err("failed to disable patch '%s' (%d)\n", patch->mod->name, ret);
		klp_swap_states();
		klp_pin_on_error(klp_redirect_settle());
		klp_set_state(patch, KLP_ENABLED);
		WRITE_ONCE(klp_in_transition, NULL);
		return ret;
	}
	klp_tell_objects(patch, klp_object_pre_unpatch);
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
 * enabled again; -EBUSY during the transition of another patch; -ENOMEM.
 */
int klp_patch_write_enabled(struct live_patch *patch, bool enable)
{
	guard(klp_change)();

	if (klp_patch_is_enabled(patch) == enable)
		return -EINVAL;
	if (patch == klp_in_transition) {
		klp_reverse_transition();
		return 0;
	}
	if (enable)
		return -EINVAL;
	return klp_in_transition ? -EBUSY : klp_disable(patch);
}

/**
 * klp_patch_force - end the transition of a patch, whether that is safe or not
 * @patch: the patch
 *
 * A task may then still run code that is out of effect. So the modules of all patches
 * that go out of effect stay in memory.
 *
 * Context: Process context, waits for another change and its callbacks.
 * Return: 0, -EINVAL if the patch is not in transition.
 */
int klp_patch_force(struct live_patch *patch)
{
	guard(klp_change)();

	if (patch != klp_in_transition)
		return -EINVAL;

	pr_warn("forcing remaining tasks to the %s state\n",
		klp_is_patching() ? "patched" : "unpatched");
	trace_livepatch_force(patch->mod->name, klp_is_patching(),
			      klp_migration_age_ms());
	klp_pin_forced();
	klp_migration_force();
	return 0;
}

/* Checks that depend on the current state of live patching. */
static int klp_check_time(struct klp_patch *desc)
{
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
	if (!klp_in_transition)
		return 0;
	pr_err("patch '%s' can't be enabled during the transition of '%s'\n",
	       desc->mod->name, klp_in_transition->mod->name);
	return -EBUSY;
}

/*
 * The caller holds a reference to the module. If a patch was created it owns the
 * reference, and on an error it is moved to @gone.
 */
static int klp_create_and_enable(struct klp_patch *desc, struct list_head *gone)
{
	struct live_patch *patch = klp_patch_alloc(desc);
	int ret;

	if (!patch)
		return -ENOMEM;

	ret = klp_patch_show(patch);
	if (!ret) {
		/* Its objects are complete, so modules that are loaded may find it. */
		klp_add_patch(patch);
		ret = klp_patch_bind(patch);
	}
	if (!ret)
		return klp_enable(patch, gone);

	klp_patch_unbind(patch);
	klp_move_patch(patch, gone);
	return ret;
}

/**
 * klp_enable_patch - replace the functions that a patch module describes
 * @desc: the description, has to live as long as the module
 *
 * Called from the init function of the module. On success the transition has started,
 * and holds a reference to the module until the patch has been disabled or replaced.
 *
 * Context: Process context, waits for another change and its callbacks. Not from a
 * callback of another patch.
 * Return: 0; -EINVAL for a description that is incomplete or wrong, names an
 * unknown or ambiguous function, replaces a function by itself or in a cycle, or is
 * not compatible with the enabled patches; -EEXIST if it names an object or a function
 * twice; -ENOENT for a new function that lies in no symbol; -ENOEXEC for relocations
 * that are malformed; -EBUSY during another transition, or if another user of ftrace
 * redirects one of the functions; -EAGAIN if BPF keeps changing a trampoline of one of
 * them; -ENODEV if the module is being unloaded, sysfs is missing or ftrace has disabled
 * itself; -ENOMEM; or the error of a callback.
 */
int klp_enable_patch(struct klp_patch *desc)
{
	LIST_HEAD(gone);
	int ret;

	ret = klp_check_patch(desc);
	if (ret)
		return ret;

	/* An earlier patch of the same name may just be leaving sysfs. */
	klp_flush();

	scoped_guard(klp_change) {
		ret = klp_check_time(desc);
		if (ret)
			return ret;
		if (!try_module_get(desc->mod)) {
			pr_err("patch '%s': its module is about to go\n",
			       desc->mod->name);
			return -ENODEV;
		}
		ret = klp_create_and_enable(desc, &gone);
	}

	if (ret && list_empty(&gone))
		module_put(desc->mod);
	klp_release_patches(&gone);
	return ret;
}
EXPORT_SYMBOL_GPL(klp_enable_patch);

static struct live_patch *klp_find_patch(const struct module *mod)
{
	struct live_patch *patch;

	guard(spinlock)(&klp_names_lock);
	klp_for_each_patch(patch) {
		if (patch->mod == mod)
			return patch;
	}
	return NULL;
}

/*
 * Reverse the transition of a patch that is being enabled. The task that loads the
 * module does not delay that: it has not migrated, because it has been in the same
 * system call since before the transition started.
 *
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
	if (patch == klp_in_transition && klp_is_patching()) {
		pr_err("patch '%s': init of its module has failed (%d), undoing the patch\n",
		       mod->name, err);
		klp_reverse_transition();
	}
	return patch;
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
	struct live_patch *patch = klp_undo_enable(mod, err);
	bool may_go;

	if (!patch)
		return true;
	wait_event_idle(klp_ended, !klp_find_patch(mod) ||
			READ_ONCE(patch->state) == KLP_ENABLED);
	klp_flush();
	may_go = !klp_find_patch(mod) && !patch->pinned;
	if (!may_go)
		pr_err("patch '%s': tasks may be in it, its module stays although init has failed (%d)\n",
		       mod->name, err);
	kobject_put(&patch->kobj);
	return may_go;
}

static void klp_object_leave(struct live_object *obj)
{
	klp_object_pre_unpatch(obj);
	pr_notice("reverting patch '%s' on unloading module '%s'\n",
		  obj->patch->mod->name, obj->desc->mod->name);
	klp_pin_on_error(klp_object_unpatch(obj));
	klp_object_post_unpatch(obj);
	klp_object_unbind(obj);
}

/* Has the patch been replaced? It is freed after the post_patch callbacks. */
static bool klp_is_replaced(const struct live_patch *patch)
{
	return patch->state == KLP_DISABLED && patch != klp_in_transition;
}

/* False if the end of a transition will call post_patch or post_unpatch. */
static bool klp_is_settled(const struct live_patch *patch)
{
	return patch != klp_in_transition || patch->state == KLP_ENABLED;
}

static int klp_object_join(struct live_object *obj, struct module *mod)
{
	int ret;

	ret = klp_object_bind(obj, mod);
	if (ret)
		return ret;

	pr_notice("applying patch '%s' to loading module '%s'\n",
		  obj->patch->mod->name, mod->name);
	ret = klp_object_pre_patch(obj);
	if (ret)
		goto unbind;

	ret = klp_object_patch(obj);
	if (ret) {
		pr_warn("failed to apply patch '%s' to module '%s' (%d)\n",
			obj->patch->mod->name, mod->name, ret);
		klp_pin_on_error(klp_object_unpatch(obj));
		klp_object_post_unpatch(obj);
		goto unbind;
	}
	klp_pin_never_left(obj);
	if (klp_is_settled(obj->patch))
		klp_object_post_patch(obj);
	return 0;

unbind:
	klp_object_unbind(obj);
	return ret;
}

/* Unpatch the module for the patches before @end. */
static void klp_leave_module(struct module *mod, struct live_patch *end)
{
	struct live_patch *patch;
	struct live_object *obj;

	klp_set_alive(mod, false);
	klp_for_each_patch(patch) {
		if (patch == end)
			break;
		obj = klp_find_object(patch, mod->name);
		if (!obj)
			continue;
		klp_object_wait(obj);
		if (!obj->desc->mod)
			continue;
		if (klp_is_replaced(patch))
			klp_object_unbind(obj);
		else
			klp_object_leave(obj);
	}
}

static int klp_join_module(struct module *mod)
{
	struct live_patch *patch;
	struct live_object *obj;
	int ret;

	klp_set_alive(mod, true);
	klp_for_each_patch(patch) {
		obj = klp_find_object(patch, mod->name);
		/* A disabled patch only has callbacks left to call. */
		if (!obj || patch->state == KLP_DISABLED)
			continue;
		ret = klp_object_join(obj, mod);
		if (!ret)
			continue;
		pr_warn("patch '%s' failed for module '%s', refusing to load module '%s'\n",
			patch->mod->name, mod->name, mod->name);
		klp_leave_module(mod, patch);
		return ret;
	}
	return 0;
}

/**
 * klp_module_coming - patch a module before any of its code runs
 * @mod: the module
 *
 * Context: Module loader, process context. Takes klp_mutex, and drops it for
 * callbacks.
 * Return: 0, or an error if the module must not be loaded. Then none of it is patched,
 * and another attempt to load it may succeed.
 */
int klp_module_coming(struct module *mod)
{
	if (WARN_ON(mod->state != MODULE_STATE_COMING))
		return -EINVAL;
	if (!strcmp(mod->name, "vmlinux")) {
		pr_err("vmlinux.ko: invalid module name\n");
		return -EINVAL;
	}

	if (klp_set_alive_unnamed(mod, true))
		return 0;

	guard(klp_move)();
	return klp_join_module(mod);
}

/**
 * klp_module_going - unpatch a module that is unloaded, or failed to load
 * @mod: the module
 *
 * No code of the module runs any more.
 *
 * Context: Module loader, process context. Takes klp_mutex, and drops it for
 * callbacks.
 */
void klp_module_going(struct module *mod)
{
	if (WARN_ON(mod->state != MODULE_STATE_GOING &&
		    mod->state != MODULE_STATE_COMING))
		return;

	if (klp_set_alive_unnamed(mod, false))
		return;

	guard(klp_move)();
	klp_leave_module(mod, NULL);
}
