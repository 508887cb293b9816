/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of the workload: a file that it maps and others may read.
 */
#ifndef DEMO_STAT_H
#define DEMO_STAT_H

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/mman.h>

enum kind { FORK, PIPE, TCP, FILES, KINDS };

struct stat_page {
	uint64_t ops[KINDS];	/* operations done, results checked */
	uint64_t errors;
	uint32_t stop;		/* the workload shall end */
};

/* Returns MAP_FAILED and errno when the file cannot be had */
static inline struct stat_page *map_stat(const char *path, int flags)
{
	struct stat_page *page = MAP_FAILED;
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		return page;
	if (!(flags & O_CREAT) || ftruncate(fd, sizeof(*page)) == 0)
		page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
	close(fd);
	return page;
}

static inline uint64_t stat_ops(const struct stat_page *page)
{
	uint64_t sum = 0;

	for (int kind = 0; kind < KINDS; kind++)
		sum += __atomic_load_n(&page->ops[kind], __ATOMIC_RELAXED);
	return sum;
}

static inline uint64_t stat_errors(const struct stat_page *page)
{
	return __atomic_load_n(&page->errors, __ATOMIC_RELAXED);
}

#endif /* DEMO_STAT_H */
