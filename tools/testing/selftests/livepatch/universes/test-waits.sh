#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tasks that wait before the body of a system call or after it migrate asleep, without a
# wakeup. Modules to whose code such a task may return stay loaded.
#
# Also: init functions of patches that fail, and stragglers that must not be signaled.

. "$(dirname "$0")/functions.sh"

ENOMEM="Cannot allocate memory"
RT_RUNTIME=/proc/sys/kernel/sched_rt_runtime_us
RT_SAVED=$(first_line "$RT_RUNTIME")

# waiter MODE - start lpt_waits; sets LPT_PID, and WAITER to the task that waits
waiter() {
	: > "$LPT_TMP/waits"
	in_background "$LPT_DIR/lpt_waits" "$1" > "$LPT_TMP/waits"
	within "$LPT_PATIENCE" [ -s "$LPT_TMP/waits" ]
	WAITER=$(first_line "$LPT_TMP/waits")
}

# moved_in MODE - the task must migrate in the first walk: the retries are switched off
moved_in() {
	waiter "$1"
	set_delay 600000
	load lpt_target
	load lpt_pair2
	within "$LPT_PATIENCE" patch_state_is "$WAITER" 1
	reset_delay
	disable lpt_pair2
	load lpt_blocker
	settle
	unload lpt_pair2
	apply lpt_pair2
	revert lpt_pair2
	finish "$LPT_PID"
}

for mode in entry exit fork seccomp uring uring_timeout pidns vfork; do
	eval "test_$mode() { moved_in $mode; }"
done

# These functions are on the stack in the waits, and can be patched. A task that
# migrates there returns through the version that it has entered, so that version has
# to stay in memory.
BELOW=(io_cqring_wait kernel_clone ptrace_notify seccomp_do_user_notification
	__seccomp_filter)
# A CPU that is offline stays in these.
DEAD=(arch_cpu_idle_dead native_play_dead hlt_play_dead)

