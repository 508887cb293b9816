// SPDX-License-Identifier: GPL-2.0
#include <linux/livepatch.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static int buffer_ctor(void *obj, void *data, void *arg)
{
	char **buffer = data;

	*buffer = kmalloc(16, GFP_KERNEL);	/* found */
	return *buffer ? 0 : -ENOMEM;
}

/* Without flags kzalloc_obj() uses GFP_KERNEL. */
static int object_ctor(void *obj, void *data, void *arg)
{
	struct item **item = data;

	if (arg)
		*item = kzalloc_obj(**item);	/* found */
	return *item ? 0 : -ENOMEM;
}

static void wait_for_it(struct item *item)
{
	if (item)
		wait_for_completion(&item->done);	/* found */
}

static int helper_ctor(void *obj, void *data, void *arg)
{
	wait_for_it(obj);
	return 0;
}

static void mutex_dtor(void *obj, void *data)
{
	mutex_lock(&items_lock);		/* found */
	list_del(data);
	mutex_unlock(&items_lock);
}

static void guard_dtor(void *obj, void *data)
{
	guard(mutex)(&items_lock);		/* found */
	list_del(data);
}

static void scoped_dtor(void *obj, void *data)
{
	scoped_guard(rwsem_write, &items_sem)	/* found */
		list_del(data);
	scoped_guard(mutex, &items_lock) {	/* found */
		list_del(data);
	}
}

static void use(void *obj)
{
	klp_shadow_alloc(obj, 1, 8, GFP_KERNEL, buffer_ctor, NULL);
	klp_shadow_get_or_alloc(obj, 2, 8, GFP_KERNEL, object_ctor, obj);
	klp_shadow_get_or_alloc(obj, 3, 8, GFP_KERNEL, helper_ctor, NULL);
	klp_shadow_free(obj, 1, mutex_dtor);
	klp_shadow_free(obj, 2, guard_dtor);
	klp_shadow_free_all(3, scoped_dtor);
}
