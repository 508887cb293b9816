#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# perf is told about trampolines: in a transition there is a symbol where the call
# site leads to, and its text; after it, some time, both go.

. "$(dirname "$0")/functions.sh"

# Trampolines are freed behind grace periods, which nobody is in a hurry for.
PATIENCE=$((LPT_PATIENCE + 30))

# addresses VERB - of all trampolines that come, or go
addresses() {
	local verb address name

	while read -r verb address _ name; do
		[ "$verb" != "$1" ] || [ "$name" != klp_trampoline ] || echo "$address"
	done < "$LPT_TMP/perf"
}

came() {
	BLOCK=$(addresses come)
	[ -n "$BLOCK" ]
}

has_gone() {
	[ "$(addresses go)" = "$BLOCK" ]
}

# text ADDRESS OLD_BYTES NEW_BYTES - a record of perf says that this was written
text() {
	grep -qx "text $*" "$LPT_TMP/perf"
}

listen() {
	local status=0

	"$LPT_DIR/lpt_perf" > "$LPT_TMP/perf" 2> "$LPT_TMP/error" &
	LPT_PID=$!
	within "$LPT_PATIENCE" spoke "$LPT_PID"
	[ ! -s "$LPT_TMP/perf" ] || return 0
	wait "$LPT_PID" || status=$?
	[ "$status" -ne 4 ] || skip "no such events of perf"
	diag "$(first_line "$LPT_TMP/error")"
	return 1
}

spoke() {
	[ -s "$LPT_TMP/perf" ] || ! kill -0 "$1" 2> /dev/null
}

# Where ftrace says that the call site leads to
entry_of() {
	sed -n "s/^$1 .*tramp: [^ ]*0x\([0-9a-f]*\).*/\1/p" \
	    "$TRACING/enabled_functions"
}

test_trampoline() {
	local entry

	load lpt_target
	load lpt_blocker
	listen
	hold
	load lpt_pair2
	in_transition
	entry=$(entry_of lpt_pair_a)
	[ -n "$entry" ] || skip "no trampoline of its own"
	within "$LPT_PATIENCE" came
	is "$(wc -l <<< "$BLOCK")" 1 "blocks of trampolines"
	at_least $((0x$entry)) $((0x$BLOCK))
	at_least $((0x$BLOCK + 4095)) $((0x$entry))
	within "$LPT_PATIENCE" text "$BLOCK" 0 4096
	release
	settle
	is "$(addresses go)" "" "trampolines that have gone too early"
	within "$PATIENCE" has_gone
	within "$LPT_PATIENCE" text "$BLOCK" 4096 0
}

lpt_start 1
lpt_run "perf has the names of trampolines" test_trampoline
ktap_finished
