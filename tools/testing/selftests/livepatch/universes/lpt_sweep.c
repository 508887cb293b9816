// SPDX-License-Identifier: GPL-2.0
/*
 * Compares what blocking calls return, and when, with and without transitions.
 *
 * usage: lpt_sweep [-b | -i] MS FILE [NAME...]
 *
 * Each case is a task that sits in one call for MS milliseconds. A first round, without
 * transitions, shows what the calls return. When all tasks sit in their calls a second
 * time, the program prints "sitting". Now the caller enables and disables patches, and
 * appends the beginning and the end of each pair of transitions to FILE, in microseconds
 * since the epoch. It does so until the program prints "over", and sends SIGTERM when FILE
 * is complete. Then there is a line for each case:
 *
 *	ok NAME | not ok NAME: WHY | skip NAME: WHY
 *
 * Without -b the cases are those that let transitions end, and each must have sat through
 * a pair of transitions. With -b they are those that delay a transition, and one must
 * have begun while they sat. With -i a signal with a handler, instead of transitions,
 * interrupts the calls: most cases must notice it, otherwise the comparison is blind.
 *
 * If MS is 0, the names of the cases are printed. "lpt_sweep nothing" and "lpt_sweep core MS" are for the cases that start a program.
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lpt_sweep.h"
#include "lpt_user.h"

static const struct sweep * const families[] = {
	time_cases, ipc_cases, pipe_cases, file_cases, tty_cases, memory_cases,
	socket_cases, task_cases, stop_cases, uring_cases,
};

#define MAX_CASES 300

static const struct sweep *cases[MAX_CASES];
static int ncases;

/* Shared by all processes: the cases in two rounds, and "all partners are ready" */
static struct shared {
	uint32_t go;
	struct slot rounds[2][MAX_CASES];
} *shared;

struct slot *slot;
long span;
int fds[2], fd;

/*
 * Helpers of the cases
 */

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

struct timespec ts_of(long ms)
{
	return (struct timespec) { ms / 1000, ms % 1000 * 1000000 };
}

/* The time in @ms milliseconds */
struct timespec ts_at(clockid_t clock, long ms)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += ms % 1000 * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return ts;
}

/* The time of the call begins. A call that prepares something itself calls this again. */
void begin(void)
{
	slot->begin_us = now_us();
	slot->begin_ms = now_ms();
	__atomic_store_n(&slot->state, SWEEP_SITS, __ATOMIC_RELEASE);
}

/* Sleep until the time of the round is over */
void until_end(void)
{
	long rest;

	while ((rest = slot->begin_ms + span - now_ms()) > 0)
		usleep(rest * 1000);
}

/* Compare these bytes */
void put(const void *data, size_t len)
{
	if (len > sizeof(slot->data) - slot->len)
		len = sizeof(slot->data) - slot->len;
	memcpy(slot->data + slot->len, data, len);
	slot->len += len;
}

/* Compare the remaining time */
void left(const struct timespec *ts)
{
	slot->left_ms = ts->tv_sec * 1000 + ts->tv_nsec / 1000000;
}

static void on_usr1(int sig)
{
	(void)sig;
	slot->handled++;
}

static void on_usr2(int sig)
{
	(void)sig;
}

static void handle(int sig, void (*fn)(int))
{
	struct sigaction action = { .sa_handler = fn };

	sigaction(sig, &action, NULL);
}

/* The call is ended by a signal, and must not restart then. */
void catch_usr1(void)
{
	handle(SIGUSR1, on_usr1);
}

void end_usr1(void)
{
	kill(slot->task, SIGUSR1);
}

void end_kill(void)
{
	kill(slot->task, SIGKILL);
}

void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Wait until the task is in one of the states, see proc(5) */
void wait_for_task(const char *states)
{
	wait_for_state(slot->task, states);
}

/*
 * Repeat the call until the time is over, with pauses that leave time to the other cases.
 * Return: 0, or -1 when it fails
 */
long repeat(int (*fn)(void))
{
	while (now_ms() < slot->begin_ms + span) {
		if (fn())
			return -1;
		usleep(50000);
	}
	return 0;
}

static void say_why(enum sweep_state state, const char *format, va_list args)
{
	vsnprintf(slot->text, sizeof(slot->text), format, args);
	__atomic_store_n(&slot->state, state, __ATOMIC_RELEASE);
	_exit(0);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_why(SWEEP_SKIPPED, format, args);
	__builtin_unreachable();
}

static void broken(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

static void broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_why(SWEEP_BROKEN, format, args);
	__builtin_unreachable();
}

/* Errors of a kernel that is built without what the case needs */
static bool is_absent(int error)
{
	return error == ENOSYS || error == EAFNOSUPPORT || error == ENODEV ||
	       error == EPROTONOSUPPORT || error == ENXIO || error == EOPNOTSUPP;
}

