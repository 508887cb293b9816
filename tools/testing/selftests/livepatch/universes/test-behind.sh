#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which tasks block a transition, and which must not: tasks in every state.

. "$(dirname "$0")/functions.sh"

CGROUP=/sys/fs/cgroup/lpt
FREEZER=$LPT_TMP/freezer
FAILSLAB=$DEBUGFS/failslab
STACK_CHECK=/sys/module/livepatch/parameters/stack_check
DAMON_STAT=/sys/module/damon_stat/parameters/enabled

# quick - apply and revert within LPT_SECONDS, with the tasks that the test prepared
quick() {
	load lpt_target
	apply_quickly
	is "$(version)" 2
	revert_quickly
	is "$(version)" 1
}

# settle_or_list STATE - on timeout list the stragglers, whose patch state is STATE
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

# only_one_behind PID REASON - the task is the only straggler; others run new code
only_one_behind() {
	load lpt_target
	load lpt_pair2
	within "$LPT_SECONDS" only_behind "$1" || { list_behind 0; return 1; }
	is "$(attr lpt_pair2 transition)" 1
	nap 1
	only_behind "$1"
	in_transition
	is_listed "$1" "$2"
	is "$(version)" 2
}

# blocked_by PID REASON - the task blocks the transition until it is released
blocked_by() {
	only_one_behind "$@"
	release
	settle_or_list 0
}

KTHREAD="kthread not at a safe point in "

test_kthread() {
	kthread 1 D
	blocked_by "$THREAD" "$KTHREAD"
}

test_bare_freezable() {
	kthread 3 D
	blocked_by "$THREAD" "$KTHREAD"
}

# A thread may be frozen while it has state from patched code: no safe point.
test_freezer() {
	kthread 6 S
	blocked_by "$THREAD" "$KTHREAD"
}

sleeps_of() {
	grep ctxt_switches: "/proc/$1/status"
}

# moved_asleep SLEEP - the thread is migrated asleep, without a wakeup
moved_asleep() {
	local sleeps

	kthread "$1" S
	nap 0.5
	sleeps=$(sleeps_of "$THREAD")
	quick
	in_state "$THREAD" S
	is "$(sleeps_of "$THREAD")" "$sleeps" "times that it slept"
}

test_freezable() {
	moved_asleep 4
	release
}

test_other_wait() {
	moved_asleep 8
	release
}

# The thread never sleeps, but passes a safe point in each iteration of its loop.
test_busy() {
	kthread 7 R
	quick
	in_state "$THREAD" R
	release
}

# The sixth retry wakes kernel threads, and the eighth is the first to check stacks.
# With this delay they run within 0.7 s.
hurry() {
	set_delay 5
}

# trust_stacks - for the transition under way. Switches DAMON off, because its thread may
# need 10 s to reach its safe point.
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
	in_state "$THREAD" S
	release
}

test_stack_check() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	kthread 2 D
	load lpt_target
	load lpt_pair2
	within "$LPT_SECONDS" only_behind "$THREAD"
	nap 1
	only_behind "$THREAD"
	grep -q "^$THREAD	lpt_hold	.*stack_check" "$BEHIND"
	echo > "$TRACING/trace"
	echo 1 > "$TRACING/events/livepatch/enable"
	trust_stacks
	settle_or_list 0
	echo 0 > "$TRACING/events/livepatch/enable"
	migrated_by "$THREAD" stack-check
	in_state "$THREAD" D
	is "$(version)" 2
	release
}

# The code of a patch is not freed if a task left it by a stack check. A stack check
# while the patch was enabled does not prevent disabling it.
test_stack_check_pins() {
	! loaded lpt_checked || skip "has been tried before"
	kthread 2 D
	load lpt_target
	load lpt_checked
	trust_stacks
	settle_or_list 0
	is "$(version)" 6
	is "$(first_line "$STACK_CHECK")" loop "stack_check after the transition"
	disable lpt_checked
	echo any > "$STACK_CHECK"
	settle_or_list 1
	is "$(version)" 1
	in_state "$THREAD" D
	gone lpt_checked
	nap 0.5
	fails_with "$IN_USE" unload_once lpt_checked
	loaded lpt_checked
	release
}

