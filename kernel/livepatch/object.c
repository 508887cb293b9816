// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The functions of a patch in one object: find them, replace them, and call the
 * callbacks of the patch module.
 */

/**
 * DOC: Objects and functions
 *
 * An object is vmlinux or a module. These functions are called for it:
 *
 * 1. When the object is loaded, klp_object_bind() compares its build, applies the
 *    relocations of the patch that refer to the object, and finds the original functions.
 * 2. klp_object_patch() puts the new functions on the stacks of their redirects.
 *    The newest function on a stack whose patch is in effect is called.
 * 3. When the patch begins to go out of effect, klp_object_retire() updates the
 *    redirects.
 * 4. When no task runs the new functions any more, klp_object_unstack() removes
 *    them from the stacks.
 * 5. When the module is unloaded, klp_object_unbind() undoes the first step.
 *
 * Which function is called before and after migration depends on the states of the
 * patches, see klp_patch_in_effect(). So nothing has to be done here when a
 * transition is reversed.
 *
 * **Locking**
 *
 * klp_mutex protects all data. It is dropped while a callback of the patch module
 * runs, because the callback may need any lock. Before the module of the object is
 * unloaded, klp_object_wait() waits for the callback.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/wait.h>
#include "internal.h"

/* Woken at the end of a callback */
static DECLARE_WAIT_QUEUE_HEAD(klp_called);

