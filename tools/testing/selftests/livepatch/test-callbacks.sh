#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Callbacks that load and unload the very modules that their patch names: each
# object is told of everything, in order, and once.

. "$(dirname "$0")/functions.sh"

# commands for "run"
LOAD="$LPT_DIR/lpt_module load $LPT_DIR/test_modules"
UNLOAD="$LPT_DIR/lpt_module unload"

param() {
	first_line "/sys/module/lpt_callbacks/parameters/$1"
}

# told OBJECT CALLBACK... - what an object was told
told() {
	local object=$1 call got=

	shift
	for call in $(param calls); do
		[ "${call#*:}" != "$object" ] || got="$got ${call%:*}"
	done
	is "${got# }" "$*" "$object"
}

# patch WHEN COMMAND - load it; the callback WHEN runs the COMMAND
patch() {
	apply lpt_callbacks "when=$1" "run=\"$2\""
}

ran() {
	is "$(param status)" 0 "status of the command"
}

patched() {
	attr "lpt_callbacks/$1" patched
}

revert_all() {
	disable lpt_callbacks
	settle
	gone lpt_callbacks
}

test_load_before() {
	patch pre_patch:vmlinux "$LOAD/lpt_target.ko"
	ran
	is "$(version)" 6
	is "$(first_line "$TARGET/init")" "1 1" "seen by the init function"
	told vmlinux pre_patch post_patch
	told lpt_target pre_patch post_patch
	revert_all
	is "$(version)" 1
	told lpt_target pre_patch post_patch pre_unpatch post_unpatch
}

test_load_at_end() {
	patch post_patch:vmlinux "$LOAD/lpt_target.ko"
	within "$LPT_PATIENCE" version_is 6
	ran
	told lpt_target pre_patch post_patch
	revert_all
	is "$(version)" 1
	told lpt_target pre_patch post_patch pre_unpatch post_unpatch
}

test_load_in_disable() {
	patch pre_unpatch:vmlinux "$LOAD/lpt_target.ko"
	revert_all
	ran
	is "$(version)" 1
	told lpt_target pre_patch post_unpatch
}

test_load_after() {
	patch post_unpatch:vmlinux "$LOAD/lpt_target.ko"
	revert_all
	ran
	is "$(version)" 1
	told lpt_target
}

test_unload_before() {
	load lpt_target
	patch pre_patch:vmlinux "$UNLOAD lpt_target"
	ran
	not loaded lpt_target
	told lpt_target
	is "$(patched lpt_target)" 0
	load lpt_target
	is "$(version)" 6
}

test_unload_at_end() {
	load lpt_target
	patch post_patch:vmlinux "$UNLOAD lpt_target"
	ran
	told lpt_target pre_patch post_unpatch
	is "$(patched lpt_target)" 0
}

test_unload_in_disable() {
	load lpt_target
	patch pre_unpatch:vmlinux "$UNLOAD lpt_target"
	revert_all
	ran
	told lpt_target pre_patch post_patch pre_unpatch post_unpatch
}

test_unload_after() {
	load lpt_target
	patch post_unpatch:vmlinux "$UNLOAD lpt_target"
	revert_all
	ran
	told lpt_target pre_patch post_patch pre_unpatch post_unpatch
}

# The callback is one of a module that is being loaded itself
test_nested() {
	patch pre_patch:lpt_target "$LOAD/lpt_blocker.ko"
	load lpt_target
	ran
	is "$(version)" 6
	is "$(patched lpt_blocker)" 1
	told lpt_target pre_patch post_patch
	told lpt_blocker pre_patch post_patch
}

# It is half way in when the callback that has loaded it comes back
test_half_way() {
	local calls=/sys/module/lpt_callbacks/parameters/calls

	apply lpt_callbacks delay=500 when=pre_patch:vmlinux \
		"run=\"$LOAD/lpt_target.ko &
		until grep -q pre_patch:lpt_target $calls; do sleep 0.05; done\""
	within "$LPT_PATIENCE" loaded lpt_target
	settle
	is "$(version)" 6
	told lpt_target pre_patch post_patch
	echo 0 > /sys/module/lpt_callbacks/parameters/delay
}

