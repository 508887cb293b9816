// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches BPF programs to functions of a module, until it gets a SIGTERM or its
 * input ends:
 *
 *	lpt_bpf fentry|fexit MODULE FUNCTION...
 *
 * Prints "ready". Then, for each line that it reads, it prints how often the functions
 * were entered and left since the last line, and the versions that they returned, as
 * bits. The exit status is 4 if the kernel has no BTF.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The only value of the map that the programs write to */
struct seen {
	uint64_t entries;
	uint64_t exits;
	uint64_t versions;
};

struct btf {
	char *data;
	struct btf_header *header;
	uint32_t first_type;	/* number of the first type after those of vmlinux */
	uint32_t first_string;
};

static int bpf(int cmd, union bpf_attr *attr, size_t size)
{
	return syscall(SYS_bpf, cmd, attr, size);
}

static struct btf read_btf(const char *name)
{
	char path[256];
	struct btf btf = { 0 };
	struct stat stat;
	ssize_t got, len = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &stat)) {
		warn("%s", path);
		exit(4);
	}
	btf.data = malloc(stat.st_size);
	while (len < stat.st_size &&
	       (got = read(fd, btf.data + len, stat.st_size - len)) > 0)
		len += got;
	close(fd);
	btf.header = (void *)btf.data;
	if (len < (ssize_t)sizeof(*btf.header) || btf.header->magic != BTF_MAGIC)
		errx(1, "%s: no BTF", path);
	return btf;
}

/* Size of the data after a struct btf_type, by its kind */
static size_t tail_of(const struct btf_type *type)
{
	size_t n = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:	  return sizeof(uint32_t);
	case BTF_KIND_ARRAY:	  return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:	  return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:	  return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO: return n * sizeof(struct btf_param);
	case BTF_KIND_VAR:	  return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:	  return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:	  return sizeof(struct btf_decl_tag);
	case BTF_KIND_ENUM64:	  return n * sizeof(struct btf_enum64);
	default:		  return 0;
	}
}

/* The number of the type of @function. NULL: the number after that of the last type */
static uint32_t find_type(const struct btf *btf, const char *function)
{
	const char *types = btf->data + btf->header->hdr_len + btf->header->type_off;
	const char *names = btf->data + btf->header->hdr_len + btf->header->str_off;
	const char *at = types;
	const struct btf_type *type;
	uint32_t number = btf->first_type;

	while (at < types + btf->header->type_len) {
		type = (void *)at;
		if (function && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    type->name_off >= btf->first_string &&
		    !strcmp(names + type->name_off - btf->first_string, function))
			return number;
		at += sizeof(*type) + tail_of(type);
		number++;
	}
	if (function)
		errx(1, "no type for %s", function);
	return number;
}

static int open_btf(const char *module)
{
	char name[64];
	struct bpf_btf_info info;
	union bpf_attr attr = { 0 };
	uint32_t id = 0;
	int fd;

	for (;;) {
		attr = (union bpf_attr){ .start_id = id };
		if (bpf(BPF_BTF_GET_NEXT_ID, &attr, sizeof(attr)))
			err(1, "BTF of %s", module);
		id = attr.next_id;
		attr = (union bpf_attr){ .btf_id = id };
		fd = bpf(BPF_BTF_GET_FD_BY_ID, &attr, sizeof(attr));
		if (fd < 0)
			continue;
		info = (struct bpf_btf_info){
			.name = (uintptr_t)name, .name_len = sizeof(name),
		};
		attr = (union bpf_attr){ .info = {
			.bpf_fd = fd, .info_len = sizeof(info),
			.info = (uintptr_t)&info,
		} };
		if (!bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) &&
		    info.kernel_btf && !strcmp(name, module))
			return fd;
		close(fd);
	}
}

struct prog {
	struct bpf_insn insns[16];
	size_t n;
};

static void put(struct prog *prog, int code, int dst, int src, int imm)
{
	prog->insns[prog->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .imm = imm,
	};
}

