#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The life cycle of a patch, as user space sees it.

. "$(dirname "$0")/functions.sh"

EINVAL="Invalid argument"
EBUSY="Device or resource busy"

load_both() {
	load lpt_target
	load lpt_blocker
}

# held PATCH [PARAMETERS] - load it while a task in lpt_hold() blocks the transition.
# Patches of lpt_hold() that are already enabled must have been loaded with hold=1.
held() {
	hold
	load "$@"
	in_transition
}

loadavg() {
	local load running

	read -r load _ _ running _ < /proc/loadavg
	[ "$load ${running%/*}" = "77.00 77" ]
}

test_vmlinux() {
	not loadavg
	apply lpt_vmlinux
	loadavg
	grep -q "^77.00 77.00 77.00 77/" /proc/loadavg
	revert lpt_vmlinux
	not loadavg
}

# answer - reports the version from a process that was started before the patch
answer() {
	while read -r _; do
		version
	done
}

running_is() {
	local answer

	echo >&"${RUNNING[1]}"
	read -r answer <&"${RUNNING[0]}"
	is "$answer" "$1" "running process"
}

new_is() {
	is "$(cut -d' ' -f1,2 "$TARGET/version")" "$1 $1" "new process"
}

test_running_and_new() {
	load lpt_target
	coproc RUNNING { answer; }
	running_is 1
	apply lpt_pair2
	running_is 2
	new_is 2
	revert lpt_pair2
	running_is 1
	new_is 1
}

mode() {
	stat -c %a "$KLP/$1"
}

test_attributes() {
	load lpt_target
	apply lpt_pair2
	is "$(attr lpt_pair2 enabled)" 1 enabled
	is "$(attr lpt_pair2 transition)" 0 transition
	is "$(attr lpt_pair2 replace)" 0 replace
	is "$(attr lpt_pair2 replace_set)" 0 replace_set
	is "$(attr lpt_pair2 stack_order)" 1 stack_order
	is "$(attr lpt_pair2 stragglers)" 0 stragglers
	is "$(attr lpt_pair2 transition_ms)" 0 transition_ms
	is "$(attr lpt_pair2 pinned)" 0 pinned
	is "$(attr lpt_pair2/lpt_target patched)" 1 patched
	is "$(attr lpt_pair2/lpt_blocker patched)" 0 "patched, not loaded"
	[ -d "$KLP/lpt_pair2/lpt_target/lpt_pair_a,1" ]
	[ -d "$KLP/lpt_pair2/lpt_target/lpt_pair_b,1" ]
	is "$(mode lpt_pair2/enabled)" 644
	is "$(mode lpt_pair2/force)" 200
	is "$(mode lpt_pair2/transition)" 444
	is "$(mode lpt_pair2/replace)" 444
	is "$(mode lpt_pair2/replace_set)" 444
	is "$(mode lpt_pair2/stack_order)" 444
	is "$(mode lpt_pair2/stragglers)" 444
	is "$(mode lpt_pair2/transition_ms)" 444
	is "$(mode lpt_pair2/pinned)" 444
	is "$(mode lpt_pair2/lpt_target/patched)" 444
	disable lpt_pair2
	gone lpt_pair2
}

test_refused_writes() {
	load lpt_target
	apply lpt_pair2
	fails_with "$EINVAL" write_to "$KLP/lpt_pair2/enabled" 1
	fails_with "$EINVAL" write_to "$KLP/lpt_pair2/enabled" x
	fails_with "$EINVAL" write_to "$KLP/lpt_pair2/force" 1
	is "$(version)" 2
	is "$(attr lpt_pair2 enabled)" 1
}

test_again() {
	local i

	load lpt_target
	for i in 1 2 3 4 5; do
		apply lpt_pair2
		is "$(version)" 2 "round $i"
		revert lpt_pair2
		is "$(version)" 1 "round $i"
	done
}

test_references() {
	load lpt_target
	apply lpt_pair2
	fails_with "$IN_USE" unload_once lpt_pair2
	is "$(first_line /sys/module/lpt_pair2/refcnt)" 1
	disable lpt_pair2
	settle
	unload lpt_pair2
	# A patch holds no reference to its target
	apply lpt_pair2
	unload lpt_target
	load lpt_target
	is "$(version)" 2
}

