/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol of kernel/livepatch/universe.c, for the model checker spin:
 *
 *	spin -DEXIT -run -safety -collapse -m100000 -n universe.pml
 *
 * model                    stands for
 * -----------------------  ---------------------------------------------------
 * admin, klp_enable        klp_enable(), klp_disable(), klp_start_transition()
 * klp_reverse              klp_reverse_transition()
 * klp_redirect             klp_patch_objects(), klp_redirect_commit()
 * klp_migration_start      klp_migration_start()
 * klp_sync_tasklist        klp_sync_tasklist()
 * klp_walk_tasks           klp_walk_tasks() with klp_flag_task, klp_poke_task
 * klp_visit                klp_visit(), klp_visit_task() under task_call_func()
 * MAY_MOVE                 klp_may_move(), klp_is_quiescent()
 * kick                     kick_process(), wake_up_if_idle()
 * klp_arrive               klp_arrive()
 * klp_stragglers_put       klp_stragglers_put()
 * klp_update_patch_state   klp_update_patch_state()
 * klp_migrate_cpu          klp_migrate_this_cpu()
 * klp_arrive_cpu           klp_arrive_cpu()
 * klp_visit_irq_context    klp_visit_irq_context()
 * klp_visit_cpus           klp_visit_cpus(), klp_visit_cpu(); idle tasks are
 *                          visited as if they were in the list
 * worker                   klp_stop_fn()
 * klp_poke                 klp_poke_fn(), klp_poke_cpus()
 * klp_cpu_dead             klp_cpu_dead()
 * klp_done                 klp_transition_done(), klp_migration_done()
 * klp_nr_exiting           klp_nr_exiting()
 * klp_finish_transition    klp_finish_transition(), klp_redirect_settle(),
 *                          klp_transition_finish()
 * klp_task_forked         klp_task_forked(), around it copy_process()
 * klp_task_exiting         klp_task_exiting()
 * release                  __unhash_process()
 * klp_task_dead            klp_task_dead(), __klp_task_dead()
 * klp_arrive_dead          klp_arrive_dead()
 * user_task, boundary      system calls; __exit_to_user_mode_loop()
 * kthread                  a loop with klp_schedule(): klp_quiescent_enter(),
 *                          klp_safe_point(), klp_quiescent_exit()
 * idle                     the loop in cpu_startup_entry(), schedule_idle()
 * interrupt                a handler, or an NMI: at any time
 * call, call_irq           a patched function: klp_caller_universe()
 *
 * Statements within atomic { } look like one step to the other processes. They are
 * one access that is visible without a lock, accesses that a lock hides, or accesses
 * for assertions only. Memory is sequentially consistent except for the marker of a
 * kernel thread and the stores before barrier B, which go through a store buffer.
 *
 * Each loop is bounded, unless it waits for a lock, or for a task that falls asleep.
 * So if a transition is not completed, because a task was missed or a wakeup was lost,
 * the model stops while a process is not at a label "end", which spin reports.
 *
 * Not modeled: klp_migration_force(), the links of the task list, and effects of the
 * memory model of the kernel other than store buffers. pi_lock and the lock of the
 * runqueue are one lock. System calls end by themselves, there is no fake signal.
 *
 * One of the macros below selects the processes. Each of the following macros breaks
 * the protocol in one place. spin has to find that: an assertion fails, or a process
 * is not at a label "end" in the last state.
 *
 * BUG_GOAL_FIRST          MIGRATE  assertion  goal published before the redirects
 * BUG_MIGRATOR_UNCOUNTED  MIGRATE  assertion  migrator holds no count during its walk
 * BUG_UNCOUNT_TWICE       MIGRATE  assertion  count decremented without testing the flag
 * BUG_NO_KICK             MIGRATE  end        tasks in user mode are not interrupted
 * BUG_GOAL_UNLOCKED       REVERSE  assertion  goal read before pi_lock is taken
 * BUG_DONE_UNASKED        REVERSE  assertion  completed without rechecking the count
 * BUG_NO_ROUNDS           SLEEP    end        stragglers not visited again
 * BUG_MOVE_RUNNING        SLEEP    assertion  marked task moved while it runs
 * BUG_MOVE_SLEEPER        SLEEP    assertion  any sleeping task moved
 * BUG_FORK_NO_SYNC        FORK     assertion  tasklist_lock not taken before the walk
 * BUG_FORK_UNCOUNTED      FORK     assertion  child flagged, but not counted
 * BUG_FORK_OLD_FLAG       FORK     assertion  child keeps the flag copied from its parent
 * BUG_EXIT_UNCOUNTED      EXIT     assertion  exiting tasks not counted
 * BUG_EXIT_COUNT_LATE     EXIT     assertion  task counted after it has left the list
 * BUG_EXIT_NO_SYNC        EXIT     assertion  tasklist_lock not taken after the walk
 * BUG_NO_BARRIER_B        EXIT     end        no barrier after the count of exiting tasks
 * BUG_IRQ_FOLLOWS         IRQ      assertion  interrupts use the universe of the task
 * BUG_IRQ_REMOTE          IRQ      assertion  interrupts of another CPU moved
 * BUG_NO_CPU_DEAD         HOTPLUG  end        unplugged CPU not migrated
 */

