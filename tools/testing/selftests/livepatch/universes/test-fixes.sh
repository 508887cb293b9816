#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fixes of stable releases that changed a function which takes a lock, and the function
# that drops it, are applied while a task that calls the two is preempted often. The task
# has to call the same version of both. Otherwise it drops a lock that it has not taken.

. "$(dirname "$0")/functions.sh"

ROUNDS=${LPT_ROUNDS:-6}

# fix_again FIX SYMBOL - undo the fix and apply it, several times
fix_again() {
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		apply lpt_unfixed "fix=$1" "next_fn=0x$(address "$2")"
		nap 0.1
		revert lpt_unfixed
		is "$(tainted)" "$LPT_TAINTED" "taint"
		kill -0 "$LPT_PID"
	done
}

address() {
	awk -v name="$1" '$3 == name { print $1; exit }' /proc/kallsyms
}

# needs SYMBOL - skip without lpt_unfixed, or without this symbol
needs() {
	[ -e "$LPT_DIR/test_modules/lpt_unfixed.ko" ] || skip "no IPv4"
	[ -n "$(address "$1")" ] || skip "no symbol $1"
}

test_raw() {
	needs raw_seq_next
	ready lpt_fixes raw "$LAST_CPU" 500
	fix_again raw raw_seq_next
}

test_icmp() {
	needs ping_seq_next
	echo "0 0" > /proc/sys/net/ipv4/ping_group_range
	ready lpt_fixes icmp "$LAST_CPU" 500
	fix_again icmp ping_seq_next
}

lpt_start 2
lpt_run_cleanly "a fix of /proc/net/raw is applied while it is read" test_raw
lpt_run_cleanly "a fix of /proc/net/icmp is applied while it is read" test_icmp
ktap_finished
