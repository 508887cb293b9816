#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who delays a transition, and who must not: tasks in every state.

. "$(dirname "$0")/functions.sh"

CGROUP=/sys/fs/cgroup/lpt
BEHIND=$DEBUGFS/livepatch/behind
FAILSLAB=$DEBUGFS/failslab
POKE_DELAY=/sys/module/livepatch/parameters/poke_delay_ms
STACK_CHECK=/sys/module/livepatch/parameters/stack_check
DAMON_STAT=/sys/module/damon_stat/parameters/enabled

# quick - both ways, with whatever tasks the test has prepared
quick() {
	load lpt_target
	apply_quickly
	is "$(version)" 2
	revert_quickly
	is "$(version)" 1
}

# settle_or_list STATE - STATE is that of the tasks that are behind
settle_or_list() {
	settle_within "$LPT_SECONDS" && return
	list_behind "$1"
	return 1
}

apply_quickly() {
	load lpt_pair2
	settle_or_list 0
}

revert_quickly() {
	disable lpt_pair2
	settle_or_list 1
	unload lpt_pair2
}

only_behind() {
	[ "$(tasks_at 0)" = "/proc/$1/task/$1" ]
}

# is_why PID REASON - what the list says
is_why() {
	[ -e "$BEHIND" ] || return 0
	grep -q "^$1	[^	]*	$2" "$BEHIND" && return
	diag "not because of '$2': $(< "$BEHIND")"
	return 1
}

# only_one_behind PID REASON - all others migrate and run the new code
only_one_behind() {
	load lpt_target
	load lpt_pair2
	within "$LPT_SECONDS" only_behind "$1" || { list_behind 0; return 1; }
	is "$(attr lpt_pair2 transition)" 1
	nap 1
	only_behind "$1"
	in_transition
	is_why "$1" "$2"
	is "$(version)" 2
}

# blocked_by PID REASON - until it is released
blocked_by() {
	only_one_behind "$@"
	release
	settle_or_list 0
}

KTHREAD="kthread not at a safe point in "

# kthread SLEEP STATE - a kernel thread that sleeps like this; sets LPT_PID
kthread() {
	loaded lpt_blocker || load lpt_blocker
	echo "$1" > "$BLOCKER/kthread"
	LPT_PID=$(pgrep -x lpt_hold)
	within "$LPT_PATIENCE" in_state "$LPT_PID" "$2"
}

test_kthread() {
	kthread 1 D
	blocked_by "$LPT_PID" "$KTHREAD"
}

test_bare_freezable() {
	kthread 3 D
	blocked_by "$LPT_PID" "$KTHREAD"
}

# The freezer stops threads in the middle of something, too: no safe point
test_freezer() {
	kthread 6 S
	blocked_by "$LPT_PID" "$KTHREAD"
}

sleeps_of() {
	grep ctxt_switches: "/proc/$1/status"
}

# moved_asleep SLEEP - it is moved while it sleeps, and does not notice
moved_asleep() {
	local sleeps

	kthread "$1" S
	nap 0.5
	sleeps=$(sleeps_of "$LPT_PID")
	quick
	in_state "$LPT_PID" S
	is "$(sleeps_of "$LPT_PID")" "$sleeps" "times that it slept"
}

test_freezable() {
	moved_asleep 4
	release
}

test_other_wait() {
	moved_asleep 8
	release
}

# It passes a safe point in each round, although it never sleeps
test_busy() {
	kthread 7 R
	quick
	in_state "$LPT_PID" R
	release
}

# The sixth look wakes kernel threads, the seventh is the first at stacks: now after 0.5 s
hurry() {
	echo 5 > "$POKE_DELAY"
}

# Not the stack of a thread of DAMON, which may take 10 s to its safe point
trust_stacks() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	[ ! -e "$DAMON_STAT" ] || echo N > "$DAMON_STAT"
	echo any > "$STACK_CHECK"
}

# migrated_by PID PLACE
migrated_by() {
	grep -q "livepatch_migrate:.* pid=$1 .*place=$2" "$TRACING/trace"
}

test_woken() {
	hurry
	kthread 5 S
	quick
	in_state "$LPT_PID" S
	release
}