#ifdef MIGRATE		/* two user tasks, two transitions */
#define NUSER		2
#define STARTS		2
#define REVERSES	0
#define ENTRIES		1
#define AT_BOUNDARY
#endif

#ifdef REVERSE		/* two user tasks, a transition that is reversed */
#define NUSER		2
#define REVERSES	2
#endif

#ifdef BOUNDARY		/* a user task that is preempted on its way out */
#define NUSER		1
#define REVERSES	2
#define ENTRIES		1
#define AT_BOUNDARY
#endif

#ifdef SLEEP		/* a kernel thread that waits for work, a user task */
#define NUSER		1
#define NKTHREAD	1
#define PREEMPTION
#define STORE_BUFFER
#endif

#ifdef FORK		/* a user task that forks */
#define NUSER		2
#define ENTRIES		1
#define CHILD		1
#endif

#ifdef EXIT		/* a user task that exits, and another */
#define NUSER		2
#define NEXIT		1
#define STORE_BUFFER
#endif

#ifdef EXITS		/* two user tasks that exit */
#define NUSER		2
#define NEXIT		2
#define REVERSES	0
#endif

#ifdef IRQ		/* a user task, the interrupts of two CPUs */
#define NUSER		1
#define REVERSES	0
#define NCPU		2
#define PREEMPTION
#endif

#ifdef IRQ_REVERSE	/* the same with one CPU, may be reversed */
#define NUSER		1
#define NCPU		1
#define PREEMPTION
#endif

#ifdef HOTPLUG		/* a CPU is unplugged, and may come back */
#define NUSER		1
#define REVERSES	0
#define NCPU		2
#define IRQ_CPU		1
#define PREEMPTION
#endif

#ifdef IDLE		/* a user task and the idle task of a CPU */
#define NUSER		1
#define NIDLE		1
#define REVERSES	0
#define NCPU		1
#define PREEMPTION
#endif

#ifndef NUSER
#error "Select who takes part: -DMIGRATE, ..."
#endif
#ifndef STARTS
#define STARTS		1	/* transitions */
#endif
#ifndef REVERSES
#define REVERSES	1	/* maximum number of reversals */
#endif
#ifndef ENTRIES
#define ENTRIES		0	/* system calls of the first task after its first */
#endif
#ifndef NKTHREAD
#define NKTHREAD	0
#endif
#ifndef NIDLE
#define NIDLE		0
#endif
#ifdef NCPU
#define CPUS			/* tasks share CPUs; else each task has its own */
#else
#define NCPU		1
#endif
#ifndef IRQ_CPU
#define IRQ_CPU		0	/* the CPU whose interrupts are modeled */
#endif

/* The tasks are the first processes: _pid is the number of the task. */
#define me		_pid
#define KTHREAD		NUSER
#define IDLE_TASK	(NUSER + NKTHREAD)
#define NTASK		(NUSER + NKTHREAD + NIDLE)
#ifndef CHILD
#define CHILD		NTASK
#endif
#ifndef NEXIT
#define NEXIT		0
#endif
#define IS_IDLE(t)	((t) >= IDLE_TASK)

