#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No program notices a transition: blocking calls return the same result, at the same
# time, with and without transitions. Calls for which this does not hold are listed in
# Documentation/livepatch/administration.rst. See lpt_sweep.c.

. "$(dirname "$0")/functions.sh"

SWEEP=$LPT_DIR/lpt_sweep

# Most calls end when a signal with a handler interrupts them.
SEEN_AT_LEAST=120

said() {
	grep -qx "$1" "$LPT_TMP/sweep"
}

# start_sweep ARGUMENT... - sets LPT_PID, and waits until the tasks sit in their calls
start_sweep() {
	: > "$LPT_TMP/sweep"
	: > "$LPT_TMP/pairs"
	in_background "$SWEEP" "$@" > "$LPT_TMP/sweep"
	within $((LPT_PATIENCE * 10)) said sitting
}

# pair_began - begin a pair of transitions, for pair_ended()
pair_began() {
	BEGAN=${EPOCHREALTIME/./}
	load lpt_pair2
}

pair_ended() {
	echo "$BEGAN ${EPOCHREALTIME/./}" >> "$LPT_TMP/pairs"
}

# Transitions all the time. The time has to suffice for three pairs.
test_pairs() {
	load lpt_target
	set_delay 10
	start_sweep "$((LPT_SECONDS < 10 ? LPT_SECONDS * 5000 : 50000))" "$LPT_TMP/pairs"
	until said over; do
		pair_began
		settle
		revert lpt_pair2
		pair_ended
	done
	finish "$LPT_PID"
	diag "$(sed -n '$s/^# //p' "$LPT_TMP/sweep")"
	at_least "$(wc -l < "$LPT_TMP/pairs")" 3 "pairs of transitions"
}

# One transition, which can't end before the tasks have left their calls. It takes less
# than 15 s, after which requests of io_uring would be interrupted.
test_blocked() {
	load lpt_target
	set_delay 10
	start_sweep -b 6000 "$LPT_TMP/pairs"
	pair_began
	within $((LPT_PATIENCE * 2)) said over
	settle
	pair_ended
	revert lpt_pair2
	finish "$LPT_PID"
	diag "$(sed -n '$s/^# //p' "$LPT_TMP/sweep")"
}

# The comparison sees a change if there is one.
test_seen() {
	local seen

	"$SWEEP" -i 4000 none > "$LPT_TMP/sweep"
	seen=$(sed -n '$s/.* \([0-9]*\) differ.*/\1/p' "$LPT_TMP/sweep")
	diag "$(sed -n '$s/^# //p' "$LPT_TMP/sweep")"
	at_least "$seen" "$SEEN_AT_LEAST" "cases that notice a signal"
}

# report [-b] - one result for each case of the round
report() {
	local name line

	for name in $("$SWEEP" "$@" 0 none); do
		grep "^# $name: " "$LPT_TMP/sweep"
		line=$(grep -m 1 -E "^(ok|not ok|skip) $name(:|$)" "$LPT_TMP/sweep")
		case $line in
		ok*)	ktap_test_pass "$name" ;;
		skip*)	ktap_test_skip "${line#skip }" ;;
		*)	ktap_test_fail "${line:-$name: no result}" ;;
		esac
	done
}

lpt_start $(($("$SWEEP" 0 none | wc -l) + $("$SWEEP" -b 0 none | wc -l) + 3))
lpt_run "transitions end while tasks sit in blocking calls" test_pairs
report
lpt_run "a transition ends after calls that delay it" test_blocked
report -b
lpt_run "interrupted calls are noticed" test_seen
ktap_finished
