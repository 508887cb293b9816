/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching, the interface for patch modules and for the module loader.
 *
 * A patch module describes what it replaces in three levels, and passes the
 * description to klp_enable_patch() from its init function:
 *
 *   static struct klp_func funcs[] = {
 *	{ .old_name = "cmdline_proc_show", .new_func = my_cmdline_proc_show },
 *	{ }
 *   };
 *   static struct klp_object objs[] = {
 *	{ .funcs = funcs },			// no name: vmlinux
 *	{ }
 *   };
 *   static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
 *
 * The module is marked by MODULE_INFO(livepatch, "Y"). The patch is disabled through
 * /sys/kernel/livepatch/<module>/enabled.
 *
 * See Documentation/livepatch/ for the consistency model.
 */
#ifndef _LINUX_LIVEPATCH_H_
#define _LINUX_LIVEPATCH_H_

#include <linux/list.h>
#include <linux/livepatch_external.h>
#include <linux/livepatch_sched.h>
#include <linux/module.h>

#ifdef CONFIG_LIVEPATCH

/**
 * struct klp_func - one function to replace
 * @old_name:	name of the function that is replaced
 * @new_func:	the function that is called instead
 * @old_sympos:	position among the symbols of that name in the object, counted
 *		from 1 in the order of kallsyms. 0: the name has to be unique
 */
struct klp_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;
};

/**
 * struct klp_object - the kernel or a module, and the functions replaced in it
 * @name:	name of the module, NULL for vmlinux
 * @funcs:	array of functions, ended by an empty one
 * @callbacks:	called around patching and unpatching of this object
 * @mod:	the module while it is loaded, else NULL. Set by the core.
 *		Callbacks may read it
 */
struct klp_object {
	const char *name;
	struct klp_func *funcs;
	struct klp_callbacks callbacks;

	struct module *mod;
};

/**
 * struct klp_state - a change of the system that outlives the patch
 * @id:		identifies the change
 * @version:	version of the change, for compatibility between patches
 * @data:	data that the patch hands over to a later one
 */
struct klp_state {
	unsigned long id;
	unsigned int version;
	void *data;
};

/**
 * struct klp_patch - what a patch module replaces
 * @mod:	the patch module
 * @objs:	array of objects, ended by an empty one
 * @states:	array of states, ended by an empty one, or NULL
 * @replace:	replace all patches that were enabled before
 *
 * The description belongs to the module and must live until the module is
 * unloaded. The core keeps its own records of it.
 */
struct klp_patch {
	struct module *mod;
	struct klp_object *objs;
	struct klp_state *states;
	bool replace;
};

#define klp_for_each_object_static(patch, obj) \
	for (obj = (patch)->objs; obj->funcs || obj->name; obj++)

#define klp_for_each_func_static(obj, func) \
	for (func = (obj)->funcs; \
	     func->old_name || func->new_func || func->old_sympos; \
	     func++)

int klp_enable_patch(struct klp_patch *patch);

/* Hooks of the module loader */
int klp_module_coming(struct module *mod);
void klp_module_going(struct module *mod);
bool klp_module_init_failed(struct module *mod, int err);
int klp_apply_section_relocs(struct module *pmod, Elf_Shdr *sechdrs,
			     const char *shstrtab, const char *strtab,
			     unsigned int symindex, unsigned int secindex,
			     const char *objname);
void *klp_find_section_by_name(const struct module *mod, const char *name,
			       size_t *sec_size);

/* The value shown in /proc/<pid>/patch_state */
int klp_task_patch_state(struct task_struct *task);

typedef int (*klp_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);
typedef void (*klp_shadow_dtor_t)(void *obj, void *shadow_data);

void *klp_shadow_get(void *obj, unsigned long id);
void *klp_shadow_alloc(void *obj, unsigned long id,
		       size_t size, gfp_t gfp_flags,
		       klp_shadow_ctor_t ctor, void *ctor_data);
void *klp_shadow_get_or_alloc(void *obj, unsigned long id,
			      size_t size, gfp_t gfp_flags,
			      klp_shadow_ctor_t ctor, void *ctor_data);
void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor);
void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor);

struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id);
struct klp_state *klp_get_prev_state(unsigned long id);

/* Kept for patch modules that call it. The consistency model needs no stack trace. */
static inline bool klp_have_reliable_stack(void)
{
	return true;
}

#else /* !CONFIG_LIVEPATCH */

static inline int klp_module_coming(struct module *mod) { return 0; }
static inline void klp_module_going(struct module *mod) { }

static inline bool klp_module_init_failed(struct module *mod, int err)
{
	return true;
}

static inline
int klp_apply_section_relocs(struct module *pmod, Elf_Shdr *sechdrs,
			     const char *shstrtab, const char *strtab,
			     unsigned int symindex, unsigned int secindex,
			     const char *objname)
{
	return 0;
}

#endif /* CONFIG_LIVEPATCH */

#endif /* _LINUX_LIVEPATCH_H_ */
