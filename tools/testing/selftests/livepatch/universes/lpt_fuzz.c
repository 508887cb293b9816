// SPDX-License-Identifier: GPL-2.0
/*
 * Reads from and writes to files below some directories at random:
 *
 *	lpt_fuzz MODE SEED SECONDS DIR...
 *
 *	read	reads with random sizes and offsets
 *	write	reads and writes, but never a true value to a file "force"
 *	force	reads and writes
 *	denied	reads, and fails if any file can be opened for writing
 *
 * The results of reads and writes are not checked. Prints how many succeeded.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_FILES 512
#define MAX_SIZE 16384

static char *files[MAX_FILES];
static int nr_files;
static char buf[MAX_SIZE];
static unsigned long tries, done;

static const char * const words[] = {
	"0", "1", "0\n", "1\n", "y", "n", "Y\n", "off", "on", "", "\n", " ", "-1", "2",
	"1 0", "0 1\n", "01", "0x1", "100", "4294967295", "4294967296",
	"18446744073709551616", "-9223372036854775809", "%s%n", "../enabled",
};

static bool is_force(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && !strcmp(name, "/force");
}

static int collect(const char *path, const struct stat *st, int type,
		   struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_F && nr_files < MAX_FILES)
		files[nr_files++] = strdup(path);
	return 0;
}

/* List all files. Repeated now and then, because directories come and go. */
static void look(char **dirs, int n)
{
	while (nr_files)
		free(files[--nr_files]);
	while (n--)
		nftw(dirs[n], collect, 8, FTW_PHYS);
}

static off_t any_offset(void)
{
	switch (rand() % 4) {
	case 0:
		return rand() % 64;
	case 1:
		return rand() % MAX_SIZE;
	case 2:
		return ((off_t)rand() << 32) | rand();
	default:
		return 0;
	}
}

static void count(ssize_t ret)
{
	tries++;
	done += ret >= 0;
}

static void read_some(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), n = rand() % 4;

	count(fd);
	if (fd < 0)
		return;
	while (n--) {
		if (rand() % 2)
			count(read(fd, buf, rand() % MAX_SIZE));
		else
			count(pread(fd, buf, rand() % 100, any_offset()));
	}
	close(fd);
}

static size_t any_text(void)
{
	size_t i, size = rand() % (rand() % 8 ? 16 : MAX_SIZE);

	if (rand() % 4) {
		strcpy(buf, words[rand() % ARRAY_SIZE(words)]);
		return strlen(buf);
	}
	for (i = 0; i < size; i++)
		buf[i] = rand();
	return size;
}

/* Whether kstrtobool() may parse @buf as true. Errs on the side of true. */
static bool is_true(void)
{
	return strchr("1yYtTeE", buf[0]) || !strncasecmp(buf, "on", 2);
}

static void write_some(const char *path, bool may_force)
{
	int fd = open(path, (rand() % 2 ? O_WRONLY : O_RDWR) | O_NONBLOCK);
	size_t size = any_text();

	count(fd);
	if (fd < 0)
		return;
	if (may_force || !is_force(path) || !is_true()) {
		if (rand() % 4)
			count(write(fd, buf, size));
		else
			count(pwrite(fd, buf, size, any_offset()));
	}
	close(fd);
}

static void must_be_denied(const char *path)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK);

	tries++;
	if (fd >= 0)
		errx(1, "%s can be written to", path);
	if (errno != EACCES && errno != ENOENT)
		err(1, "%s", path);
}

static void step(const char *mode, const char *path)
{
	if (!strcmp(mode, "denied"))
		must_be_denied(path);
	else if (strcmp(mode, "read") && rand() % 2)
		write_some(path, !strcmp(mode, "force"));
	read_some(path);
}

int main(int argc, char **argv)
{
	struct timespec now;
	time_t end;
	int i;

	if (argc < 5)
		errx(2, "usage: lpt_fuzz MODE SEED SECONDS DIR...");
	srand(atoi(argv[2]));
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + atoi(argv[3]);
	while (now.tv_sec < end) {
		look(argv + 4, argc - 4);
		for (i = 0; i < 50 && nr_files; i++)
			step(argv[1], files[rand() % nr_files]);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	printf("%s: %lu of %lu calls did something\n", argv[1], done, tries);
	return 0;
}