test_stack_check() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	kthread 2 D
	load lpt_target
	load lpt_pair2
	within "$LPT_SECONDS" only_behind "$LPT_PID"
	nap 1
	only_behind "$LPT_PID"
	grep -q "^$LPT_PID	lpt_hold	.*stack_check" "$BEHIND"
	echo > "$TRACING/trace"
	echo 1 > "$TRACING/events/livepatch/enable"
	trust_stacks
	settle_or_list 0
	echo 0 > "$TRACING/events/livepatch/enable"
	migrated_by "$LPT_PID" stack-check
	in_state "$LPT_PID" D
	is "$(version)" 2
	release
}

# Nothing is freed because of a stack. What was applied so can be removed, though.
test_stack_check_pins() {
	trust_stacks
	! loaded lpt_checked || skip "has been tried before"
	kthread 2 D
	load lpt_target
	load lpt_checked
	settle_or_list 0
	is "$(version)" 6
	is "$(first_line "$STACK_CHECK")" loop "stack_check after the transition"
	echo any > "$STACK_CHECK"
	disable lpt_checked
	settle_or_list 1
	is "$(version)" 1
	in_state "$LPT_PID" D
	gone lpt_checked
	nap 0.5
	fails_with "" try_unload lpt_checked
	loaded lpt_checked
	release
}

# Asleep in its loop, and nowhere else
test_stack_loop() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	kthread 9 D
	load lpt_target
	echo off > "$STACK_CHECK"
	load lpt_pair2
	nap 1
	only_behind "$LPT_PID"
	echo loop > "$STACK_CHECK"
	settle_or_list 0
	in_state "$LPT_PID" D
	release
}

test_stack_check_inside() {
	trust_stacks
	kthread 1 D
	blocked_by "$LPT_PID" "$KTHREAD"
}

test_stack_check_user() {
	trust_stacks
	load lpt_blocker
	in_background write_to "$BLOCKER/hold" 2
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
	blocked_by "$LPT_PID" uninterruptible
}

test_stack_check_work() {
	trust_stacks
	test_long_work
}

# It starts in the new main function, where it is when that goes out of effect.
test_late_thread() {
	! loaded lpt_thread || skip "has been tried before"
	load lpt_blocker
	apply lpt_thread
	kthread 1 S
	log_start
	disable lpt_thread
	settle_or_list 1
	gone lpt_thread
	logged "tasks inside 'lpt_kthread_fn' stay"
	fails_with "" try_unload lpt_thread
	in_state "$LPT_PID" S
}

# It waits at a safe point within the new function, in which it is moved
test_inside_patch() {
	! loaded lpt_inside || skip "has been tried before"
	load lpt_blocker
	apply lpt_inside
	kthread 4 S
	disable lpt_inside
	settle_or_list 1
	gone lpt_inside
	nap 0.5
	fails_with "" try_unload lpt_inside
	in_state "$LPT_PID" S
	# It is no reason to keep any other
	load lpt_target
	apply_quickly
	revert_quickly
}

test_uninterruptible() {
	load lpt_blocker
	hold
	blocked_by "$LPT_PID" uninterruptible
}

told_of() {
	log_since_start | grep -q "signaling remaining tasks, such as .* ($1), behind"
}

# Who has no debugfs finds a name in the log, after 15 s
test_told() {
	load lpt_blocker
	hold
	log_start
	only_one_behind "$LPT_PID" uninterruptible
	within $((15 + LPT_PATIENCE)) told_of "$LPT_PID"
	nap 4
	is "$(log_since_start | grep -c "signaling remaining")" 1 "times"
	release
	settle_or_list 0
}

# The longest delay stands for never. Doubled it must not become the shortest
test_never() {
	local event=$TRACING/events/workqueue/workqueue_execute_start/enable

	load lpt_blocker
	hold
	echo 1 > "$POKE_DELAY"
	load lpt_target
	load lpt_pair2
	nap 1
	in_transition
	echo 4294967295 > "$POKE_DELAY"
	nap 1
	echo > "$TRACING/trace"
	echo 1 > "$event"
	nap 1
	echo 0 > "$event"
	is "$(grep -c klp_poke_fn "$TRACING/trace")" 0 "rounds"
	release
	settle
	echo "$DELAY" > "$POKE_DELAY"
	revert_quickly
}

