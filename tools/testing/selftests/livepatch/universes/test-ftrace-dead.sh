#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ftrace finds unexpected code at a call site, and disables itself. Call sites keep
# leading to trampolines and patches, so neither may be freed. The kernel warns, and
# can't be patched again before a reboot. So this needs a machine of its own, and does
# not run by default.
#
# LPT_STEP: the step of live patching in which ftrace dies: leave, retarget, register; or
# tracer: as register, with a tracer that ends later

. "$(dirname "$0")/functions.sh"

STEP=${LPT_STEP:-leave}
DEAD="No such device"
# Warnings of ftrace, which disables itself, and of live patching, which can't change call sites
LPT_EXPECTED="WARNING: .* at (ftrace_(replace_code|bug|shutdown)|klp_redirect_(must_commit|settle))[+]"

# spoil FUNCTION
spoil() {
	load lpt_spoiler function="$1" 2> "$LPT_TMP/error" && return
	! grep -q "not supported" "$LPT_TMP/error" || skip "no kprobes here"
	diag "$(< "$LPT_TMP/error")"
	return 1
}

is_dead() {
	at_least "$(dmesg | grep -c "ftrace bug")" 1 "reports that ftrace is disabled"
}

# Trampolines and patches would be freed after 10 s and some grace periods.
wait_for_free() {
	nap 15
}

# Step "leave": at the end of a transition the call sites are given back to ftrace.
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
	fails_with "$IN_USE" unload_once lpt_pair2
	wait_for_free
	is "$(version)" 1
}

# Step "retarget": at the start of a transition the call sites get another target.
die_retarget() {
	apply lpt_pair2
	spoil lpt_pair_b
	fails_with "$DEAD" write_to "$KLP/lpt_pair2/enabled" 0
	is_dead
	is "$(attr lpt_pair2 enabled)" 1
	wait_for_free
	# lpt_spoiler disabled the call site of lpt_pair_b().
	is "$(version)" "2 1"
}

# Step "register": the call sites are registered with ftrace.
die_register() {
	spoil lpt_pair_b
	fails_with "$DEAD" load lpt_pair2
	is_dead
	wait_for_free
	is "$(version)" 1
}

# Step "tracer": the memory of a tracer is freed after ftrace has died, its trampoline stays,
# and nobody finds the tracer by it any more.
die_tracer() {
	local instance=$TRACING/instances/lpt before

	mkdir "$instance" 2> /dev/null || skip "no tracers"
	write_to "$instance/set_ftrace_filter" lpt_pair_a
	write_to "$instance/current_tracer" function
	call pairs 10 0
	die_register
	before=$(trampolines)
	((before > 0)) || skip "ftrace allocates no trampolines"
	rmdir "$instance"
	is "$(trampolines)" $((before - 1))
}

trampolines() {
	grep -c "ftrace_trampoline.*\[" /proc/kallsyms || :
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

# Replaces that of functions.sh: patches can't be disabled any more.
lpt_reset() {
	release_all
}

lpt_start 1
lpt_run "ftrace is disabled in step $STEP" test_dead
ktap_finished