/* Load the address of a member of struct seen. This takes two instructions. */
static void put_address(struct prog *prog, int reg, int map, size_t offset)
{
	put(prog, BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_VALUE, map);
	put(prog, 0, 0, 0, offset);
}

/* Increment a counter. Leaves 1 in register 3, for put_version(). */
static void put_count(struct prog *prog, int map, size_t offset)
{
	put_address(prog, BPF_REG_2, map, offset);
	put(prog, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 1);
	put(prog, BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_2, BPF_REG_3, BPF_ADD);
}

/* The function has no arguments, so the context begins with its return value. */
static void put_version(struct prog *prog, int map)
{
	put(prog, BPF_LDX | BPF_DW | BPF_MEM, BPF_REG_4, BPF_REG_1, 0);
	put(prog, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_4, 0, 7);
	put(prog, BPF_ALU64 | BPF_LSH | BPF_X, BPF_REG_3, BPF_REG_4, 0);
	put_address(prog, BPF_REG_2, map, offsetof(struct seen, versions));
	put(prog, BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_2, BPF_REG_3, BPF_OR);
}

static struct prog write_prog(enum bpf_attach_type type, int map)
{
	struct prog prog = { .n = 0 };

	if (type == BPF_TRACE_FENTRY) {
		put_count(&prog, map, offsetof(struct seen, entries));
	} else {
		put_count(&prog, map, offsetof(struct seen, exits));
		put_version(&prog, map);
	}
	put(&prog, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0);
	put(&prog, BPF_JMP | BPF_EXIT, 0, 0, 0);
	return prog;
}

static int load(enum bpf_attach_type type, const struct prog *prog, int btf,
		uint32_t function)
{
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.insns = (uintptr_t)prog->insns,
		.insn_cnt = prog->n,
		.license = (uintptr_t)"GPL",
		.log_level = 1,
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.expected_attach_type = type,
		.attach_btf_id = function,
		.attach_btf_obj_fd = btf,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		err(1, "BPF_PROG_LOAD: %s", log);
	return fd;
}

static struct seen *create_map(int *map)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct seen),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};
	void *seen;

	*map = bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
	if (*map < 0)
		err(1, "BPF_MAP_CREATE");
	seen = mmap(NULL, sizeof(struct seen), PROT_READ | PROT_WRITE, MAP_SHARED,
		    *map, 0);
	if (seen == MAP_FAILED)
		err(1, "mmap");
	return seen;
}

/* The program stays attached while this process has the link open. */
static void attach(int prog, const char *function)
{
	union bpf_attr attr = { .raw_tracepoint = { .prog_fd = prog } };

	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr)) < 0)
		err(1, "%s", function);
}

static int take(uint64_t *count)
{
	return __atomic_exchange_n(count, 0, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
	enum bpf_attach_type type = BPF_TRACE_FENTRY;
	struct btf base, btf;
	int i, map, btf_fd;
	struct prog prog;
	struct seen *seen;
	char line[64];

	if (argc < 4 || (strcmp(argv[1], "fentry") && strcmp(argv[1], "fexit")))
		errx(2, "usage: lpt_bpf fentry|fexit MODULE FUNCTION...");
	if (!strcmp(argv[1], "fexit"))
		type = BPF_TRACE_FEXIT;
	base = read_btf("vmlinux");
	base.first_type = 1;
	btf = read_btf(argv[2]);
	btf.first_type = find_type(&base, NULL);
	btf.first_string = base.header->str_len;
	btf_fd = open_btf(argv[2]);
	seen = create_map(&map);
	prog = write_prog(type, map);
	for (i = 3; i < argc; i++)
		attach(load(type, &prog, btf_fd, find_type(&btf, argv[i])),
		       argv[i]);

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin))
		printf("%d %d %d\n", take(&seen->entries), take(&seen->exits),
		       take(&seen->versions));
	return 0;
}