# Late in the transition, a thread is migrated where it sleeps if the patch names it. The
# module of a patch that goes out of effect in this way stays loaded.
test_unrelated() {
	[ ! -e "$STACK_CHECK" ] || echo off > "$STACK_CHECK"
	! loaded lpt_named || skip "has been tried before"
	hurry
	kthread 2 D
	load lpt_target
	log_start
	load_as lpt_pair2 lpt_named unrelated=lpt_kthread_fn
	settle_or_list 0
	logged "lpt_hold \\($THREAD\\) is at no safe point, moved because the patch names"
	is "$(version)" 2
	disable lpt_named
	settle_or_list 1
	is "$(version)" 1
	in_state "$THREAD" D
	gone lpt_named
	nap 0.5
	fails_with "$IN_USE" unload_once lpt_named
	release
}

# Nor does it help if the patch that is replaced does not name it.
test_unrelated_other() {
	[ ! -e "$STACK_CHECK" ] || echo off > "$STACK_CHECK"
	hurry
	load lpt_target
	apply lpt_pair3
	kthread 2 D
	load lpt_pair2 replace=1 unrelated=lpt_kthread_fn
	nap 2
	only_behind "$THREAD"
	release
	settle_or_list 0
}

# stack_check=loop migrates a thread that sleeps in its main function itself.
test_stack_loop() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	kthread 9 D
	load lpt_target
	echo off > "$STACK_CHECK"
	load lpt_pair2
	nap 1
	only_behind "$THREAD"
	echo loop > "$STACK_CHECK"
	settle_or_list 0
	in_state "$THREAD" D
	release
}

# blocked_if_trusted PID REASON - the task blocks the transition even if any stack is trusted
blocked_if_trusted() {
	only_one_behind "$@"
	trust_stacks
	nap 2
	only_behind "$1"
	release
	settle_or_list 0
}

test_stack_check_inside() {
	kthread 1 D
	blocked_if_trusted "$THREAD" "$KTHREAD"
}

# Only stack_check=any moves a user task, and a task in a patched function is not moved.
test_stack_check_user() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	load lpt_blocker
	in_background write_to "$BLOCKER/hold" 2
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
	only_one_behind "$LPT_PID" uninterruptible
	log_start
	trust_stacks
	settle_or_list 0
	logged "\\($LPT_PID\\) is at no safe point, moved because of its stack"
	in_state "$LPT_PID" D
	release
}

test_stack_check_user_inside() {
	load lpt_blocker
	hold
	blocked_if_trusted "$LPT_PID" uninterruptible
}

# "any" can be selected for the transition under way, but not for the next one.
test_stack_check_too_late() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	load lpt_target
	apply lpt_pair2
	fails_with "Invalid argument" write_to "$STACK_CHECK" any
	is "$(first_line "$STACK_CHECK")" loop stack_check
	disable lpt_pair2
	settle_or_list 1
}

# Only stack_check=any moves a worker in the middle of a work item.
test_stack_check_work() {
	[ -e "$STACK_CHECK" ] || skip "no LIVEPATCH_STACK_CHECK"
	hurry
	test_long_work
}

test_stack_check_any_work() {
	load lpt_target
	echo "$((LPT_SECONDS + 5))000" > "$TARGET/longwork"
	nap 0.5
	load lpt_pair2
	trust_stacks
	settle_within "$LPT_SECONDS"
	is "$(stat_of longwork old)$(stat_of longwork new)" 00 "calls of the work item that sleeps"
}

# The thread runs the new main function while the patch is disabled.
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
	fails_with "$IN_USE" unload_once lpt_thread
	in_state "$THREAD" S
}

