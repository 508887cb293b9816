// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, relocations of patch modules against symbols that are not
 * exported, or whose module is not loaded yet.
 */

/**
 * DOC: Relocations
 *
 * New code uses symbols that the module loader cannot resolve: static ones, and
 * those of modules that are not loaded. The build puts the relocations against
 * them into sections of their own, one for each pair of an object and a section of
 * the patch module, marked by SHF_RELA_LIVEPATCH and named
 *
 *   .klp.rela.<object>.<section that is relocated>
 *
 * The symbols that they refer to are marked by SHN_LIVEPATCH and named
 *
 *   .klp.sym.<object>.<symbol>,<position>
 *
 * See klp_find_symbol() for the position. A section is applied when the object in
 * its name is loaded. The alternatives, jump labels and similar sections of the patch
 * module may need symbols of vmlinux. So the sections of vmlinux are applied before
 * these are processed. A section of another object would be applied too late, so it
 * must not refer to a symbol of vmlinux.
 *
 * Life cycle:
 *
 * 1. The patch module is loaded. The loader passes each section to
 *    klp_apply_section_relocs(), which checks all sections, so that a malformed
 *    patch is refused now, and not when one of its objects is loaded. It
 *    applies the sections of vmlinux, unless the patch is for another build.
 * 2. The object is loaded, or was loaded before the patch.
 *    klp_apply_object_relocs() resolves the symbols and applies the sections of
 *    the object, all or none.
 * 3. The object is unloaded. klp_clear_object_relocs() writes zeroes to the
 *    places that were relocated, because some architectures refuse to repeat
 *    step 2 where they find another value.
 *
 * Step 2 may take place after the init memory of the patch module has been freed.
 * The sections of other objects than vmlinux, and what they relocate, must not be
 * in that memory.
 *
 * Locking: step 1 runs in the module loader, when no other code can reach the
 * module. Steps 2 and 3 run with klp_mutex held, which orders them, and which
 * prevents both modules from being unloaded. An architecture that needs text_mutex
 * to write to text takes it in apply_relocate_add() and clear_relocate_add(), so
 * callers must not hold it.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/moduleloader.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "internal.h"

/**
 * struct klp_relocs - one section of relocations
 * @pmod:	the patch module
 * @sechdrs:	its section headers
 * @strtab:	names of its symbols
 * @symindex:	section of its symbols
 * @secindex:	section of the relocations
 * @name:	name of that section
 * @objname:	object that has to be loaded before they are applied
 */
struct klp_relocs {
	struct module *pmod;
	Elf_Shdr *sechdrs;
	const char *strtab;
	unsigned int symindex;
	unsigned int secindex;
	const char *name;
	char objname[MODULE_NAME_LEN];
};

#define klp_for_each_section(shdr, info)				\
	for (shdr = (info)->sechdrs + 1;				\
	     shdr < (info)->sechdrs + (info)->hdr.e_shnum;		\
	     shdr++)

static const Elf_Shdr *klp_relocs_shdr(const struct klp_relocs *relocs)
{
	return &relocs->sechdrs[relocs->secindex];
}

static const Elf_Shdr *klp_target_shdr(const struct klp_relocs *relocs)
{
	return &relocs->sechdrs[klp_relocs_shdr(relocs)->sh_info];
}

static Elf_Sym *klp_rela_symbol(const struct klp_relocs *relocs,
				const Elf_Rela *rela)
{
	Elf_Sym *symtab = (Elf_Sym *)relocs->sechdrs[relocs->symindex].sh_addr;

	return &symtab[ELF_R_SYM(rela->r_info)];
}

static int klp_walk_relas(const struct klp_relocs *relocs,
			  int (*fn)(const struct klp_relocs *relocs,
				    const Elf_Rela *rela))
{
	const Elf_Shdr *shdr = klp_relocs_shdr(relocs);
	const Elf_Rela *rela = (const Elf_Rela *)shdr->sh_addr;
	size_t i;
	int ret;

	for (i = 0; i < shdr->sh_size / sizeof(*rela); i++) {
		ret = fn(relocs, &rela[i]);
		if (ret)
			return ret;
	}
	return 0;
}

