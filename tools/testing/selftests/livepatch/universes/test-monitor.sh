#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The runtime verification monitor "universe" watches each task while patches are
# applied, reverted and reversed. It must report no error. See
# Documentation/trace/rv/monitor_universe.rst.

. "$(dirname "$0")/functions.sh"

MONITORS=$TRACING/rv
EVENTS=$TRACING/events/rv

monitor_on() {
	grep -qxs universe "$MONITORS/available_monitors" ||
		skip "no monitor of universes (RV_MON_UNIVERSE)"
	echo universe > "$MONITORS/enabled_monitors"
	# Trace each error, and the events that seen() counts
	echo 'event == "move" || event == "turn"' > "$EVENTS/event_universe/filter"
	echo 1 > "$EVENTS/error_universe/enable"
	echo 1 > "$EVENTS/event_universe/enable"
	echo > "$TRACING/trace"
}

monitor_off() {
	[ -e "$EVENTS/error_universe" ] || return 0
	echo 0 > "$EVENTS/error_universe/enable"
	echo 0 > "$EVENTS/event_universe/enable"
	echo 0 > "$EVENTS/event_universe/filter"
	echo > "$MONITORS/enabled_monitors"
}

# seen MOVES TURNS - at least so many of these events, and no error
seen() {
	local trace=$LPT_TMP/trace moves turns

	cat "$TRACING/trace" > "$trace"
	! grep " error_universe: " "$trace" | sed 's/^/# /' | grep . || return
	moves=$(grep -c " event_universe: .* x move " "$trace" || :)
	turns=$(grep -c " event_universe: .* x turn " "$trace" || :)
	diag "$moves moves, $turns turns"
	at_least "$moves" "$1" "moves"
	at_least "$turns" "$2" "turns"
}

back_and_forth() {
	local i

	for ((i = 0; i < $1; i++)); do
		apply lpt_pair2
		revert lpt_pair2
	done
}

test_callers() {
	monitor_on
	load lpt_target
	tasks storm 2
	tasks callers
	tasks spin 1
	back_and_forth 10
	seen 100 0
}

test_sleepers() {
	local mode

	monitor_on
	load lpt_target
	for mode in sleepers stopped traced zombie leader "vfork 60000" "threads 20"; do
		# shellcheck disable=SC2086
		tasks $mode
	done
	back_and_forth 3
	seen 100 0
}

test_turned_around() {
	local i

	monitor_on
	load lpt_target
	load lpt_blocker
	tasks storm 2
	tasks sleepers
	apply lpt_pair2
	for i in 1 2 3; do
		write_to /sys/module/lpt_pair2/parameters/hold 1
		hold
		disable lpt_pair2
		in_transition
		nap 0.2
		write_to "$KLP/lpt_pair2/enabled" 1
		nap 0.02
		release_all
		settle
	done
	revert lpt_pair2
	seen 100 100
}

clean_up() {
	monitor_off
}

lpt_start 3
lpt_run "no error of the monitor with tasks that run" test_callers
lpt_run "no error of the monitor with tasks that sleep" test_sleepers
lpt_run "no error of the monitor with reversed transitions" test_turned_around
ktap_finished