test_sleepers() {
	local sleepers failed=0

	tasks sleepers
	sleepers=$LPT_PID
	quick
	finish "$sleepers" || { diag "EINTR where none may be"; failed=1; }
	diag "EINTR: $(awk '/ eintr / { n += $3 } $3 { printf "%s ", $1 }
			    END { print n + 0 }' "$LPT_TMP/sleepers")"
	is "$failed" 0 "failed"
	is "$(grep -c ' eintr ' "$LPT_TMP/sleepers")" 17 "results"
}

# Each wait ends when and how it would without a transition. With the whole time
# again after that, it would end too late: that begins after more than a tenth.
test_waits() {
	local waits failed=0

	tasks waits "$((LPT_SECONDS * 6000))"
	waits=$LPT_PID
	nap "$LPT_SECONDS"
	quick
	finish "$waits" || { diag "waits that a transition has changed"; failed=1; }
	diag "$(grep -v " fine: " "$LPT_TMP/waits")"
	is "$failed" 0 "failed"
	at_least "$(grep -c " fine: " "$LPT_TMP/waits")" 33 "waits"
}

# A task that runs gets a signal, too. It must not make it read less
test_reads() {
	local reads failed=0

	tasks reads
	reads=$LPT_PID
	# Until it has found out how much it has to read
	nap "$LPT_SECONDS"
	echo 5 > "$POKE_DELAY"
	quick
	echo "$DELAY" > "$POKE_DELAY"
	finish "$reads" || failed=1
	diag "$(tail -n +2 "$LPT_TMP/reads")"
	is "$failed" 0 "failed"
}

# The parent waits in the kernel as long as the child runs
test_vfork() {
	tasks vfork 100000
	quick
}

test_stopped() {
	local pid

	tasks stopped
	pid=$(pgrep -P "$LPT_PID")
	quick
	in_state "$pid" T
	kill -CONT "$pid"
	within "$LPT_PATIENCE" in_state "$pid" S
	grep -q "^SigPnd:.0*$" "/proc/$pid/status"
	grep -q "^ShdPnd:.0*$" "/proc/$pid/status"
}

test_traced() {
	tasks traced
	quick
	in_state "$(pgrep -P "$LPT_PID")" t
}

# In the middle of fork(). Its child stops on its way out, and migrates there
test_traced_inside() {
	tasks traced_inside
	only_one_behind "$(pgrep -P "$LPT_PID")" "stopped in a system call"
	finish "$LPT_PID"
	settle_or_list 0
}

test_zombie() {
	tasks zombie
	quick
}

test_leader() {
	tasks leader
	quick
}

# cgroup NAME - make a version 2 group with a spinner in it, or skip the test
cgroup() {
	if ! grep -qs . /sys/fs/cgroup/cgroup.controllers; then
		mount -t cgroup2 none /sys/fs/cgroup 2> /dev/null ||
			skip "no cgroup version 2"
	fi
	mkdir -p "$CGROUP"
	tasks spin 1
	pgrep -P "$LPT_PID" > "$CGROUP/cgroup.procs"
}

test_frozen() {
	cgroup
	in_background sleep 1000
	# Before that it would survive a signal that comes while it is frozen.
	within "$LPT_PATIENCE" grep -qx sleep "/proc/$LPT_PID/comm"
	echo "$LPT_PID" > "$CGROUP/cgroup.procs"
	echo 1 > "$CGROUP/cgroup.freeze"
	within "$LPT_PATIENCE" grep -q "frozen 1" "$CGROUP/cgroup.events"
	quick
	grep -q "frozen 1" "$CGROUP/cgroup.events"
}

# One that is asleep in a system call would have to wait for CPU time to leave it.
test_throttled() {
	cgroup
	echo +cpu > /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null || :
	[ -e "$CGROUP/cpu.max" ] || skip "no CPU bandwidth control"
	echo "1000 100000" > "$CGROUP/cpu.max"
	within "$LPT_PATIENCE" grep -q "nr_throttled [1-9]" "$CGROUP/cpu.stat"
	load lpt_target
	apply_quickly
	is "$(version)" 2
	revert_quickly
	is "$(version)" 1
}

# thread_named REGEX - is there one?
thread_named() {
	grep -q -x "$1" /proc/[0-9]*/task/[0-9]*/comm 2> /dev/null
}

test_uring() {
	grep -q " io_uring_setup$" /proc/kallsyms || skip "no io_uring"
	tasks uring
	within "$LPT_PATIENCE" thread_named "iou-wrk-.*"
	thread_named "iou-sqp-.*"
	quick
	thread_named "iou-wrk-.*"
	thread_named "iou-sqp-.*"
}