# The thread waits at a safe point in the new function, and is migrated there.
test_inside_patch() {
	! loaded lpt_inside || skip "has been tried before"
	load lpt_blocker
	apply lpt_inside
	kthread 4 S
	disable lpt_inside
	settle_or_list 1
	gone lpt_inside
	nap 0.5
	fails_with "$IN_USE" unload_once lpt_inside
	in_state "$THREAD" S
	# The thread must not pin other modules.
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

# After 15 s the log names a straggler, for systems without debugfs.
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

# The maximum disables retries. Doubling it must not overflow to a short delay.
test_never() {
	local event=$TRACING/events/workqueue/workqueue_execute_start/enable

	load lpt_blocker
	hold
	set_delay 1
	load lpt_target
	load lpt_pair2
	nap 1
	in_transition
	set_delay 4294967295
	nap 1
	echo > "$TRACING/trace"
	echo 1 > "$event"
	nap 1
	echo 0 > "$event"
	is "$(grep -c klp_poke_fn "$TRACING/trace")" 0 "rounds"
	release
	settle
	reset_delay
	revert_quickly
}

test_sleepers() {
	local sleepers failed=0

	tasks sleepers
	sleepers=$LPT_PID
	quick
	finish "$sleepers" || { diag "EINTR from a call that must restart"; failed=1; }
	diag "EINTR: $(awk '/ eintr / { n += $3 } $3 { printf "%s ", $1 }
			    END { print n + 0 }' "$LPT_TMP/sleepers")"
	is "$failed" 0 "failed"
	is "$(grep -c ' eintr ' "$LPT_TMP/sleepers")" 17 "results"
}

# Each wait ends when and how it would without a transition. lpt_tasks allows a delay
# of a tenth of the timeout. The transition starts after more than a tenth, so a wait
# that restarts with its full timeout ends too late.
test_waits() {
	local waits failed=0

	tasks waits "$((LPT_SECONDS * 6000))"
	waits=$LPT_PID
	nap "$LPT_SECONDS"
	quick
	finish "$waits" || { diag "the transition has changed a wait"; failed=1; }
	diag "$(grep -v " fine: " "$LPT_TMP/waits")"
	is "$failed" 0 "failed"
	at_least "$(grep -c " fine: " "$LPT_TMP/waits")" 33 "waits"
}

# The parent waits in the kernel while the child runs
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

# Stopped in the middle of execve()
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
	# Wait for the exec: a SIGTERM that is sent to the frozen task before it is lost.
	within "$LPT_PATIENCE" grep -qx sleep "/proc/$LPT_PID/comm"
	echo "$LPT_PID" > "$CGROUP/cgroup.procs"
	echo 1 > "$CGROUP/cgroup.freeze"
	within "$LPT_PATIENCE" grep -q "frozen 1" "$CGROUP/cgroup.events"
	quick
	grep -q "frozen 1" "$CGROUP/cgroup.events"
}

frozen_v1() {
	grep -q FROZEN "$FREEZER/lpt/freezer.state"
}

# freeze_v1 SECONDS - let the freezer of version 1 freeze a task that sleeps for so long in a
# system call
freeze_v1() {
	mkdir -p "$FREEZER"
	mount -t cgroup -o freezer none "$FREEZER" 2> /dev/null ||
		skip "no freezer of cgroup version 1"
	mkdir "$FREEZER/lpt"
	in_background sleep "$1"
	within "$LPT_PATIENCE" grep -qx sleep "/proc/$LPT_PID/comm"
	within "$LPT_PATIENCE" in_state "$LPT_PID" S
	echo "$LPT_PID" > "$FREEZER/lpt/cgroup.procs"
	echo FROZEN > "$FREEZER/lpt/freezer.state"
	within "$LPT_PATIENCE" frozen_v1
}

test_frozen_v1() {
	local sleeper

	freeze_v1 1000
	sleeper=$LPT_PID
	quick
	frozen_v1
	grep -q refrigerator "/proc/$sleeper/wchan"
	echo THAWED > "$FREEZER/lpt/freezer.state"
	within "$LPT_PATIENCE" in_state "$sleeper" S
}

# The freezer keeps the task in its system call, although the sleep is over.
test_frozen_v1_over() {
	freeze_v1 5
	sleep 6
	frozen_v1
	quick
	frozen_v1
}

# throttle - let the tasks in the group run for one per cent of the time
throttle() {
	echo +cpu > /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null || :
	[ -e "$CGROUP/cpu.max" ] || skip "no CPU bandwidth control"
	echo "1000 100000" > "$CGROUP/cpu.max"
	within "$LPT_PATIENCE" grep -q "nr_throttled [1-9]" "$CGROUP/cpu.stat"
}

# The task spins in user mode. In a system call it would need CPU time to leave it.
test_throttled() {
	cgroup
	throttle
	load lpt_target
	apply_quickly
	is "$(version)" 2
	revert_quickly
	is "$(version)" 1
}

# A task that becomes a real-time task while it is throttled keeps the flag that says so. It
# must not be moved while its task work sleeps.
test_was_throttled() {
	! loaded lpt_step || skip "has been tried before"
	cgroup
	load lpt_blocker
	in_background "$LPT_DIR/lpt_tasks" promoted "$BLOCKER/linger"
	within "$LPT_PATIENCE" grep -qx lpt_tasks "/proc/$LPT_PID/comm"
	echo "$LPT_PID" > "$CGROUP/cgroup.procs"
	throttle
	chrt --fifo --pid 1 "$LPT_PID" 2> /dev/null || skip "no real-time tasks in a group"
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
	load lpt_step
	nap 1
	grep -q "^$LPT_PID	" "$BEHIND"
	release
	settle
	wait "$LPT_PID"
	revert lpt_step
}

