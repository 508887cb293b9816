// SPDX-License-Identifier: GPL-2.0
#include <linux/livepatch.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static int buffer_ctor(void *obj, void *data, void *arg)
{
	char **buffer = data;

	*buffer = kmalloc(16, GFP_ATOMIC);
	return *buffer ? 0 : -ENOMEM;
}

static int object_ctor(void *obj, void *data, void *arg)
{
	struct item **item = data;

	*item = kzalloc_obj(**item, GFP_NOWAIT);
	return *item ? 0 : -ENOMEM;
}

static void lock_dtor(void *obj, void *data)
{
	guard(spinlock)(&items_spin);
	list_del(data);
	scoped_guard(raw_spinlock, &items_raw)
		list_del(data);
	kfree(data);
}

/* The caller of klp_shadow_alloc() may sleep: it does not hold the spinlock. */
static void use(void *obj)
{
	char *buffer = kmalloc(16, GFP_KERNEL);

	mutex_lock(&items_lock);
	klp_shadow_alloc(obj, 1, 8, GFP_KERNEL, buffer_ctor, NULL);
	klp_shadow_get_or_alloc(obj, 2, 8, GFP_KERNEL, object_ctor, buffer);
	klp_shadow_get_or_alloc(obj, 3, 8, GFP_KERNEL, NULL, NULL);
	klp_shadow_free(obj, 1, NULL);
	klp_shadow_free_all(2, lock_dtor);
	mutex_unlock(&items_lock);
}
