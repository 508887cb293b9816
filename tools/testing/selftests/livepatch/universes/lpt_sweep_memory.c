// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: faults on the memory of a userfaultfd, whose manager is a thread of
 * the task, and other calls about memory
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lpt_sweep.h"
#include "lpt_user.h"

static const size_t page = 4096;
static char *managed;

static void manage_page(void)
{
	managed = need_memory(page);
	fd = manage_memory(managed, page);
}

static void *serve(void *arg)
{
	static char content[4096] = "served";
	struct uffdio_copy copy = {
		.dst = (uintptr_t)managed,
		.src = (uintptr_t)content,
		.len = page,
	};

	until_end();
	need(ioctl(fd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
	return arg;
}

static void manage_page_in_thread(void)
{
	manage_page();
	thread_does(serve);
	begin();
}

static long call_fault(void)
{
	manage_page_in_thread();
	put(managed, 6);
	return 0;
}

/* The kernel reads the memory. */
static long call_fault_in_write(void)
{
	char buf[6];
	long ret;

	manage_page_in_thread();
	ret = write(fds[1], managed, 6);
	need(read(fds[0], buf, 6), "read");
	put(buf, 6);
	return ret;
}

static void setup_fault_of_other(void)
{
	if (process_vm_readv(getpid(), NULL, 0, NULL, 0, 0) && errno == ENOSYS)
		skip("no process_vm_readv() (CONFIG_CROSS_MEMORY_ATTACH)");
}

static long call_fault_of_other(void)
{
	char buf[6] = "";
	struct iovec to = { buf, 6 }, from;
	long ret;

	manage_page_in_thread();
	from.iov_base = managed;
	from.iov_len = 6;
	ret = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	put(buf, 6);
	return ret;
}

static void *fault_late(void *arg)
{
	until_end();
	*(volatile char *)managed = 1;
	return arg;
}

/* The task is the manager. */
static long call_userfaultfd(void)
{
	struct uffd_msg message = {};
	long ret;

	manage_page();
	thread_does(fault_late);
	begin();
	ret = read(fd, &message, sizeof(message));
	put(&message.event, sizeof(message.event));
	return ret;
}

static int one_membarrier(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static long call_membarrier(void)
{
	return repeat(one_membarrier);
}

static int one_mapping(void)
{
	char *p = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED || mlock(p, page) || munlock(p, page))
		return -1;
	return madvise(p, 16 * page, MADV_DONTNEED) || munmap(p, 16 * page);
}

static long call_mappings(void)
{
	return repeat(one_mapping);
}

const struct sweep memory_cases[] = {
	{ "fault",		NULL, call_fault },
	{ "fault_in_write",	setup_pipe, call_fault_in_write, NULL, BLOCKS },
	{ "fault_of_other",	setup_fault_of_other, call_fault_of_other, NULL, BLOCKS },
	{ "userfaultfd",	NULL, call_userfaultfd },
	{ "membarrier",		NULL, call_membarrier, NULL, RUNS },
	{ "mappings",		NULL, call_mappings, NULL, RUNS },
	{ }
};
