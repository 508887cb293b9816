#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# On an idle system a transition ends without intervention, within LPT_SECONDS.

. "$(dirname "$0")/functions.sh"

ROUNDS=${LPT_ROUNDS:-10}

# timed COMMAND... - append its duration in milliseconds to times
timed() {
	local start=${EPOCHREALTIME/./}

	"$@"
	times+=($(((${EPOCHREALTIME/./} - start) / 1000)))
}

apply_in_time() {
	load lpt_pair2
	settle_within "$LPT_SECONDS"
}

revert_in_time() {
	disable lpt_pair2
	settle_within "$LPT_SECONDS"
}

test_time() {
	local i times=()

	load lpt_target
	for ((i = 0; i < ROUNDS; i++)); do
		timed apply_in_time
		is "$(version)" 2
		timed revert_in_time
		is "$(version)" 1
		unload lpt_pair2
	done
	diag "milliseconds to apply, to revert, ...: ${times[*]}"
}

test_at_rest() {
	load lpt_target
	at_rest
	apply lpt_pair2
	at_rest
	disable lpt_pair2
	settle
	at_rest
}

# ftrace has records of the patched functions while the patch is applied, and no others.
test_ftrace_records() {
	local before

	load lpt_target
	before=$(< "$TRACING/enabled_functions")
	apply lpt_pair2
	is "$(grep -c '^lpt_pair_[ab] ' "$TRACING/enabled_functions")" 2
	revert lpt_pair2
	same "$before" "$(< "$TRACING/enabled_functions")"
}

NEVER="stop_machine stop_machine_cpuslocked multi_cpu_stop arch_stack_walk_reliable
       stack_trace_save_tsk_reliable"

clean_up() {
	trace_off
}

# proc_pid_status() is traced as well, to show that the tracer works.
test_never_called() {
	local names

	grep -qw function "$TRACING/available_tracers" || skip "no function tracer"
	# shellcheck disable=SC2086	# words
	names=$(traceable $NEVER)
	at_least "$(wc -w <<< "$names")" 1 "functions to trace"
	load lpt_target
	echo "$names" proc_pid_status > "$TRACING/set_ftrace_filter"
	echo function > "$TRACING/current_tracer"
	apply lpt_pair2
	revert lpt_pair2
	cat /proc/self/status > /dev/null
	at_least "$(grep -c ": proc_pid_status <-" "$TRACING/trace")" 1 "calls seen"
	is "$(grep -v "^#\|: proc_pid_status <-" "$TRACING/trace")" "" \
		"calls of what stops CPUs or reads stacks"
}

lpt_start 4
lpt_run "$ROUNDS transitions in each direction end within $LPT_SECONDS s" test_time
lpt_run "no task has a patch state when no transition runs" test_at_rest
lpt_run "ftrace has records of patched functions only" test_ftrace_records
lpt_run "no CPU is stopped, and no stack is read" test_never_called
ktap_finished