/* A step of the preparation that must not fail */
int need(int ret, const char *what)
{
	if (ret >= 0)
		return ret;
	if (is_absent(errno))
		skip("no %s: %s", what, strerror(errno));
	broken("%s: %s", what, strerror(errno));
}

void *need_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p == MAP_FAILED ? -1 : 0, "mmap");
	return p;
}

void thread_does(void *(*fn)(void *))
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, fn, NULL);
	need(-errno, "pthread_create");
	pthread_detach(thread);
}

void setup_pipe(void)
{
	need(pipe(fds), "pipe");
}

void end_write(void)
{
	need(write(fds[1], "xyz", 3), "write");
}

void set_blocking(int file, bool blocking)
{
	int flags = fcntl(file, F_GETFL);

	flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
	need(fcntl(file, F_SETFL, flags), "F_SETFL");
}

/* Write until the file takes no more. Return: the number of bytes */
long fill(int file, size_t chunk)
{
	static char zeros[65536];
	long ret, sum = 0;
	int idle;

	set_blocking(file, false);
	/* TCP accepts more when the other side has made room, after a delayed ACK, too. */
	for (idle = 0; idle < 50; idle++) {
		while ((ret = write(file, zeros, chunk)) > 0) {
			sum += ret;
			idle = 0;
		}
		usleep(20000);
	}
	set_blocking(file, true);
	return sum;
}

/* Read until the task is done, so that a call that waits for room ends */
void drain(int file)
{
	struct pollfd pollfd = { .fd = file, .events = POLLIN };
	static char buf[65536];

	set_blocking(file, false);
	while (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == SWEEP_SITS) {
		while (read(file, buf, sizeof(buf)) > 0)
			continue;
		poll(&pollfd, 1, 10);
	}
}

static char path[64];

/* Return: the path of a new file, which is removed after the round */
const char *temp_path(void)
{
	snprintf(path, sizeof(path), "/tmp/lpt_sweep.%d", getpid());
	return path;
}

int temp_file(void)
{
	return need(open(temp_path(), O_RDWR | O_CREAT | O_TRUNC, 0600), path);
}

long read_3(void)
{
	char buf[16];
	long ret = read(fds[0], buf, sizeof(buf));

	if (ret > 0)
		put(buf, ret);
	return ret;
}

/*
 * The two processes of a case
 */

static void run_task(const struct sweep *c)
{
	die_with_parent();
	handle(SIGUSR2, on_usr2);
	slot->task = getpid();
	begin();
	errno = 0;
	slot->ret = c->call();
	slot->error = slot->ret < 0 ? errno : 0;
	slot->end_ms = now_ms();
	slot->end_us = now_us();
	__atomic_store_n(&slot->state, SWEEP_DONE, __ATOMIC_RELEASE);
}

static void wait_for_go(void)
{
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &shared->go, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static bool is_over(const struct slot *s)
{
	return __atomic_load_n(&s->state, __ATOMIC_ACQUIRE) >= SWEEP_DONE;
}

static void run_partner(const struct sweep *c)
{
	pid_t pid;

	die_with_parent();
	setpgid(0, 0);
	/* It is sent to the whole process group, and meant for the task. */
	signal(SIGUSR2, SIG_IGN);
	if (c->setup)
		c->setup();
	__atomic_store_n(&slot->state, SWEEP_READY, __ATOMIC_RELEASE);
	wait_for_go();
	pid = need(fork(), "fork");
	if (!pid) {
		run_task(c);
		_exit(0);
	}
	while (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) < SWEEP_SITS)
		usleep(1000);
	if (c->during)
		c->during();
	until_end();
	if (c->end && !is_over(slot))
		c->end();
	waitpid(pid, NULL, __WALL);
	if (*path)
		unlink(path);
}

/*
 * Rounds
 */

static void start_partner(int i)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		slot += i;
		run_partner(cases[i]);
		_exit(0);
	}
	slot[i].partner = pid;
}

/* Has the partner of a case died early? Then its task is killed, too. */
static bool is_dead(const struct slot *s)
{
	return state_of(s->partner) == 'Z' && !is_over(s);
}

/* Wait until all cases are in a state, or beyond; or for @limit_ms */
static void wait_for_all(enum sweep_state state, long limit_ms)
{
	long limit = now_ms() + limit_ms;
	int i;

	for (i = 0; i < ncases; i++) {
		while (__atomic_load_n(&slot[i].state, __ATOMIC_ACQUIRE) < state &&
		       now_ms() < limit && !is_dead(&slot[i]))
			usleep(10000);
	}
}

static bool sleeps_or_is_over(int i)
{
	char state;

	if (cases[i]->flags & RUNS || is_over(&slot[i]) || is_dead(&slot[i]))
		return true;
	state = state_of(slot[i].task);
	return state && state != 'R';
}

