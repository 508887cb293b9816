#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Cases that are known to break live patching implementations: patches of the exit
# path while tasks exit, modules that are loaded during a transition, CPU hotplug, and
# tracers that are switched on and off.
#
# LPT_LIMIT: seconds for each test without a fixed number of rounds.

. "$(dirname "$0")/functions.sh"

LIMIT=${LPT_LIMIT:-10}

# in_a_loop COMMAND... - in the background until limit_is_over(); sets LOOP
in_a_loop() {
	in_background looped "$@"
	LOOP=$LPT_PID
}

looped() {
	until limit_is_over; do
		"$@"
	done
}

#
# Tasks that exit
#

# After these functions return, the task may still sleep, as the patch does.
EXIT="exit_signals exit_files exit_fs exit_tasks_rcu_start exit_task_stack_account"

test_exit() {
	local functions old=lpt_pass1 new=lpt_pass2 swap i

	mapfile -t functions < <(traceable do_group_exit do_exit "$EXIT" \
					   release_task exit_rcu do_task_dead)
	[[ ${functions[*]} = *do_exit*do_task_dead* ]]
	tasks storm 4
	with_functions apply $old "${functions[@]}" -- frame=1 nap_ms=30
	start_limit $((2 * LIMIT))
	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions apply $new "${functions[@]}" -- frame=1 nap_ms=30 \
			       replace=1
		at_least "$(calls $old)" 1 "calls of round $i"
		unload $old
		swap=$old old=$new new=$swap
	done
	diag "$i replacements, $(calls $old) calls of the last patch"
	revert $old
	at_least "$i" 2 "replacements"
}

some_are_exiting() {
	grep -q "^-	-	[1-9][0-9]* exiting	help: the end" "$BEHIND"
}

# After exit_task_stack_account() a task is no longer in the task list, so only the
# count of exiting tasks includes it. The patch sleeps there for longer than a
# transition takes that does not wait for such tasks.
test_unhashed() {
	local old=lpt_pass1 new=lpt_pass2 swap nap=$((LPT_SECONDS * 500)) i

	[ -n "$(traceable exit_task_stack_account)" ] ||
		skip "exit_task_stack_account() can't be patched"
	tasks storm 2
	with_functions apply $old exit_task_stack_account -- frame=1 nap_ms=$nap
	for i in 1 2 3; do
		nap 0.5
		at_least "$(calls $old)" 1 "calls of round $i"
		with_functions load $new exit_task_stack_account -- frame=1 \
			       nap_ms=$nap replace=1
		within "$LPT_PATIENCE" some_are_exiting
		settle
		unload $old
		swap=$old old=$new new=$swap
	done
	nap $((LPT_SECONDS / 2 + 1))
	revert $old
}

test_exit_reversed() {
	local functions i

	mapfile -t functions < <(traceable do_exit "$EXIT")
	tasks storm 4
	start_limit "$LIMIT"
	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions load lpt_pass1 "${functions[@]}" -- frame=1 nap_ms=30
		disable lpt_pass1
		settle
		unload lpt_pass1
	done
	diag "$i reversals"
	at_least "$i" 2 "reversals"
}

#
# A replacement whose transition is blocked, and modules that are loaded meanwhile
#

# half_way PATCH - the transition has started, this task has migrated, another blocks
half_way() {
	in_transition
	within "$LPT_PATIENCE" patch_state_is $$ 1
}

# Both patches name the module. A migrated task gets the new patch at once.
test_late_module() {
	local i

	load lpt_blocker
	apply lpt_pair2 hold=1
	hold
	load lpt_pair4 replace=1 hold=1
	half_way
	for i in 1 2 3; do
		load lpt_target
		is "$(first_line "$TARGET/init")" "4 4" "init function, round $i"
		is "$(version)" 4 "round $i"
		in_transition
		unload lpt_target
	done
	load lpt_target
	# One task is in the old code, one in the new: neither direction can complete.
	hold
	disable lpt_pair4
	within "$LPT_PATIENCE" version_is 2
	unload lpt_target
	load lpt_target
	is "$(version)" 2 "turned around"
	write_to "$KLP/lpt_pair4/enabled" 1
	within "$LPT_PATIENCE" version_is 4
	in_transition
	release_all
	settle
	gone lpt_pair2
	unload lpt_pair2
	is "$(version)" 4
	unload lpt_target
	load lpt_target
	is "$(version)" 4 "afterwards"
	revert lpt_pair4
}

