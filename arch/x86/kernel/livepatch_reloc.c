// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching on x86, number of bytes that relocations write.
 */

#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/livepatch_trampoline.h>

/**
 * klp_arch_reloc_width - the number of bytes that a relocation writes
 * @type: its type, as returned by ELF_R_TYPE()
 *
 * The known types are those that apply_relocate_add() accepts.
 *
 * Context: Any.
 * Return: the number of bytes, 0 for R_X86_64_NONE, -ENOEXEC for unknown types.
 */
int klp_arch_reloc_width(unsigned int type)
{
	switch (type) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return 4;
	default:
		return -ENOEXEC;
	}
}