/* struct task_struct */
bit universe[NTASK];		/* klp_universe */
bit pending[NTASK];		/* TIF_PATCH_PENDING */
bit quiescent[NTASK];		/* klp_quiescent */
bit exiting_in[NTASK];		/* klp_slot, less 1 */
bit pi_lock[NTASK];
bit on_cpu[NTASK];		/* task_curr() */
bit unlisted[NTASK];		/* the task has left the task list */
bit task_dead[NTASK];		/* __state is TASK_DEAD */
bit in_user[NTASK];		/* the task is in user mode */
bit kicked[NTASK];		/* an interrupt was sent to the task's CPU */

bit tasklist_lock;		/* held for writing */
bit newborn = 1;		/* the child is not in the task list yet */
bit woken;			/* the child runs */
bit zombie[NTASK];		/* the parent may release it */

/* kernel/livepatch/registry.c */
bit klp_mutex;
bit in_transition;		/* klp_current_patch */
bit goal;			/* klp_goal */
bit migrating;			/* klp_patched_universe >= 0 */

/* kernel/livepatch/universe.c, poke.c */
short behind;			/* klp_nr_stragglers */
bit done_work;			/* klp_done_work is queued */
bit irq_lock;			/* klp_irq_lock */
bit irq_universe[NCPU];		/* klp_irq_universe */
bit irq_behind[NCPU];		/* klp_irq_straggler */
bit migrate_work;		/* klp_stop_work is queued */
short exiting[4];		/* klp_exiting of two CPUs */
#define EXIT_ON(c, u)	((c) * 2 + (u))

/* kernel/livepatch/redirect.c: the versions that two functions call */
bit fn[4];			/* klp_redirect::fn */
#define FN(f, u)	((f) * 2 + (u))

/* CPUs */
bit cpus_lock;
bit offline[NCPU];
bit busy[NCPU];			/* a task runs on the CPU */
bit in_irq[NCPU];		/* an interrupt handler runs on the CPU */
bit at_work[NCPU];		/* klp_stop_fn() runs on the CPU */
byte cpu[NTASK];		/* the CPU on which a task runs, or ran last */
bit wanted;			/* a task waits for a CPU */

/* Stores of a CPU, or of the kernel thread, that are not visible to others yet */
bit buffered[2];
byte stored[2];
bit counted_on[NTASK];		/* the CPU that has counted an exiting task */
#if NKTHREAD > 0
#define BUFFERED(t)	((t) == KTHREAD && buffered[0])
#else
#define BUFFERED(t)	false
#endif

/* State for the assertions only, which the kernel does not have */
#define NONE		2
byte version[NTASK] = NONE;	/* version called since the last boundary */
byte irq_version[NCPU] = NONE;
bit safe[NTASK];		/* no state from old code is live */
bit gone[NTASK];		/* the task never runs again */
bit unborn = 1;			/* the child has no universe yet */
bit changed[NTASK];		/* migrated since the goal was published */
bit irq_changed[NCPU];
bit irq_seen_goal[NCPU];	/* a handler has run in the goal universe */
#define HIDDEN(t)	((t) == CHILD && newborn)
#define LIVES(t)	(!gone[t] && !((t) == CHILD && unborn))

/* Local variables of the processes that use the macros below */
#define LOCALS		bit to, counted, mine, last, again, v; byte i, n

inline lock(l)
{
	atomic { !l -> l = 1 }
}

inline unlock(l)
{
	l = 0
}

/*
 * An interrupted task continues after the handler. It is enough to stop the task where
 * the handler could notice a difference.
 */
#ifdef CPUS
#define INTERRUPTED	(on_cpu[me] && in_irq[cpu[me]])
#else
#define INTERRUPTED	false
#endif

#define IS_FREE(x)	(!busy[x] && !in_irq[x] && !offline[x])

/* The task is switched out: a full barrier. Not while a visit holds its pi_lock */
inline switch_out()
{
	atomic {
		!pi_lock[me] && !BUFFERED(me) && !INTERRUPTED -> on_cpu[me] = 0;
		busy[cpu[me]] = 0
	}
}

inline switch_in()
{
#ifdef CPUS
	wanted = 1;
	atomic {
		if
		:: !pi_lock[me] && IS_FREE(0) -> cpu[me] = 0
		:: !pi_lock[me] && IS_FREE(NCPU - 1) -> cpu[me] = NCPU - 1
		fi;
		wanted = 0;
		busy[cpu[me]] = 1;
		on_cpu[me] = 1
	}
#else
	atomic { !pi_lock[me] -> on_cpu[me] = 1 }
#endif
}