/* Sleep in short steps, because a task may run a little before its call */
static void wait_until_asleep(void)
{
	long limit = now_ms() + span / 4;
	int i;

	for (i = 0; i < ncases; i++) {
		while (!sleeps_or_is_over(i) && now_ms() < limit)
			usleep(10000);
	}
}

/* Interrupt all calls by a signal with a handler, until they have ended */
static void interrupt_all(void)
{
	long limit = now_ms() + span;
	int i;

	while (now_ms() < limit) {
		for (i = 0; i < ncases; i++) {
			if (!is_over(&slot[i]))
				kill(-slot[i].partner, SIGUSR2);
		}
		usleep(span * 1000 / 8);
	}
}

static void kill_all(void)
{
	int i;

	for (i = 0; i < ncases; i++) {
		/* The partner is not reaped yet, so these numbers are not in use again. */
		kill(-slot[i].partner, SIGKILL);
		kill(slot[i].partner, SIGKILL);
		waitpid(slot[i].partner, NULL, 0);
	}
}

static void run_round(int round, void (*when_sitting)(void))
{
	int i;

	slot = shared->rounds[round];
	shared->go = 0;
	for (i = 0; i < ncases; i++)
		start_partner(i);
	wait_for_all(SWEEP_READY, 60000);
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->go, FUTEX_WAKE, MAX_CASES, NULL, NULL, 0);
	wait_for_all(SWEEP_SITS, span);
	wait_until_asleep();
	if (when_sitting)
		when_sitting();
	/* A wait that begins anew after the last interruption would end after this. */
	wait_for_all(SWEEP_DONE, span + span / 2);
	kill_all();
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void say_sitting(void)
{
	say("sitting");
}

/*
 * Results
 */

/* How much later a call may end because the machine is slow */
static long tolerance(void)
{
	return span / 4;
}

static bool near(long a, long b)
{
	return labs(a - b) <= tolerance();
}

/* Return: what is different, NULL: nothing */
static const char *difference(const struct slot *a, const struct slot *b)
{
	if (b->state != SWEEP_DONE)
		return "does not end";
	if (a->ret != b->ret || a->error != b->error)
		return "result";
	if (a->handled != b->handled)
		return "number of handled signals";
	if (a->len != b->len || memcmp(a->data, b->data, a->len))
		return "returned bytes";
	if (!near(a->left_ms, b->left_ms))
		return "remaining time";
	if (near(a->end_ms - a->begin_ms, b->end_ms - b->begin_ms))
		return NULL;
	return a->end_ms - a->begin_ms < b->end_ms - b->begin_ms ? "too late" :
								   "too early";
}

static const char *text_of(const struct slot *s)
{
	static char texts[2][256];
	static int n;
	char *text = texts[n++ % 2];

	snprintf(text, sizeof(texts[0]), "%ld, errno %d, after %ld ms, %ld ms left, %u bytes",
		 s->ret, s->error, s->end_ms - s->begin_ms, s->left_ms, s->len);
	return s->state == SWEEP_DONE ? text : "not ended";
}

static struct pair {
	int64_t begin_us, end_us;
} *pairs;
static int npairs;

static void read_pairs(const char *file_name)
{
	FILE *file = fopen(file_name, "r");
	long long a, b;

	while (file && fscanf(file, "%lld %lld", &a, &b) == 2) {
		pairs = realloc(pairs, (npairs + 1) * sizeof(*pairs));
		if (!pairs)
			err(1, "realloc");
		pairs[npairs++] = (struct pair) { a, b };
	}
	if (file)
		fclose(file);
}

/* How many pairs of transitions has the task sat through? */
static int pairs_within(const struct slot *s)
{
	int i, n = 0;

	for (i = 0; i < npairs; i++)
		n += pairs[i].begin_us >= s->begin_us && pairs[i].end_us <= s->end_us;
	return n;
}

static bool delayed_one(const struct slot *s)
{
	return npairs == 1 && pairs[0].begin_us >= s->begin_us &&
	       pairs[0].begin_us < s->end_us - span * 1000 / 4 &&
	       pairs[0].end_us >= s->end_us - span * 1000 / 4;
}

/* Return: what is wrong with the test itself, NULL: nothing */
static const char *untested(const struct sweep *c, const struct slot *s)
{
	if (c->listed)
		return NULL;
	if (c->flags & BLOCKS)
		return delayed_one(s) ? NULL : "no transition began while it sat";
	return pairs_within(s) ? NULL : "no pair of transitions while it sat";
}