test_callers_stay() {
	local functions function waiters=() mode

	! loaded lpt_pass4 || skip "has been tried before"
	mapfile -t functions < <(traceable "${BELOW[@]}" "${DEAD[@]}")
	at_least ${#functions[@]} 5 "functions"
	log_start
	with_functions load lpt_pass4 "${functions[@]}"
	settle
	for function in "${functions[@]}"; do
		logged "tasks inside '$function' stay"
	done
	for mode in entry fork seccomp uring vfork; do
		waiter $mode
		waiters+=("$LPT_PID")
	done
	disable lpt_pass4
	settle
	gone lpt_pass4
	fails_with "$IN_USE" unload_once lpt_pass4
	for pid in "${waiters[@]}"; do
		finish "$pid"
	done
}

stepped() {
	[ "$(first_line "$BLOCKER/stepped")" = "$1" ]
}

# The thread waits since before the patch was enabled, so it can't return to its code.
test_below_before() {
	kthread 11 S
	apply lpt_step
	revert lpt_step
	release
	within "$LPT_PATIENCE" stepped 1
}

# The thread waits in a function that is not patched, called by one that is.
test_below() {
	! loaded lpt_step || skip "has been tried before"
	load lpt_blocker
	apply lpt_step
	kthread 11 S
	log_start
	disable lpt_step
	settle
	gone lpt_step
	logged "patch 'lpt_step': lpt_hold \($THREAD\) waits in lpt_below.*callers"
	fails_with "$IN_USE" unload_once lpt_step
	in_state "$THREAD" S
	release
	within "$LPT_PATIENCE" stepped 2
}

stalls() {
	[ "$(first_line /sys/module/lpt_stall/parameters/stalls)" = 1 ]
}

# The thread has set its quiescent marker, and is preempted before it sleeps, in a
# function of the patch that is being replaced. It must not be migrated there.
test_preempted() {
	local i moved=0

	kthread 10 S
	taskset -p -c "$LAST_CPU" "$THREAD" > /dev/null
	apply lpt_stall
	echo 4 > /sys/module/lpt_stall/parameters/stall
	in_background taskset -c "$LAST_CPU" "$LPT_DIR/lpt_tasks" spin 3 > /dev/null
	within "$LPT_PATIENCE" stalls
	echo 0 > /sys/module/lpt_stall/parameters/stall
	load lpt_stall2
	for ((i = 0; i < 50; i++)); do
		nap 0.02
		# Count migrations that were seen while the thread was in the patch
		! stalls || ! patch_state_is "$THREAD" 1 || ! stalls ||
			moved=$((moved + 1))
	done
	is "$moved" 0 "times it was seen to be moved and in the patch"
	settle
	gone lpt_stall
	unload lpt_stall
	nap 1
	release
	revert lpt_stall2
}

# starts PATCH [PARAMETER] - the patch starts a thread that does not end
starts() {
	local patch=$1

	! loaded "$patch" || skip "has been tried before"
	load lpt_blocker
	load "$@"
	settle
	echo 1 > "$BLOCKER/hold"
	log_start
	disable "$patch"
	settle
	gone "$patch"
	logged "patch '$patch': its code is the main function of lpt_started"
	fails_with "$IN_USE" unload_once "$patch"
	pgrep -x lpt_started > /dev/null
	# A thread that is never woken would be reported as a hung task.
	write_to "/sys/module/$patch/parameters/stop" 1
	within "$LPT_PATIENCE" not pgrep -x lpt_started > /dev/null
}

test_starter() {
	starts lpt_starter
}

test_unstarted() {
	starts lpt_starter2 unstarted=1
}

in_transition_of() {
	[ "$(attr "$1" transition)" = 1 ]
}

# The module loader frees the module despite its references, so the patch must be undone.
test_init_fails() {
	local ms

	load lpt_target
	for ms in 0 2000; do
		fails_with "$ENOMEM" load lpt_initfail nap="$ms"
		[ ! -e "$KLP/lpt_initfail" ]
		not loaded lpt_initfail
		is "$(version)" 1
	done
	apply lpt_pair2
	is "$(version)" 2
}

test_init_fails_blocked() {
	load lpt_target
	load lpt_blocker
	hold
	fails_with "$ENOMEM" load lpt_initfail nap=500
	not loaded lpt_initfail
	is "$(version)" 1
	release
}

# Nor is it freed if the patch was disabled meanwhile, before the grace period for its code
# is over. The task in the kernel prolongs it.
test_init_fails_disabled() {
	local loader

	load lpt_target
	busy
	in_background load lpt_initfail nap=2000
	loader=$LPT_PID
	within "$LPT_PATIENCE" in_transition_of lpt_initfail
	disable lpt_initfail
	settle
	nap 3
	kill -0 "$loader"
	loaded lpt_initfail
	phase any
	not wait "$loader"
	not loaded lpt_initfail
	is "$(version)" 1
}

# force_init NAP - load a patch whose init function fails after NAP milliseconds, and force its
# transition before; sets LPT_PID
force_init() {
	in_background load lpt_initfail nap="$1"
	within "$LPT_PATIENCE" in_transition_of lpt_initfail
	nap 1
	echo 1 > "$KLP/lpt_initfail/force"
	within "$LPT_PATIENCE" not in_transition_of lpt_initfail
}

# Forcing migrates tasks anywhere, so the module must stay, with its patch enabled.
test_init_fails_forced() {
	load lpt_target
	log_start
	force_init 4000
	wait "$LPT_PID" || :
	logged "lpt_initfail.*its module stays"
	loaded lpt_initfail
	is "$(version)" 8
	disable lpt_initfail
	gone lpt_initfail
	is "$(version)" 1
	unload lpt_initfail
}

# The loader waits until its patch is out of effect, so it must not delay the transition
# that replaces the patch.
test_init_fails_replaced() {
	local loader

	load lpt_target
	force_init 5000
	loader=$LPT_PID
	load lpt_pair2 replace=1
	settle
	not wait "$loader"
	not loaded lpt_initfail
	is "$(version)" 2
}

# The same if the replacement is reversed while the loader waits
test_init_fails_restored() {
	local loader

	load lpt_target
	load lpt_blocker
	force_init 4000
	loader=$LPT_PID
	hold
	load lpt_pair2 replace=1
	nap 5
	kill -0 "$loader"
	disable lpt_pair2
	gone lpt_pair2
	wait "$loader" || :
	loaded lpt_initfail
	is "$(version)" 8
	release
	disable lpt_initfail
	gone lpt_initfail
	unload lpt_initfail
}

# A driver may be probed in there, and its device is not there if the probe is interrupted.
test_slow_init() {
	local loader

	load lpt_target
	set_delay 1
	in_background load lpt_slow nap=4000
	loader=$LPT_PID
	nap 1
	apply lpt_pair2
	revert lpt_pair2
	wait "$loader"
	unload lpt_slow
}

in_drain() {
	grep -q "lpt_drain_release" "/proc/$1/wchan" 2> /dev/null
}

# drains COMMAND - a task that runs COMMAND in a shell, with the file open at
# descriptor 3, sleeps while the file is released. It must not get the fake signal,
# which would end that sleep early.
drains() {
	load lpt_blocker
	load lpt_target
	set_delay 1
	in_background bash -c "exec 3> '$BLOCKER/drain'; $1"
	within "$LPT_PATIENCE" in_drain "$LPT_PID"
	apply lpt_pair2
	revert lpt_pair2
	wait "$LPT_PID"
	is "$(first_line "$BLOCKER/drain")" 0 "ended early"
}

test_drain() {
	drains "exit 0"
}

test_drain_close() {
	drains "exec 3>&-; exit 0"
}

# ticks PID - print the system time of the task
ticks() {
	local stat

	read -r -a stat < "/proc/$1/stat"
	echo "${stat[14]}"
}

# runs_in_kernel PID - the task has run in the kernel for longer than its start takes
runs_in_kernel() {
	[ "$(ticks "$1")" -ge 50 ]
}

# A running task gets the fake signal only if the transition lasts for 15 s: the signal
# may shorten a read, for example. The task runs until it has a signal.
test_running() {
	load lpt_blocker
	load lpt_target
	set_delay 1
	in_background write_to "$BLOCKER/hold" 14
	within "$LPT_PATIENCE" runs_in_kernel "$LPT_PID"
	load lpt_pair2
	nap 5
	in_state "$LPT_PID" R
	is "$(patch_state "$LPT_PID")" 0 "patch state"
	in_transition
	settle_within $((15 + LPT_PATIENCE))
	wait "$LPT_PID"
}

# class MODE STATE TEXT HELP - likewise, for a task in that mode of lpt_blocker
class() {
	load lpt_blocker
	load lpt_target
	set_delay 600000
	in_background write_to "$BLOCKER/hold" "$1"
	within "$LPT_PATIENCE" in_state "$LPT_PID" "$2"
	load lpt_pair2
	is_listed "$LPT_PID" "$3" "$4"
	release
	reset_delay
	disable lpt_pair2
}

test_class_killable() {
	class 12 D "asleep, killable" "the end of what it waits for, or SIGKILL"
}

test_class_deaf() {
	class 13 S "asleep where it must not be disturbed" "the end of what it waits for"
}

# The thread faults in kernel mode. A wakeup before the answer of userfaultfd would
# make it spin.
test_uffd() {
	local before after

	[ -e /proc/sys/vm/unprivileged_userfaultfd ] || skip "no userfaultfd"
	load lpt_target
	waiter uffd
	set_delay 1
	before=$(ticks "$WAITER")
	load lpt_pair2
	nap 2
	after=$(ticks "$WAITER")
	diag "ticks: $before, then $after"
	in_transition
	[ $((after - before)) -lt 20 ]
	is_listed "$WAITER" "asleep where it must not be disturbed" "the end of"
	finish "$LPT_PID"
	settle
}

test_class_exit() {
	load lpt_blocker
	load lpt_target
	in_background bash -c "exec 3> '$BLOCKER/drain'; exit 0"
	within "$LPT_PATIENCE" in_drain "$LPT_PID"
	load lpt_pair2
	is_listed "$LPT_PID" "exiting and asleep" "the end of what it waits for"
	settle
}

# A real-time task in the kernel keeps its CPU from running anything else.
test_hog() {
	[ "$LAST_CPU" -gt 0 ] || skip "one CPU"
	! command -v chrt > /dev/null && skip "no chrt"
	[ ! -e "$RT_RUNTIME" ] || echo -1 > "$RT_RUNTIME"
	load lpt_target
	phase to 2
	busy
	chrt -f -p 50 "$LPT_PID"
	load lpt_pair2
	within "$LPT_SECONDS" interrupts_have_migrated
	in_transition
	phase any
	wait "$LPT_PID"
	settle
}

clean_up() {
	[ -z "$RT_SAVED" ] || echo "$RT_SAVED" > "$RT_RUNTIME"
}

lpt_start 29
lpt_run "migrates asleep: stopped by a tracer at the entry of a system call" test_entry
lpt_run "migrates asleep: stopped by a tracer at the exit of a system call" test_exit
lpt_run "migrates asleep: stopped by a tracer after a fork" test_fork
lpt_run "migrates asleep: waits for a seccomp notification" test_seccomp
lpt_run "migrates asleep: waits for io_uring" test_uring
lpt_run "migrates asleep: waits for io_uring with a timeout" test_uring_timeout
lpt_run "migrates asleep: init that waits for its PID namespace" test_pidns
lpt_run "migrates asleep: parent of a vfork" test_vfork
lpt_run "a module stays loaded if it patches callers of these waits" test_callers_stay
lpt_run "a module can be unloaded if a thread waits since before its patch" test_below_before
lpt_run "a module stays loaded if a thread waits in a callee of its code" test_below
lpt_run "a thread that is preempted before it sleeps does not migrate" test_preempted
lpt_run "a module stays loaded if it has started a thread" test_starter
lpt_run "a module stays loaded if it has created a thread" test_unstarted
lpt_run "a patch is undone if its init function fails" test_init_fails
lpt_run "a patch is undone if its init function fails in a blocked transition" \
	test_init_fails_blocked
lpt_run "a module is not freed early if its init function fails after disabling" \
	test_init_fails_disabled
lpt_run "a module stays enabled if its init function fails after force" test_init_fails_forced
lpt_run "a module whose init fails after force does not hold up its replacement" \
	test_init_fails_replaced
lpt_run "nor the reversal of its replacement" test_init_fails_restored
lpt_run "the init function of a module gets no fake signal" test_slow_init
lpt_run "an exiting task gets no fake signal" test_drain
lpt_run "a task that closes a file gets no fake signal" test_drain_close
lpt_run "a running task gets the fake signal after 15 s, not before" test_running
lpt_run "list of stragglers: a killable task" test_class_killable
lpt_run "list of stragglers: a task that must not be signaled" test_class_deaf
lpt_run "a task that faults in kernel mode is not woken" test_uffd
lpt_run "list of stragglers: an exiting task that sleeps" test_class_exit
lpt_run "interrupts migrate on a CPU that only runs a real-time task" test_hog
ktap_finished