/* The task is preempted, or sleeps in the middle of an operation. */
inline nap()
{
#ifdef PREEMPTION
	if
	:: !IS_IDLE(me) -> switch_out(); switch_in()
	:: skip
	fi
#else
	skip
#endif
}

inline call()
{
	atomic {
		if
		:: i = 0
		:: i = 1
		fi;
		v = fn[FN(i, universe[me])];
		/* One kernel entry, one universe */
		assert(version[me] == NONE || version[me] == v);
		version[me] = v;
		v = 0;
		i = 0
	}
}

inline calls()
{
	atomic { safe[me] = 0; version[me] = NONE; call() };
	nap();
	call()
}

inline hold_nothing()
{
	atomic { safe[me] = 1; version[me] = NONE }
}

inline klp_stragglers_put()
{
	atomic { behind--; assert(behind >= 0); last = behind == 0 };
	if
	:: last -> done_work = 1; last = 0
	:: else
	fi
}

/* The migrator holds a count, so this does not reach zero. */
inline klp_uncount()
{
	behind = behind - counted;
	assert(!counted || behind > 0);
	counted = 0
}

/*
 * Called with pi_lock held, some time after "to = goal". If the goal has changed since
 * then, the change is one in the previous direction.
 */
inline klp_arrive(t)
{
	if
	:: universe[t] != to ->
		assert(safe[t]);
		/* At most once per direction */
		assert(to != goal || !changed[t]);
		changed[t] = changed[t] || to == goal;
		universe[t] = to
	:: else
	fi;
#ifdef BUG_UNCOUNT_TWICE
	counted = 1;
#else
	counted = pending[t];
#endif
	pending[t] = 0;
	to = 0
}

/* The same for the interrupts of a CPU, with irq_lock held */
inline klp_arrive_cpu(x)
{
	if
	:: irq_universe[x] != to ->
		assert(!in_irq[x]);
		assert(to != goal || !irq_changed[x]);
		irq_changed[x] = irq_changed[x] || to == goal;
		irq_seen_goal[x] = irq_seen_goal[x] && to == goal;
		irq_universe[x] = to
	:: else
	fi;
	counted = irq_behind[x];
	irq_behind[x] = 0;
	to = 0
}

inline klp_migrate_cpu(x)
{
	if
	:: irq_behind[x] ->
		nap();		/* the task may wake up on another CPU */
		atomic { lock(irq_lock); to = goal };
		atomic {
			!in_irq[x] ->
			if
			:: irq_behind[x] -> klp_arrive_cpu(x)
			:: else -> to = 0
			fi;
			unlock(irq_lock)
		};
		if
		:: counted -> counted = 0; klp_stragglers_put()
		:: else
		fi
	:: else
	fi
}

inline klp_update_patch_state()
{
#ifdef BUG_GOAL_UNLOCKED
	to = goal;
	atomic { !pi_lock[me] && !BUFFERED(me) -> pi_lock[me] = 1 };
#else
	atomic { !pi_lock[me] && !BUFFERED(me) -> pi_lock[me] = 1; to = goal };
#endif
	atomic {
		!INTERRUPTED ->
		klp_arrive(me);
		mine = counted;
		counted = 0;
		unlock(pi_lock[me])
	};
	klp_migrate_cpu(cpu[me]);
	if
	:: mine -> mine = 0; klp_stragglers_put()
	:: else
	fi
}

inline klp_safe_point()
{
	if
	:: pending[me] -> klp_update_patch_state()
	:: else
	fi
}

inline enter_kernel()
{
	atomic { in_user[me] = 0; kicked[me] = 0 }
}

/* Interrupts are off from the last test of the flags until user mode. */
inline boundary()
{
#ifdef AT_BOUNDARY
	if
	:: resched = 0
	:: resched = 1
	fi;
#endif
	do
	:: hold_nothing();
		atomic {
			work = pending[me];
			if
			:: !work && !resched -> in_user[me] = 1; break
			:: else
			fi
		};
		if
		:: resched ->
			atomic { resched = 0; quiescent[me] = 1 };
			switch_out();
			switch_in();
			quiescent[me] = 0
		:: else
		fi;
		if
		:: work ->
			klp_update_patch_state();
#ifdef AT_BOUNDARY
			calls()		/* for example to deliver signals */
#endif
		:: else
		fi
	od
}

