#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Patched functions that somebody traces. Whoever comes or goes first, a call
# gets the version that it should get. Callers run all the time and would see
# any other one.

. "$(dirname "$0")/functions.sh"

start_callers() {
	load lpt_target
	echo 0 > "$STATS"
	phase at 1
	in_background nice -n 10 "$LPT_DIR/lpt_hammer" "$TARGET/call" 200 \
		      4 "pairs 20 0" > "$LPT_TMP/hammer"
	CALLERS=$LPT_PID
}

stop_callers() {
	finish "$CALLERS"
	is_clean syscall
	at_least "$(stat_of syscall old)" 1 "old calls"
	at_least "$(stat_of syscall new)" 1 "new calls"
}

patch() {
	phase to 2
	apply lpt_pair2
	phase at 2
	is "$(version)" 2
	nap 0.1
}

unpatch() {
	is "$(version)" 2
	phase to 1
	disable lpt_pair2
	settle
	phase at 1
	unload lpt_pair2
	is "$(version)" 1
}

# The patched functions and the new ones, or nothing if the kernel lacks it
trace_on() {
	grep -qw "$1" "$TRACING/available_tracers" || skip "no tracer $1"
	echo 'lpt_pair_*' > "$TRACING/set_ftrace_filter"
	echo "$1" > "$TRACING/current_tracer"
	echo > "$TRACING/trace"
	nap 0.1
	traced
}

traced() {
	within "$LPT_PATIENCE" grep -q lpt_pair_a "$TRACING/trace"
}

trace_off() {
	echo nop > "$TRACING/current_tracer"
	echo > "$TRACING/set_ftrace_filter"
}

probe_on() {
	[ -e "$TRACING/kprobe_events" ] || skip "no kprobe events"
	echo "p:lpt/probe_a lpt_pair_a" > "$TRACING/kprobe_events"
	echo 1 > "$TRACING/events/lpt/enable"
}

probe_off() {
	[ -e "$TRACING/events/lpt" ] || return 0
	echo 0 > "$TRACING/events/lpt/enable"
	echo > "$TRACING/kprobe_events"
}

# around ON OFF - the tracer encloses the patch
around() {
	start_callers
	"$1"
	patch
	unpatch
	"$2"
	stop_callers
}

# inside ON OFF - the patch encloses the tracer
inside() {
	start_callers
	patch
	"$1"
	is "$(version)" 2
	"$2"
	unpatch
	stop_callers
}

# across ON OFF - first come, first gone
across() {
	start_callers
	"$1"
	patch
	"$2"
	is "$(version)" 2
	"$1"
	unpatch
	"$2"
	stop_callers
}

function_on() {
	trace_on function
}

graph_on() {
	trace_on function_graph
}

for order in around inside across; do
	eval "test_function_$order() { $order function_on trace_off; }"
	eval "test_graph_$order() { $order graph_on trace_off; }"
	eval "test_probe_$order() { $order probe_on probe_off; }"
done

toggle() {
	while [ ! -e "$LPT_TMP/stop" ]; do
		echo function > "$TRACING/current_tracer"
		echo nop > "$TRACING/current_tracer"
	done
}

test_toggle() {
	local i toggler

	grep -qw function "$TRACING/available_tracers" || skip "no tracer"
	rm -f "$LPT_TMP/stop"
	start_callers
	echo 'lpt_pair_*' > "$TRACING/set_ftrace_filter"
	in_background toggle
	toggler=$LPT_PID
	for i in 1 2 3; do
		diag "round $i"
		patch
		unpatch
	done
	: > "$LPT_TMP/stop"
	wait "$toggler"
	trace_off
	stop_callers
}

clean_up() {
	: > "$LPT_TMP/stop"
	trace_off
	probe_off
	lpt_reset
	rm -rf "$LPT_TMP"
}
trap clean_up EXIT

# run DESCRIPTION FUNCTION - nor may a tracer stay for the next test
run() {
	lpt_run "$@"
	trace_off
	probe_off
}

lpt_start 10
for order in around inside across; do
	run "function tracer, $order" "test_function_$order"
	run "function graph, $order" "test_graph_$order"
	run "kprobe, $order" "test_probe_$order"
done
run "tracer comes and goes during transitions" test_toggle
ktap_finished