#define klp_func_err(func, fmt, ...)					\
	pr_err("patch '%s' object '%s': function '%s' " fmt "\n",	\
	       (func)->obj->patch->mod->name, klp_object_name((func)->obj), \
	       (func)->desc->old_name, ##__VA_ARGS__)

/*
 * The only function that changes the stage of an object. The edges are
 *
 *	ORIGINAL <-> PATCHED <-> SETTLED -> ORIGINAL
 *
 * The last one is for an object of a patch that is replaced, whose callbacks are not
 * called. An object that was never patched stays ORIGINAL.
 */
static void klp_set_stage(struct live_object *obj, enum klp_object_stage stage)
{
	static const u8 from[] = {
		[KLP_OBJECT_ORIGINAL]	= BIT(KLP_OBJECT_ORIGINAL) |
					  BIT(KLP_OBJECT_PATCHED) |
					  BIT(KLP_OBJECT_SETTLED),
		[KLP_OBJECT_PATCHED]	= BIT(KLP_OBJECT_ORIGINAL) |
					  BIT(KLP_OBJECT_SETTLED),
		[KLP_OBJECT_SETTLED]	= BIT(KLP_OBJECT_PATCHED),
	};

	lockdep_assert_held(&klp_mutex);
	WARN_ON_ONCE(!(from[stage] & BIT(obj->stage)));
	WRITE_ONCE(obj->stage, stage);
}

/* A module that is being loaded still has its init code, but loses it afterwards. */
static bool klp_is_init_code(unsigned long addr, const struct module *mod)
{
	return is_kernel_inittext(addr) || (mod && within_module_init(addr, mod));
}

static const char *klp_why_no_site(const struct live_func *func)
{
	if (klp_is_init_code(func->addr, func->obj->desc->mod))
		return "it is init code, which does not stay";
	if (!kernel_text_address(func->addr))
		return "it is data";
	return "it is notrace, or in a file that is not traced, or assembly";
}

static int klp_find_site(struct live_func *func)
{
	func->ip = klp_is_init_code(func->addr, func->obj->desc->mod) ?
		   0 : ftrace_entry_location(func->addr);
	if (func->ip)
		return 0;
	klp_func_err(func, "has no entry site: %s", klp_why_no_site(func));
	return -EINVAL;
}

/* The entry site that a call of the new function executes, 0: none */
static unsigned long klp_new_site(const struct live_func *func)
{
	unsigned long addr = (unsigned long)func->desc->new_func, size, offset, ip;

	if (!kallsyms_lookup_size_offset(addr, &size, &offset))
		return 0;
	ip = ftrace_entry_location(addr - offset);
	/* The address may be that of the site, or of an instruction after it. */
	return ip >= addr ? ip : 0;
}

/*
 * If the patch module declares the new function and does not define it, the module loader
 * may have resolved its name to the old function.
 */
static int klp_check_new_func(const struct live_func *func)
{
	if (klp_new_site(func) != func->ip)
		return 0;
	klp_func_err(func, "is replaced by itself: a call would never end");
	return -EINVAL;
}

/* The module loader frees init code, and also accepts a pointer to data. */
static int klp_check_new_code(const struct live_func *func)
{
	unsigned long addr = (unsigned long)func->desc->new_func, size, offset;

	if (!kallsyms_lookup_size_offset(addr, &size, &offset)) {
		klp_func_err(func, "has a new function that is in no symbol");
		return -ENOENT;
	}
	if (!kernel_text_address(addr) || klp_is_init_code(addr, func->obj->patch->mod)) {
		klp_func_err(func, "has a new function that is data or init code");
		return -EINVAL;
	}
	return 0;
}

static int klp_func_bind(struct live_func *func)
{
	int ret;

	ret = klp_find_symbol(func->obj->patch->mod->name, func->obj->desc->name,
			      func->desc->old_name, func->desc->old_sympos,
			      &func->addr);
	return ret ?: klp_check_new_code(func) ?: klp_find_site(func) ?:
	       klp_check_new_func(func);
}

/**
 * klp_object_init - reset the fields of a description that the core writes
 * @obj: the object, not bound yet
 *
 * Context: Process context, klp_mutex held.
 */
void klp_object_init(struct live_object *obj)
{
	lockdep_assert_held(&klp_mutex);
	obj->desc->mod = NULL;
	obj->desc->callbacks.post_unpatch_enabled = false;
}

/**
 * klp_object_bind - find the original functions in an object that is loaded
 * @obj: the object
 * @mod: its module, NULL for vmlinux
 *
 * Context: klp_mutex held.
 * Return: 0; -ENOEXEC if the patch is for another build of the object; -EINVAL or
 * -ENOENT when a function can't be found or replaced; an error of the relocations.
 * On an error the object is not bound.
 */
int klp_object_bind(struct live_object *obj, struct module *mod)
{
	struct live_func *func;
	unsigned int i;
	int ret;

	lockdep_assert_held(&klp_mutex);

	ret = klp_check_build(obj->patch->mod, mod);
	if (ret)
		return ret;
	obj->desc->mod = mod;
	ret = klp_apply_object_relocs(obj->patch->desc, obj->desc);
	if (ret) {
		obj->desc->mod = NULL;
		return ret;
	}
	klp_for_each_live_func(obj, i, func) {
		ret = klp_func_bind(func);
		if (ret)
			break;
	}
	if (ret)
		klp_object_unbind(obj);
	return ret;
}

/**
 * klp_object_unbind - undo klp_object_bind()
 * @obj: the object
 *
 * Context: klp_mutex held.
 */
void klp_object_unbind(struct live_object *obj)
{
	lockdep_assert_held(&klp_mutex);
	klp_clear_object_relocs(obj->patch->desc, obj->desc);
	obj->desc->mod = NULL;
}

/* The function for callers that have (@then) or have not migrated, NULL: original */
static void *klp_stack_top(struct klp_redirect *redirect, bool then)
{
	struct live_func *func;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(func, &redirect->stack, stack) {
		if (klp_patch_in_effect(func->obj->patch, then))
			return func->desc->new_func;
	}
	return NULL;
}

static void klp_func_redirect(struct klp_redirect *redirect)
{
	klp_redirect_set(redirect, klp_stack_top(redirect, false),
			 klp_stack_top(redirect, true));
}

/* Can one task call functions of both patches, before or after it migrates? */
static bool klp_are_together(const struct live_patch *patch,
			     const struct live_patch *other)
	__must_hold(&klp_mutex)
{
	if (patch == other)
		return true;
	/*
	 * A patch with "replace" disables the others of its set in the same transition.
	 * Their state does not show this yet.
	 */
	if (klp_patch_replaces(patch, other) && patch->state == KLP_ENABLING)
		return false;
	return (klp_patch_in_effect(patch, false) &&
		klp_patch_in_effect(other, false)) ||
	       (klp_patch_in_effect(patch, true) &&
		klp_patch_in_effect(other, true));
}

/* Add the redirect at the entry of the new function to @reached, if there is one. */
static void klp_reach(const struct live_func *func, struct list_head *reached)
{
	struct klp_redirect *redirect = klp_redirect_find(klp_new_site(func));

	if (redirect && list_empty(&redirect->reached))
		list_add_tail(&redirect->reached, reached);
}

/*
 * Can a call of the new function lead to the old one, through other redirects? All
 * functions on the stacks of these redirects are followed, not only the newest, because
 * an older one is called again when the newer patch is disabled.
 */
static bool klp_leads_back(const struct live_func *func)
{
	struct klp_redirect *redirect, *next;
	struct live_func *other;
	LIST_HEAD(reached);
	bool back;

	lockdep_assert_held(&klp_mutex);
	klp_reach(func, &reached);
	/* The loop appends to the list that it walks, each redirect once. */
	list_for_each_entry(redirect, &reached, reached) {
		list_for_each_entry(other, &redirect->stack, stack) {
			if (klp_are_together(func->obj->patch, other->obj->patch))
				klp_reach(other, &reached);
		}
	}
	back = !list_empty(&func->redirect->reached);
	list_for_each_entry_safe(redirect, next, &reached, reached)
		list_del_init(&redirect->reached);
	return back;
}

/* Called when the functions are on the stacks, but not yet committed. */
static int klp_check_cycles(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	klp_for_each_live_func(obj, i, func) {
		if (!klp_leads_back(func))
			continue;
		klp_func_err(func, "has a new function that leads back to it, over other functions that are redirected: a call might never end");
		return -EINVAL;
	}
	return 0;
}

/* Called after the commit: a call site that ftrace has disabled does not jump. */
static int klp_check_sites(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_live_func(obj, i, func) {
		if (klp_redirect_is_live(func->redirect))
			continue;
		klp_func_err(func, "is not redirected: ftrace keeps its entry site disabled");
		return -EINVAL;
	}
	return 0;
}

static int klp_func_stack(struct live_func *func)
{
	struct klp_redirect *redirect;

	lockdep_assert_held(&klp_mutex);
	redirect = klp_redirect_get(func->ip, func->desc->old_name);
	if (!redirect)
		return -ENOMEM;
	func->redirect = redirect;
	list_add(&func->stack, &redirect->stack);
	klp_func_redirect(redirect);
	return 0;
}

static void klp_func_unstack(struct live_func *func)
{
	lockdep_assert_held(&klp_mutex);
	list_del(&func->stack);
	func->redirect = NULL;
}

/**
 * klp_object_patch - replace the functions of an object
 * @obj: the object, bound
 *
 * Context: Process context, klp_mutex held.
 * Return: 0; -ENOMEM; -EINVAL if calls of a function would never end, or would still run
 * the original; or an error of klp_redirect_commit(). On an error the caller has to undo
 * the changes.
 */
int klp_object_patch(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;
	int ret;

	lockdep_assert_held(&klp_mutex);

	klp_set_stage(obj, KLP_OBJECT_PATCHED);
	klp_for_each_live_func(obj, i, func) {
		ret = klp_func_stack(func);
		if (ret)
			return ret;
	}
	return klp_check_cycles(obj) ?: klp_redirect_commit() ?:
	       klp_check_sites(obj);
}

/**
 * klp_object_retire - update the redirects when a patch begins to go out of effect
 * @obj: an object of the patch
 *
 * Takes effect with klp_redirect_commit().
 *
 * Context: klp_mutex held.
 */
void klp_object_retire(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_live_func(obj, i, func) {
		if (func->redirect)
			klp_func_redirect(func->redirect);
	}
}

/**
 * klp_object_unstack - remove the functions of an object from the stacks
 * @obj: an object of a patch that is out of effect, so no task runs its functions
 *
 * Context: klp_mutex held.
 */
void klp_object_unstack(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_live_func(obj, i, func) {
		if (func->redirect)
			klp_func_unstack(func);
	}
	klp_set_stage(obj, KLP_OBJECT_ORIGINAL);
}

/**
 * klp_object_unpatch - unpatch an object immediately, without a transition
 * @obj: the object, whose module runs no code yet or any more
 *
 * Context: Process context, klp_mutex held.
 * Return: 0, or an error of klp_redirect_must_commit().
 */
int klp_object_unpatch(struct live_object *obj)
{
	struct klp_redirect *redirect;
	struct live_func *func;
	unsigned int i;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_live_func(obj, i, func) {
		redirect = func->redirect;
		if (!redirect)
			continue;
		klp_func_unstack(func);
		klp_func_redirect(redirect);
	}
	klp_set_stage(obj, KLP_OBJECT_ORIGINAL);
	return klp_redirect_must_commit();
}

static void klp_callback_begin(struct live_object *obj)
	__releases(&klp_mutex)
{
	lockdep_assert_held(&klp_mutex);
	obj->in_callback = true;
	mutex_unlock(&klp_mutex);
}

static void klp_callback_end(struct live_object *obj)
	__acquires(&klp_mutex)
{
	mutex_lock(&klp_mutex);
	obj->in_callback = false;
	wake_up_all(&klp_called);
}

static void klp_call(struct live_object *obj,
		     void (*callback)(struct klp_object *desc))
{
	if (!callback)
		return;
	klp_callback_begin(obj);
	callback(obj->desc);
	klp_callback_end(obj);
}

/**
 * klp_object_wait - wait until no callback of an object runs
 * @obj: the object. Its patch is not freed meanwhile
 *
 * Context: Process context, klp_mutex held, and dropped to wait.
 */
void klp_object_wait(struct live_object *obj)
{
	lockdep_assert_held(&klp_mutex);
	wait_event_cmd(klp_called, !obj->in_callback,
		       mutex_unlock(&klp_mutex), mutex_lock(&klp_mutex));
}

/**
 * klp_object_pre_patch - call pre_patch, before an object is patched
 * @obj: the object
 *
 * Context: Process context, klp_mutex held, and dropped for the callback.
 * Return: 0, or the error that the callback returned.
 */
int klp_object_pre_patch(struct live_object *obj)
{
	struct klp_callbacks *callbacks = &obj->desc->callbacks;
	int ret = 0;

	lockdep_assert_held(&klp_mutex);
	if (callbacks->pre_patch) {
		klp_callback_begin(obj);
		ret = callbacks->pre_patch(obj->desc);
		klp_callback_end(obj);
	}
	callbacks->post_unpatch_enabled = !ret;
	if (ret)
		pr_warn("pre-patch callback failed for object '%s'\n",
			klp_object_name(obj));
	return ret;
}

/**
 * klp_object_post_patch - call post_patch, after all tasks have migrated
 * @obj: the object. Nothing is done unless it is patched and post_patch was not called
 *
 * Context: Process context, klp_mutex held, and dropped for the callback.
 */
void klp_object_post_patch(struct live_object *obj)
{
	lockdep_assert_held(&klp_mutex);
	if (obj->stage != KLP_OBJECT_PATCHED)
		return;
	klp_set_stage(obj, KLP_OBJECT_SETTLED);
	klp_call(obj, obj->desc->callbacks.post_patch);
}

/**
 * klp_object_pre_unpatch - call pre_unpatch, before an object is unpatched
 * @obj: the object. Nothing is done unless post_patch was called
 *
 * Context: Process context, klp_mutex held, and dropped for the callback.
 */
void klp_object_pre_unpatch(struct live_object *obj)
{
	lockdep_assert_held(&klp_mutex);
	if (obj->stage != KLP_OBJECT_SETTLED)
		return;
	klp_set_stage(obj, KLP_OBJECT_PATCHED);
	klp_call(obj, obj->desc->callbacks.pre_unpatch);
}

/**
 * klp_object_post_unpatch - call post_unpatch, after an object was unpatched
 * @obj: the object. Nothing is done unless klp_object_pre_patch() has succeeded
 *
 * Context: Process context, klp_mutex held, and dropped for the callback.
 */
void klp_object_post_unpatch(struct live_object *obj)
{
	struct klp_callbacks *callbacks = &obj->desc->callbacks;

	lockdep_assert_held(&klp_mutex);
	if (!callbacks->post_unpatch_enabled)
		return;
	callbacks->post_unpatch_enabled = false;
	klp_call(obj, callbacks->post_unpatch);
}