/* A task in the kernel need not be kicked: it tests its flags on the way out. */
inline kick(t)
{
#ifdef BUG_NO_KICK
	skip
#else
	if
	:: on_cpu[t] && (in_user[t] || IS_IDLE(t)) -> kicked[t] = 1
	:: else
	fi
#endif
}

#if defined(BUG_MOVE_RUNNING)
#define MAY_MOVE(t)	(quiescent[t] || task_dead[t])
#elif defined(BUG_MOVE_SLEEPER)
#define MAY_MOVE(t)	(!on_cpu[t])
#else
#define MAY_MOVE(t)	(!on_cpu[t] && (quiescent[t] || task_dead[t] || IS_IDLE(t)))
#endif

inline klp_visit(t)
{
	do
	:: atomic {
		lock(pi_lock[t]);
		if
		:: universe[t] == goal || MAY_MOVE(t) ->
			to = goal;
			klp_arrive(t);
			klp_uncount();
			unlock(pi_lock[t]);
			break
		:: else
		fi;
		behind = behind + !pending[t];
		pending[t] = 1
	   };
		atomic { again = quiescent[t]; unlock(pi_lock[t]) };
		if
		:: again -> again = 0
		:: else -> kick(t); break
		fi
	od
}

/* The child is visited last, or first. The position of its parent does not matter. */
inline klp_walk_tasks(asked_for)
{
	n = 0;
	if
	:: i = 0
	:: CHILD < NTASK -> i = NTASK - 1
	fi;
	do
	:: n < NTASK ->
		if
		:: !unlisted[i] && !HIDDEN(i) && (asked_for) -> klp_visit(i)
		:: else
		fi;
		atomic { i = (i + 1) % NTASK; n++ }
	:: else -> break
	od;
	atomic { i = 0; n = 0 }
}

#ifdef BUG_IRQ_REMOTE
#define MAY_MOVE_IRQ(x)	true
#else
#define MAY_MOVE_IRQ(x)	offline[x]
#endif

inline klp_visit_irq_context(x)
{
	atomic {
		lock(irq_lock);
		if
		:: irq_universe[x] == goal || MAY_MOVE_IRQ(x) ->
			to = goal;
			klp_arrive_cpu(x);
			klp_uncount()
		:: else ->
			behind = behind + !irq_behind[x];
			irq_behind[x] = 1
		fi;
		unlock(irq_lock)
	}
}

inline klp_visit_cpus()
{
#ifdef CPUS
	do
	:: n < NCPU ->
		klp_visit_irq_context(n);
#if NIDLE > 0
		if
		:: irq_behind[n] -> kick(IDLE_TASK)
		:: else
		fi;
#endif
		n++
	:: else -> n = 0; break
	od
#else
	skip
#endif
}

/* Lock for reading and unlock */
inline klp_sync_tasklist()
{
	!tasklist_lock
}

inline forget_changes()
{
	do
	:: n < NTASK -> changed[n] = 0; n++
	:: else -> n = 0; break
	od;
	do
	:: n < NCPU -> irq_changed[n] = 0; irq_seen_goal[n] = 0; n++
	:: else -> n = 0; break
	od
}

inline klp_migration_start()
{
#ifndef BUG_MIGRATOR_UNCOUNTED
	behind++;
#endif
	lock(cpus_lock);
	migrating = 1;
	atomic { goal = !goal; forget_changes() };
	klp_visit_cpus();
	unlock(cpus_lock);
#ifndef BUG_FORK_NO_SYNC
	klp_sync_tasklist();
#endif
	klp_walk_tasks(true);
#ifndef BUG_EXIT_NO_SYNC
	klp_sync_tasklist();
#endif
#ifndef BUG_MIGRATOR_UNCOUNTED
	klp_stragglers_put()
#endif
}

/* No task is in the other universe yet. */
inline klp_redirect(other, this)
{
	fn[FN(0, other)] = !fn[FN(0, this)];
	fn[FN(1, other)] = !fn[FN(1, this)]
}