#define klp_relocs_err(relocs, fmt, ...)				\
	pr_err("patch '%s', section '%s': " fmt "\n",			\
	       (relocs)->pmod->name, (relocs)->name, ##__VA_ARGS__)

static bool klp_is_vmlinux(const char *objname)
{
	return !strcmp(objname, "vmlinux");
}

/*
 * Copies the part of @str before the first @delim to @buf. Returns the part after it;
 * NULL if there is no @delim, if the first part is empty, or if it does not fit.
 */
static const char *klp_split(const char *str, char delim,
			     char *buf, size_t size)
{
	const char *end = strchr(str, delim);

	if (!end || end == str || end - str >= size)
		return NULL;
	memcpy(buf, str, end - str);
	buf[end - str] = '\0';
	return end + 1;
}

/**
 * klp_parse_section_name - parse the name of a section of relocations
 * @name:	".klp.rela.<object>.<section>"
 * @objname:	where to store the name of the object, MODULE_NAME_LEN bytes
 *
 * Context: Any.
 * Return: true if the name is well formed, else @objname is undefined.
 */
VISIBLE_IF_KUNIT
bool klp_parse_section_name(const char *name, char *objname)
{
	size_t prefix = str_has_prefix(name, KLP_RELOC_SEC_PREFIX);
	const char *target;

	if (!prefix)
		return false;
	target = klp_split(name + prefix, '.', objname, MODULE_NAME_LEN);
	return target && *target;
}

/**
 * klp_parse_symbol_name - parse the name of a livepatch symbol
 * @name:	".klp.sym.<object>.<symbol>,<position>"
 * @parts:	where to store the parts
 *
 * Context: Any.
 * Return: true if the name is well formed, else @parts is undefined.
 */
VISIBLE_IF_KUNIT
bool klp_parse_symbol_name(const char *name, struct klp_symbol_name *parts)
{
	size_t prefix = str_has_prefix(name, KLP_SYM_PREFIX);
	const char *rest;

	if (!prefix)
		return false;
	rest = klp_split(name + prefix, '.', parts->objname,
			 sizeof(parts->objname));
	if (!rest)
		return false;
	rest = klp_split(rest, ',', parts->name, sizeof(parts->name));
	return rest && !kstrtoul(rest, 10, &parts->sympos);
}

static int klp_check_symbol(const struct klp_relocs *relocs, const Elf_Sym *sym)
{
	const char *name = relocs->strtab + sym->st_name;
	struct klp_symbol_name parts;

	if (sym->st_shndx != SHN_LIVEPATCH) {
		klp_relocs_err(relocs, "'%s' is no livepatch symbol", name);
		return -ENOEXEC;
	}
	if (!klp_parse_symbol_name(name, &parts)) {
		klp_relocs_err(relocs, "malformed name of symbol '%s'", name);
		return -ENOEXEC;
	}
	if (klp_is_vmlinux(parts.objname) && !klp_is_vmlinux(relocs->objname)) {
		klp_relocs_err(relocs, "symbol '%s' of vmlinux is out of place",
			       name);
		return -EINVAL;
	}
	return 0;
}

/**
 * klp_arch_reloc_width - the number of bytes that a relocation writes
 * @type: its type, as returned by ELF_R_TYPE()
 *
 * Context: Any.
 * Return: the number of bytes; 0 if the architecture does not implement this function;
 * negative if apply_relocate_add() would refuse the type.
 */
int __weak klp_arch_reloc_width(unsigned int type)
{
	return 0;
}

/* The first byte has to be inside of the section even if nothing is written. */
VISIBLE_IF_KUNIT
bool klp_reloc_fits(const Elf_Rela *rela, size_t size)
{
	int width = klp_arch_reloc_width(ELF_R_TYPE(rela->r_info)) ?: 1;

	return width > 0 && rela->r_offset < size && size - rela->r_offset >= width;
}

static int klp_check_rela(const struct klp_relocs *relocs, const Elf_Rela *rela)
{
	const Elf_Shdr *symsec = &relocs->sechdrs[relocs->symindex];
	unsigned long symidx = ELF_R_SYM(rela->r_info);

	if (symidx >= symsec->sh_size / sizeof(Elf_Sym)) {
		klp_relocs_err(relocs, "there is no symbol %lu", symidx);
		return -ENOEXEC;
	}
	if (!klp_reloc_fits(rela, klp_target_shdr(relocs)->sh_size)) {
		klp_relocs_err(relocs, "relocation at offset 0x%llx is unknown, or reaches outside of the target",
			       (u64)rela->r_offset);
		return -ENOEXEC;
	}
	return klp_check_symbol(relocs, klp_rela_symbol(relocs, rela));
}

/* Does step 2 use only memory that is kept until the module is unloaded? */
static bool klp_relocs_persist(const struct klp_relocs *relocs)
{
	const Elf_Shdr *target = klp_target_shdr(relocs);

	return within_module_core(klp_relocs_shdr(relocs)->sh_addr,
				  relocs->pmod) &&
	       within_module_core(target->sh_addr, relocs->pmod);
}

static int klp_check_relocs(const struct klp_relocs *relocs)
{
	if (klp_relocs_shdr(relocs)->sh_size % sizeof(Elf_Rela)) {
		klp_relocs_err(relocs, "not a whole number of relocations");
		return -ENOEXEC;
	}
	if (!klp_is_vmlinux(relocs->objname) && !klp_relocs_persist(relocs)) {
		klp_relocs_err(relocs, "not in memory that persists");
		return -ENOEXEC;
	}
	return klp_walk_relas(relocs, klp_check_rela);
}

/* The type is checked first, because an unused section (SHT_NULL) has no name. */
static int klp_open_relocs(struct klp_relocs *relocs, const char *shstrtab)
{
	const Elf_Shdr *shdr = klp_relocs_shdr(relocs);

	if (shdr->sh_type != SHT_RELA) {
		pr_err("patch '%s', section %u: marked as relocations, but of type %u\n",
		       relocs->pmod->name, relocs->secindex, shdr->sh_type);
		return -ENOEXEC;
	}

	relocs->name = shstrtab + shdr->sh_name;
	if (!klp_parse_section_name(relocs->name, relocs->objname)) {
		klp_relocs_err(relocs, "malformed name");
		return -ENOEXEC;
	}
	return 0;
}

static int klp_resolve_rela(const struct klp_relocs *relocs,
			    const Elf_Rela *rela)
{
	Elf_Sym *sym = klp_rela_symbol(relocs, rela);
	struct klp_symbol_name parts;
	const char *objname;
	unsigned long addr;
	int ret;

	if (WARN_ON_ONCE(!klp_parse_symbol_name(relocs->strtab + sym->st_name,
						&parts)))
		return -EINVAL;
	objname = klp_is_vmlinux(parts.objname) ? NULL : parts.objname;
	ret = klp_find_symbol(relocs->pmod->name, objname, parts.name,
			      parts.sympos, &addr);
	if (ret)
		return ret;

	/* kallsyms may read the symbols of this module without a lock. */
	WRITE_ONCE(sym->st_value, addr);
	return 0;
}

/**
 * clear_relocate_add - undo apply_relocate_add() on a section of relocations
 * @sechdrs:	section headers of the module
 * @strtab:	names of its symbols
 * @symindex:	section of its symbols
 * @relsec:	section of the relocations
 * @me:		the module
 *
 * The default does nothing. It suits architectures whose apply_relocate_add() does not
 * check the value that it overwrites. Some of them keep more state, in a GOT or PLT, and
 * may not be able to relocate against an object that is loaded again.
 *
 * Context: Task context, may sleep. An implementation may take text_mutex.
 */
void __weak clear_relocate_add(Elf_Shdr *sechdrs, const char *strtab,
			       unsigned int symindex, unsigned int relsec,
			       struct module *me)
{
}

static int klp_write_relocs(const struct klp_relocs *relocs)
{
	return apply_relocate_add(relocs->sechdrs, relocs->strtab,
				  relocs->symindex, relocs->secindex,
				  relocs->pmod);
}

static void klp_clear_relocs(const struct klp_relocs *relocs)
{
	clear_relocate_add(relocs->sechdrs, relocs->strtab, relocs->symindex,
			   relocs->secindex, relocs->pmod);
}

/**
 * klp_apply_section_relocs - check a section of relocations, and apply it if it
 *			      belongs to an object
 * @pmod:	the patch module
 * @sechdrs:	its section headers
 * @shstrtab:	names of its sections
 * @strtab:	names of its symbols
 * @symindex:	section of its symbols
 * @secindex:	section of the relocations, marked by SHF_RELA_LIVEPATCH
 * @objname:	object whose relocations are to be applied. NULL: vmlinux, and
 *		check those of all other objects
 *
 * The caller has checked the indices of sections, sh_info included, and the
 * offsets of names.
 *
 * Context: Task context, may sleep. If @objname is NULL, the module is being loaded,
 * in state MODULE_STATE_UNFORMED. Otherwise klp_mutex is held and the object is
 * loaded.
 * Return: 0 if the section is applied or belongs to another object. -ENOEXEC if
 * it is malformed, or if the patch is for another build of vmlinux; -EINVAL if a
 * symbol is not found or ambiguous, or belongs to vmlinux and the section does not;
 * or an error of apply_relocate_add(). If @objname is not NULL, an error means that
 * nothing has changed.
 */
int klp_apply_section_relocs(struct module *pmod, Elf_Shdr *sechdrs,
			     const char *shstrtab, const char *strtab,
			     unsigned int symindex, unsigned int secindex,
			     const char *objname)
{
	struct klp_relocs relocs = {
		.pmod = pmod, .sechdrs = sechdrs, .strtab = strtab,
		.symindex = symindex, .secindex = secindex,
	};
	bool wanted;
	int ret;

	/* In another build a symbol may have the same name and another meaning. */
	ret = objname ? 0 : klp_check_kernel_build(pmod);
	if (ret)
		return ret;
	ret = klp_open_relocs(&relocs, shstrtab);
	if (ret)
		return ret;
	wanted = !strcmp(relocs.objname, objname ?: "vmlinux");
	if (!wanted && objname)
		return 0;

	ret = klp_check_relocs(&relocs);
	if (ret || !wanted)
		return ret;

	ret = klp_walk_relas(&relocs, klp_resolve_rela);
	if (ret)
		return ret;

	ret = klp_write_relocs(&relocs);
	/* Some relocations may have been written, and would make the next attempt fail. */
	if (ret && objname)
		klp_clear_relocs(&relocs);
	return ret;
}

static int klp_apply_late(struct module *pmod, const Elf_Shdr *shdr,
			  const char *objname)
{
	struct klp_modinfo *info = pmod->klp_info;

	if (!(shdr->sh_flags & SHF_RELA_LIVEPATCH))
		return 0;

	/* Not checked in step 1, because the loader skips sections with an invalid sh_info. */
	if (shdr->sh_info >= info->hdr.e_shnum) {
		pr_err("patch '%s', section %zu: there is no section %u to relocate\n",
		       pmod->name, shdr - info->sechdrs, shdr->sh_info);
		return -ENOEXEC;
	}
	return klp_apply_section_relocs(pmod, info->sechdrs, info->secstrings,
					pmod->core_kallsyms.strtab,
					info->symndx, shdr - info->sechdrs,
					objname);
}

static void klp_clear_late(struct module *pmod, const Elf_Shdr *shdr,
			   const char *objname)
{
	struct klp_modinfo *info = pmod->klp_info;
	struct klp_relocs relocs = {
		.pmod = pmod, .sechdrs = info->sechdrs,
		.strtab = pmod->core_kallsyms.strtab,
		.symindex = info->symndx, .secindex = shdr - info->sechdrs,
	};

	if (!(shdr->sh_flags & SHF_RELA_LIVEPATCH))
		return;
	if (klp_parse_section_name(info->secstrings + shdr->sh_name,
				   relocs.objname) &&
	    !strcmp(relocs.objname, objname))
		klp_clear_relocs(&relocs);
}

/* Clears the sections of an object before @end, all of them if @end is NULL. */
static void klp_clear_until(struct module *pmod, const Elf_Shdr *end,
			    const char *objname)
{
	const Elf_Shdr *shdr;

	klp_for_each_section(shdr, pmod->klp_info) {
		if (shdr == end)
			return;
		klp_clear_late(pmod, shdr, objname);
	}
}

/**
 * klp_apply_object_relocs - relocate a patch against a module that it patches
 * @patch:	the patch
 * @obj:	the object, which is loaded. Nothing is done for vmlinux, whose
 *		sections were applied by the module loader
 *
 * Context: Task context, klp_mutex is held.
 * Return: 0, or as klp_apply_section_relocs(). On an error nothing has changed,
 * and another attempt may follow.
 */
int klp_apply_object_relocs(struct klp_patch *patch, struct klp_object *obj)
{
	const Elf_Shdr *shdr;
	int ret;

	lockdep_assert_held(&klp_mutex);

	if (!obj->name)
		return 0;

	klp_for_each_section(shdr, patch->mod->klp_info) {
		ret = klp_apply_late(patch->mod, shdr, obj->name);
		if (ret) {
			klp_clear_until(patch->mod, shdr, obj->name);
			return ret;
		}
	}
	return 0;
}

/**
 * klp_clear_object_relocs - undo klp_apply_object_relocs()
 * @patch:	the patch
 * @obj:	the object. Nothing is done for vmlinux
 *
 * Must be called only after klp_apply_object_relocs() has succeeded, and when no task
 * can run the new code any more.
 *
 * Context: Task context, klp_mutex is held.
 */
void klp_clear_object_relocs(struct klp_patch *patch, struct klp_object *obj)
{
	lockdep_assert_held(&klp_mutex);

	if (obj->name)
		klp_clear_until(patch->mod, NULL, obj->name);
}

/**
 * klp_find_section_by_name - find a section of a patch module in memory
 * @mod:	the patch module, whose init has been called
 * @name:	name of the section
 * @sec_size:	where to store its size, 0 if there is none
 *
 * A section whose name begins with ".init" is freed when the init function of the
 * module has returned.
 *
 * Context: Task context.
 * Return: The address of the section. NULL if the module has no such section in
 * memory.
 */
void *klp_find_section_by_name(const struct module *mod, const char *name,
			       size_t *sec_size)
{
	const struct klp_modinfo *info = mod->klp_info;
	const Elf_Shdr *shdr;

	*sec_size = 0;
	if (!info)
		return NULL;

	klp_for_each_section(shdr, info) {
		if (shdr->sh_type == SHT_NULL ||
		    !(shdr->sh_flags & SHF_ALLOC) ||
		    strcmp(info->secstrings + shdr->sh_name, name))
			continue;
		*sec_size = shdr->sh_size;
		return (void *)shdr->sh_addr;
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(klp_find_section_by_name);
