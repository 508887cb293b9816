#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Functions that are patched, and traced or probed at the same time, or have a direct
# call as BPF trampolines use it. Whichever starts or ends first, a call must get the
# right version, and an observer of the return value must see that version. Callers run
# all the time to check it.

. "$(dirname "$0")/functions.sh"

ATTACH=$DEBUGFS/lpt_attach
BPF=

start_callers() {
	local i

	load lpt_target
	load lpt_blocker
	load lpt_attach
	echo 0 > "$STATS"
	phase at 1
	CALLERS=()
	for i in 1 2 3 4; do
		start_caller "$TARGET/call" "pairs 20 0"
		CALLERS+=("$LPT_PID")
	done
	within "$LPT_PATIENCE" called old
}

# called VERSION - have the callers run that version of the functions?
called() {
	[ "$(stat_of syscall "$1")" -ge 1 ]
}

stop_callers() {
	local pid

	for pid in "${CALLERS[@]}"; do
		finish "$pid"
	done
	is_clean syscall
}

patch() {
	phase to 2
	apply lpt_pair2
	phase at 2
	is "$(version)" 2
	within "$LPT_PATIENCE" called new
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

# trace_on TRACER - trace the functions lpt_pair_*, or skip the test
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

probe_on() {
	[ -e "$TRACING/kprobe_events" ] || skip "no kprobe events"
	echo "p:lpt/probe_a lpt_pair_a" > "$TRACING/kprobe_events"
	echo 1 > "$TRACING/events/lpt/enable"
	probed
}

# probed - the probe is hit from now on, by callers of any version
probed() {
	echo > "$TRACING/trace"
	within "$LPT_PATIENCE" grep -q " probe_a: " "$TRACING/trace"
}

# look - get the counts since the last call: sets ENTRIES, EXITS and VERSIONS
look() {
	if [ -n "$BPF" ]; then
		echo >&"$ASK"
		read -r -t "$LPT_PATIENCE" ENTRIES EXITS VERSIONS <&"$ANSWER"
	else
		read -r ENTRIES EXITS VERSIONS < "$ATTACH/seen"
		echo 0 > "$ATTACH/seen"
	fi
}

has_seen() {
	local versions=$VERSIONS

	look
	VERSIONS=$((VERSIONS | versions))
	((ENTRIES + EXITS > 0))
}

# sees BITS - an observer of return values sees no versions but these
sees() {
	look
	VERSIONS=0
	nap 0.1
	within "$LPT_PATIENCE" has_seen
	is $((VERSIONS & ~$1)) 0 "bits of versions seen, besides $1"
	case $LPT_MODE in
	exit | kretprobe | fexit) at_least "$VERSIONS" 1 "bits of versions seen" ;;
	esac
}

attach() {
	LPT_MODE=$1
	case $1 in
	fentry | fexit) attach_bpf "$1" ;;
	*) attach_module "$1" ;;
	esac
	sees $((1 << 1 | 1 << 2))
}

attach_module() {
	write_to "$ATTACH/mode" "$1" 2> "$LPT_TMP/error" && return
	! grep -q "not supported" "$LPT_TMP/error" || skip "this kernel has no $1"
	diag "$(< "$LPT_TMP/error")"
	return 1
}

# attach_bpf MODE - the BPF program stays attached while lpt_bpf runs.
attach_bpf() {
	local ready status=0

	rm -f "$LPT_TMP/ask" "$LPT_TMP/answer"
	mkfifo "$LPT_TMP/ask" "$LPT_TMP/answer"
	"$LPT_DIR/lpt_bpf" "$1" lpt_target lpt_pair_a lpt_pair_b \
		< "$LPT_TMP/ask" > "$LPT_TMP/answer" 2> "$LPT_TMP/error" &
	BPF=$!
	exec {ASK}> "$LPT_TMP/ask" {ANSWER}< "$LPT_TMP/answer"
	if ! read -r -t "$LPT_PATIENCE" ready <&"$ANSWER"; then
		wait "$BPF" || status=$?
		BPF=
		[ "$status" -ne 4 ] || skip "no BTF, no BPF trampolines"
		diag "$(< "$LPT_TMP/error")"
		return 1
	fi
	[ "$ready" = ready ]
}

# check_attached - what is attached is called, and sees the current version
check_attached() {
	sees $((1 << $(version)))
}

attach_off() {
	if [ -n "$BPF" ]; then
		finish "$BPF" || :
		BPF=
	fi
	[ ! -e "$ATTACH/mode" ] || echo none > "$ATTACH/mode"
}

# around ON OFF [CHECK] - tracer on, patch, unpatch, tracer off
around() {
	start_callers
	"$1"
	patch
	"${3-:}"
	unpatch
	"${3-:}"
	"$2"
	stop_callers
}

# inside ON OFF [CHECK] - patch, tracer on, tracer off, unpatch
inside() {
	start_callers
	patch
	"$1"
	"${3-:}"
	is "$(version)" 2
	"$2"
	unpatch
	stop_callers
}

# across ON OFF [CHECK] - tracer on, patch, tracer off; tracer on, unpatch, tracer off
across() {
	start_callers
	"$1"
	patch
	"$2"
	is "$(version)" 2
	"$1"
	unpatch
	"${3-:}"
	"$2"
	stop_callers
}