# thread_named REGEX - a thread with such a name exists
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

# uring_message [NUMBER] - a worker of io_uring sleeps in the middle of a message; sets WORKER
uring_message() {
	local comm

	grep -q " io_uring_setup$" /proc/kallsyms || skip "no io_uring"
	[ -e /dev/vsock ] || skip "no vsock"
	tasks uring_message "$@"
	comm=$(grep -lx "iou-wrk-.*" "/proc/$LPT_PID/task"/*/comm)
	WORKER=$(basename "${comm%/comm}")
}

# The message would be sent in part, and the rest never.
test_uring_message() {
	load lpt_target
	uring_message
	log_start
	load lpt_pair2
	within $((15 + LPT_PATIENCE)) told_of "$WORKER"
	nap 4
	is_listed "$WORKER" "asleep where it must not be disturbed"
	finish "$LPT_PID"
	is "$(tail -n 1 "$LPT_TMP/uring_message")" "received 40000 40000, sent 40000"
	settle_or_list 0
	revert_quickly
}

# The same wait ends if the request is cancelled, also if the fake signal is pending.
test_uring_cancel() {
	uring_message 1
	finish "$LPT_PID"
	at_least "$(grep -c "^cancelled: -" "$LPT_TMP/uring_message")" 1 "cancelled"
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

# The list needs several buffers of seq_file. Each task must be listed once.
test_list() {
	local listed

	tasks threads 300
	load lpt_target
	set_delay 30000
	load lpt_pair2
	nap 1
	listed=$(pids_behind)
	same "$listed" "$(tasks_at 0 | sed 's|.*/||' | sort -n)" || return
	at_least "$(wc -l <<< "$listed")" 300 "tasks in the list"
	at_least "$(grep -c "asleep in a system call in .*will be interrupted" "$BEHIND")" \
		300 "tasks asleep in the list"
	reset_delay
	disable lpt_pair2
	settle_or_list 1
	is "$(< "$BEHIND")" "" "list at rest"
}

test_spinners() {
	tasks spin $(($(nproc) + 1))
	quick
}

# The task has a CPU without ticks, so only an IPI interrupts it.
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

# rounds_in MODE - apply and revert while tasks come and go in that mode of lpt_tasks
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

version_there() {
	taskset -c "$LAST_CPU" cat "$TARGET/version"
}

test_offline() {
	need_hotplug
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
	need_hotplug
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

# The CPU is busy in the kernel, and passes no safe point before it goes offline.
test_offline_in_transition() {
	need_hotplug
	load lpt_target
	phase to 2
	set_delay $((LPT_SECONDS * 1000))
	busy
	load lpt_pair2
	not interrupts_have_migrated || skip "too slow, the interrupts have migrated"
	cpu 0
	interrupts_have_migrated
	in_transition
	phase any
	settle_within "$((2 * LPT_SECONDS))"
	is "$(version)" 2
	cpu 1
	is "$(version_there)" "2 2 1 1 1"
}

plug_loop() {
	while [ ! -e "$LPT_TMP/stop" ]; do
		plug
	done
}

test_hotplug() {
	local i plugger

	need_hotplug
	rm -f "$LPT_TMP/stop" "$LPT_TMP/unplugged"
	load lpt_target
	in_background plug_loop
	plugger=$LPT_PID
	for i in 1 2 3; do
		start_caller "$TARGET/call" "pairs 1 1000"
		start_caller "$TARGET/call" "work 1 1000"
	done
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
	at_least "$(wc -l < "$LPT_TMP/unplugged")" 1 "times a CPU went offline"
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

# starve_workers 1|0 - switch fault injection on or off for the workers of the last CPU
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

# The queue is never empty, and no further worker can be created.
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
	# The worker never sleeps. A grace period of RCU tasks must still end.
	phase any
	revert_quickly
	is "$(< "$BEHIND")" "" "list at rest"
}

# The item runs old code to its end, while later items run new code.
test_long_work() {
	local seconds=$((LPT_SECONDS + 2))

	load lpt_target
	echo "${seconds}000" > "$TARGET/longwork"
	nap 0.5
	load lpt_pair2
	within "$LPT_SECONDS" new_work
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
	if [ -e "$FREEZER/lpt" ]; then
		echo THAWED > "$FREEZER/lpt/freezer.state"
		within "$LPT_PATIENCE" rmdir "$FREEZER/lpt" 2> /dev/null
		umount "$FREEZER"
	fi
	[ ! -e "$STACK_CHECK" ] || echo loop > "$STACK_CHECK"
	[ ! -e "$DAMON_STAT" ] || echo "$DAMON" > "$DAMON_STAT"
	feed "$FAILSLAB"
}

lpt_start 56
DAMON=$([ ! -e "$DAMON_STAT" ] || first_line "$DAMON_STAT")
lpt_run "blocked by a kernel thread without a safe point" test_kthread
lpt_run "blocked by a kernel thread in a plain freezable sleep" test_bare_freezable
lpt_run "blocked by a kernel thread in wait_event_freezable()" test_freezer
lpt_run "not blocked by a kernel thread in kthread_wait_event_freezable()" test_freezable
lpt_run "not blocked by a kernel thread in kthread_wait()" test_other_wait
lpt_run "not blocked by a kernel thread that never sleeps" test_busy
lpt_run "not blocked by a kernel thread that has to be woken" test_woken
lpt_run "stack check: not blocked by a kernel thread outside of patched code" test_stack_check
lpt_run "stack check: not blocked by a kernel thread asleep in its main function" test_stack_loop
lpt_run "stack check: a module stays loaded after its patch was disabled by it" \
	test_stack_check_pins
lpt_run "stack check: blocked by a kernel thread in a patched function" test_stack_check_inside
lpt_run "not blocked by a kernel thread that the patch names" test_unrelated
lpt_run "blocked by a kernel thread that a replaced patch does not name" test_unrelated_other
lpt_run "stack check: moves a user task only if any stack is trusted" test_stack_check_user
lpt_run "stack check: blocked by a user task in a patched function" test_stack_check_user_inside
lpt_run "stack check: \"any\" is refused without a transition" test_stack_check_too_late
lpt_run "stack check: blocked by a work item until its end" test_stack_check_work
lpt_run "stack check: moves a worker if any stack is trusted" test_stack_check_any_work
lpt_run "a module stays loaded if a thread runs its main function" test_late_thread
lpt_run "a module stays loaded if a thread waits in its code" test_inside_patch
lpt_run "blocked by an uninterruptible task" test_uninterruptible
lpt_run "the log names a straggler of a long transition" test_told
lpt_run "the maximum of poke_delay_ms disables retries" test_never
lpt_run "not blocked by tasks asleep in system calls" test_sleepers
lpt_run "waits end when and how they would without a transition" test_waits
lpt_run "not blocked by the parent of a vfork" test_vfork
lpt_run "not blocked by a stopped task" test_stopped
lpt_run "not blocked by a traced task" test_traced
lpt_run "blocked by a task that its tracer has stopped in a system call" test_traced_inside
lpt_run "not blocked by a zombie" test_zombie
lpt_run "not blocked by a dead thread group leader" test_leader
lpt_run "not blocked by a frozen cgroup" test_frozen
lpt_run "not blocked by a frozen cgroup of version 1" test_frozen_v1
lpt_run "not blocked by a frozen task whose sleep is over" test_frozen_v1_over
lpt_run "not blocked by a throttled cgroup" test_throttled
lpt_run "a task that was throttled is not moved in task work" test_was_throttled
lpt_run "not blocked by threads of io_uring" test_uring
lpt_run "io_uring: a worker is not interrupted in the middle of a message" test_uring_message
lpt_run "io_uring: a worker in the middle of a message can be cancelled" test_uring_cancel
lpt_run "not blocked by a worker of vhost" test_vhost
lpt_run "not blocked by an interrupt thread" test_irq_thread
lpt_run "all stragglers are listed" test_list
lpt_run "not blocked by tasks that spin on all CPUs" test_spinners
lpt_run "not blocked by a task that spins on a CPU without ticks" test_nohz_full
lpt_run "not blocked by tasks that make system calls all the time" test_callers
lpt_run "not blocked by tasks that fork all the time" test_storm
lpt_run "not blocked by threads that exec all the time" test_execs
lpt_run "not blocked by a kernel thread that was never started" test_unstarted
lpt_run "not blocked by an offline CPU" test_offline
lpt_run "not blocked by a CPU that goes offline" test_offline_in_transition
lpt_run "not blocked by a CPU that comes online" test_online_in_transition
lpt_run "not blocked by CPUs that go offline and online" test_hotplug
lpt_run "not blocked by a kthread_worker" test_kthread_worker
lpt_run "not blocked by a rescuer that never sleeps" test_rescuer
lpt_run "not blocked by a work item that queues itself" test_requeue
lpt_run "blocked by a work item until its end" test_long_work
ktap_finished