test_visible() {
	load_both
	held lpt_pair2
	is "$(attr lpt_pair2 transition)" 1 transition
	is "$(attr lpt_pair2 enabled)" 1 enabled
	at_least "$(attr lpt_pair2 stragglers)" 1 stragglers
	at_least "$(attr lpt_pair2 transition_ms)" 1 transition_ms
	within "$LPT_PATIENCE" patch_state_is $$ 1
	is "$(patch_state "$LPT_PID")" 0 "state of the blocker"
	is "$(version)" 2 "the new code runs meanwhile"
	fails_with "$IN_USE" unload_once lpt_pair2
	release
	settle
	is "$(attr lpt_pair2 transition)" 0 transition
	at_rest
}

polled_is() {
	[ "$(paste -s -d ' ' "$LPT_TMP/polled")" = "$1" ]
}

test_polled() {
	load_both
	held lpt_pair2
	in_background "$LPT_DIR/lpt_module" poll "$KLP/lpt_pair2/transition" \
		> "$LPT_TMP/polled"
	within "$LPT_PATIENCE" polled_is 1
	nap 0.5
	polled_is 1
	release
	within "$LPT_PATIENCE" polled_is "1 0"
}

test_reverse_apply() {
	load_both
	held lpt_pair2
	disable lpt_pair2
	# The blocking task is in the old universe already, and all others can migrate back.
	settle
	is "$(version)" 1
	in_state "$LPT_PID" D
	unload lpt_pair2
	release
	apply lpt_pair2
	is "$(version)" 2
}

test_reverse_revert() {
	load_both
	apply lpt_pair2 hold=1
	hold
	disable lpt_pair2
	within "$LPT_PATIENCE" version_is 1
	in_transition
	is "$(attr lpt_pair2 enabled)" 0 enabled
	write_to "$KLP/lpt_pair2/enabled" 1
	settle
	is "$(attr lpt_pair2 enabled)" 1 enabled
	is "$(version)" 2
	within "$LPT_PATIENCE" callbacks_are "1 2 1 0"
	write_to /sys/module/lpt_pair2/parameters/hold 0
	disable lpt_pair2
	gone lpt_pair2
	is "$(version)" 1
	is "$(callbacks)" "1 2 2 1" "after the revert"
}

# One task sleeps in old code, one in new code: neither direction can complete.
test_reverse_often() {
	local i

	load_both
	held lpt_pair2 hold=1
	within "$LPT_PATIENCE" version_is 2
	hold
	for i in 0 1 0 1 0 1; do
		write_to "$KLP/lpt_pair2/enabled" "$i"
		in_transition
		is "$(attr lpt_pair2 enabled)" "$i" enabled
		within "$LPT_PATIENCE" version_is $((1 + i))
	done
	write_to /sys/module/lpt_pair2/parameters/hold 0
	release
	settle
	is "$(version)" 2
	revert lpt_pair2
	is "$(version)" 1
}

test_one_at_a_time() {
	load_both
	apply lpt_pair3 hold=1
	held lpt_pair2
	fails_with "$EBUSY" load lpt_pair4
	fails_with "$EBUSY" write_to "$KLP/lpt_pair3/enabled" 0
	in_transition
	not loaded lpt_pair4
	release_all
	settle
	is "$(version)" 2
	apply lpt_pair4
	is "$(version)" 4
}

stack() {
	load lpt_target
	apply lpt_pair2
	apply lpt_pair3
	apply lpt_pair4
	is "$(version)" 4
}

orders() {
	cat "$KLP"/lpt_pair*/stack_order | paste -s -d ' '
}

test_stack() {
	stack
	is "$(orders)" "1 2 3"
	revert lpt_pair3
	is "$(version)" 4
	is "$(orders)" "1 2"
	revert lpt_pair4
	is "$(version)" 2
	revert lpt_pair2
	is "$(version)" 1
}

test_stack_from_below() {
	stack
	revert lpt_pair2
	is "$(version)" 4
	revert lpt_pair4
	is "$(version)" 3
	apply lpt_pair2
	is "$(version)" 2
	is "$(attr lpt_pair2 stack_order)" 2
	revert lpt_pair2
	is "$(version)" 3
	revert lpt_pair3
	is "$(version)" 1
}

test_replace() {
	load lpt_target
	apply lpt_pair2
	apply lpt_pair3
	apply lpt_pair4 replace=1
	is "$(version)" 4
	is "$(attr lpt_pair4 replace)" 1
	gone lpt_pair2
	gone lpt_pair3
	is "$(attr lpt_pair4 stack_order)" 1
	unload lpt_pair2
	unload lpt_pair3
	is "$(version)" 4
	revert lpt_pair4
	is "$(version)" 1
}

test_replace_less() {
	load lpt_target
	apply lpt_pair2
	apply lpt_pair3 only_a=1
	is "$(version)" "3 2"
	apply lpt_pair4 replace=1 only_a=1
	is "$(version)" "4 1"
	unload lpt_pair2
	revert lpt_pair4
	is "$(version)" 1
}

