/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of the workload, in a file that other programs can map.
 */
#ifndef DEMO_STAT_H
#define DEMO_STAT_H

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/mman.h>

enum kind { FORK, PIPE, TCP, FILES, KINDS };

struct stat_page {
	uint64_t ops[KINDS];	/* completed operations with the right result */
	uint64_t errors;
	uint32_t stop;		/* tells the workers to end */
};

/* Return: MAP_FAILED if the file can't be opened or mapped, with errno set */
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