# A module can't go while one of its callbacks runs
test_unload_waits() {
	load lpt_target
	: > "$LPT_TMP/wait"
	patch pre_unpatch:lpt_target "while test -e $LPT_TMP/wait; do sleep 0.1; done"
	in_background disable lpt_callbacks
	within "$LPT_PATIENCE" was_told pre_unpatch:lpt_target
	in_background unload lpt_target
	within "$LPT_PATIENCE" in_state "$LPT_PID" S
	nap 0.3
	is "$(patched lpt_target)" 1
	rm "$LPT_TMP/wait"
	wait "$LPT_PID"
	settle
	told lpt_target pre_patch post_patch pre_unpatch post_unpatch
}

# Who is replaced is told nothing any more, also while others are
test_replaced() {
	load lpt_target
	apply lpt_callbacks
	apply lpt_callbacks2 replace=1 when=post_patch:vmlinux \
		"run=\"$UNLOAD lpt_target\""
	is "$(first_line /sys/module/lpt_callbacks2/parameters/status)" 0 status
	not loaded lpt_target
	gone lpt_callbacks
	told lpt_target pre_patch post_patch
}

was_told() {
	[[ " $(param calls) " = *" $1 "* ]]
}

# Nor does anybody change the patch meanwhile, but its files can be read
test_change_waits() {
	: > "$LPT_TMP/wait"
	in_background patch pre_patch:vmlinux \
		"while test -e $LPT_TMP/wait; do sleep 0.1; done"
	within "$LPT_PATIENCE" was_told pre_patch:vmlinux
	in_background disable lpt_callbacks
	nap 0.3
	is "$(attr lpt_callbacks enabled)" 1
	is "$(attr lpt_callbacks transition)" 1
	load lpt_target
	is "$(patched lpt_target)" 1
	rm "$LPT_TMP/wait"
	wait "$LPT_PID"
	settle
	gone lpt_callbacks
	is "$(version)" 1
	told lpt_target pre_patch post_unpatch
}

# says_at CALLBACK DIRECTION - while the callback runs, "behind" has no other direction
says_at() {
	local head

	within "$LPT_PATIENCE" was_told "$1:vmlinux"
	head=$(first_line "$DEBUGFS/livepatch/behind")
	rm "$LPT_TMP/wait"
	[[ -z $head || $head = "lpt_callbacks $2: "* ]] && return
	diag "at $1: $head"
	return 1
}

wait_at() {
	: > "$LPT_TMP/wait"
	load lpt_callbacks "when=$1:vmlinux" \
		"run=\"while test -e $LPT_TMP/wait; do sleep 0.1; done\""
}

test_direction_of_patching() {
	wait_at post_patch
	says_at post_patch patching
	settle
	revert_all
}

test_direction_of_unpatching() {
	wait_at post_unpatch
	settle
	disable lpt_callbacks
	says_at post_unpatch unpatching
	gone lpt_callbacks
}

lpt_start 15
lpt_run "pre_patch loads a module of the patch" test_load_before
lpt_run "post_patch does" test_load_at_end
lpt_run "pre_unpatch does" test_load_in_disable
lpt_run "post_unpatch does" test_load_after
lpt_run "pre_patch unloads a module of the patch" test_unload_before
lpt_run "post_patch does, before it is told" test_unload_at_end
lpt_run "pre_unpatch does, before it is told" test_unload_in_disable
lpt_run "post_unpatch does, before it is told" test_unload_after
lpt_run "a callback of a module loads another" test_nested
lpt_run "a module is half way in" test_half_way
lpt_run "a replaced patch is told nothing" test_replaced
lpt_run "a module waits for its callback" test_unload_waits
lpt_run "so does a change of the patch" test_change_waits
lpt_run "post_patch belongs to patching" test_direction_of_patching
lpt_run "post_unpatch belongs to unpatching" test_direction_of_unpatching
ktap_finished
