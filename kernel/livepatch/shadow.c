// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, shadow variables: data which patches attach to existing
 * objects.
 */

/**
 * DOC: Shadow variables
 *
 * A patch cannot add a member to a structure that the running kernel has
 * already allocated. It can attach a shadow variable instead: memory that is
 * found by the address of its object, and by an id that distinguishes several
 * variables of one object. The address is used as a number only, nothing is
 * read from it. If patches agree on ids and layouts, a later patch can use the
 * variables of an earlier one.
 *
 * Life cycle:
 *
 * 1. klp_shadow_alloc() or klp_shadow_get_or_alloc() allocates a variable, lets
 *    the constructor fill it and publishes it.
 * 2. klp_shadow_get() finds it, from any context.
 * 3. klp_shadow_free() removes it when its object is freed.
 *    klp_shadow_free_all() removes all variables of one id when the last patch
 *    that uses the id is disabled. The destructor is called, and the memory is
 *    freed after an RCU grace period.
 *
 * A variable is not freed automatically with its object. If the patch does not
 * free it, the next object at the same address finds it.
 *
 * Locking: klp_shadow_lock serialises all changes. So there is at most one
 * variable for each object and id, and its constructor is called once.
 * Constructors and destructors are called under the lock, with interrupts off,
 * and must not call the functions below except klp_shadow_get(). It is not a raw
 * spinlock, because these callbacks may allocate, free, and take locks of the
 * patched code, which sleep on PREEMPT_RT. Lookups take no lock.
 *
 * Ordering: hlist_add_head_rcu() orders the stores of the constructor before
 * the publication. It pairs with the address dependency in klp_shadow_find(), so
 * a lookup finds only variables that are constructed.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/livepatch.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/* The table is not resized, because a lookup has to work in any context. */
#define KLP_SHADOW_HASH_BITS	12

static DEFINE_HASHTABLE(klp_shadow_hash, KLP_SHADOW_HASH_BITS);

/* Serialises changes of klp_shadow_hash. Innermost lock, except for callbacks. */
static DEFINE_SPINLOCK(klp_shadow_lock);

/**
 * struct klp_shadow - one shadow variable
 * @node:	in klp_shadow_hash
 * @rcu:	for kfree_rcu()
 * @obj:	address of the object it belongs to
 * @id:		id of the variable
 * @data:	the data for the users, aligned for any basic type
 */
struct klp_shadow {
	struct hlist_node node;
	struct rcu_head rcu;
	void *obj;
	unsigned long id;
	u8 data[] __aligned(__alignof__(unsigned long long));
};

static struct klp_shadow *klp_shadow_find(void *obj, unsigned long id)
{
	struct klp_shadow *shadow;

	hash_for_each_possible_rcu(klp_shadow_hash, shadow, node,
				   (unsigned long)obj,
				   lockdep_is_held(&klp_shadow_lock)) {
		if (shadow->obj == obj && shadow->id == id)
			return shadow;
	}
	return NULL;
}

/**
 * klp_shadow_get - find a shadow variable
 * @obj:	object it belongs to
 * @id:		id of the variable
 *
 * Context: Any, NMI included. The caller makes sure that the variable is not
 * freed while it is in use, as it does for the object.
 * Return: The data of the variable, NULL if there is none.
 */
void *klp_shadow_get(void *obj, unsigned long id)
{
	struct klp_shadow *shadow;

	guard(rcu)();
	shadow = klp_shadow_find(obj, id);
	return shadow ? shadow->data : NULL;
}
EXPORT_SYMBOL_GPL(klp_shadow_get);

static int klp_shadow_publish(struct klp_shadow *shadow,
			      klp_shadow_ctor_t ctor, void *ctor_data)
{
	int ret;

	lockdep_assert_held(&klp_shadow_lock);

	if (ctor) {
		ret = ctor(shadow->obj, shadow->data, ctor_data);
		if (ret)
			return ret;
	}
	hash_add_rcu(klp_shadow_hash, &shadow->node,
		     (unsigned long)shadow->obj);
	return 0;
}

/*
 * The memory is allocated before the lock is taken, because @gfp_flags may allow
 * to sleep. If another caller has created the variable meanwhile, the memory is
 * freed again and @existing is set.
 */
static void *klp_shadow_create(void *obj, unsigned long id,
			       size_t size, gfp_t gfp_flags,
			       klp_shadow_ctor_t ctor, void *ctor_data,
			       struct klp_shadow **existing)
{
	struct klp_shadow *shadow;
	int ret = 0;

	shadow = kzalloc_flex(*shadow, data, size, gfp_flags);
	if (!shadow)
		return NULL;
	shadow->obj = obj;
	shadow->id = id;

	scoped_guard(spinlock_irqsave, &klp_shadow_lock) {
		*existing = klp_shadow_find(obj, id);
		if (!*existing)
			ret = klp_shadow_publish(shadow, ctor, ctor_data);
	}
	if (!*existing && !ret)
		return shadow->data;