inline klp_enable()
{
	in_transition = 1;
#ifdef BUG_GOAL_FIRST
	klp_migration_start();
	klp_redirect(goal, !goal)
#else
	klp_redirect(!goal, goal);
	klp_migration_start()
#endif
}

inline klp_reverse()
{
	lock(klp_mutex);
	if
	:: in_transition -> klp_migration_start()
	:: else
	fi;
	unlock(klp_mutex)
}

/* No task or CPU is left in the other universe, or inside of its code. */
inline assert_all_arrived()
{
	atomic {
		do
		:: n < NTASK ->
			assert(!LIVES(n) || universe[n] == goal);
			assert(!LIVES(n) || HIDDEN(n) || !pending[n]);
			assert(version[n] == NONE || version[n] == fn[FN(0, goal)]);
			n++
		:: else -> n = 0; break
		od;
#ifdef CPUS
		do
		:: n < NCPU ->
			assert(irq_universe[n] == goal && !irq_behind[n]);
			assert(irq_version[n] == NONE ||
			       irq_version[n] == fn[FN(0, goal)]);
			n++
		:: else -> n = 0; break
		od
#endif
	}
}

inline klp_nr_exiting()
{
	sum = exiting[EXIT_ON(0, !goal)];
	sum = sum + exiting[EXIT_ON(1, !goal)]
}

inline klp_finish_transition()
{
	assert_all_arrived();
	fn[FN(0, !goal)] = fn[FN(0, goal)];
	fn[FN(1, !goal)] = fn[FN(1, goal)];
	migrating = 0;
	atomic { in_transition = 0; forget_changes() }
}

#ifdef BUG_DONE_UNASKED
#define NOBODY_BEHIND	true
#else
#define NOBODY_BEHIND	(behind == 0)
#endif

inline klp_transition_done()
{
	lock(klp_mutex);
	if
	:: in_transition && NOBODY_BEHIND ->
		klp_nr_exiting();
		if
		:: sum == 0 -> klp_finish_transition()
		:: else -> sum = 0
		fi
	:: else
	fi;
	unlock(klp_mutex)
}

/* The parent is in a system call: its universe cannot change. */
inline klp_task_forked()
{
	pending[CHILD] = pending[me];
	lock(tasklist_lock);
	atomic { universe[CHILD] = universe[me]; unborn = 0 };
	if
#ifdef BUG_FORK_OLD_FLAG
	:: !pending[CHILD]
#else
	:: universe[CHILD] == goal -> pending[CHILD] = 0
#endif
	:: else ->
#ifndef BUG_FORK_UNCOUNTED
		behind++;
#endif
		pending[CHILD] = 1
	fi;
	newborn = 0;
	unlock(tasklist_lock);
	woken = 1
}

#if NEXIT > 0
#ifdef BUG_EXIT_UNCOUNTED
#define EXIT_WEIGHT	0
#else
#define EXIT_WEIGHT	1
#endif

/* Preemption is enabled, so the count may be that of any CPU. */
inline klp_task_exiting()
{
	u = universe[me];
	atomic {
		if
		:: !buffered[0] -> counted_on[me] = 0
		:: !buffered[1] -> counted_on[me] = 1
		fi;
		exiting[EXIT_ON(counted_on[me], u)] =
			exiting[EXIT_ON(counted_on[me], u)] + EXIT_WEIGHT;
		exiting_in[me] = u;
		u = 0
	}
}

inline release(t)
{
	atomic { lock(tasklist_lock); unlisted[t] = 1 };
	unlock(tasklist_lock)
}

inline klp_arrive_dead(t)
{
	if
	:: pending[t] ->
		atomic { lock(pi_lock[t]); to = goal };
		atomic {
			klp_arrive(t);
			mine = counted;
			counted = 0;
			unlock(pi_lock[t])
		};
		if
		:: mine -> mine = 0; klp_stragglers_put()
		:: else
		fi
	:: else
	fi
}

/*
 * Decrements the count of the other CPU, so that only the sum of both counts is right.
 * With BUG_NO_BARRIER_B it does not wait for the store buffer of that CPU.
 */