#
# CPUs
#

# The transition is blocked while the CPU goes offline and online.
test_unplug() {
	local i

	need_hotplug
	load lpt_target
	load lpt_blocker
	echo 1 > "$TARGET/timers"
	for i in 1 2 3; do
		hold
		phase to 2
		load lpt_pair2
		in_transition
		cpu 0
		[ "$i" -ne 2 ] || { phase any; disable lpt_pair2; }
		cpu 1
		echo 1 > "$TARGET/timers"
		nap 0.1
		release
		settle
		phase any
		[ "$i" -eq 2 ] || disable lpt_pair2
		settle
		unload lpt_pair2
	done
	is_clean hardirq softirq syscall
}

# Patch functions that CPU hotplug calls
test_plug_functions() {
	local functions i

	need_hotplug
	mapfile -t functions < <(traceable cpuhp_invoke_callback cpuhp_thread_fun \
		cpu_down_maps_locked _cpu_down.constprop.0 _cpu_up take_cpu_down \
		sched_cpu_activate sched_cpu_deactivate sched_cpu_starting \
		sched_cpu_dying klp_cpu_dead native_cpu_disable native_kick_ap \
		play_dead_common idle_task_exit \
		hrtimers_cpu_dying rcutree_report_cpu_starting set_cpu_online)
	at_least "${#functions[@]}" 5 "functions"
	rm -f "$LPT_TMP/unplugged"
	start_limit "$LIMIT"
	in_a_loop plug
	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions apply lpt_pass1 "${functions[@]}"
		revert lpt_pass1
	done
	wait "$LOOP"
	diag "$i rounds of ${#functions[@]} functions"
	at_least "$i" 2 "rounds"
	at_least "$(wc -l < "$LPT_TMP/unplugged")" 1 "times a CPU went offline"
}

#
# Tracers
#

trace_and_stop() {
	echo function > "$TRACING/current_tracer"
	echo nop > "$TRACING/current_tracer"
}

probe_and_stop() {
	echo "p:lpt/probe $1" > "$TRACING/kprobe_events"
	echo 1 > "$TRACING/events/lpt/enable"
	stop_probes
}

rounds_of() {
	local i

	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions apply lpt_pass1 "$@"
		with_functions apply lpt_pass2 "$@" -- replace=1
		unload lpt_pass1
		revert lpt_pass2
	done
	at_least "$i" 1 "rounds"
	diag "$i rounds"
}

TRACED=(vfs_read vfs_write ktime_get try_to_wake_up)

test_tracer() {
	local functions

	grep -qw function "$TRACING/available_tracers" || skip "no tracer"
	mapfile -t functions < <(traceable "${TRACED[@]}")
	echo "${functions[*]}" > "$TRACING/set_ftrace_filter"
	start_limit "$LIMIT"
	in_a_loop trace_and_stop
	rounds_of "${functions[@]}"
	wait "$LOOP"
}

test_probes() {
	local functions

	[ -e "$TRACING/kprobe_events" ] || skip "no kprobe events"
	mapfile -t functions < <(traceable "${TRACED[@]}")
	start_limit "$LIMIT"
	in_a_loop probe_and_stop "${functions[0]}"
	rounds_of "${functions[@]}"
	wait "$LOOP"
}

clean_up() {
	stop_tracing
}

lpt_start 8
lpt_run "a patch of the exit path is replaced while tasks exit" test_exit
lpt_run "a transition waits for tasks that have left the task list" test_unhashed
lpt_run "a patch of the exit path is reversed while tasks exit" test_exit_reversed
lpt_run "a module is loaded while a replacement is blocked" test_late_module
lpt_run "a CPU goes offline while a transition is blocked" test_unplug
lpt_run "functions of CPU hotplug are patched" test_plug_functions
lpt_run "tracers are switched on and off all the time" test_tracer
lpt_run "probes are switched on and off all the time" test_probes
ktap_finished
