// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: locks of files, notifications, FUSE, and other calls on files
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lpt_sweep.h"

/* temp_path() contains the PID of the partner, so keep it. */
static char name[64];

/* fd is open in the partner, and inherited. A lock of it is of both processes. */
static void setup_file(void)
{
	fd = temp_file();
	strcpy(name, temp_path());
}

static int open_again(void)
{
	return need(open(name, O_RDWR), "open");
}

static void setup_flock(void)
{
	setup_file();
	need(flock(fd, LOCK_EX), "flock");
}

static void end_flock(void)
{
	need(flock(fd, LOCK_UN), "flock");
}

static long call_flock(void)
{
	return flock(open_again(), LOCK_EX);
}

static int lock(int file, int command, int type)
{
	struct flock flock = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(file, command, &flock);
}

static void setup_posix_lock(void)
{
	setup_file();
	need(lock(fd, F_SETLK, F_WRLCK), "F_SETLK");
}

static void end_posix_lock(void)
{
	need(lock(fd, F_SETLK, F_UNLCK), "F_SETLK");
}

static long call_posix_lock(void)
{
	return lock(fd, F_SETLKW, F_WRLCK);
}

static void setup_ofd_lock(void)
{
	setup_file();
	need(lock(fd, F_OFD_SETLK, F_WRLCK), "F_OFD_SETLK");
}

static void end_ofd_lock(void)
{
	need(lock(fd, F_OFD_SETLK, F_UNLCK), "F_OFD_SETLK");
}

static long call_ofd_lock(void)
{
	return lock(open_again(), F_OFD_SETLKW, F_WRLCK);
}

/* open() waits until the lease is returned. */
static void setup_lease(void)
{
	setup_file();
	signal(SIGIO, SIG_IGN);
	need(fcntl(fd, F_SETLEASE, F_WRLCK), "F_SETLEASE");
}

static void end_lease(void)
{
	need(fcntl(fd, F_SETLEASE, F_UNLCK), "F_SETLEASE");
}

static long call_open_leased(void)
{
	return open(name, O_RDONLY) < 0 ? -1 : 0;
}

/*
 * Notifications
 */

static void end_touch(void)
{
	close(need(open(name, O_RDWR), "open"));
}

static void setup_inotify(void)
{
	setup_file();
	fds[0] = need(inotify_init(), "inotify_init");
	need(inotify_add_watch(fds[0], name, IN_OPEN), "inotify_add_watch");
}

static long call_inotify(void)
{
	struct inotify_event event = {};
	long ret = read(fds[0], &event, sizeof(event));

	put(&event.mask, sizeof(event.mask));
	return ret;
}

static void setup_fanotify_class(int class, uint64_t mask)
{
	setup_file();
	fds[0] = need(fanotify_init(class, O_RDONLY), "fanotify_init");
	if (fanotify_mark(fds[0], FAN_MARK_ADD, mask, AT_FDCWD, name) && errno == EINVAL)
		skip("no permission events of fanotify");
}

static void setup_fanotify(void)
{
	setup_fanotify_class(FAN_CLASS_NOTIF, FAN_OPEN);
}

static void setup_fanotify_permission(void)
{
	setup_fanotify_class(FAN_CLASS_CONTENT, FAN_OPEN_PERM);
}

static long call_fanotify(void)
{
	struct fanotify_event_metadata event = {};
	long ret = read(fds[0], &event, sizeof(event));

	put(&event.mask, sizeof(event.mask));
	return ret;
}

/* Deny, so that the result shows who has decided */
static void end_fanotify_permission(void)
{
	struct fanotify_event_metadata event = {};
	struct fanotify_response response = { .response = FAN_DENY };

	need(read(fds[0], &event, sizeof(event)), "fanotify");
	response.fd = event.fd;
	need(write(fds[0], &response, sizeof(response)), "fanotify");
}

static long call_open(void)
{
	return open(name, O_RDWR) < 0 ? -1 : 0;
}

/*
 * The pipe of a trace. It is one of an instance, so that nothing else ends the read.
 */

#define INSTANCE	"/sys/kernel/tracing/instances/lpt_sweep"

static void setup_trace(void)
{
	if (access("/sys/kernel/tracing/instances", F_OK))
		skip("no instances of tracefs");
	need(mkdir(INSTANCE, 0700) && errno != EEXIST ? -1 : 0, INSTANCE);
	fds[0] = need(open(INSTANCE "/trace_pipe", O_RDONLY), "trace_pipe");
	fds[1] = need(open(INSTANCE "/trace_marker", O_WRONLY), "trace_marker");
}

/* The text contains a time and a PID. */
static long call_trace(void)
{
	char buf[256];
	long ret = read(fds[0], buf, sizeof(buf));

	return ret > 0 ? 0 : ret;
}

static void end_trace(void)
{
	end_write();
	wait_for_task("Z");
	close(fds[0]);
	close(fds[1]);
	rmdir(INSTANCE);
}

