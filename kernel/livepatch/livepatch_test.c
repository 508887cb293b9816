// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patching, unit tests of names, symbols, marks, states and replace sets.
 */

#include <kunit/test.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/livepatch_never_left.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "internal.h"

/* A name of @len characters between @before and @after. */
static const char *long_name(struct kunit *test, const char *before, size_t len,
			     const char *after)
{
	char *filling = kunit_kzalloc(test, len + 1, GFP_KERNEL);
	char *name = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, filling);
	KUNIT_ASSERT_NOT_NULL(test, name);
	memset(filling, 'x', len);
	snprintf(name, SZ_4K, "%s%s%s", before, filling, after);
	return name;
}

static void section_name_test(struct kunit *test)
{
	char objname[MODULE_NAME_LEN];

	KUNIT_ASSERT_TRUE(test,
			  klp_parse_section_name(".klp.rela.vmlinux.text.f",
						 objname));
	KUNIT_EXPECT_STREQ(test, objname, "vmlinux");
	KUNIT_ASSERT_TRUE(test,
			  klp_parse_section_name(".klp.rela.ext4..text.f",
						 objname));
	KUNIT_EXPECT_STREQ(test, objname, "ext4");
}

static void malformed_section_name_test(struct kunit *test)
{
	static const char * const names[] = {
		"", ".klp.rela", ".klp.rela.", ".klp.rela..", ".klp.rela..text",
		".klp.rela.ext4", ".klp.rela.ext4.", ".klp.sym.ext4.text",
		"x.klp.rela.ext4.text", ".rela.text",
	};
	char objname[MODULE_NAME_LEN];
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_FALSE_MSG(test,
				       klp_parse_section_name(names[i],
							      objname),
				       "'%s'", names[i]);
}

static void long_section_name_test(struct kunit *test)
{
	char objname[MODULE_NAME_LEN];
	const char *name;

	name = long_name(test, ".klp.rela.", MODULE_NAME_LEN - 1, ".text");
	KUNIT_EXPECT_TRUE(test, klp_parse_section_name(name, objname));
	KUNIT_EXPECT_EQ(test, strlen(objname), MODULE_NAME_LEN - 1);

	name = long_name(test, ".klp.rela.", MODULE_NAME_LEN, ".text");
	KUNIT_EXPECT_FALSE(test, klp_parse_section_name(name, objname));
}

static struct klp_symbol_name *alloc_parts(struct kunit *test)
{
	struct klp_symbol_name *parts;

