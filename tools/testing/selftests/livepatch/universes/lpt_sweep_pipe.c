// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: pipes, and calls that move data from one file to another
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lpt_sweep.h"

static const int page = 4096;

static void setup_full_pipe(void)
{
	setup_pipe();
	fill(fds[1], page);
}

/* A pipe with room for one page */
static void setup_nearly_full_pipe(void)
{
	char buf[page];

	setup_full_pipe();
	need(read(fds[0], buf, page), "read");
}

static void end_drain(void)
{
	drain(fds[0]);
}

static long call_readv(void)
{
	char a[2], b[2];
	struct iovec iov[] = { { a, 2 }, { b, 2 } };
	long ret = readv(fds[0], iov, 2);

	if (ret == 3) {
		put(a, 2);
		put(b, 1);
	}
	return ret;
}

static void end_close(void)
{
	close(fds[1]);
}

static long call_read_end_of_file(void)
{
	close(fds[1]);
	return read_3();
}

static long call_write(void)
{
	static char buf[3 * 4096];

	return write(fds[1], buf, sizeof(buf));
}

static long call_writev(void)
{
	static char buf[4096];
	struct iovec iov[] = { { buf, page }, { buf, page } };

	return writev(fds[1], iov, 2);
}

/* temp_path() contains the PID of the partner, so keep it. */
static char fifo[64];

static void setup_fifo(void)
{
	strcpy(fifo, temp_path());
	need(mkfifo(fifo, 0600), "mkfifo");
}

static long call_open_read(void)
{
	return open(fifo, O_RDONLY) < 0 ? -1 : 0;
}

static long call_open_write(void)
{
	return open(fifo, O_WRONLY) < 0 ? -1 : 0;
}

static void end_open_writer(void)
{
	fd = need(open(fifo, O_WRONLY | O_NONBLOCK), "open");
	wait_for_task("Z");
}

static void end_open_reader(void)
{
	fd = need(open(fifo, O_RDONLY | O_NONBLOCK), "open");
	wait_for_task("Z");
}

/*
 * splice() and relatives. fd is the write end of another pipe, or a file in memory.
 */

static void setup_two_pipes(void)
{
	setup_pipe();
	fd = fds[1];
	setup_pipe();
}

static void setup_file(void)
{
	fd = need(memfd_create("lpt_sweep", 0), "memfd_create");
	need(ftruncate(fd, 1 << 20), "ftruncate");
}

static void setup_file_and_full_pipe(void)
{
	setup_file();
	setup_full_pipe();
}

static long call_splice(void)
{
	return splice(fds[0], NULL, fd, NULL, page, 0);
}

static long call_splice_full(void)
{
	loff_t offset = 0;

	return splice(fd, &offset, fds[1], NULL, page, 0);
}

static long call_tee(void)
{
	return tee(fds[0], fd, page, 0);
}

static long call_vmsplice(void)
{
	static char buf[4096];
	struct iovec iov = { buf, page };

	return vmsplice(fds[1], &iov, 1, 0);
}

static long call_sendfile(void)
{
	off_t offset = 0;

	return sendfile(fds[1], fd, &offset, page);
}

static void setup_two_files(void)
{
	setup_file();
	fds[1] = need(memfd_create("lpt_sweep", 0), "memfd_create");
}

static int one_sendfile(void)
{
	off_t offset = 0;

	lseek(fds[1], 0, SEEK_SET);
	return sendfile(fds[1], fd, &offset, 1 << 20) != 1 << 20;
}

static long call_sendfiles(void)
{
	return repeat(one_sendfile);
}

static int one_copy(void)
{
	loff_t from = 0, to = 0;

	return copy_file_range(fd, &from, fds[1], &to, 1 << 20, 0) != 1 << 20;
}

static long call_copies(void)
{
	return repeat(one_copy);
}

const struct sweep pipe_cases[] = {
	{ "pipe_read",		setup_pipe, read_3, end_write },
	{ "pipe_readv",		setup_pipe, call_readv, end_write },
	{ "pipe_end_of_file",	setup_pipe, call_read_end_of_file, end_close },
	{ "pipe_write",		setup_full_pipe, call_write, end_drain },
	{ "pipe_writev",	setup_full_pipe, call_writev, end_drain },
	{ "pipe_write_part",	setup_nearly_full_pipe, call_write, end_drain, 0,
				LISTED("write() to a pipe, a terminal") },
	{ "fifo_open_read",	setup_fifo, call_open_read, end_open_writer },
	{ "fifo_open_write",	setup_fifo, call_open_write, end_open_reader },
	{ "splice",		setup_two_pipes, call_splice, end_write },
	{ "splice_full",	setup_file_and_full_pipe, call_splice_full, end_drain },
	{ "tee",		setup_two_pipes, call_tee, end_write },
	{ "vmsplice",		setup_full_pipe, call_vmsplice, end_drain },
	{ "sendfile_pipe",	setup_file_and_full_pipe, call_sendfile, end_drain },
	{ "sendfiles",		setup_two_files, call_sendfiles, NULL, RUNS },
	{ "copy_file_range",	setup_two_files, call_copies, NULL, RUNS },
	{ }
};