inline klp_task_dead(t)
{
#ifdef STORE_BUFFER
	atomic {
		!buffered[!counted_on[t]] ->
		stored[!counted_on[t]] = EXIT_ON(!counted_on[t], exiting_in[t]);
		buffered[!counted_on[t]] = 1
	};
#ifndef BUG_NO_BARRIER_B
	!buffered[!counted_on[t]];
#endif
#else
	exiting[EXIT_ON(!counted_on[t], exiting_in[t])] =
		exiting[EXIT_ON(!counted_on[t], exiting_in[t])] - EXIT_WEIGHT;
#endif
	if
	:: migrating ->
		if
		:: behind == 0 -> done_work = 1
		:: else
		fi;
		klp_arrive_dead(t)
	:: else
	fi
}

/* The task releases itself, or its parent releases it at some time. */
inline do_exit()
{
	if
#ifdef BUG_EXIT_COUNT_LATE
	:: release(me); klp_task_exiting()
#endif
	:: klp_task_exiting();
		if
		:: release(me)
		:: zombie[me] = 1
		fi
	/* The count may become visible after the removal, but not after the unlock. */
	:: atomic { lock(tasklist_lock); unlisted[me] = 1 };
		klp_task_exiting();
		unlock(tasklist_lock)
	fi;
	calls();
	task_dead[me] = 1;
	atomic { !pi_lock[me] -> on_cpu[me] = 0; hold_nothing(); gone[me] = 1 };
	klp_task_dead(me)
}
#endif

active [NUSER] proctype user_task()
{
	LOCALS;
	byte entries;
	bit work, resched;
#if NEXIT > 0
	bit u;
#endif

	if
	:: me == CHILD ->
end_unborn:	woken
	:: else
	fi;
	switch_in();		/* asleep in a system call until now */
system_call:
	calls();
	if
	:: CHILD < NTASK && me != CHILD && unborn -> klp_task_forked(); calls()
	:: skip
	fi;
#if NEXIT > 0
	if
	:: me < NEXIT -> do_exit(); goto end_dead
	:: me >= NEXIT || !entries -> entries = 1
	fi;
#endif
	boundary();
end_user:
	if
	:: atomic { me == 0 && entries < ENTRIES -> entries++; enter_kernel() };
		goto system_call
	:: atomic { kicked[me] -> enter_kernel() };
		boundary();
		goto end_user
	fi;
end_dead:
	skip
}

#if NKTHREAD > 0
inline store_quiescent(x)
{
	atomic { !buffered[0] -> stored[0] = x; buffered[0] = 1 }
}

inline klp_quiescent_enter()
{
	store_quiescent(1);
	nap();
	klp_safe_point()
}

active [NKTHREAD] proctype kthread()
{
	LOCALS;
	byte items;

	switch_in();
	do
	:: calls();
		hold_nothing();
		klp_quiescent_enter();
		switch_out();
end_asleep:	atomic { items < 2 -> items++ };
		switch_in();
		store_quiescent(0)
	od
}
#endif

#if NIDLE > 0
active [NIDLE] proctype idle()
{
	LOCALS;

	hold_nothing();
end:	do
	:: on_cpu[me] ->
		klp_safe_point();
		atomic { safe[me] = 0; call() };
end_idle:	if
		:: kicked[me] -> kicked[me] = 0
		:: wanted
		fi;
		hold_nothing();
		if
		:: wanted -> switch_out()
		:: else
		fi
	:: atomic { !on_cpu[me] && !pi_lock[me] && IS_FREE(0) ->
		busy[0] = 1;
		on_cpu[me] = 1
	   }
	od
}
#endif

#ifdef CPUS
#ifdef BUG_IRQ_FOLLOWS
#define IRQ_UNIVERSE(x)	(on_cpu[0] && cpu[0] == x -> universe[0] : irq_universe[x])
#else
#define IRQ_UNIVERSE(x)	irq_universe[x]
#endif

inline call_irq(x)
{
	atomic {
		if
		:: i = 0
		:: i = 1
		fi;
		u = IRQ_UNIVERSE(x);
		assert(irq_version[x] == NONE || irq_version[x] == fn[FN(i, u)]);
		irq_version[x] = fn[FN(i, u)];
		/* Old, then new */
		assert(u == goal || !irq_seen_goal[x]);
		irq_seen_goal[x] = irq_seen_goal[x] || u == goal;
		u = 0;
		i = 0
	}
}