/*
 * FUSE: the partner is the server of a file system with one file, "/", which can't be
 * read. fd is the connection.
 */

static void setup_fuse(void)
{
	char options[96];

	need(unshare(CLONE_NEWNS), "unshare");
	need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	strcpy(name, temp_path());
	fd = open("/dev/fuse", O_RDWR);
	if (fd < 0)
		skip("no /dev/fuse");
	close(need(open(name, O_RDWR | O_CREAT, 0600), name));
	snprintf(options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0",
		 fd);
	need(mount("lpt", name, "fuse", 0, options), "fuse");
}

static union {
	struct fuse_in_header header;
	char bytes[FUSE_MIN_READ_BUFFER + 4096];
} request;

static void answer(int error, const void *data, size_t len)
{
	struct {
		struct fuse_out_header header;
		char data[256];
	} out = {
		.header = {
			.len = sizeof(out.header) + len,
			.error = -error,
			.unique = request.header.unique,
		},
	};

	memcpy(out.data, data, len);
	need(write(fd, &out, out.header.len), "answer of FUSE");
}

static void answer_init(void)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 4096,
		.max_write = 4096,
	};

	need(read(fd, &request, sizeof(request)), "FUSE_INIT");
	answer(0, &out, sizeof(out));
}

static void answer_getattr(void)
{
	struct fuse_attr_out out = {
		.attr_valid = 1000,
		.attr = { .ino = 1, .mode = S_IFREG | 0600, .nlink = 1, .size = 3 },
	};

	answer(0, &out, sizeof(out));
}

/* Serve until there is a request of this kind, or of another that is not known */
static void serve_until(uint32_t opcode)
{
	struct fuse_open_out open_out = { .open_flags = FOPEN_DIRECT_IO };

	for (;;) {
		need(read(fd, &request, sizeof(request)), "request of FUSE");
		if (request.header.opcode == opcode)
			return;
		if (request.header.opcode == FUSE_GETATTR)
			answer_getattr();
		else if (request.header.opcode == FUSE_OPEN)
			answer(0, &open_out, sizeof(open_out));
		else if (request.header.opcode != FUSE_FORGET &&
			 request.header.opcode != FUSE_INTERRUPT)
			answer(ENOSYS, NULL, 0);
	}
}

static void serve_fuse(void)
{
	answer_init();
	serve_until(FUSE_READ);
}

/* The server must not have got FUSE_INTERRUPT, which would be the next request. */
static void end_fuse_read(void)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (poll(&pollfd, 1, 0))
		answer(EINTR, NULL, 0);
	else
		answer(0, "xyz", 3);
}

static long call_fuse_read(void)
{
	fds[0] = open(name, O_RDONLY);
	if (fds[0] < 0)
		return -1;
	return read_3();
}

/* The task is the server, and waits for a request. */
static long call_fuse_server(void)
{
	long ret;

	answer_init();
	begin();
	ret = read(fd, &request, sizeof(request));
	put(&request.header.opcode, sizeof(request.header.opcode));
	if (ret > 0)
		answer(EIO, NULL, 0);
	return ret > 0;
}

static void end_fuse_stat(void)
{
	struct stat st;

	stat(name, &st);
}

/*
 * Calls that do not sleep for long, over and over
 */

static int one_fsync(void)
{
	return write(fd, "x", 1) != 1 || fsync(fd);
}

static long call_fsync(void)
{
	return repeat(one_fsync);
}

static int one_sync(void)
{
	sync();
	return 0;
}

static long call_sync(void)
{
	return repeat(one_sync);
}

static int one_fallocate(void)
{
	return fallocate(fd, 0, 0, 1 << 20) || ftruncate(fd, 0);
}

static long call_fallocate(void)
{
	return repeat(one_fallocate);
}

const struct sweep file_cases[] = {
	{ "flock",		setup_flock, call_flock, end_flock },
	{ "lock_posix",		setup_posix_lock, call_posix_lock, end_posix_lock },
	{ "lock_ofd",		setup_ofd_lock, call_ofd_lock, end_ofd_lock },
	{ "lease",		setup_lease, call_open_leased, end_lease },
	{ "inotify",		setup_inotify, call_inotify, end_touch },
	{ "fanotify",		setup_fanotify, call_fanotify, end_touch },
	{ "fanotify_permission", setup_fanotify_permission, call_open,
				end_fanotify_permission, BLOCKS },
	{ "trace_pipe",		setup_trace, call_trace, end_trace },
	{ "fuse_read",		setup_fuse, call_fuse_read, end_fuse_read, BLOCKS, NULL,
				serve_fuse },
	{ "fuse_server",	setup_fuse, call_fuse_server, end_fuse_stat },
	{ "fsync",		setup_file, call_fsync, NULL, RUNS },
	{ "sync",		NULL, call_sync, NULL, RUNS },
	{ "fallocate",		setup_file, call_fallocate, NULL, RUNS },
	{ }
};
