// SPDX-License-Identifier: GPL-2.0
/*
 * Prints perf's records about the kernel's text until it is killed: which symbols come
 * and go, and which text is written. The first line is "ready".
 *
 *	come ADDRESS BYTES NAME
 *	text ADDRESS OLD_BYTES NEW_BYTES
 *	go ADDRESS BYTES NAME
 *
 * The exit status is 4 if the kernel has no perf.
 */
#include <err.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CPUS	256
#define PAGES		64	/* for data, of each CPU */

static size_t page;

struct ksymbol {
	struct perf_event_header header;
	uint64_t addr;
	uint32_t len;
	uint16_t type;
	uint16_t flags;
	char name[];
};

struct text_poke {
	struct perf_event_header header;
	uint64_t addr;
	uint16_t old_len;
	uint16_t new_len;
};

static struct perf_event_mmap_page *open_ring(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(attr),
		.ksymbol = 1,
		.text_poke = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			 PERF_FLAG_FD_CLOEXEC);
	void *ring;

	if (fd < 0)
		err(1, "perf_event_open");
	ring = mmap(NULL, (1 + PAGES) * page, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (ring == MAP_FAILED)
		err(1, "mmap");
	return ring;
}

static void print_record(const struct perf_event_header *header)
{
	const struct text_poke *text = (void *)header;
	const struct ksymbol *symbol = (void *)header;

	switch (header->type) {
	case PERF_RECORD_KSYMBOL:
		printf("%s %llx %u %s\n",
		       symbol->flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER ?
		       "go" : "come", (unsigned long long)symbol->addr,
		       symbol->len, symbol->name);
		break;
	case PERF_RECORD_TEXT_POKE:
		printf("text %llx %u %u\n", (unsigned long long)text->addr,
		       text->old_len, text->new_len);
		break;
	case PERF_RECORD_LOST:
		printf("lost\n");
		break;
	}
}

/* Copies each record, because it may wrap around at the end of the ring. */
static void read_ring(struct perf_event_mmap_page *ring)
{
	static char record[UINT16_MAX + 1];
	struct perf_event_header *header = (void *)record;
	const char *data = (char *)ring + page;
	uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->data_tail, size = PAGES * page;
	size_t i;

	while (at < head) {
		memcpy(header, data + at % size, sizeof(*header));
		for (i = 0; i < header->size; i++)
			record[i] = data[(at + i) % size];
		print_record(header);
		at += header->size;
	}
	__atomic_store_n(&ring->data_tail, at, __ATOMIC_RELEASE);
}

int main(void)
{
	struct perf_event_mmap_page *rings[MAX_CPUS];
	int cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (access("/proc/sys/kernel/perf_event_paranoid", F_OK))
		return 4;
	page = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (cpus > MAX_CPUS)
		errx(1, "too many CPUs");
	for (cpu = 0; cpu < cpus; cpu++)
		rings[cpu] = open_ring(cpu);
	puts("ready");
	for (;;) {
		poll(NULL, 0, 50);
		for (cpu = 0; cpu < cpus; cpu++)
			read_ring(rings[cpu]);
	}
}