active proctype interrupt()
{
	byte i, nr;
	bit u;

end:	do
	:: atomic { nr < 2 && !offline[IRQ_CPU] -> nr++; in_irq[IRQ_CPU] = 1 };
		call_irq(IRQ_CPU);
		call_irq(IRQ_CPU);
		atomic { in_irq[IRQ_CPU] = 0; irq_version[IRQ_CPU] = NONE }
	od
}

/* In models without klp_poke(), the work is queued as soon as a CPU is a straggler. */
#if NIDLE > 0
#define WORK_QUEUED(x)	migrate_work
#else
#define WORK_QUEUED(x)	irq_behind[x]
#endif

active [NCPU] proctype worker()
{
	LOCALS;
	byte x = _pid - NTASK - 1;

end:	do
	:: atomic {
		WORK_QUEUED(x) && !offline[x] -> migrate_work = 0;
		at_work[x] = 1
	   };
		klp_migrate_cpu(x);
		at_work[x] = 0
	od
}
#endif

#if NIDLE > 0
#define NEEDS_POKE	(irq_behind[0] || (pending[IDLE_TASK] && !on_cpu[IDLE_TASK]))
#elif NKTHREAD > 0 && !defined(BUG_NO_ROUNDS)
#define NEEDS_POKE	(pending[KTHREAD] && !on_cpu[KTHREAD])
#endif

#ifdef NEEDS_POKE
/* Runs only if the transition would not end otherwise */
active proctype klp_poke()
{
	LOCALS;

end:	do
	:: atomic {
		!klp_mutex && migrating && NEEDS_POKE && !migrate_work ->
		klp_mutex = 1
	   };
		behind++;
		klp_walk_tasks(pending[i]);
#ifdef CPUS
		klp_visit_irq_context(0);
		migrate_work = irq_behind[0];
#endif
		klp_stragglers_put();
		unlock(klp_mutex)
	od
}
#endif

#ifdef HOTPLUG
inline klp_cpu_dead(x)
{
	behind++;
#ifndef BUG_NO_CPU_DEAD
	klp_visit_irq_context(x);
#endif
	klp_stragglers_put()
}

active proctype hotplug()
{
	LOCALS;

end:	atomic {
		!cpus_lock && !busy[1] && !in_irq[1] && !at_work[1] ->
		cpus_lock = 1;
		offline[1] = 1
	};
	klp_cpu_dead(1);
	unlock(cpus_lock);
	if
	:: atomic { !cpus_lock -> offline[1] = 0 }
	:: skip
	fi
}
#endif

#ifdef STORE_BUFFER
#if NKTHREAD > 0
#define PERFORM(x)	quiescent[KTHREAD] = stored[x]
#else
#define PERFORM(x)	exiting[stored[x]] = exiting[stored[x]] - EXIT_WEIGHT
#endif

active proctype store_buffers()
{
end:	do
	:: atomic { buffered[0] -> PERFORM(0); stored[0] = 0; buffered[0] = 0 }
	:: atomic { buffered[1] -> PERFORM(1); stored[1] = 0; buffered[1] = 0 }
	od
}
#endif

#if NEXIT > 0
active proctype parent()
{
end:	do
	:: atomic { zombie[0] -> zombie[0] = 0 };
		release(0)
	:: atomic { NEXIT > 1 && zombie[NEXIT - 1] -> zombie[NEXIT - 1] = 0 };
		release(NEXIT - 1)
	od
}
#endif

active proctype klp_done()
{
	byte n;
	short sum;

end:	do
	:: done_work -> done_work = 0; klp_transition_done()
	od
}

active proctype admin()
{
	LOCALS;
	byte starts, reverses;

#if NIDLE > 0
	safe[IDLE_TASK];
#endif
	do
	:: starts < STARTS ->
		starts++;
		atomic { !klp_mutex && !in_transition -> klp_mutex = 1 };
		klp_enable();
		unlock(klp_mutex);
		do
		:: reverses < REVERSES -> reverses++; klp_reverse()
		:: break
		od
	:: else -> break
	od;
	!in_transition		/* if this blocks for ever, the transition is stuck */
}
