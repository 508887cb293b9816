// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Torture test of live patching: calls functions from all contexts while they are
 * patched and unpatched, and checks which version each call has run.
 */

/**
 * DOC: Torture test
 *
 * The original versions of four functions return 0: klpt_a() and klpt_b() of this
 * module, and int_pow() and lcm() of the kernel, if klpt_c() and klpt_d() call them.
 * The versions of a patch return the number of the patch. This module calls the
 * functions from as many contexts as possible. The script
 * tools/testing/selftests/livepatch/universes/torture.sh enables and disables the
 * patches, and writes each step to the file "phase".
 *
 * The four return values together are a state. In each phase two states are
 * allowed: the one from which a transition starts, and the one to which it leads.
 * All calls within one entry of the kernel (one system call, one interrupt, one work
 * item) have to see one of the two. Everything else is a fault:
 *
 * mixed
 *	some calls saw one state and some the other;
 * order
 *	a task, or the interrupts of a CPU, went back within one transition;
 * stale
 *	the old state was seen after the end of the transition;
 * foreign
 *	a function returned a value that belongs to neither state;
 * gone
 *	a function of a module that was unloaded was run.
 *
 * **The file "phase"**
 *
 * "KIND FROM TO", where a state is a hexadecimal number with a digit for each
 * function, those of klpt_d() to klpt_a(). KIND is
 *
 * move
 *	before a transition is started;
 * at
 *	after its end;
 * turn
 *	while it is being reversed, when tasks may migrate in both directions;
 * force
 *	before it is forced. Entries that began earlier are not checked.
 *
 * **Sleepers**
 *
 * A sleeper is a kernel thread that has code of a patch on its stack, or as its main
 * function, while the patch is disabled or replaced. There is one at a time. It
 * migrates between its calls, so only one rule applies to them: each return value has
 * to be the number of a patch that is loaded. The script writes these numbers as a
 * bit mask to the file "loaded". The other files are
 *
 * inside
 *	Write N: start a sleeper that makes N calls of the functions of this module,
 *	nested in each other, and sleeps at a safe point inside of the last one.
 * started
 *	Write: call klpt_start(). Its version in a patch starts a sleeper whose main
 *	function is in the patch, the original starts none. 0: the thread waits at safe
 *	points, 1: it is not woken, 2: it is parked, 3: it has no safe point.
 * kick
 *	Write: the sleeper returns from all its functions, and exits.
 * sleeper
 *	Read: the PID of the sleeper, 0 if there is none.
 *
 * **Locking**
 *
 * klpt_sleeper_lock protects the sleeper. All other data has no lock. The phase is one
 * word, with one writer. The counters are atomic. A klpt_view is used only by the task
 * or the CPU to which it belongs.
 */

#define pr_fmt(fmt) "livepatch-torture: " fmt

#include <linux/completion.h>
#include <linux/cpuhotplug.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/lcm.h>
#include <linux/livepatch_universe.h>
#include <linux/math.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <trace/events/power.h>
#include <trace/events/sched.h>

static unsigned int nthreads = 2;
module_param(nthreads, uint, 0444);
MODULE_PARM_DESC(nthreads, "kernel threads that call the functions");

static unsigned int nworks = 4;
module_param(nworks, uint, 0444);
MODULE_PARM_DESC(nworks, "work items that do, on two workqueues");

static unsigned int period_us = 2000;
module_param(period_us, uint, 0444);
MODULE_PARM_DESC(period_us, "microseconds between two interrupts of a CPU");

static unsigned int stat_interval = 60;
module_param(stat_interval, uint, 0644);
MODULE_PARM_DESC(stat_interval, "seconds between two lines of statistics, 0: none");

/*
 * The functions. Each calls @inside, if it is not NULL, so that tasks are in the
 * middle of the function when a transition starts. For klpt_c() and klpt_d() patches
 * replace the function of the kernel, so @inside is called before the replaced function.
 */

typedef void (*klpt_inside_t)(void *arg);

