// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: terminals. fds[0] is the slave of a pseudo terminal, fds[1] the
 * master.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lpt_sweep.h"

static void setup_pty(void)
{
	int number, unlock = 0;

	fds[1] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (fds[1] < 0)
		skip("no /dev/ptmx");
	need(ioctl(fds[1], TIOCSPTLCK, &unlock), "TIOCSPTLCK");
	need(ioctl(fds[1], TIOCGPTN, &number), "TIOCGPTN");
	fds[0] = need(ioctl(fds[1], TIOCGPTPEER, O_RDWR | O_NOCTTY), "TIOCGPTPEER");
}

static void set_raw(int min, int tenths)
{
	struct termios termios;

	need(tcgetattr(fds[0], &termios), "tcgetattr");
	cfmakeraw(&termios);
	termios.c_cc[VMIN] = min;
	termios.c_cc[VTIME] = tenths;
	need(tcsetattr(fds[0], TCSANOW, &termios), "tcsetattr");
}

/* read() without VMIN returns when the time is over */
static void setup_timed_pty(void)
{
	setup_pty();
	set_raw(0, span / 100);
}

static void setup_raw_pty(void)
{
	setup_pty();
	set_raw(1, 0);
}

/* Three bytes have to arrive, and one has arrived. */
static void setup_part_pty(void)
{
	setup_pty();
	set_raw(3, 0);
	need(write(fds[1], "a", 1), "write");
}

static void end_rest(void)
{
	need(write(fds[1], "bc", 2), "write");
}

static void end_line(void)
{
	need(write(fds[1], "xy\n", 3), "write");
}

static long call_read_master(void)
{
	char c;
	long ret = read(fds[1], &c, 1);

	put(&c, 1);
	return ret;
}

static void end_write_slave(void)
{
	need(write(fds[0], "x", 1), "write");
}

static void setup_full_pty(void)
{
	setup_raw_pty();
	fill(fds[0], 100);
}

static void setup_stopped_pty(void)
{
	setup_raw_pty();
	need(tcflow(fds[0], TCOOFF), "TCOOFF");
}

static long call_write_3(void)
{
	return write(fds[0], "abc", 3);
}

/* More than the other side can take at once */
static long call_write_much(void)
{
	static char buf[100000];

	return write(fds[0], buf, sizeof(buf));
}

static void end_drain(void)
{
	drain(fds[1]);
}

static void end_start(void)
{
	need(tcflow(fds[0], TCOON), "TCOON");
}

static void setup_serial(void)
{
	fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		skip("no /dev/ttyS1");
}

static long call_modem(void)
{
	catch_usr1();
	return ioctl(fd, TIOCMIWAIT, TIOCM_RNG | TIOCM_DSR | TIOCM_CD | TIOCM_CTS);
}

const struct sweep tty_cases[] = {
	{ "tty_read",		setup_pty, read_3, end_line },
	{ "tty_read_raw",	setup_raw_pty, read_3, end_line },
	{ "tty_read_timeout",	setup_timed_pty, read_3, NULL, 0, LISTED("VTIME and without VMIN") },
	{ "tty_read_part",	setup_part_pty, read_3, end_rest, 0, LISTED("fewer bytes than VMIN") },
	{ "tty_read_master",	setup_pty, call_read_master, end_write_slave },
	{ "tty_write",		setup_full_pty, call_write_3, end_drain },
	{ "tty_write_stopped",	setup_stopped_pty, call_write_3, end_start },
	{ "tty_write_part",	setup_raw_pty, call_write_much, end_drain, 0,
				LISTED("write() to a pipe, a terminal") },
	{ "tty_modem",		setup_serial, call_modem, end_usr1 },
	{ }
};