	kfree(shadow);
	if (ret)
		pr_err("Failed to construct shadow variable <%p, %lx> (%d)\n",
		       obj, id, ret);
	return NULL;
}

/**
 * klp_shadow_alloc - attach a new shadow variable to an object
 * @obj:	object it belongs to
 * @id:		id of the variable
 * @size:	size of the data
 * @gfp_flags:	flags for the allocation
 * @ctor:	initializes the zeroed data before it can be found, or NULL. May
 *		return an error
 * @ctor_data:	passed to @ctor
 *
 * If the variable exists already, that is an error of the caller and triggers a
 * warning. @ctor is not called then.
 *
 * Context: Any that may allocate with @gfp_flags and take a spinlock. @ctor
 * is called with klp_shadow_lock held and must not sleep.
 * Return: The data of the new variable. NULL if there is no memory, if @ctor
 * fails or if the variable exists.
 */
void *klp_shadow_alloc(void *obj, unsigned long id,
		       size_t size, gfp_t gfp_flags,
		       klp_shadow_ctor_t ctor, void *ctor_data)
{
	struct klp_shadow *existing = NULL;
	void *data;

	data = klp_shadow_create(obj, id, size, gfp_flags, ctor, ctor_data,
				 &existing);
	if (existing)
		WARN(1, "Duplicate shadow variable <%p, %lx>\n", obj, id);
	return data;
}
EXPORT_SYMBOL_GPL(klp_shadow_alloc);

/**
 * klp_shadow_get_or_alloc - find a shadow variable, attach it if there is none
 * @obj:	object it belongs to
 * @id:		id of the variable
 * @size:	size of the data, if it is allocated
 * @gfp_flags:	flags for the allocation
 * @ctor:	initializes the zeroed data before it can be found, or NULL. May
 *		return an error
 * @ctor_data:	passed to @ctor
 *
 * If several callers run concurrently, one of them constructs the variable, and
 * all get the same data.
 *
 * Context: Any that may allocate with @gfp_flags and take a spinlock. @ctor
 * is called with klp_shadow_lock held and must not sleep.
 * Return: The data of the variable. NULL if it did not exist and there is no
 * memory or @ctor fails.
 */
void *klp_shadow_get_or_alloc(void *obj, unsigned long id,
			      size_t size, gfp_t gfp_flags,
			      klp_shadow_ctor_t ctor, void *ctor_data)
{
	struct klp_shadow *existing = NULL;
	void *data;

	data = klp_shadow_get(obj, id);
	if (data)
		return data;

	data = klp_shadow_create(obj, id, size, gfp_flags, ctor, ctor_data,
				 &existing);
	return existing ? existing->data : data;
}
EXPORT_SYMBOL_GPL(klp_shadow_get_or_alloc);

static void klp_shadow_remove(struct klp_shadow *shadow, klp_shadow_dtor_t dtor)
{
	lockdep_assert_held(&klp_shadow_lock);

	hash_del_rcu(&shadow->node);
	if (dtor)
		dtor(shadow->obj, shadow->data);
	kfree_rcu(shadow, rcu);
}

/**
 * klp_shadow_free - detach a shadow variable from its object and free it
 * @obj:	object it belongs to
 * @id:		id of the variable
 * @dtor:	releases what the data refers to, or NULL
 *
 * Nothing happens if there is no such variable.
 *
 * Context: Any that may take a spinlock. @dtor is called with klp_shadow_lock
 * held and must not sleep. Lookups that have begun may still see the data.
 */
void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor)
{
	struct klp_shadow *shadow;

	guard(spinlock_irqsave)(&klp_shadow_lock);
	shadow = klp_shadow_find(obj, id);
	if (shadow)
		klp_shadow_remove(shadow, dtor);
}
EXPORT_SYMBOL_GPL(klp_shadow_free);

static void klp_shadow_free_bucket(struct hlist_head *bucket, unsigned long id,
				   klp_shadow_dtor_t dtor)
{
	struct klp_shadow *shadow;
	struct hlist_node *next;

	guard(spinlock_irqsave)(&klp_shadow_lock);
	hlist_for_each_entry_safe(shadow, next, bucket, node) {
		if (shadow->id == id)
			klp_shadow_remove(shadow, dtor);
	}
}

/**
 * klp_shadow_free_all - detach and free all shadow variables of one id
 * @id:		id of the variables
 * @dtor:	releases what the data refers to, or NULL
 *
 * A variable that is attached concurrently may not be freed. The caller has to
 * stop the users first in any case. So the lock is held, with interrupts off, for
 * one bucket at a time only.
 *
 * Context: Any that may take a spinlock. @dtor is called with klp_shadow_lock
 * held and must not sleep. Lookups that have begun may still see the data.
 */
void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor)
{
	unsigned int i;

	for (i = 0; i < HASH_SIZE(klp_shadow_hash); i++)
		klp_shadow_free_bucket(&klp_shadow_hash[i], id, dtor);
}
EXPORT_SYMBOL_GPL(klp_shadow_free_all);