test_vhost() {
	[ -e /dev/vhost-vsock ] || skip "no vhost-vsock"
	tasks vhost
	thread_named "vhost-.*"
	quick
	thread_named "vhost-.*"
}

test_irq_thread() {
	load lpt_blocker
	echo 1 > "$BLOCKER/irq"
	thread_named "irq/.*-lpt_irq"
	quick
	unload lpt_target
	echo 2 > "$BLOCKER/irq"
	quick
}

pids_behind() {
	tail -n +2 "$BEHIND" | cut -f 1 | grep -v "^-" | sort -n
}

# More than one buffer of the file can hold, and each of them once
test_list() {
	local listed

	[ -e "$BEHIND" ] || skip "no list of who is behind"
	tasks threads 300
	load lpt_target
	echo 30000 > "$POKE_DELAY"
	load lpt_pair2
	nap 1
	listed=$(pids_behind)
	same "$listed" "$(tasks_at 0 | sed 's|.*/||' | sort -n)" || return
	at_least "$(wc -l <<< "$listed")" 300 "tasks in the list"
	at_least "$(grep -c "asleep in a system call in .*a signal" "$BEHIND")" \
		300 "tasks asleep in the list"
	echo "$DELAY" > "$POKE_DELAY"
	disable lpt_pair2
	settle_or_list 1
	is "$(< "$BEHIND")" "" "list at rest"
}

test_spinners() {
	tasks spin $(($(nproc) + 1))
	quick
}

# Nothing interrupts it, not even the tick
test_nohz_full() {
	local cpu

	cpu=$(first_line /sys/devices/system/cpu/nohz_full)
	cpu=${cpu%%[-,]*}
	[[ $cpu =~ ^[0-9]+$ ]] || skip "no CPU without ticks (nohz_full=)"
	in_background taskset -c "$cpu" "$LPT_DIR/lpt_tasks" spin 1 > /dev/null
	nap 1
	quick
}

test_callers() {
	tasks callers
	quick
}

# rounds_in MODE - rounds while tasks come and go in that mode of lpt_tasks
rounds_in() {
	local i

	tasks "$1" 3
	load lpt_target
	for i in 1 2 3 4 5; do
		diag "round $i"
		apply_quickly
		revert_quickly
	done
	at_rest
}

test_storm() {
	rounds_in storm
}

test_execs() {
	rounds_in execs
}

unstarted_ran() {
	[ "$(first_line "$BLOCKER/unstarted")" = "$1" ]
}

test_unstarted() {
	load lpt_blocker
	echo 1 > "$BLOCKER/unstarted"
	quick
	unstarted_ran 0
	echo 2 > "$BLOCKER/unstarted"
	within "$LPT_PATIENCE" unstarted_ran 1
	echo 0 > "$BLOCKER/unstarted"
}

LAST_CPU=$(($(nproc --all) - 1))
ONLINE=/sys/devices/system/cpu/cpu$LAST_CPU/online

# cpu NUMBER - the last CPU off or on
cpu() {
	[ -e "$ONLINE" ] || skip "no CPU that goes offline"
	echo "$1" > "$ONLINE"
}

version_there() {
	taskset -c "$LAST_CPU" cat "$TARGET/version"
}

test_offline() {
	load lpt_target
	cpu 0
	apply_quickly
	cpu 1
	phase at 2
	echo 1 > "$TARGET/timers"
	nap 0.3
	is "$(version_there)" "2 2 1 1 1"
	is_clean hardirq softirq
	echo 0 > "$TARGET/timers"
	cpu 0
	revert_quickly
	cpu 1
	is "$(version_there)" "1 1 1 1 1"
}

test_online_in_transition() {
	load lpt_target
	load lpt_blocker
	hold
	cpu 0
	phase to 2
	load lpt_pair2
	in_transition
	cpu 1
	echo 1 > "$TARGET/timers"
	nap 0.3
	release
	settle_or_list 0
	phase at 2
	nap 0.1
	is_clean hardirq softirq
	at_least "$(stat_of hardirq new)" 1
	is "$(version_there)" "2 2 1 1 1"
}

busy_has_started() {
	[ "$(stat_of syscall old)" -ge 1 ]
}

# its_interrupts_are_behind - those of the last CPU
its_interrupts_are_behind() {
	grep -q "^-	cpu$LAST_CPU	interrupts" "$BEHIND"
}