# amid ON OFF [CHECK] - tracer on, off and on during a transition, in both directions
amid() {
	start_callers
	hold
	phase to 2
	load lpt_pair2 hold=1
	come_go_come "$@"
	release
	settle
	phase at 2
	"${3-:}"
	"$2"
	hold
	phase to 1
	disable lpt_pair2
	come_go_come "$@"
	echo 0 > /sys/module/lpt_pair2/parameters/hold
	settle
	phase at 1
	"${3-:}"
	"$2"
	unload lpt_pair2
	stop_callers
}

come_go_come() {
	in_transition
	"$1"
	"$2"
	"$1"
	nap 0.2
	in_transition
}

function_on() {
	trace_on function
}

graph_on() {
	trace_on function_graph
}

ORDERS="around inside across amid"
ATTACHED="entry exit fentry fexit kprobe kretprobe"

for order in $ORDERS; do
	eval "test_function_$order() { $order function_on trace_off; }"
	eval "test_graph_$order() { $order graph_on trace_off; }"
	eval "test_probe_$order() { $order probe_on stop_probes probed; }"
	for mode in $ATTACHED; do
		eval "${mode}_on() { attach $mode; }"
		eval "test_${mode}_$order() {
			$order ${mode}_on attach_off check_attached; }"
	done
done

# A kprobe with a post handler redirects the function itself, so it excludes a patch.
test_post() {
	start_callers
	attach post
	needs_redirecting_kprobe
	fails_with "busy" load lpt_pair2
	is "$(version)" 1
	attach_off
	patch
	# The probe is refused, even if register_kprobe() returns no error
	write_to "$ATTACH/mode" post 2> /dev/null || :
	look
	nap 0.1
	look
	is "$ENTRIES $EXITS" "0 0" "calls of the probe"
	is "$(version)" 2
	attach_off
	unpatch
	attach post
	attach_off
	phase at 1
	stop_callers
}

# The owner of direct calls is notified which of its functions are redirected. It must
# be right also if one of two functions stops being redirected.
test_shared() {
	load lpt_target
	load lpt_attach
	attach_module entry
	is "$(first_line "$ATTACH/shared")" "0 0"
	apply lpt_pair2
	is "$(first_line "$ATTACH/shared")" "1 1"
	apply lpt_input kind=one replace=1
	is "$(versions)" "9 1 1 1 1"
	is "$(first_line "$ATTACH/shared")" "1 0"
	revert lpt_input
	is "$(first_line "$ATTACH/shared")" "0 0"
	attach_off
}

# If the owner of a direct call returns EAGAIN, the kernel retries a limited time.
test_busy_owner() {
	load lpt_target
	load lpt_attach
	attach_module entry
	echo 5 > "$ATTACH/busy"
	apply lpt_pair2
	is "$(first_line "$ATTACH/busy")" 0
	is "$(version)" 2
	revert lpt_pair2
	echo 1000000 > "$ATTACH/busy"
	fails_with "$IN_USE" load lpt_pair2
	echo 0 > "$ATTACH/busy"
	is "$(version)" 1
	apply lpt_pair2
	is "$(version)" 2
	attach_off
}

attach_all() {
	local mode

	while [ ! -e "$LPT_TMP/stop" ]; do
		for mode in entry exit entry kprobe kretprobe; do
			echo "$mode" > "$ATTACH/mode"
		done
	done
	attach_off
}

# rounds_against COMMAND - patch and unpatch while the command runs
rounds_against() {
	local i toggler

	rm -f "$LPT_TMP/stop"
	in_background "$1"
	toggler=$LPT_PID
	for i in 1 2 3; do
		diag "round $i"
		patch
		unpatch
	done
	: > "$LPT_TMP/stop"
	wait "$toggler"
}

test_attach_all() {
	start_callers
	attach entry
	rounds_against attach_all
	stop_callers
}

toggle() {
	while [ ! -e "$LPT_TMP/stop" ]; do
		echo function > "$TRACING/current_tracer"
		echo nop > "$TRACING/current_tracer"
	done
}

test_toggle() {
	grep -qw function "$TRACING/available_tracers" || skip "no tracer"
	start_callers
	echo 'lpt_pair_*' > "$TRACING/set_ftrace_filter"
	rounds_against toggle
	trace_off
	stop_callers
}

clean_up() {
	: > "$LPT_TMP/stop"
	stop_tracing
	attach_off
}

lpt_start 41
for order in $ORDERS; do
	lpt_run "function tracer, $order" "test_function_$order"
	lpt_run "function graph, $order" "test_graph_$order"
	lpt_run "kprobe event, $order" "test_probe_$order"
	lpt_run "direct call at the entry, $order" "test_entry_$order"
	lpt_run "direct call around the function, $order" "test_exit_$order"
	lpt_run "BPF program at the entry, $order" "test_fentry_$order"
	lpt_run "BPF program after the function, $order" "test_fexit_$order"
	lpt_run "kprobe, $order" "test_kprobe_$order"
	lpt_run "kretprobe, $order" "test_kretprobe_$order"
done
lpt_run "a kprobe with a post handler excludes a patch" test_post
lpt_run "the owner of direct calls is notified of redirects" test_shared
lpt_run "the owner of a direct call returns EAGAIN for a while" test_busy_owner
lpt_run "the function tracer is switched during transitions" test_toggle
lpt_run "direct calls and kprobes are switched during transitions" test_attach_all
ktap_finished
