/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by several programs */
#ifndef LPT_USER_H
#define LPT_USER_H

#include <err.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Must run before wait_for_term(), and before threads are started. */
static inline void block_term(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static inline void wait_for_term(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &sig);
}

/* Return: the state of a task as in /proc, or 0 if there is no such task */
static inline char state_of(pid_t pid)
{
	char path[64], line[256], *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	end = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	return end ? end[2] : 0;
}

/* Wait until the task is in one of the states. Exits if the task dies before. */
static inline void wait_for_state(pid_t pid, const char *states)
{
	char state;

	while (!(state = state_of(pid)) || !strchr(states, state)) {
		if (!state || state == 'Z')
			errx(1, "%d has died", pid);
		usleep(1000);
	}
}

/* Trace a task that has stopped itself, and let it run until it reports the event. */
static inline void trace_to_event(pid_t pid, int option, int event)
{
	int status;

	wait_for_state(pid, "T");
	if (ptrace(PTRACE_SEIZE, pid, NULL, option))
		err(1, "ptrace");
	kill(pid, SIGCONT);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
	       status >> 8 != (SIGTRAP | event << 8))
		ptrace(PTRACE_CONT, pid, NULL, NULL);
}

/* Let calls of mknodat() wait for an answer. Return: the listener, or -1. */
static inline int notify_mknodat(unsigned int flags)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mknodat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &prog);
}

/* Return: a userfaultfd that gets the faults on missing pages of the memory */
static inline int manage_memory(void *memory, size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)memory, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	return uffd;
}

/* A ring of io_uring. Its size is sufficient for the tests, so it does not wrap. */
struct ring {
	int fd;
	struct io_uring_sqe *sqes;
	char *sq;
	struct io_uring_params params;
};

static inline void open_ring(struct ring *ring)
{
	struct io_uring_params *params = &ring->params;
	size_t size;

	ring->fd = syscall(SYS_io_uring_setup, 4, params);
	if (ring->fd < 0)
		err(1, "io_uring_setup");
	size = params->sq_off.array + params->sq_entries * sizeof(int);
	ring->sq = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, params->sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_SQES);
	if (ring->sq == MAP_FAILED || ring->sqes == MAP_FAILED)
		err(1, "mmap");
}

static inline void submit(struct ring *ring, const struct io_uring_sqe *sqe)
{
	unsigned int *tail = (void *)(ring->sq + ring->params.sq_off.tail);
	unsigned int *array = (void *)(ring->sq + ring->params.sq_off.array);

	ring->sqes[*tail] = *sqe;
	array[*tail] = *tail;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) != 1)
		err(1, "io_uring_enter");
}

#endif /* LPT_USER_H */