# Busy in the kernel, it passes no safe point before it goes
test_offline_in_transition() {
	[ -e "$ONLINE" ] || skip "no CPU that goes offline"
	load lpt_target
	phase to 2
	echo "$((LPT_SECONDS * 1000))" > "$POKE_DELAY"
	in_background taskset -c "$LAST_CPU" bash -c \
		      "echo 'busy 0 60000000' > '$TARGET/call'"
	within "$LPT_PATIENCE" busy_has_started
	load lpt_pair2
	its_interrupts_are_behind || skip "too slow, they have migrated"
	cpu 0
	not its_interrupts_are_behind
	in_transition
	phase any
	settle_within "$((2 * LPT_SECONDS))"
	is "$(version)" 2
	cpu 1
	is "$(version_there)" "2 2 1 1 1"
}

plug() {
	while [ ! -e "$LPT_TMP/stop" ]; do
		cpu 0 && echo >> "$LPT_TMP/unplugged"
		cpu 1 || :
	done
}

test_hotplug() {
	local i plugger

	[ -e "$ONLINE" ] || skip "no CPU that goes offline"
	rm -f "$LPT_TMP/stop" "$LPT_TMP/unplugged"
	load lpt_target
	in_background plug
	plugger=$LPT_PID
	in_background nice -n 19 "$LPT_DIR/lpt_hammer" "$TARGET/call" 1000 \
		      4 "pairs 1 1000" 2 "work 1 1000" > "$LPT_TMP/hammer"
	for i in 1 2 3 4 5; do
		diag "round $i"
		phase to 2
		load lpt_pair2
		settle
		phase at 2
		phase to 1
		disable lpt_pair2
		settle
		phase at 1
		unload lpt_pair2
	done
	: > "$LPT_TMP/stop"
	wait "$plugger"
	at_least "$(wc -l < "$LPT_TMP/unplugged")" 1 "times a CPU went"
	is_clean syscall work
}

test_kthread_worker() {
	load lpt_target
	call kthread 1 0
	apply_quickly
	call kthread 1 0
	is "$(stat_of kthread old)" 1 "old calls"
	is "$(stat_of kthread new)" 1 "new calls"
}

# starve_workers 1|0 - those of the last CPU get no memory, or do again
starve_workers() {
	local dir comm

	for dir in /proc/[0-9]*; do
		comm=$(first_line "$dir/comm")
		[[ $comm != kworker/$LAST_CPU:* ]] ||
			write_to "$dir/make-it-fail" "$1" 2> /dev/null || :
	done
}

rescuer_ran() {
	[ "$(stat_of rescuer "$1")" -ge 1 ]
}

# The queue is never empty, and nobody can be created to help
test_rescuer() {
	[ -e "$FAILSLAB" ] || skip "no fault injection (FAILSLAB)"
	load lpt_target
	phase to 2
	starve_workers 1
	echo 0 > "$FAILSLAB/verbose"
	echo N > "$FAILSLAB/ignore-gfp-wait"
	echo Y > "$FAILSLAB/task-filter"
	echo -1 > "$FAILSLAB/times"
	echo 100 > "$FAILSLAB/probability"
	echo 1 > "$TARGET/rescue"
	within "$LPT_PATIENCE" rescuer_ran old
	apply_quickly
	phase at 2
	within "$LPT_PATIENCE" rescuer_ran new
	nap 0.2
	echo 0 > "$FAILSLAB/probability"
	diag "the rescuer: $(stat_of rescuer old) old, $(stat_of rescuer new) new"
	is_clean rescuer work
}

test_requeue() {
	load lpt_target
	phase to 2
	echo 1 > "$TARGET/requeue"
	nap 0.1
	apply_quickly
	phase at 2
	nap 0.1
	at_least "$(stat_of work old)" 1 "old calls"
	at_least "$(stat_of work new)" 1 "new calls"
	is_clean work
	# The worker never sleeps, and RCU tasks waits for it at the end
	phase any
	revert_quickly
	is "$(< "$BEHIND")" "" "list at rest"
}

