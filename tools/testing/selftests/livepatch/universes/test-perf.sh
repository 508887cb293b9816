#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Records of perf about trampolines: during a transition there is a symbol at the
# target of the call site, and its text. Some time after the transition both go.

. "$(dirname "$0")/functions.sh"

# Trampolines are freed after grace periods, which are not expedited.
PATIENCE=$((LPT_PATIENCE + 30))

# block come|go ENTRY - the address of the block of trampolines that contains ENTRY
block() {
	local verb address bytes name

	while read -r verb address bytes name; do
		[ "$verb $name" = "$1 klp_trampoline" ] || continue
		((0x$address <= 0x$2 && 0x$2 < 0x$address + bytes)) || continue
		echo "$address"
		return
	done < "$LPT_TMP/perf"
}

has() {
	[ -n "$(block "$1" "$2")" ]
}

# text ADDRESS OLD_BYTES NEW_BYTES - perf has a record of this change of text
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
	[ "$status" -ne 4 ] || skip "the kernel has no perf"
	diag "$(first_line "$LPT_TMP/error")"
	return 1
}

spoke() {
	[ -s "$LPT_TMP/perf" ] || ! kill -0 "$1" 2> /dev/null
}

# While a function is traced, ftrace keeps the names of the init functions of modules that
# are loaded, and shows them for a trampoline that comes to the same place.
untraced() {
	[ -z "$(< "$TRACING/enabled_functions")" ]
}

test_trampoline() {
	local block

	has_trampolines || skip "no trampolines"
	within "$PATIENCE" untraced || skip "others trace functions"
	load lpt_target
	load lpt_blocker
	listen
	hold
	load lpt_pair2
	in_transition
	find_entry lpt_pair_a
	[ -n "$ENTRY" ] || skip "no trampoline of its own"
	within "$LPT_PATIENCE" has come "$ENTRY"
	block=$(block come "$ENTRY")
	within "$LPT_PATIENCE" text "$block" 0 4096
	release
	settle
	not has go "$ENTRY"
	within "$PATIENCE" has go "$ENTRY"
	is "$(block go "$ENTRY")" "$block"
	within "$LPT_PATIENCE" text "$block" 4096 0
}

lpt_start 1
lpt_run "perf has symbols and text of trampolines" test_trampoline
ktap_finished
