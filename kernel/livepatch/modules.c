// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modules that are loaded or unloaded while patches name them.
 */

/**
 * DOC: Modules that come and go
 *
 * A module that is named by a patch is patched before any of its code runs, and
 * unpatched after the last of its code has run. Other modules are not touched.
 *
 * **Locking**
 *
 * A module is patched or unpatched under klp_mutex. Its callbacks drop klp_mutex.
 * Meanwhile the module is counted in klp_nr_moving, and a change of patches waits in
 * klp_wait_for_modules() until that is zero.
 *
 * klp_names_lock is taken inside of klp_mutex. A module that no patch names takes
 * klp_names_lock alone.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>
#include "internal.h"

/* Modules that are being patched or unpatched */
static unsigned int klp_nr_moving __guarded_by(&klp_mutex);
/* Woken when klp_nr_moving becomes zero */
static DECLARE_WAIT_QUEUE_HEAD(klp_modules_settled);

/*
 * Held in addition to klp_mutex where klp_live_patches changes, and held where
 * module::klp_alive changes. So if a patch is added while a module that it names is
 * loaded, either klp_set_alive_unnamed() finds the patch, and its caller patches the
 * module under klp_mutex, or klp_find_module() finds the module.
 */
static DEFINE_SPINLOCK(klp_names_lock);

/* Incremented where klp_live_patches changes */
static unsigned int klp_list_changes __guarded_by(&klp_mutex) = 1;

/**
 * klp_wait_for_modules - wait until no module is being patched or unpatched
 *
 * Context: Process context, klp_mutex held. Not between klp_move_begin() and
 * klp_move_end(), which would wait for itself. Drops klp_mutex, so modules may have come
 * or gone afterwards, and the caller has to look at the objects again.
 */
void klp_wait_for_modules(void)
{
	lockdep_assert_held(&klp_mutex);
	wait_event_cmd(klp_modules_settled, !klp_nr_moving,
		       mutex_unlock(&klp_mutex), mutex_lock(&klp_mutex));
}

static void klp_move_begin(void)
	__acquires(&klp_mutex)
{
	mutex_lock(&klp_mutex);
	klp_nr_moving++;
}

static void klp_move_end(void)
	__releases(&klp_mutex)
{
	if (!--klp_nr_moving)
		wake_up_all(&klp_modules_settled);
	mutex_unlock(&klp_mutex);
}

DEFINE_LOCK_GUARD_0(klp_move, klp_move_begin(), klp_move_end())
DECLARE_LOCK_GUARD_0_ATTRS(klp_move, __acquires(&klp_mutex), __releases(&klp_mutex))

/* Return: the object of the patch for a module of that name, NULL if there is none. */
static struct live_object *klp_find_object(struct live_patch *patch,
					   const char *name)
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_live_object(patch, i, obj) {
		if (obj->desc->name && !strcmp(obj->desc->name, name))
			return obj;
	}
	return NULL;
}

/**
 * klp_patch_add - add a patch to the list
 * @patch: the patch, with records of all its objects
 *
 * From now on a module that the patch names takes klp_mutex to be loaded or unloaded.
 *
 * Context: klp_mutex held.
 */
void klp_patch_add(struct live_patch *patch)
{
	lockdep_assert_held(&klp_mutex);
	guard(spinlock)(&klp_names_lock);
	list_add_tail(&patch->list, &klp_live_patches);
	klp_list_changes++;
}

/**
 * klp_patch_remove - remove a patch from the list
 * @patch: the patch, disabled. It need not be in the list
 * @gone: list that the patch is added to
 *
 * Context: klp_mutex held.
 */
void klp_patch_remove(struct live_patch *patch, struct list_head *gone)
{
	lockdep_assert_held(&klp_mutex);
	guard(spinlock)(&klp_names_lock);
	list_move_tail(&patch->list, gone);
	klp_list_changes++;
}

/**
 * klp_patches_seq - get a number that is another one after each change of the list
 *
 * A program that reads the list in parts can be told by this number that the list has
 * changed in between.
 *
 * Context: klp_mutex held.
 * Return: the number, never 0.
 */
unsigned int klp_patches_seq(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_list_changes ?: 1;
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

/**
 * klp_find_module - find a module that can be patched
 * @name: its name
 *
 * A module can be patched from klp_module_coming() to klp_module_going(). No
 * reference is needed until klp_mutex is dropped: if a patch in the list names the
 * module, klp_module_going() waits for klp_mutex.
 *
 * Context: klp_mutex held.
 * Return: the module, NULL if it is not loaded.
 */
struct module *klp_find_module(const char *name)
{
	struct module *mod;

	lockdep_assert_held(&klp_mutex);
	guard(rcu)();
	mod = find_module(name);
	return mod && mod->klp_alive ? mod : NULL;
}

/**
 * klp_find_patch - find the patch of a patch module
 * @mod: the patch module
 *
 * Context: Any that may take a spin lock. The patch is valid under klp_mutex.
 * Return: the patch, NULL if the module has none in the list.
 */
struct live_patch *klp_find_patch(const struct module *mod)
{
	struct live_patch *patch;

	guard(spinlock)(&klp_names_lock);
	klp_for_each_patch(patch) {
		if (patch->mod == mod)
			return patch;
	}
	return NULL;
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

/*
 * Has the patch been replaced? It stays in the list until the post_patch callbacks of
 * the other patch have run. Its own callbacks are not called.
 */
static bool klp_is_replaced(const struct live_patch *patch)
	__must_hold(&klp_mutex)
{
	return patch->state == KLP_DISABLED && patch != klp_patch_in_transition();
}

/* False if the end of the transition will call post_patch or post_unpatch. */
static bool klp_is_settled(const struct live_patch *patch)
	__must_hold(&klp_mutex)
{
	return patch != klp_patch_in_transition() || patch->state == KLP_ENABLED;
}

static int klp_object_join(struct live_object *obj, struct module *mod)
{
	int ret;

	lockdep_assert_held(&klp_mutex);
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
	/* Before tasks migrate, none can be in its functions; klp_enable() pins it later. */
	if (obj->patch->since)
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

	lockdep_assert_held(&klp_mutex);
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

	lockdep_assert_held(&klp_mutex);
	klp_set_alive(mod, true);
	klp_for_each_patch(patch) {
		obj = klp_find_object(patch, mod->name);
		/* A patch that is disabled, but still listed, is out of effect. */
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