# The item keeps the old code to its end, while later ones get the new code
test_long_work() {
	local seconds=$((LPT_SECONDS + 2))

	load lpt_target
	echo "${seconds}000" > "$TARGET/longwork"
	nap 0.5
	load lpt_pair2
	within "$LPT_SECONDS" new_work
	[ ! -e "$BEHIND" ] ||
		grep -q "in a work item in .*the end of the item" "$BEHIND"
	settle_within $((LPT_SECONDS + seconds))
	is "$(stat_of longwork old)" 1 "old calls of the long one"
	is_clean longwork
	is "$(stat_of longwork new)" 0 "new calls of the long one"
}

new_work() {
	call work 1 0
	[ "$(stat_of work new)" -ge 1 ]
}

clean_up() {
	: > "$LPT_TMP/stop"
	if [ -e "$CGROUP" ]; then
		echo 0 > "$CGROUP/cgroup.freeze"
		rmdir "$CGROUP" 2> /dev/null
	fi
	[ ! -e "$ONLINE" ] || echo 1 > "$ONLINE"
	[ ! -e "$POKE_DELAY" ] || echo "$DELAY" > "$POKE_DELAY"
	[ ! -e "$STACK_CHECK" ] || echo loop > "$STACK_CHECK"
	[ ! -e "$DAMON_STAT" ] || echo "$DAMON" > "$DAMON_STAT"
	feed "$FAILSLAB"
}

lpt_start 47
DELAY=$(first_line "$POKE_DELAY")
DAMON=$([ ! -e "$DAMON_STAT" ] || first_line "$DAMON_STAT")
lpt_run "blocked by a kernel thread" test_kthread
lpt_run "blocked by a kernel thread that may be frozen anywhere" test_bare_freezable
lpt_run "blocked by a kernel thread that waits for the freezer or work" test_freezer
lpt_run "not by a kernel thread that says so while it does" test_freezable
lpt_run "not by a kernel thread that waits in another way" test_other_wait
lpt_run "not by a kernel thread that has always something to do" test_busy
lpt_run "not by a kernel thread that has to be woken" test_woken
lpt_run "not by a kernel thread whose stack is trusted" test_stack_check
lpt_run "not by a kernel thread that sleeps in its loop" test_stack_loop
lpt_run "a patch stays if a stack was trusted" test_stack_check_pins
lpt_run "blocked by a kernel thread, trusted or not" test_stack_check_inside
lpt_run "blocked by a user task, trusted or not" test_stack_check_user
lpt_run "by a long work item till its end, trusted or not" test_stack_check_work
lpt_run "a patch stays if a thread has started in it" test_late_thread
lpt_run "a patch stays if a thread waits in it" test_inside_patch
lpt_run "blocked by an uninterruptible task" test_uninterruptible
lpt_run "the log names one who is behind for long" test_told
lpt_run "nobody is looked at again, ever" test_never
lpt_run "not by tasks asleep in system calls" test_sleepers
lpt_run "no wait ends before or after its time" test_waits
lpt_run "no long read is cut short" test_reads
lpt_run "not by the parent of a vfork" test_vfork
lpt_run "not by a stopped task" test_stopped
lpt_run "not by a traced task" test_traced
lpt_run "by a task that its tracer has stopped in a system call" test_traced_inside
lpt_run "not by a zombie" test_zombie
lpt_run "not by a leader that is dead" test_leader
lpt_run "not by a frozen cgroup" test_frozen
lpt_run "not by a throttled cgroup" test_throttled
lpt_run "not by threads of io_uring" test_uring
lpt_run "not by a worker of vhost" test_vhost
lpt_run "not by the thread of an interrupt" test_irq_thread
lpt_run "everybody who is behind is listed" test_list
lpt_run "not by spinners on all CPUs" test_spinners
lpt_run "not by a spinner on a CPU without ticks" test_nohz_full
lpt_run "not by busy callers" test_callers
lpt_run "not by a storm of forks" test_storm
lpt_run "not by a storm of threads that exec" test_execs
lpt_run_cleanly "not by a kernel thread that was never started" test_unstarted
lpt_run "not by a CPU that is offline" test_offline
lpt_run "not by a CPU that goes offline" test_offline_in_transition
lpt_run "not by a CPU that comes online" test_online_in_transition
lpt_run "not by CPUs that come and go" test_hotplug
lpt_run "not by a kthread_worker" test_kthread_worker
lpt_run "not by a rescuer that never rests" test_rescuer
lpt_run "not by work that queues itself" test_requeue
lpt_run "by a long work item till its end" test_long_work
ktap_finished