	parts = kunit_kzalloc(test, sizeof(*parts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parts);
	return parts;
}

static void symbol_name_test(struct kunit *test)
{
	struct klp_symbol_name *parts = alloc_parts(test);

	KUNIT_ASSERT_TRUE(test, klp_parse_symbol_name(".klp.sym.vmlinux.f,0",
						      parts));
	KUNIT_EXPECT_STREQ(test, parts->objname, "vmlinux");
	KUNIT_EXPECT_STREQ(test, parts->name, "f");
	KUNIT_EXPECT_EQ(test, parts->sympos, 0);

	/* Compilers put dots into names of symbols. */
	KUNIT_ASSERT_TRUE(test, klp_parse_symbol_name(".klp.sym.9p.f.isra.3,12",
						      parts));
	KUNIT_EXPECT_STREQ(test, parts->objname, "9p");
	KUNIT_EXPECT_STREQ(test, parts->name, "f.isra.3");
	KUNIT_EXPECT_EQ(test, parts->sympos, 12);
}

static void malformed_symbol_name_test(struct kunit *test)
{
	static const char * const names[] = {
		"", ".klp.sym.", ".klp.sym.ext4", ".klp.sym.ext4.",
		".klp.sym..f,0", ".klp.sym.ext4.,0", ".klp.sym.ext4.f",
		".klp.sym.ext4.f,", ".klp.sym.ext4.f,x", ".klp.sym.ext4.f,0x1",
		".klp.sym.ext4.f,-1", ".klp.sym.ext4.f,1,2",
		".klp.sym.ext4.f,1 ",
		".klp.sym.ext4.f,99999999999999999999999", ".klp.rela.ext4.f,0",
		"f,0",
	};
	struct klp_symbol_name *parts = alloc_parts(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_FALSE_MSG(test,
				       klp_parse_symbol_name(names[i], parts),
				       "'%s'", names[i]);
}

static void long_symbol_name_test(struct kunit *test)
{
	struct klp_symbol_name *parts = alloc_parts(test);
	const char *name;

	name = long_name(test, ".klp.sym.", MODULE_NAME_LEN - 1, ".f,0");
	KUNIT_EXPECT_TRUE(test, klp_parse_symbol_name(name, parts));
	name = long_name(test, ".klp.sym.", MODULE_NAME_LEN, ".f,0");
	KUNIT_EXPECT_FALSE(test, klp_parse_symbol_name(name, parts));

	name = long_name(test, ".klp.sym.vmlinux.", KSYM_NAME_LEN - 1, ",0");
	KUNIT_EXPECT_TRUE(test, klp_parse_symbol_name(name, parts));
	KUNIT_EXPECT_EQ(test, strlen(parts->name), KSYM_NAME_LEN - 1);
	name = long_name(test, ".klp.sym.vmlinux.", KSYM_NAME_LEN, ",0");
	KUNIT_EXPECT_FALSE(test, klp_parse_symbol_name(name, parts));
}

#define TEST_SECTION_SIZE	16

static bool reloc_fits(unsigned int type, u64 offset)
{
	Elf_Rela rela = { .r_offset = offset, .r_info = type };

	return klp_reloc_fits(&rela, TEST_SECTION_SIZE);
}

static void reloc_bounds_test(struct kunit *test)
{
	unsigned int type, last;
	int width;

	for (type = 0; type < 64; type++) {
		width = klp_arch_reloc_width(type);
		if (width < 0) {
			KUNIT_EXPECT_FALSE_MSG(test, reloc_fits(type, 0), "type %u", type);
			continue;
		}
		last = TEST_SECTION_SIZE - (width ?: 1);
		KUNIT_EXPECT_TRUE_MSG(test, reloc_fits(type, 0), "type %u", type);
		KUNIT_EXPECT_TRUE_MSG(test, reloc_fits(type, last), "type %u", type);
		KUNIT_EXPECT_FALSE_MSG(test, reloc_fits(type, last + 1), "type %u",
				       type);
		KUNIT_EXPECT_FALSE_MSG(test, reloc_fits(type, U64_MAX), "type %u",
				       type);
	}
}

/* Plain numbers, because the names of the types are defined on x86 only. */
static void reloc_width_test(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_X86_64))
		kunit_skip(test, "the widths of x86 are tested");

	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(0), 0);	/* NONE */
	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(1), 8);	/* 64 */
	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(2), 4);	/* PC32 */
	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(4), 4);	/* PLT32 */
	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(10), 4);	/* 32 */
	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(11), 4);	/* 32S */
	KUNIT_EXPECT_EQ(test, klp_arch_reloc_width(24), 8);	/* PC64 */
	KUNIT_EXPECT_LT(test, klp_arch_reloc_width(9), 0);	/* GOTPCREL */
}

/* A variable, because the address of a function may be that of a thunk. */
static int klp_test_unique_symbol = 1;

static void find_symbol_test(struct kunit *test)
{
	const unsigned long expected = (unsigned long)&klp_test_unique_symbol;
	const char *name = "klp_test_unique_symbol";
	unsigned long addr = 0;

	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, 0, &addr), 0);
	KUNIT_EXPECT_EQ(test, addr, expected);

	addr = 0;
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, 1, &addr), 0);
	KUNIT_EXPECT_EQ(test, addr, expected);

	addr = 0;
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, 2, &addr), -EINVAL);
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, "klp_test_no_symbol", 0,
					      &addr), -EINVAL);
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", "klp_test_no_module", name, 0,
					      &addr), -EINVAL);
	KUNIT_EXPECT_EQ(test, addr, 0);
}

static int count_symbol(void *data, unsigned long addr)
{
	++*(unsigned long *)data;
	return 0;
}

/* Return: a name that the compiler gives to many static variables. */
static const char *ambiguous_name(struct kunit *test, unsigned long *count)
{
	static const char * const names[] = {
		"__func__.0", "__key.0", "__already_done.0", "descriptor.0",
		"__func__", "__key", "init", "show", "open",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		*count = 0;
		kallsyms_on_each_match_symbol(count_symbol, names[i], count);
		if (*count > 1)
			return names[i];
	}
	kunit_skip(test, "no ambiguous symbol known in this kernel");
}