#define KLPT_FUNC(name, result)						\
static noinline unsigned int name(klpt_inside_t inside, void *arg)	\
{									\
	unsigned int number;						\
									\
	if (inside)							\
		inside(arg);						\
	number = (result);						\
	/* Hide the value from the compiler; #name prevents a merge. */	\
	asm volatile("# " #name : "+r" (number));			\
	return number;							\
}

/* The versions of int_pow() and lcm() in a patch return its number for this argument. */
#define KLPT_MAGIC	0x6b6c70

KLPT_FUNC(klpt_a, 0)
KLPT_FUNC(klpt_b, 0)
KLPT_FUNC(klpt_c, int_pow(0, KLPT_MAGIC))
KLPT_FUNC(klpt_d, lcm(KLPT_MAGIC, 0))

static unsigned int (* const klpt_funcs[])(klpt_inside_t inside, void *arg) = {
	klpt_a, klpt_b, klpt_c, klpt_d,
};

#define KLPT_FUNCS	ARRAY_SIZE(klpt_funcs)

/* Number of functions of this module. They come first. */
#define KLPT_OWN	2

/* Number of bits per function in a state; the value returned by an unloaded patch */
#define KLPT_BITS	4
#define KLPT_DIGIT	GENMASK(KLPT_BITS - 1, 0)
#define KLPT_GONE	KLPT_DIGIT

/*
 * The phase of the test
 */

enum klpt_kind {
	KLPT_AT,
	KLPT_MOVE,
	KLPT_TURN,
	KLPT_FORCE,
	KLPT_KINDS
};

static const char * const klpt_kinds[KLPT_KINDS] = {
	"at", "move", "turn", "force",
};

union klpt_phase {
	struct {
		u16 from;
		u16 to;
		u32 kind : 2;	/* enum klpt_kind */
		u32 epoch : 30;	/* counts the phases */
	};
	u64 word;
};

static_assert(sizeof(union klpt_phase) == sizeof(u64));
static_assert(KLPT_FUNCS * KLPT_BITS <= 16);

static union klpt_phase klpt_phase;
static u32 klpt_forced_epoch;
static unsigned long klpt_transitions;

static union klpt_phase klpt_get_phase(void)
{
	/*
	 * Orders the read of the phase before subsequent calls and reads. Pairs
	 * with klpt_set_phase().
	 */
	return (union klpt_phase){ .word = smp_load_acquire(&klpt_phase.word) };
}

static void klpt_set_phase(enum klpt_kind kind, u16 from, u16 to)
{
	union klpt_phase next = {
		.from = from,
		.to = to,
		.kind = kind,
		.epoch = klpt_get_phase().epoch + 1,
	};

	if (kind == KLPT_FORCE)
		WRITE_ONCE(klpt_forced_epoch, next.epoch);
	if (kind == KLPT_MOVE)
		WRITE_ONCE(klpt_transitions, klpt_transitions + 1);
	/*
	 * Orders klpt_forced_epoch, which klpt_is_excused() reads, before the
	 * phase. Pairs with klpt_get_phase().
	 */
	smp_store_release(&klpt_phase.word, next.word);
}

/*
 * One entry of the kernel
 */

/**
 * struct klpt_entry - the results of the calls within one entry of the kernel
 * @epoch:	epoch of the phase in which the entry began
 * @random:	state of the random number generator
 * @calls:	number of calls that have returned
 * @seen:	return value of each function, as a state
 * @mask:	mask of the digits of @seen that are valid
 * @numbers:	bit mask of all return values
 * @mixed:	one function has returned different values
 */
struct klpt_entry {
	u32 epoch;
	u32 random;
	u32 calls;
	u16 seen;
	u16 mask;
	u16 numbers;
	bool mixed;
};

static void klpt_begin(struct klpt_entry *entry)
{
	*entry = (struct klpt_entry) {
		.epoch = klpt_get_phase().epoch,
		.random = hash_64(local_clock(), 32),
	};
}

/* Return: a number below @end. */
static u32 klpt_random(struct klpt_entry *entry, u32 end)
{
	entry->random = entry->random * 1664525 + 1013904223;
	return ((u64)entry->random * end) >> 32;
}

/* Code in memory that was reused may return anything: count that as KLPT_GONE. */
static u16 klpt_bit(unsigned int number)
{
	return BIT(umin(number, KLPT_GONE));
}

static void klpt_call_one(struct klpt_entry *entry, unsigned int nr,
			  klpt_inside_t inside)
{
	unsigned int number = klpt_funcs[nr](inside, entry);
	u16 mask = KLPT_DIGIT << (nr * KLPT_BITS);
	u16 seen = number << (nr * KLPT_BITS);

	if ((entry->mask & mask) && (entry->seen & mask) != seen)
		entry->mixed = true;
	entry->calls++;
	entry->numbers |= klpt_bit(number);
	entry->seen = (entry->seen & ~mask) | seen;
	entry->mask |= mask;
}

static void klpt_call(struct klpt_entry *entry, klpt_inside_t inside)
{
	klpt_call_one(entry, klpt_random(entry, KLPT_FUNCS), inside);
}

/* Call a function that is replaced itself, so that @inside is called by its version. */
static void klpt_call_own(struct klpt_entry *entry, klpt_inside_t inside)
{
	klpt_call_one(entry, klpt_random(entry, KLPT_OWN), inside);
}

static void klpt_nest(void *entry)
{
	klpt_call(entry, NULL);
}

static void klpt_spin(void *entry)
{
	udelay(klpt_random(entry, 20));
}

static void klpt_yield(void *entry)
{
	schedule();
}

/* Usually sleeps for some milliseconds, sometimes for as long as a transition takes. */
static void klpt_sleep(void *entry)
{
	unsigned int shift = klpt_random(entry, 64) ? 6 : 11;

	usleep_range(100, 200U << klpt_random(entry, shift));
}

/* Functions of the freezer are no safe points, so the task must not migrate here. */
static void klpt_sleep_freezable(void *entry)
{
	static DECLARE_WAIT_QUEUE_HEAD(never);

	wait_event_freezable_timeout(never, false, 1 + klpt_random(entry, 4));
	try_to_freeze();
}

/* Call all functions, starting with a random one. */
static void klpt_call_all(struct klpt_entry *entry)
{
	static const klpt_inside_t inside[] = { NULL, NULL, klpt_nest, klpt_spin };
	unsigned int i, first = klpt_random(entry, KLPT_FUNCS);

	for (i = first; i < first + KLPT_FUNCS; i++)
		klpt_call_one(entry, i % KLPT_FUNCS,
			      inside[klpt_random(entry, ARRAY_SIZE(inside))]);
}

static void klpt_call_any(struct klpt_entry *entry)
{
	static const klpt_inside_t inside[] = {
		NULL, NULL, klpt_nest, klpt_spin, klpt_yield, klpt_sleep,
		klpt_sleep_freezable,
	};

	klpt_call(entry, inside[klpt_random(entry, ARRAY_SIZE(inside))]);
}

static void klpt_trap(void);

/* Process context keeps its universe while it disables bottom halves or interrupts. */
static void klpt_call_often(struct klpt_entry *entry)
{
	unsigned int rounds = 4 + klpt_random(entry, 16);

	while (rounds--) {
		switch (klpt_random(entry, 10)) {
		case 0:
			local_bh_disable();
			klpt_call_all(entry);
			local_bh_enable();
			break;
		case 1:
			local_irq_disable();
			klpt_call_all(entry);
			local_irq_enable();
			break;
		case 2:
			klpt_trap();
			break;
		default:
			klpt_call_any(entry);
		}
	}
}

/*
 * The checks
 */

enum klpt_context {
	KLPT_SYSCALL,		/* a write to the file "call" */
	KLPT_MODULE,		/* tasks that load and unload modules */
	KLPT_EXITING,		/* files that are closed by the exit of a task */
	KLPT_DEAD,		/* the last schedule() of a task */
	KLPT_KTHREAD,		/* kernel threads */
	KLPT_WORKER,		/* a kthread_worker */
	KLPT_WORK,		/* workqueues */
	KLPT_IDLE,		/* idle tasks */
	KLPT_SOFTIRQ,		/* timers, and work items in softirqs */
	KLPT_HARDIRQ,		/* hrtimers */
	KLPT_NMI,		/* breakpoints, whose handlers run in NMI context */
	KLPT_INSIDE,		/* sleepers inside of the functions */
	KLPT_STARTED,		/* sleepers that were started by patches */
	KLPT_CONTEXTS
};

static const char * const klpt_contexts[KLPT_CONTEXTS] = {
	"syscall", "module", "exiting", "dead", "kthread", "worker", "work",
	"idle", "softirq", "hardirq", "nmi", "inside", "started",
};

enum klpt_fault {
	KLPT_MIXED,
	KLPT_ORDER,
	KLPT_STALE,
	KLPT_FOREIGN,
	KLPT_WAS_GONE,
	KLPT_FAULTS,
	KLPT_FINE = KLPT_FAULTS
};

static const char * const klpt_faults[KLPT_FAULTS] = {
	"mixed", "order", "stale", "foreign", "gone",
};

/**
 * struct klpt_stats - statistics of a context
 * @entries:	number of all entries
 * @from:	number of entries during a transition in the old state
 * @to:		number of entries during a transition in the new state
 * @faults:	number of faults, by enum klpt_fault
 */
static struct klpt_stats {
	atomic64_t entries;
	atomic64_t from;
	atomic64_t to;
	atomic64_t faults[KLPT_FAULTS];
} klpt_stats[KLPT_CONTEXTS];

/* Number of calls that were checked, in all contexts */
static atomic64_t klpt_judged;

/**
 * struct klpt_view - the last state that a task, or the interrupts of a CPU, have seen
 * @epoch:	epoch of the phase
 * @arrived:	it was the state to which the transition leads
 */
struct klpt_view {
	u32 epoch;
	bool arrived;
};

/* Number of faults of each kind that are printed to the log */
#define KLPT_RECORDS	4

static struct klpt_record {
	enum klpt_context context;
	struct klpt_entry entry;
	union klpt_phase phase;
	char comm[TASK_COMM_LEN];
	int cpu;
	bool ready;
} klpt_records[KLPT_FAULTS][KLPT_RECORDS];

static atomic_t klpt_nr_records[KLPT_FAULTS];

static void klpt_record(enum klpt_context context, enum klpt_fault fault,
			const struct klpt_entry *entry, union klpt_phase phase)
{
	int nr = atomic_fetch_add_unless(&klpt_nr_records[fault], 1, KLPT_RECORDS);
	struct klpt_record *record;

	if (nr >= KLPT_RECORDS)
		return;
	record = &klpt_records[fault][nr];
	record->context = context;
	record->entry = *entry;
	record->phase = phase;
	record->cpu = raw_smp_processor_id();
	strscpy(record->comm, current->comm);
	/* Orders the record before @ready. Pairs with klpt_print_records(). */
	smp_store_release(&record->ready, true);
}

static bool klpt_fits(const struct klpt_entry *entry, u16 state)
{
	return !((entry->seen ^ state) & entry->mask);
}

/* Does each single return value belong to one of the two states? */
static bool klpt_is_known(const struct klpt_entry *entry, union klpt_phase phase)
{
	u16 other = (entry->seen ^ phase.from) & entry->mask;
	u16 neither = (entry->seen ^ phase.to) & entry->mask;
	unsigned int i;

	for (i = 0; i < KLPT_FUNCS; i++) {
		u16 mask = KLPT_DIGIT << (i * KLPT_BITS);

		if ((other & mask) && (neither & mask))
			return false;
	}
	return true;
}

static enum klpt_fault klpt_judge_state(const struct klpt_entry *entry,
					union klpt_phase phase)
{
	if (entry->numbers & BIT(KLPT_GONE))
		return KLPT_WAS_GONE;
	if (entry->mixed)
		return KLPT_MIXED;
	if (klpt_fits(entry, phase.to))
		return KLPT_FINE;
	if (klpt_fits(entry, phase.from))
		return phase.kind == KLPT_AT ? KLPT_STALE : KLPT_FINE;
	return klpt_is_known(entry, phase) ? KLPT_MIXED : KLPT_FOREIGN;
}

static enum klpt_fault klpt_judge_order(struct klpt_view *view, bool arrived,
					union klpt_phase phase)
{
	if (view->epoch != phase.epoch)
		*view = (struct klpt_view) { .epoch = phase.epoch };
	if (view->arrived && !arrived)
		return KLPT_ORDER;
	view->arrived = arrived;
	return KLPT_FINE;
}

static void klpt_blame(enum klpt_context context, enum klpt_fault fault,
		       const struct klpt_entry *entry, union klpt_phase phase)
{
	if (fault == KLPT_FINE)
		return;
	atomic64_inc(&klpt_stats[context].faults[fault]);
	klpt_record(context, fault, entry, phase);
}

/* Forcing a transition may break an entry that began before. That is no fault. */
static bool klpt_is_excused(const struct klpt_entry *entry)
{
	u32 forced = READ_ONCE(klpt_forced_epoch);

	return forced && entry->epoch <= forced;
}

/*
 * Check an entry against the phase in which it ends. An entry in the old universe ends
 * before the transition ends, so it ends in the phase of this transition. An entry in
 * the new universe may end in the next phase, which starts from the same state.
 */
static void klpt_end(enum klpt_context context, struct klpt_view *view,
		     const struct klpt_entry *entry)
{
	struct klpt_stats *stats = &klpt_stats[context];
	enum klpt_fault fault;
	union klpt_phase phase;
	bool arrived;

	/* Orders the calls before the phase, which is written before a transition. */
	smp_rmb();
	phase = klpt_get_phase();

	atomic64_inc(&stats->entries);
	if (klpt_is_excused(entry))
		return;
	atomic64_add(entry->calls, &klpt_judged);
	fault = klpt_judge_state(entry, phase);
	arrived = klpt_fits(entry, phase.to);
	if (fault == KLPT_FINE && phase.kind == KLPT_MOVE &&
	    arrived != klpt_fits(entry, phase.from)) {
		atomic64_inc(arrived ? &stats->to : &stats->from);
		if (view)
			fault = klpt_judge_order(view, arrived, phase);
	}
	klpt_blame(context, fault, entry, phase);
}

/*
 * Interrupts
 */

struct klpt_cpu {
	struct hrtimer hard;
	struct timer_list timer;
	struct work_struct bh_work;
	struct klpt_view irq;
	struct klpt_view idle;
};

static DEFINE_PER_CPU(struct klpt_cpu, klpt_cpu);

static void klpt_interrupt(enum klpt_context context)
{
	/* Where a breakpoint is not handled in NMI context, it runs in the task's universe. */
	bool in_irq = context != KLPT_NMI || in_nmi();
	struct klpt_entry entry;
	unsigned long flags;

	klpt_begin(&entry);
	klpt_call_all(&entry);
	klpt_call_all(&entry);
	local_irq_save(flags);
	klpt_end(context, in_irq ? &this_cpu_ptr(&klpt_cpu)->irq : NULL, &entry);
	local_irq_restore(flags);
}

#ifdef CONFIG_KPROBES
static int klpt_trap_fn(struct kprobe *probe, struct pt_regs *regs)
{
	klpt_interrupt(KLPT_NMI);
	return 0;
}

/* A probe with a post_handler is not optimized from a breakpoint to a jump. */
static void klpt_after_trap_fn(struct kprobe *probe, struct pt_regs *regs,
			       unsigned long flags)
{
}

static noinline notrace void klpt_trap(void)
{
	asm volatile("" ::: "memory");
}

static struct kprobe klpt_probe = {
	.addr = (kprobe_opcode_t *)klpt_trap,
	.pre_handler = klpt_trap_fn,
	.post_handler = klpt_after_trap_fn,
};

static int klpt_set_trap(void)
{
	return register_kprobe(&klpt_probe);
}

static void klpt_remove_trap(void)
{
	unregister_kprobe(&klpt_probe);
}
#else
static void klpt_trap(void) { }
static int klpt_set_trap(void) { return 0; }
static void klpt_remove_trap(void) { }
#endif /* CONFIG_KPROBES */

/*
 * If an interrupt takes longer than its period, for example on an emulated CPU that was
 * not run for a while, the CPU would not run anything else. So the next interrupt is
 * delayed by this many times the duration of the last one.
 */
#define KLPT_DISTANCE	8

static enum hrtimer_restart klpt_hard_fn(struct hrtimer *timer)
{
	ktime_t start = ktime_get(), end;

	klpt_interrupt(KLPT_HARDIRQ);
	klpt_trap();
	end = ktime_get();
	hrtimer_set_expires(timer, ktime_add_us(end, period_us) +
				   KLPT_DISTANCE * (end - start));
	return HRTIMER_RESTART;
}

static void klpt_timer_fn(struct timer_list *timer)
{
	struct klpt_cpu *this = container_of(timer, struct klpt_cpu, timer);
	unsigned long start = jiffies;

	klpt_interrupt(KLPT_SOFTIRQ);
	queue_work(system_bh_wq, &this->bh_work);
	mod_timer(timer, jiffies + 1 + KLPT_DISTANCE * (jiffies - start));
}

static void klpt_bh_work_fn(struct work_struct *work)
{
	klpt_interrupt(KLPT_SOFTIRQ);
}

static int klpt_cpu_online(unsigned int cpu)
{
	struct klpt_cpu *this = per_cpu_ptr(&klpt_cpu, cpu);

	hrtimer_setup(&this->hard, klpt_hard_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&this->hard, us_to_ktime(period_us),
		      HRTIMER_MODE_REL_PINNED_HARD);
	INIT_WORK(&this->bh_work, klpt_bh_work_fn);
	timer_setup(&this->timer, klpt_timer_fn, TIMER_PINNED);
	mod_timer(&this->timer, jiffies + 1);
	return 0;
}

static int klpt_cpu_offline(unsigned int cpu)
{
	struct klpt_cpu *this = per_cpu_ptr(&klpt_cpu, cpu);

	hrtimer_cancel(&this->hard);
	timer_delete_sync(&this->timer);
	cancel_work_sync(&this->bh_work);
	return 0;
}

/*
 * Threads and workers
 */

struct klpt_work {
	struct delayed_work work;
	struct workqueue_struct *wq;
};

static struct task_struct **klpt_threads;
static struct klpt_work *klpt_works;
static struct workqueue_struct *klpt_wq, *klpt_unbound_wq;
static struct kthread_worker *klpt_worker;

static void klpt_run(enum klpt_context context, struct klpt_view *view)
{
	struct klpt_entry entry;

	klpt_begin(&entry);
	klpt_call_often(&entry);
	klpt_end(context, view, &entry);
}

/*
 * Called between two entries of a thread. Inlined, because the safe points have to be in
 * the main function. In another function, whose callers pin.c does not know, they would
 * pin each patch that goes out of effect.
 */
static __always_inline void klpt_rest(void)
{
	if (get_random_u32_below(2)) {
		klp_safe_point();
		cond_resched();
		return;
	}
	klp_quiescent_enter();
	schedule_timeout_interruptible(get_random_u32_below(4));
	klp_quiescent_exit();
}

static int klpt_thread_fn(void *unused)
{
	struct klpt_view view = {};

	set_user_nice(current, MAX_NICE);
	while (!kthread_should_stop()) {
		klpt_run(KLPT_KTHREAD, &view);
		klpt_rest();
	}
	return 0;
}

static int klpt_mortal_fn(void *unused)
{
	klpt_run(KLPT_KTHREAD, NULL);
	return 0;
}

/* Start a thread that exits soon, at a random time in a transition. */
static void klpt_spawn(void)
{
	struct task_struct *task;

	task = kthread_create(klpt_mortal_fn, NULL, "klpt_mortal");
	if (IS_ERR(task))
		return;
	get_task_struct(task);
	wake_up_process(task);
	usleep_range(500, 2000);
	kthread_stop_put(task);
}

static void klpt_work_fn(struct work_struct *work)
{
	struct klpt_work *this = container_of(to_delayed_work(work),
					      struct klpt_work, work);

	klpt_run(KLPT_WORK, NULL);
	if (!get_random_u32_below(16))
		klpt_spawn();
	queue_delayed_work(this->wq, &this->work, get_random_u32_below(4));
}

static void klpt_worker_fn(struct kthread_work *work);
static DEFINE_KTHREAD_DELAYED_WORK(klpt_worker_work, klpt_worker_fn);

static void klpt_worker_fn(struct kthread_work *work)
{
	static struct klpt_view view;

	klpt_run(KLPT_WORKER, &view);
	kthread_queue_delayed_work(klpt_worker, &klpt_worker_work,
				   get_random_u32_below(4));
}

static int klpt_start_threads(void)
{
	struct task_struct *task;
	unsigned int i;

	klpt_threads = kzalloc_objs(*klpt_threads, nthreads);
	if (!klpt_threads)
		return -ENOMEM;
	for (i = 0; i < nthreads; i++) {
		task = kthread_run(klpt_thread_fn, NULL, "klpt_thread/%u", i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		klpt_threads[i] = task;
	}
	klpt_worker = kthread_run_worker(0, "klpt_worker");
	if (IS_ERR(klpt_worker))
		return PTR_ERR(klpt_worker);
	kthread_queue_delayed_work(klpt_worker, &klpt_worker_work, 0);
	return 0;
}

static void klpt_stop_threads(void)
{
	unsigned int i;

	for (i = 0; klpt_threads && i < nthreads && klpt_threads[i]; i++)
		kthread_stop(klpt_threads[i]);
	kfree(klpt_threads);
	if (IS_ERR_OR_NULL(klpt_worker))
		return;
	kthread_cancel_delayed_work_sync(&klpt_worker_work);
	kthread_destroy_worker(klpt_worker);
}

static int klpt_start_works(void)
{
	struct klpt_work *this;
	unsigned int i;

	klpt_wq = alloc_workqueue("klptorture", WQ_PERCPU, 0);
	klpt_unbound_wq = alloc_workqueue("klptorture_unbound", WQ_UNBOUND, 0);
	klpt_works = kzalloc_objs(*klpt_works, nworks);
	if (!klpt_wq || !klpt_unbound_wq || !klpt_works)
		return -ENOMEM;
	for (i = 0; i < nworks; i++) {
		this = &klpt_works[i];
		this->wq = i % 2 ? klpt_unbound_wq : klpt_wq;
		INIT_DELAYED_WORK(&this->work, klpt_work_fn);
		queue_delayed_work(this->wq, &this->work, 0);
	}
	return 0;
}

static void klpt_stop_works(void)
{
	unsigned int i;

	for (i = 0; klpt_works && i < nworks && klpt_works[i].wq; i++)
		cancel_delayed_work_sync(&klpt_works[i].work);
	kfree(klpt_works);
	if (klpt_wq)
		destroy_workqueue(klpt_wq);
	if (klpt_unbound_wq)
		destroy_workqueue(klpt_unbound_wq);
}

/*
 * Sleepers: threads that sleep at a safe point while code of a patch is on their stack,
 * or is their main function
 */

/* Bit mask of the numbers of loaded patches, see klpt_loaded_set() */
static u16 klpt_loaded;

/* The sleeper, its context in the statistics, and the completion of its start */
static DEFINE_MUTEX(klpt_sleeper_lock);
static struct task_struct *klpt_sleeper;
static enum klpt_context klpt_sleeper_context;
static DECLARE_COMPLETION(klpt_sleeper_ready);

/**
 * struct klpt_inside - the nested calls of a sleeper
 * @entry:	results of the calls
 * @depth:	number of calls that are left
 */
struct klpt_inside {
	struct klpt_entry entry;
	unsigned int depth;
};

/* A sleeper was moved between its calls, so only check that each patch is loaded. */
static void klpt_end_sleeper(enum klpt_context context,
			     const struct klpt_entry *entry)
{
	u16 loaded = READ_ONCE(klpt_loaded) | klpt_bit(0);
	enum klpt_fault fault = KLPT_FINE;

	atomic64_inc(&klpt_stats[context].entries);
	atomic64_add(entry->calls, &klpt_judged);
	if (entry->numbers & klpt_bit(KLPT_GONE))
		fault = KLPT_WAS_GONE;
	else if (entry->numbers & ~loaded)
		fault = KLPT_FOREIGN;
	klpt_blame(context, fault, entry, klpt_get_phase());
}

/* Runs long enough to be preempted, like the helpers of a wait. */
static void klpt_linger(void *entry)
{
	unsigned int rounds = klpt_random(entry, 400);

	while (rounds--)
		klpt_spin(entry);
}

static void klpt_call_while_waiting(void)
{
	struct klpt_entry entry;

	klpt_begin(&entry);
	klpt_call_own(&entry, klpt_linger);
	klpt_end_sleeper(KLPT_INSIDE, &entry);
}

/* The sleeper is moved while it sleeps, or migrates itself when it wakes up. */
static noinline void klpt_wait_in_turns(void)
{
	while (!kthread_should_stop()) {
		klp_quiescent_enter();
		klpt_call_while_waiting();
		schedule_timeout_interruptible(HZ / 20);
		klp_quiescent_exit();
	}
}

/* The sleeper is moved while it sleeps, because it is not woken until it is stopped. */
static noinline void klpt_wait_asleep(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		klp_schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static void klpt_descend(void *arg)
{
	struct klpt_entry *entry = arg;
	struct klpt_inside *inside = container_of(entry, struct klpt_inside, entry);

	if (--inside->depth) {
		klpt_call_own(entry, klpt_descend);
		return;
	}
	complete_all(&klpt_sleeper_ready);
	if (klpt_random(entry, 2))
		klpt_wait_in_turns();
	else
		klpt_wait_asleep();
}

static int klpt_inside_fn(void *arg)
{
	struct klpt_inside inside = { .depth = (uintptr_t)arg };

	set_user_nice(current, MAX_NICE);
	klpt_begin(&inside.entry);
	klpt_call_own(&inside.entry, klpt_descend);
	klpt_end_sleeper(KLPT_INSIDE, &inside.entry);
	return 0;
}

static int klpt_set_sleeper(struct task_struct *task, enum klpt_context context)
{
	if (IS_ERR(task))
		return PTR_ERR(task);
	klpt_sleeper = get_task_struct(task);
	klpt_sleeper_context = context;
	return 0;
}

static int klpt_inside_set(void *data, u64 depth)
{
	struct task_struct *task;
	int ret;

	guard(mutex)(&klpt_sleeper_lock);
	if (klpt_sleeper)
		return -EBUSY;
	if (!depth || depth > 8)
		return -EINVAL;
	reinit_completion(&klpt_sleeper_ready);
	task = kthread_run(klpt_inside_fn, (void *)(uintptr_t)depth, "klpt_inside");
	ret = klpt_set_sleeper(task, KLPT_INSIDE);
	return ret ?: wait_for_completion_killable(&klpt_sleeper_ready);
}
DEFINE_DEBUGFS_ATTRIBUTE(klpt_inside_fops, NULL, klpt_inside_set, "%llu\n");

/* How a sleeper is started. Passed to klpt_start(), which the patches replace. */
enum klpt_how {
	KLPT_RUN,
	KLPT_CREATE,
	KLPT_PARK,
	KLPT_UNMARKED,
	KLPT_HOWS
};

/* Replaced by patches. The main function in a patch completes @ready when it runs. */
static noinline struct task_struct *klpt_start(unsigned int how,
					       struct completion *ready)
{
	struct task_struct *task = ERR_PTR(-ENOENT);

	asm volatile("" : "+r" (task));
	return task;
}

/*
 * A pointer that never changes. The compiler does not know that, so it can't change the
 * calling convention of klpt_start().
 */
static struct task_struct *(*klpt_start_ptr)(unsigned int how,
					     struct completion *ready) = klpt_start;

static int klpt_started_set(void *data, u64 how)
{
	int ret;

	guard(mutex)(&klpt_sleeper_lock);
	if (klpt_sleeper)
		return -EBUSY;
	if (how >= KLPT_HOWS)
		return -EINVAL;
	reinit_completion(&klpt_sleeper_ready);
	ret = klpt_set_sleeper(READ_ONCE(klpt_start_ptr)(how, &klpt_sleeper_ready),
			       KLPT_STARTED);
	if (ret || how == KLPT_CREATE)
		return ret;
	ret = wait_for_completion_killable(&klpt_sleeper_ready);
	if (ret || how != KLPT_PARK)
		return ret;
	return kthread_park(klpt_sleeper);
}
DEFINE_DEBUGFS_ATTRIBUTE(klpt_started_fops, NULL, klpt_started_set, "%llu\n");

/* The main function in a patch returns the number of the patch. */
static void klpt_end_started(int ret)
{
	struct klpt_entry entry;

	klpt_begin(&entry);
	entry.calls = 1;
	entry.numbers = klpt_bit(ret);
	klpt_end_sleeper(KLPT_STARTED, &entry);
}

static void klpt_kick(void)
{
	int ret;

	guard(mutex)(&klpt_sleeper_lock);
	if (!klpt_sleeper)
		return;
	/* A sleeper that was not woken yet has to run, too. */
	wake_up_process(klpt_sleeper);
	wait_for_completion(&klpt_sleeper_ready);
	ret = kthread_stop_put(klpt_sleeper);
	klpt_sleeper = NULL;
	if (klpt_sleeper_context == KLPT_STARTED)
		klpt_end_started(ret);
}

static int klpt_kick_set(void *data, u64 unused)
{
	klpt_kick();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(klpt_kick_fops, NULL, klpt_kick_set, "%llu\n");

static int klpt_sleeper_get(void *data, u64 *pid)
{
	guard(mutex)(&klpt_sleeper_lock);
	*pid = klpt_sleeper ? task_pid_nr(klpt_sleeper) : 0;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(klpt_sleeper_fops, klpt_sleeper_get, NULL, "%llu\n");

static int klpt_loaded_set(void *data, u64 loaded)
{
	WRITE_ONCE(klpt_loaded, loaded);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(klpt_loaded_fops, NULL, klpt_loaded_set, "%llu\n");

/*
 * Places of the kernel that modules reach by tracepoints only
 */

static void klpt_idle_fn(void *unused, unsigned int state, unsigned int cpu)
{
	struct klpt_entry entry;

	klpt_begin(&entry);
	klpt_call_all(&entry);
	klpt_end(KLPT_IDLE, &this_cpu_ptr(&klpt_cpu)->idle, &entry);
}

/* The last code that a task runs, after do_exit(). */
static void klpt_schedule_fn(void *unused, bool preempt)
{
	struct klpt_entry entry;

	if (READ_ONCE(current->__state) != TASK_DEAD)
		return;
	klpt_begin(&entry);
	klpt_call_all(&entry);
	klpt_end(KLPT_DEAD, NULL, &entry);
}

static int klpt_set_tracepoints(void)
{
	int ret;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return 0;
	ret = register_trace_cpu_idle(klpt_idle_fn, NULL);
	if (ret)
		return ret;
	ret = register_trace_sched_entry_tp(klpt_schedule_fn, NULL);
	if (ret)
		unregister_trace_cpu_idle(klpt_idle_fn, NULL);
	return ret;
}

static void klpt_remove_tracepoints(void)
{
	unregister_trace_cpu_idle(klpt_idle_fn, NULL);
	unregister_trace_sched_entry_tp(klpt_schedule_fn, NULL);
	tracepoint_synchronize_unregister();
}

/*
 * The task that is loading a module. A patch is enabled within its system call, so this
 * call stays in the old universe until it ends. Only one task at a time is checked, tasks
 * that load other modules meanwhile are not.
 */
static struct task_struct *klpt_loader;
static struct klpt_entry klpt_loader_entry;

static int klpt_module_fn(struct notifier_block *nb, unsigned long state,
			  void *data)
{
	struct klpt_entry entry;

	if (READ_ONCE(klpt_loader) == current) {
		klpt_call_all(&klpt_loader_entry);
		klpt_end(KLPT_MODULE, NULL, &klpt_loader_entry);
		/* Orders the use of klpt_loader_entry before its use by the next task. */
		smp_store_release(&klpt_loader, NULL);
	} else if (state != MODULE_STATE_COMING) {
		klpt_begin(&entry);
		klpt_call_all(&entry);
		klpt_end(KLPT_MODULE, NULL, &entry);
	} else if (!cmpxchg_acquire(&klpt_loader, NULL, current)) {
		klpt_begin(&klpt_loader_entry);
		klpt_call_all(&klpt_loader_entry);
	}
	return NOTIFY_OK;
}

static struct notifier_block klpt_module_nb = { .notifier_call = klpt_module_fn };

/*
 * Files in debugfs
 */

static int klpt_call_open(struct inode *inode, struct file *file)
{
	struct klpt_view *view = kzalloc_obj(*view);

	file->private_data = view;
	return view ? 0 : -ENOMEM;
}

static int klpt_call_release(struct inode *inode, struct file *file)
{
	if (current->flags & PF_EXITING)
		klpt_run(KLPT_EXITING, file->private_data);
	kfree(file->private_data);
	return 0;
}

static ssize_t klpt_call_write(struct file *file, const char __user *buf,
			       size_t len, loff_t *pos)
{
	klpt_run(KLPT_SYSCALL, file->private_data);
	return len;
}

static const struct file_operations klpt_call_fops = {
	.owner = THIS_MODULE,
	.open = klpt_call_open,
	.write = klpt_call_write,
	.release = klpt_call_release,
};

static ssize_t klpt_phase_write(struct file *file, const char __user *buf,
				size_t len, loff_t *pos)
{
	char line[32], name[8];
	u16 from, to;
	int kind;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = '\0';
	if (sscanf(line, "%7s %hx %hx", name, &from, &to) != 3)
		return -EINVAL;
	kind = match_string(klpt_kinds, KLPT_KINDS, name);
	if (kind < 0)
		return kind;
	klpt_set_phase(kind, from, to);
	return len;
}

static const struct file_operations klpt_phase_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = klpt_phase_write,
};

static int klpt_stats_show(struct seq_file *m, void *unused)
{
	struct klpt_stats *stats;
	int i, j;

	seq_puts(m, "context entries from to");
	for (j = 0; j < KLPT_FAULTS; j++)
		seq_printf(m, " %s", klpt_faults[j]);
	for (i = 0; i < KLPT_CONTEXTS; i++) {
		stats = &klpt_stats[i];
		seq_printf(m, "\n%s %lld %lld %lld", klpt_contexts[i],
			   atomic64_read(&stats->entries),
			   atomic64_read(&stats->from), atomic64_read(&stats->to));
		for (j = 0; j < KLPT_FAULTS; j++)
			seq_printf(m, " %lld", atomic64_read(&stats->faults[j]));
	}
	seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(klpt_stats);

static struct dentry *klpt_dir;

static void klpt_create_files(void)
{
	klpt_dir = debugfs_create_dir("klptorture", NULL);
	debugfs_create_file("call", 0200, klpt_dir, NULL, &klpt_call_fops);
	debugfs_create_file("phase", 0200, klpt_dir, NULL, &klpt_phase_fops);
	debugfs_create_file("stats", 0400, klpt_dir, NULL, &klpt_stats_fops);
	debugfs_create_file("loaded", 0200, klpt_dir, NULL, &klpt_loaded_fops);
	debugfs_create_file("inside", 0200, klpt_dir, NULL, &klpt_inside_fops);
	debugfs_create_file("started", 0200, klpt_dir, NULL, &klpt_started_fops);
	debugfs_create_file("kick", 0200, klpt_dir, NULL, &klpt_kick_fops);
	debugfs_create_file("sleeper", 0400, klpt_dir, NULL, &klpt_sleeper_fops);
}

/*
 * The log
 */

static void klpt_print_record(enum klpt_fault fault,
			      const struct klpt_record *record)
{
	pr_alert("%s in context %s: seen %04x, known are %04x, in phase %s %04x %04x, by %s on CPU %d\n",
		 klpt_faults[fault], klpt_contexts[record->context],
		 record->entry.seen, record->entry.mask,
		 klpt_kinds[record->phase.kind], record->phase.from,
		 record->phase.to, record->comm, record->cpu);
}

/* Print the records that have not been printed yet. */
static void klpt_print_records(void)
{
	static unsigned int printed[KLPT_FAULTS];
	struct klpt_record *record;
	enum klpt_fault fault;

	for (fault = 0; fault < KLPT_FAULTS; fault++) {
		while (printed[fault] < KLPT_RECORDS) {
			record = &klpt_records[fault][printed[fault]];
			/* Pairs with klpt_record(). */
			if (!smp_load_acquire(&record->ready))
				break;
			klpt_print_record(fault, record);
			printed[fault]++;
		}
	}
}

static void klpt_print_stats(void)
{
	static char text[640];
	struct klpt_stats *stats;
	struct seq_buf line;
	int i;

	seq_buf_init(&line, text, sizeof(text));
	for (i = 0; i < KLPT_CONTEXTS; i++) {
		stats = &klpt_stats[i];
		seq_buf_printf(&line, " %s %lld/%lld/%lld", klpt_contexts[i],
			       atomic64_read(&stats->entries),
			       atomic64_read(&stats->from),
			       atomic64_read(&stats->to));
	}
	pr_info("%lu transitions, entries/from/to:%s\n",
		READ_ONCE(klpt_transitions), seq_buf_str(&line));
	klpt_print_records();
}

static void klpt_print_verdict(void)
{
	s64 entries = 0, faults = 0, nr;
	DECLARE_SEQ_BUF(line, 128);
	int i, j;

	for (i = 0; i < KLPT_CONTEXTS; i++)
		entries += atomic64_read(&klpt_stats[i].entries);
	for (j = 0; j < KLPT_FAULTS; j++) {
		for (i = 0, nr = 0; i < KLPT_CONTEXTS; i++)
			nr += atomic64_read(&klpt_stats[i].faults[j]);
		seq_buf_printf(&line, " %s %lld", klpt_faults[j], nr);
		faults += nr;
	}
	pr_alert("End of test: %s: %lu transitions, %lld entries, %lld calls judged,%s\n",
		 faults ? "FAILURE" : "SUCCESS", klpt_transitions, entries,
		 atomic64_read(&klpt_judged), seq_buf_str(&line));
}

static void klpt_stat_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(klpt_stat_work, klpt_stat_fn);

static void klpt_stat_later(void)
{
	unsigned int seconds = READ_ONCE(stat_interval);

	queue_delayed_work(system_dfl_wq, &klpt_stat_work, (seconds ?: 1) * HZ);
}

static void klpt_stat_fn(struct work_struct *work)
{
	if (READ_ONCE(stat_interval))
		klpt_print_stats();
	klpt_stat_later();
}

/*
 * Init and exit
 */

static int klpt_cpuhp_state;

static int klpt_start_timers(void)
{
	klpt_cpuhp_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN,
					     "livepatch/torture:online",
					     klpt_cpu_online, klpt_cpu_offline);
	return min(klpt_cpuhp_state, 0);
}

static int __init klptorture_init(void)
{
	int ret;

	ret = klpt_set_trap();
	if (ret)
		return ret;
	ret = klpt_set_tracepoints();
	if (ret)
		goto remove_trap;
	ret = klpt_start_threads();
	if (ret)
		goto stop_threads;
	ret = klpt_start_works();
	if (ret)
		goto stop_works;
	ret = klpt_start_timers();
	if (ret)
		goto stop_works;
	ret = register_module_notifier(&klpt_module_nb);
	if (ret)
		goto stop_timers;
	klpt_create_files();
	klpt_stat_later();
	return 0;

stop_timers:
	cpuhp_remove_state(klpt_cpuhp_state);
stop_works:
	klpt_stop_works();
stop_threads:
	klpt_stop_threads();
	klpt_remove_tracepoints();
remove_trap:
	klpt_remove_trap();
	return ret;
}

static void __exit klptorture_exit(void)
{
	debugfs_remove(klpt_dir);
	unregister_module_notifier(&klpt_module_nb);
	cpuhp_remove_state(klpt_cpuhp_state);
	klpt_stop_works();
	klpt_stop_threads();
	klpt_kick();
	klpt_remove_tracepoints();
	klpt_remove_trap();
	cancel_delayed_work_sync(&klpt_stat_work);
	klpt_print_stats();
	klpt_print_verdict();
}

module_init(klptorture_init);
module_exit(klptorture_exit);
MODULE_DESCRIPTION("Torture test of live patching");
MODULE_LICENSE("GPL");
