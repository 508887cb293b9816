// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files under /sys/kernel/livepatch.
 *
 * /sys/kernel/livepatch/<patch>/{enabled,transition,force,replace,replace_set,
 *				  stack_order,stragglers,transition_ms,pinned}
 * /sys/kernel/livepatch/<patch>/<object>/patched
 * /sys/kernel/livepatch/<patch>/<object>/<function,sympos>/
 */

#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "internal.h"

static struct kobject *klp_root;

#define to_patch(ptr)	container_of(ptr, struct live_patch, kobj)
#define to_object(ptr)	container_of(ptr, struct live_object, kobj)

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	bool enable;
	int ret;

	ret = kstrtobool(buf, &enable);
	if (ret)
		return ret;
	return klp_patch_write_enabled(to_patch(kobj), enable) ?: count;
}

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", klp_patch_is_enabled(to_patch(kobj)));
}

static ssize_t transition_show(struct kobject *kobj, struct kobj_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%d\n", to_patch(kobj) == klp_patch_in_transition());
}

static ssize_t force_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	bool force;
	int ret;

	ret = kstrtobool(buf, &force);
	if (ret || !force)
		return ret ?: count;
	return klp_patch_force(to_patch(kobj)) ?: count;
}

static ssize_t replace_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", to_patch(kobj)->replace);
}

static ssize_t replace_set_show(struct kobject *kobj, struct kobj_attribute *attr,
				char *buf)
{
	return sysfs_emit(buf, "%u\n", to_patch(kobj)->replace_set);
}

static ssize_t stack_order_show(struct kobject *kobj, struct kobj_attribute *attr,
				char *buf)
{
	struct live_patch *patch;
	int order = 0;

	guard(mutex)(&klp_mutex);
	klp_for_each_patch(patch) {
		order++;
		if (patch == to_patch(kobj))
			return sysfs_emit(buf, "%d\n", order);
	}
	/* The patch has left the list, and its directory is about to be removed. */
	return -ENODEV;
}

static ssize_t stragglers_show(struct kobject *kobj, struct kobj_attribute *attr,
			       char *buf)
{
	int nr = 0;

	guard(mutex)(&klp_mutex);
	if (to_patch(kobj) == klp_patch_in_transition())
		nr = klp_migration_left();
	return sysfs_emit(buf, "%d\n", nr);
}

static ssize_t transition_ms_show(struct kobject *kobj, struct kobj_attribute *attr,
				  char *buf)
{
	unsigned int age = 0;

	guard(mutex)(&klp_mutex);
	if (to_patch(kobj) == klp_patch_in_transition())
		age = klp_transition_age_ms();
	return sysfs_emit(buf, "%u\n", age);
}

static ssize_t pinned_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	guard(mutex)(&klp_mutex);
	return sysfs_emit(buf, "%d\n", to_patch(kobj)->pinned);
}

static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);
static struct kobj_attribute transition_attr = __ATTR_RO(transition);
static struct kobj_attribute force_attr = __ATTR_WO(force);
static struct kobj_attribute replace_attr = __ATTR_RO(replace);
static struct kobj_attribute replace_set_attr = __ATTR_RO(replace_set);
static struct kobj_attribute stack_order_attr = __ATTR_RO(stack_order);
static struct kobj_attribute stragglers_attr = __ATTR_RO(stragglers);
static struct kobj_attribute transition_ms_attr = __ATTR_RO(transition_ms);
static struct kobj_attribute pinned_attr = __ATTR_RO(pinned);

static struct attribute *klp_patch_attrs[] = {
	&enabled_attr.attr,
	&transition_attr.attr,
	&force_attr.attr,
	&replace_attr.attr,
	&replace_set_attr.attr,
	&stack_order_attr.attr,
	&stragglers_attr.attr,
	&transition_ms_attr.attr,
	&pinned_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(klp_patch);

/**
 * klp_sysfs_has_file - is this the name of a file in the directory of a patch?
 * @name: the name
 *
 * An object can't have this name, because its directory would be next to the file.
 *
 * Context: Any.
 * Return: true if there is such a file.
 */
bool klp_sysfs_has_file(const char *name)
{
	struct attribute **attr;

	for (attr = klp_patch_attrs; *attr; attr++) {
		if (!strcmp((*attr)->name, name))
			return true;
	}
	return false;
}

static ssize_t patched_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	/* No lock: the answer may be out of date in any case. */
	enum klp_object_stage stage = context_unsafe(READ_ONCE(to_object(kobj)->stage));

	return sysfs_emit(buf, "%d\n", stage != KLP_OBJECT_ORIGINAL);
}

static struct kobj_attribute patched_attr = __ATTR_RO(patched);

static struct attribute *klp_object_attrs[] = {
	&patched_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(klp_object);

/**
 * klp_sysfs_add_patch - create the directory of a patch, and its files
 * @patch: the patch, its kobject is initialized
 *
 * Context: Process context.
 * Return: 0, or an error of sysfs. The caller removes the directory after an error, too.
 */
int klp_sysfs_add_patch(struct live_patch *patch)
{
	return kobject_add(&patch->kobj, klp_root, "%s", patch->mod->name) ?:
	       sysfs_create_groups(&patch->kobj, klp_patch_groups);
}

/**
 * klp_sysfs_add_object - create the directory of an object, and its files
 * @obj: the object, its kobject is initialized
 *
 * Context: Process context.
 * Return: 0, or an error of sysfs. The caller removes the directory after an error, too.
 */
int klp_sysfs_add_object(struct live_object *obj)
{
	return kobject_add(&obj->kobj, &obj->patch->kobj, "%s", klp_object_name(obj)) ?:
	       sysfs_create_groups(&obj->kobj, klp_object_groups);
}

/**
 * klp_sysfs_notify_transition - wake up the tasks that poll the file "transition"
 * @patch: the patch
 *
 * Context: Process context.
 */
void klp_sysfs_notify_transition(struct live_patch *patch)
{
	sysfs_notify(&patch->kobj, NULL, "transition");
}

/**
 * klp_sysfs_ready - can patches be shown in sysfs?
 *
 * Context: Any.
 * Return: true once the root directory exists.
 */
bool klp_sysfs_ready(void)
{
	return klp_root;
}

static int __init klp_sysfs_init(void)
{
	klp_root = kobject_create_and_add("livepatch", kernel_kobj);
	return klp_root ? 0 : -ENOMEM;
}
subsys_initcall(klp_sysfs_init);