static void ambiguous_symbol_test(struct kunit *test)
{
	unsigned long count, first = 0, last = 0;
	const char *name = ambiguous_name(test, &count);

	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, 0, &first), -EINVAL);
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, 1, &first), 0);
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, count, &last), 0);
	KUNIT_EXPECT_NE(test, first, last);
	KUNIT_EXPECT_EQ(test, klp_find_symbol("test", NULL, name, count + 1, &last),
			-EINVAL);
}

static struct kunit_case livepatch_symbol_cases[] = {
	KUNIT_CASE(section_name_test),
	KUNIT_CASE(malformed_section_name_test),
	KUNIT_CASE(long_section_name_test),
	KUNIT_CASE(symbol_name_test),
	KUNIT_CASE(malformed_symbol_name_test),
	KUNIT_CASE(long_symbol_name_test),
	KUNIT_CASE(reloc_bounds_test),
	KUNIT_CASE(reloc_width_test),
	KUNIT_CASE(find_symbol_test),
	KUNIT_CASE(ambiguous_symbol_test),
	{}
};

static struct kunit_suite livepatch_symbol_suite = {
	.name = "livepatch_symbol",
	.test_cases = livepatch_symbol_cases,
};

static bool is_never_left(const char *name)
{
	const struct live_func func = { .addr = kallsyms_lookup_name(name) };

	guard(mutex)(&klp_mutex);
	return func.addr && klp_is_never_left(&func);
}

static bool has_known_callers(const char *name, const char *main)
{
	unsigned long addr = kallsyms_lookup_name(name);

	guard(mutex)(&klp_mutex);
	return addr && klp_has_known_callers(addr, kallsyms_lookup_name(main));
}

static void marks_test(struct kunit *test)
{
	const struct klp_mark *mark;

	KUNIT_EXPECT_GT(test, __stop_klp_marks - __start_klp_marks, 0);
	for (mark = __start_klp_marks; mark < __stop_klp_marks; mark++) {
		KUNIT_EXPECT_LE(test, mark->kind, KLP_MARK_EXIT_PATH);
		KUNIT_EXPECT_TRUE_MSG(test, kernel_text_address(mark->addr), "%ps",
				      (void *)mark->addr);
	}
}

static void never_left_test(struct kunit *test)
{
	static const char * const marked[] = {
		"arch_do_signal_or_restart", "cpu_startup_entry", "get_signal",
		"kernel_clone", "kthread", "kthread_parkme", "process_one_work",
		"ptrace_stop", "schedule", "schedule_hrtimeout", "schedule_timeout",
		"signal_setup_done", "task_work_run",
	};
	static const char * const unmarked[] = {
		"do_exit", "kfree", "klp_enable_patch", "sprint_symbol",
		"wake_up_process",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(marked); i++)
		KUNIT_EXPECT_TRUE_MSG(test, is_never_left(marked[i]), "%s", marked[i]);
	for (i = 0; i < ARRAY_SIZE(unmarked); i++)
		KUNIT_EXPECT_FALSE_MSG(test, is_never_left(unmarked[i]), "%s",
				       unmarked[i]);
	/* The main function of a kernel thread, which has another mark */
	KUNIT_EXPECT_TRUE(test, is_never_left("smpboot_thread_fn"));
}

/* Each entry point of a system call that is marked, and the common body */
static void never_left_syscall_test(struct kunit *test)
{
	static const char * const names[] = {
		"sys_clone", "__do_sys_clone", "__se_sys_clone", "__x64_sys_clone",
		"__ia32_sys_clone", "__arm64_sys_clone", "__s390x_sys_clone",
		"__ia32_compat_sys_ia32_clone", "__do_compat_sys_ia32_clone",
	};
	int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!kallsyms_lookup_name(names[i]))
			continue;
		KUNIT_EXPECT_TRUE_MSG(test, is_never_left(names[i]), "%s", names[i]);
		nr++;
	}
	KUNIT_EXPECT_GT(test, nr, 0);
}

static void known_callers_test(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, has_known_callers("schedule", "kthreadd"));
	KUNIT_EXPECT_TRUE(test, has_known_callers("do_exit", "kthreadd"));
	KUNIT_EXPECT_FALSE(test, has_known_callers("kfree", "kthreadd"));
	KUNIT_EXPECT_FALSE(test, has_known_callers("kthread_parkme", "kthreadd"));
	KUNIT_EXPECT_TRUE(test, has_known_callers("kthread_parkme", "smpboot_thread_fn"));
}