test_replace_reversed() {
	load_both
	apply lpt_pair2 hold=1
	held lpt_pair4 replace=1 only_a=1
	disable lpt_pair4
	release_all
	settle
	is "$(version)" 2
	is "$(attr lpt_pair2 enabled)" 1
	unload lpt_pair4
	revert lpt_pair2
}

callbacks() {
	(
		cd /sys/module/lpt_pair2/parameters
		paste -d ' ' pre_patch post_patch pre_unpatch post_unpatch
	)
}

callbacks_are() {
	[ "$(callbacks)" = "$1" ]
}

test_callbacks() {
	load_both
	held lpt_pair2
	is "$(callbacks)" "1 0 0 0" "in the transition"
	release
	settle
	within "$LPT_PATIENCE" callbacks_are "1 1 0 0"
	disable lpt_pair2
	settle
	gone lpt_pair2
	is "$(callbacks)" "1 1 1 1" "after the revert"
	unload lpt_pair2

	held lpt_pair2
	disable lpt_pair2
	release
	settle
	gone lpt_pair2
	is "$(callbacks)" "1 0 0 1" "after a reversal"
}

test_force() {
	not loaded lpt_forced || skip "lpt_forced stays loaded until a reboot"
	load_both
	held lpt_forced hold=1
	write_to "$KLP/lpt_forced/force" 1
	settle
	is "$(version)" 5
	is "$(attr lpt_forced enabled)" 1
	at_rest
	release

	hold
	disable lpt_forced
	within "$LPT_PATIENCE" version_is 1
	in_transition
	write_to "$KLP/lpt_forced/force" 1
	settle
	is "$(version)" 1
	gone lpt_forced
	# The new lpt_hold() polls the parameter, so the task still runs its code.
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
	write_to /sys/module/lpt_forced/parameters/hold 0
	fails_with "$IN_USE" unload_once lpt_forced
	apply lpt_pair2
	is "$(version)" 2
	revert lpt_pair2
}

# trace_once - a tracer comes and goes
trace_once() {
	echo cmdline_proc_show > "$TRACING/set_ftrace_filter"
	echo function > "$TRACING/current_tracer"
	trace_off
}

# RCU tasks has no grace period while a task runs in the kernel without a pause. The end
# of a transition does not wait for it, and nothing else waits for the end.
test_no_grace_period() {
	[ -e "$TRACING/current_tracer" ] || skip "no function tracer"
	load_both
	apply lpt_pair2 hold=1
	hold
	disable lpt_pair2
	in_transition
	in_background write_to "$TARGET/call" "busy 0 60000000"
	within "$LPT_PATIENCE" in_state "$LPT_PID" R
	nap 0.5
	release_all
	settle
	is "$(version)" 1
	in_state "$LPT_PID" R

	start_limit 5
	cat "$BEHIND" > "$LPT_TMP/behind"
	unload lpt_blocker
	load lpt_blocker
	trace_once
	load lpt_pair3
	not limit_is_over
	[ -e "$KLP/lpt_pair2" ]
	fails_with "$IN_USE" unload_once lpt_pair2

	phase any
	settle
	is "$(version)" 3
	gone lpt_pair2
	unload lpt_pair2
	revert lpt_pair3
}

lpt_start 20
lpt_run "patch two functions of vmlinux" test_vmlinux
lpt_run "a running and a new process get the new code" test_running_and_new
lpt_run "sysfs attributes" test_attributes
lpt_run "writes to sysfs that change nothing are refused" test_refused_writes
lpt_run "apply a patch again after a revert" test_again
lpt_run "references to modules" test_references
lpt_run "a blocked transition is visible, and other tasks run the new code" test_visible
lpt_run "poll() reports the end of a transition" test_polled
lpt_run "reverse a transition that enables a patch" test_reverse_apply
lpt_run "reverse a transition that disables a patch" test_reverse_revert
lpt_run "reverse a transition many times" test_reverse_often
lpt_run "a second transition is refused" test_one_at_a_time
lpt_run "three stacked patches, the middle one disabled first" test_stack
lpt_run "three stacked patches, the lowest one disabled first" test_stack_from_below
lpt_run "a patch replaces all others" test_replace
lpt_run "a replaced function goes back to its original" test_replace_less
lpt_run "reverse a replacement" test_replace_reversed
lpt_run "each callback runs once" test_callbacks
lpt_run "the end waits for no grace period" test_no_grace_period
lpt_run "force a transition" test_force
ktap_finished
