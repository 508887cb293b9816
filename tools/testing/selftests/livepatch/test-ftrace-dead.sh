#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ftrace finds a call site that it does not expect, and disables itself. Call sites go
# on leading to trampolines and patches, so nothing of that may be freed. The kernel
# warns, and can't be patched again before it is rebooted: this is for a machine of its
# own, and no part of the tests that run by default.
#
# LPT_STEP: the step of live patching in which ftrace dies: leave, retarget, register

. "$(dirname "$0")/functions.sh"

STEP=${LPT_STEP:-leave}
DEAD="No such device"
IN_USE="temporarily unavailable"

# spoil FUNCTION
spoil() {
	load lpt_spoiler function="$1" 2> "$LPT_TMP/error" && return
	! grep -q "not supported" "$LPT_TMP/error" || skip "no kprobes here"
	diag "$(< "$LPT_TMP/error")"
	return 1
}

is_dead() {
	at_least "$(dmesg | grep -c "ftrace bug")" 1 "deaths of ftrace"
}

# Whatever is freed is freed after 10 s and some grace periods.
wait_for_free() {
	nap 15
}

# The call sites of all functions are given back, at the end of a transition
die_leave() {
	apply lpt_pair2 hold=1
	hold
	disable lpt_pair2
	in_transition
	spoil lpt_pair_b
	echo 0 > /sys/module/lpt_pair2/parameters/hold
	settle
	is_dead
	gone lpt_pair2
	fails_with "$IN_USE" "$LPT_DIR/lpt_module" unload lpt_pair2
	wait_for_free
	is "$(version)" 1
}

# The call sites get another target, at the beginning of one
die_retarget() {
	apply lpt_pair2
	spoil lpt_pair_b
	fails_with "$DEAD" write_to "$KLP/lpt_pair2/enabled" 0
	is_dead
	is "$(attr lpt_pair2 enabled)" 1
	wait_for_free
	# The call site of the second one was spoiled.
	is "$(version)" "2 1"
}

# The call sites are registered
die_register() {
	spoil lpt_pair_b
	fails_with "$DEAD" load lpt_pair2
	is_dead
	wait_for_free
	is "$(version)" 1
}

test_dead() {
	[ -e "$LPT_DIR/test_modules/lpt_spoiler.ko" ] || skip "no lpt_spoiler"
	load lpt_target
	load lpt_blocker
	"die_$STEP"
	fails_with "$DEAD" load lpt_pair3
	not in_transition
	call pairs 10 0
}

# Patches can't be disabled any more.
lpt_reset() {
	release_all
}

lpt_start 1
lpt_run "ftrace dies: $STEP" test_dead
ktap_finished