static struct kunit_case livepatch_marks_cases[] = {
	KUNIT_CASE(marks_test),
	KUNIT_CASE(never_left_test),
	KUNIT_CASE(never_left_syscall_test),
	KUNIT_CASE(known_callers_test),
	{}
};

static struct kunit_suite livepatch_marks_suite = {
	.name = "livepatch_marks",
	.test_cases = livepatch_marks_cases,
};

static struct klp_state installed_states[] = {
	{ .id = 1, .version = 3 },
	{ .id = 2, .version = 5 },
	{ }
};

static struct klp_patch installed = { .states = installed_states };
static struct klp_patch stateless;

static void get_state_test(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, klp_get_state(&installed, 2),
			    &installed_states[1]);
	KUNIT_EXPECT_NULL(test, klp_get_state(&installed, 3));
	KUNIT_EXPECT_NULL(test, klp_get_state(&installed, 0));
	KUNIT_EXPECT_NULL(test, klp_get_state(&stateless, 1));
}

/* The versions of two states in a new patch, 0 for a state that it does not list. */
static bool can_succeed(unsigned int version1, unsigned int version2,
			bool replace)
{
	struct klp_state states[3] = { };
	struct klp_state *state = states;
	struct klp_patch patch = { .states = states, .replace = replace };

	if (version1)
		*state++ = (struct klp_state) { .id = 1, .version = version1 };
	if (version2)
		*state = (struct klp_state) { .id = 2, .version = version2 };
	return klp_can_succeed(&patch, &installed);
}

static void compatible_state_test(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, can_succeed(3, 5, true));
	KUNIT_EXPECT_TRUE(test, can_succeed(4, 6, true));
	KUNIT_EXPECT_FALSE(test, can_succeed(3, 4, true));
	KUNIT_EXPECT_FALSE(test, can_succeed(3, 0, true));
	KUNIT_EXPECT_FALSE(test, can_succeed(0, 0, true));

	KUNIT_EXPECT_TRUE(test, can_succeed(3, 5, false));
	KUNIT_EXPECT_TRUE(test, can_succeed(3, 0, false));
	KUNIT_EXPECT_TRUE(test, can_succeed(0, 0, false));
	KUNIT_EXPECT_FALSE(test, can_succeed(2, 0, false));

	KUNIT_EXPECT_TRUE(test, klp_can_succeed(&installed, &stateless));
	KUNIT_EXPECT_TRUE(test, klp_can_succeed(&stateless, &installed));
}

static struct kunit_case livepatch_state_cases[] = {
	KUNIT_CASE(get_state_test),
	KUNIT_CASE(compatible_state_test),
	{}
};

static struct kunit_suite livepatch_state_suite = {
	.name = "livepatch_state",
	.test_cases = livepatch_state_cases,
};

static int new_func(void)
{
	return 0;
}

/* Patches are too large for the stack. */
static struct klp_func pair_funcs[2][2];
static struct klp_object pair_objs[2][2] = {
	{ { .funcs = pair_funcs[0] } },
	{ { .funcs = pair_funcs[1] } },
};

static struct klp_patch pair[] = { { .objs = pair_objs[0] }, { .objs = pair_objs[1] } };

static void set_pair_func(int nr, const char *obj, const char *name, unsigned long sympos)
{
	pair_objs[nr][0].name = obj;
	pair_funcs[nr][0].old_name = name;
	pair_funcs[nr][0].new_func = new_func;
	pair_funcs[nr][0].old_sympos = sympos;
}

/* Do two patches conflict, of which each replaces one function? */
static bool funcs_conflict(const char *obj1, const char *name1, unsigned long sympos1,
			   const char *obj2, const char *name2, unsigned long sympos2)
{
	struct klp_conflict conflict;

	set_pair_func(0, obj1, name1, sympos1);
	set_pair_func(1, obj2, name2, sympos2);
	if (!klp_find_conflict(&pair[0], &pair[1], &conflict))
		return false;
	return conflict.obj == pair_objs[0] && conflict.func == pair_funcs[0] &&
	       !conflict.state;
}

