// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records of patches, their objects and functions.
 *
 * Each record contains the kobject of its directory in sysfs. The record is freed when the
 * last reference to the kobject is dropped: by the core, or by the kobject of a directory
 * inside. The patch module may be unloaded before that, so the core allocates the records
 * outside of the memory of the module.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/string.h>
#include "internal.h"

static void klp_patch_release(struct kobject *kobj)
{
	struct live_patch *patch = container_of(kobj, struct live_patch, kobj);

	kfree(patch->objs);
	kfree(patch);
}

static void klp_object_release(struct kobject *kobj)
{
	struct live_object *obj = container_of(kobj, struct live_object, kobj);

	kvfree(obj->funcs);
	kfree(obj);
}

static void klp_func_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct live_func, kobj));
}

static const struct kobj_type klp_patch_ktype = {
	.release	= klp_patch_release,
	.sysfs_ops	= &kobj_sysfs_ops,
};

static const struct kobj_type klp_object_ktype = {
	.release	= klp_object_release,
	.sysfs_ops	= &kobj_sysfs_ops,
};

static const struct kobj_type klp_func_ktype = {
	.release	= klp_func_release,
	.sysfs_ops	= &kobj_sysfs_ops,
};

static int klp_check_duplicate_func(const struct live_object *obj,
				    const struct klp_func *desc)
{
	struct live_func *func;
	unsigned int i;

	klp_for_each_live_func(obj, i, func) {
		if (klp_desc_sympos(func->desc) != klp_desc_sympos(desc) ||
		    strcmp(func->desc->old_name, desc->old_name))
			continue;
		pr_err("patch '%s' object '%s': function '%s,%lu' is named twice\n",
		       obj->patch->mod->name, klp_object_name(obj),
		       desc->old_name, klp_desc_sympos(desc));
		return -EEXIST;
	}
	return 0;
}

static int klp_func_create(struct live_object *obj, const struct klp_func *desc)
{
	struct live_func *func;
	int ret;

	ret = klp_check_duplicate_func(obj, desc);
	if (ret)
		return ret;
	func = kzalloc_obj(*func);
	if (!func)
		return -ENOMEM;
	func->obj = obj;
	func->desc = desc;
	kobject_init(&func->kobj, &klp_func_ktype);
	obj->funcs[obj->nr_funcs++] = func;
	return kobject_add(&func->kobj, &obj->kobj, "%s,%lu", desc->old_name,
			   klp_desc_sympos(desc));
}

static int klp_funcs_create(struct live_object *obj)
{
	const struct klp_func *desc;
	unsigned int nr = 0;
	int ret;

	klp_for_each_func_static(obj->desc, desc)
		nr++;
	obj->funcs = kvzalloc_objs(*obj->funcs, nr);
	if (!obj->funcs)
		return -ENOMEM;

	klp_for_each_func_static(obj->desc, desc) {
		ret = klp_func_create(obj, desc);
		if (ret)
			return ret;
	}
	return 0;
}

static int klp_check_duplicate_object(const struct live_patch *patch,
				      const struct klp_object *desc)
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_live_object(patch, i, obj) {
		if (strcmp(klp_object_name(obj), klp_desc_name(desc)))
			continue;
		pr_err("patch '%s': object '%s' is named twice\n",
		       patch->mod->name, klp_object_name(obj));
		return -EEXIST;
	}
	return 0;
}

static int klp_object_create(struct live_patch *patch, struct klp_object *desc)
{
	struct live_object *obj;
	int ret;

	ret = klp_check_duplicate_object(patch, desc);
	if (ret)
		return ret;
	obj = kzalloc_obj(*obj);
	if (!obj)
		return -ENOMEM;
	obj->patch = patch;
	obj->desc = desc;
	klp_object_init(obj);
	kobject_init(&obj->kobj, &klp_object_ktype);
	patch->objs[patch->nr_objs++] = obj;
	return klp_sysfs_add_object(obj) ?: klp_funcs_create(obj);
}

static int klp_objects_create(struct live_patch *patch)
{
	struct klp_object *desc;
	unsigned int nr = 0;
	int ret;

	klp_for_each_object_static(patch->desc, desc)
		nr++;
	patch->objs = kzalloc_objs(*patch->objs, nr);
	if (!patch->objs)
		return -ENOMEM;

	klp_for_each_object_static(patch->desc, desc) {
		ret = klp_object_create(patch, desc);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * klp_record_alloc - allocate the record of a patch
 * @desc: the description by the patch module
 *
 * Context: Process context.
 * Return: the record, NULL when out of memory.
 */
struct live_patch *klp_record_alloc(struct klp_patch *desc)
{
	struct live_patch *patch = kzalloc_obj(*patch);

	if (!patch)
		return NULL;
	patch->desc = desc;
	patch->mod = desc->mod;
	patch->replace = desc->replace;
	patch->replace_set = desc->replace_set;
	INIT_LIST_HEAD(&patch->list);
	kobject_init(&patch->kobj, &klp_patch_ktype);
	return patch;
}

/**
 * klp_record_fill - create the records of objects and functions, and add all to sysfs
 * @patch: the patch
 *
 * Context: Process context, klp_mutex held.
 * Return: 0; -ENOMEM; -EEXIST if an object or a function is named twice; another error of
 * sysfs. After an error the caller calls klp_record_destroy(), too.
 */
int klp_record_fill(struct live_patch *patch)
{
	lockdep_assert_held(&klp_mutex);
	return klp_sysfs_add_patch(patch) ?: klp_objects_create(patch);
}

/* Remove the directory. The record is freed when its last reference is dropped. */
static void klp_kobject_remove(struct kobject *kobj)
{
	if (kobj->state_in_sysfs)
		kobject_del(kobj);
	kobject_put(kobj);
}

static void klp_object_destroy(struct live_object *obj)
{
	struct live_func *func;
	unsigned int i;

	klp_for_each_live_func(obj, i, func)
		klp_kobject_remove(&func->kobj);
	klp_kobject_remove(&obj->kobj);
}

/**
 * klp_record_destroy - remove a patch from sysfs, and drop the references to its records
 * @patch: the patch, disabled
 *
 * Waits until no task reads or writes a file of the patch. Such a task may wait for
 * klp_mutex or klp_change_mutex, so the caller must hold neither.
 *
 * Context: Process context, sleeps.
 */
void klp_record_destroy(struct live_patch *patch)
{
	struct live_object *obj;
	unsigned int i;

	klp_for_each_live_object(patch, i, obj)
		klp_object_destroy(obj);
	klp_kobject_remove(&patch->kobj);
}