/* Print the verdict. Return: is there a difference? */
static bool judge(int i, bool interrupted)
{
	const struct slot *a = &shared->rounds[0][i], *b = &shared->rounds[1][i];
	const struct sweep *c = cases[i];
	const char *what, *wrong;

	if (a->state == SWEEP_SKIPPED) {
		printf("skip %s: %s\n", c->name, a->text);
		return false;
	}
	if (a->state != SWEEP_DONE) {
		printf("not ok %s: without transitions: %s\n", c->name,
		       *a->text ? a->text : "does not end");
		return false;
	}
	what = difference(a, b);
	wrong = interrupted ? NULL : c->listed && !what ? "listed, but nothing differs" :
	     what && !c->listed ? what : untested(c, b);
	printf("%sok %s%s%s\n", wrong ? "not " : "", c->name, wrong ? ": " : "",
	       wrong ?: "");
	if (what)
		printf("# %s: %s: %s; %s %s%s\n", c->name, what, text_of(a),
		       interrupted ? "interrupted:" : "with transitions:", text_of(b),
		       b->text);
	return what;
}

/* The fewest pairs that a case has sat through, except those that are listed */
static int fewest_pairs(void)
{
	int i, n, fewest = npairs;

	for (i = 0; i < ncases; i++) {
		slot = &shared->rounds[1][i];
		n = pairs_within(slot);
		if (slot->state == SWEEP_DONE && !cases[i]->listed && n < fewest)
			fewest = n;
	}
	return fewest;
}

static bool is_wanted(const struct sweep *c, int flags, char **names)
{
	if ((c->flags & BLOCKS) != flags)
		return false;
	if (!*names)
		return true;
	while (*names && strcmp(*names, c->name))
		names++;
	return *names;
}

static void select_cases(int flags, char **names)
{
	const struct sweep *c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		for (c = families[i]; c->name; c++) {
			if (!is_wanted(c, flags, names))
				continue;
			if (ncases == MAX_CASES)
				errx(1, "too many cases");
			cases[ncases++] = c;
		}
	}
}

static void list_cases(void)
{
	int i;

	for (i = 0; i < ncases; i++)
		puts(cases[i]->name);
}

static void bring_up_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0 || ioctl(s, SIOCGIFFLAGS, &ifr))
		return;
	ifr.ifr_flags |= IFF_UP;
	ioctl(s, SIOCSIFFLAGS, &ifr);
	close(s);
}

static void lift_limits(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &limit);
	setrlimit(RLIMIT_CORE, &limit);
}

/*
 * The program that the kernel starts for a core dump: read it after @ms, and write its
 * size to a file.
 */
static int receive_core(long ms)
{
	static char buf[65536];
	long ret, size = 0;
	FILE *file;

	usleep(ms * 1000);
	while ((ret = read(0, buf, sizeof(buf))) > 0)
		size += ret;
	file = fopen("/tmp/lpt_sweep.core", "w");
	if (!file)
		return 1;
	fprintf(file, "%ld\n", size);
	return fclose(file);
}

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

static char core_pattern[128];

static void set_core_pattern(const char *pattern)
{
	int file = open(CORE_PATTERN, O_WRONLY);

	if (file < 0 || write(file, pattern, strlen(pattern)) < 0)
		warn(CORE_PATTERN);
	close(file);
}

static void receive_cores(void)
{
	char pattern[128], self[100] = "";
	int file = open(CORE_PATTERN, O_RDONLY);

	if (file < 0 || read(file, core_pattern, sizeof(core_pattern) - 1) < 0)
		return;
	close(file);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		err(1, "/proc/self/exe");
	snprintf(pattern, sizeof(pattern), "|%s core %ld", self, span);
	set_core_pattern(pattern);
}

static int sweep(const char *file_name, void (*when_sitting)(void))
{
	bool interrupted = when_sitting == interrupt_all;
	int i, differences = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	bring_up_loopback();
	lift_limits();
	receive_cores();
	run_round(0, NULL);
	run_round(1, when_sitting);
	set_core_pattern(core_pattern);
	if (!interrupted) {
		say("over");
		wait_for_term();
		read_pairs(file_name);
	}
	for (i = 0; i < ncases; i++)
		differences += judge(i, interrupted);
	printf("# %d cases, %d differ, %d pairs of transitions, at least %d for each case\n",
	       ncases, differences, npairs, fewest_pairs());
	return 0;
}

int main(int argc, char **argv)
{
	bool interrupted, blocks;

	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (argc == 3 && !strcmp(argv[1], "core"))
		return receive_core(atol(argv[2]));
	interrupted = argc > 1 && !strcmp(argv[1], "-i");
	blocks = argc > 1 && !strcmp(argv[1], "-b");
	argv += interrupted || blocks;
	if (!argv[1] || !argv[2])
		errx(2, "usage: lpt_sweep [-b | -i] MS FILE [NAME...]");
	block_term();
	span = atol(argv[1]);
	select_cases(blocks ? BLOCKS : 0, argv + 3);
	if (span)
		return sweep(argv[2], interrupted ? interrupt_all : say_sitting);
	list_cases();
	return 0;
}