static void function_conflict_test(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, funcs_conflict(NULL, "f", 0, NULL, "f", 0));
	KUNIT_EXPECT_TRUE(test, funcs_conflict("m", "f", 0, "m", "f", 0));
	KUNIT_EXPECT_TRUE(test, funcs_conflict("m", "f", 2, "m", "f", 2));
	/* A position of 0 is that of the first and only symbol. */
	KUNIT_EXPECT_TRUE(test, funcs_conflict("m", "f", 0, "m", "f", 1));
	KUNIT_EXPECT_TRUE(test, funcs_conflict("m", "f", 1, "m", "f", 0));

	KUNIT_EXPECT_FALSE(test, funcs_conflict("m", "f", 0, "m", "g", 0));
	KUNIT_EXPECT_FALSE(test, funcs_conflict("m", "f", 0, "n", "f", 0));
	KUNIT_EXPECT_FALSE(test, funcs_conflict("m", "f", 0, NULL, "f", 0));
	KUNIT_EXPECT_FALSE(test, funcs_conflict("m", "f", 0, "m", "f", 2));
	KUNIT_EXPECT_FALSE(test, funcs_conflict("m", "f", 1, "m", "f", 2));
}

#define NEW_FUNC(name) { .old_name = (name), .new_func = new_func }

/* The only common function is the last one in the last object of each patch. */
static void last_function_conflict_test(struct kunit *test)
{
	static struct klp_func none[] = { { } };
	static struct klp_func a[] = { NEW_FUNC("f"), NEW_FUNC("x"), { } };
	static struct klp_func b[] = { NEW_FUNC("g"), NEW_FUNC("x"), { } };
	static struct klp_func c[] = { NEW_FUNC("g"), NEW_FUNC("y"), { } };
	static struct klp_object objs1[] = { { .name = "m", .funcs = none },
					     { .funcs = a }, { } };
	static struct klp_object objs2[] = { { .name = "m", .funcs = a },
					     { .funcs = b }, { } };
	static struct klp_object objs3[] = { { .name = "m", .funcs = a },
					     { .funcs = c }, { } };
	static struct klp_patch patch1 = { .objs = objs1 };
	static struct klp_patch patch2 = { .objs = objs2 };
	static struct klp_patch patch3 = { .objs = objs3 };
	struct klp_conflict conflict;

	KUNIT_ASSERT_TRUE(test, klp_find_conflict(&patch1, &patch2, &conflict));
	KUNIT_EXPECT_PTR_EQ(test, conflict.obj, &objs1[1]);
	KUNIT_EXPECT_PTR_EQ(test, conflict.func, &a[1]);
	KUNIT_EXPECT_FALSE(test, klp_find_conflict(&patch1, &patch3, &conflict));
}

/* Versions of a state do not matter between sets. */
static void state_conflict_test(struct kunit *test)
{
	static struct klp_state states[] = { { .id = 7 }, { .id = 2, .version = 9 }, { } };
	static struct klp_state other_states[] = { { .id = 7 }, { .id = 3, .version = 9 }, { } };
	static struct klp_object objs[] = { { } };
	static struct klp_patch patch1 = { .objs = objs, .states = states };
	static struct klp_patch patch2 = { .objs = objs, .states = installed_states };
	static struct klp_patch patch3 = { .objs = objs };
	static struct klp_patch patch4 = { .objs = objs, .states = other_states };
	struct klp_conflict conflict;

	KUNIT_ASSERT_TRUE(test, klp_find_conflict(&patch1, &patch2, &conflict));
	KUNIT_EXPECT_PTR_EQ(test, conflict.state, &states[1]);
	KUNIT_EXPECT_FALSE(test, klp_find_conflict(&patch1, &patch3, &conflict));
	KUNIT_EXPECT_FALSE(test, klp_find_conflict(&patch3, &patch1, &conflict));
	KUNIT_EXPECT_FALSE(test, klp_find_conflict(&patch4, &patch2, &conflict));
}

static struct kunit_case livepatch_sets_cases[] = {
	KUNIT_CASE(function_conflict_test),
	KUNIT_CASE(last_function_conflict_test),
	KUNIT_CASE(state_conflict_test),
	{}
};

static struct kunit_suite livepatch_sets_suite = {
	.name = "livepatch_sets",
	.test_cases = livepatch_sets_cases,
};

kunit_test_suites(&livepatch_symbol_suite, &livepatch_marks_suite,
		  &livepatch_state_suite, &livepatch_sets_suite);
