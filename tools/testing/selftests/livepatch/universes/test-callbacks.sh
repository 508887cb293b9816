#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Callbacks that load and unload the modules that their patch names. The callbacks of
# each object must run in order, and once.

. "$(dirname "$0")/functions.sh"

# Commands for the module parameter "run"
LOAD="$LPT_DIR/lpt_module load $LPT_DIR/test_modules"
UNLOAD="$LPT_DIR/lpt_module unload"

param() {
	first_line "/sys/module/lpt_callbacks/parameters/$1"
}

# told OBJECT CALLBACK... - these callbacks ran for the object, in this order
told() {
	local object=$1 call got=

	shift
	for call in $(param calls); do
		[ "${call#*:}" != "$object" ] || got="$got ${call%:*}"
	done
	is "${got# }" "$*" "$object"
}

# patch WHEN COMMAND - load lpt_callbacks, whose callback WHEN runs the COMMAND
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

# The callback runs while its own object, a module, is being loaded.
test_nested() {
	patch pre_patch:lpt_target "$LOAD/lpt_blocker.ko"
	load lpt_target
	ran
	is "$(version)" 6
	is "$(patched lpt_blocker)" 1
	told lpt_target pre_patch post_patch
	told lpt_blocker pre_patch post_patch
}

# The module is still loading when the callback that started the load returns.
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

waits_for_callback() {
	grep -q klp_object_wait "/proc/$1/wchan" 2> /dev/null
}

# Unloading a module waits for a callback of it that runs, and is not refused.
test_unload_waits() {
	load lpt_target
	: > "$LPT_TMP/wait"
	patch pre_unpatch:lpt_target "while test -e $LPT_TMP/wait; do sleep 0.1; done"
	in_background disable lpt_callbacks
	within "$LPT_PATIENCE" was_told pre_unpatch:lpt_target
	in_background "$LPT_DIR/lpt_module" unload lpt_target
	within "$LPT_PATIENCE" waits_for_callback "$LPT_PID"
	nap 0.3
	waits_for_callback "$LPT_PID"
	is "$(patched lpt_target)" 1
	rm "$LPT_TMP/wait"
	wait "$LPT_PID"
	settle
	told lpt_target pre_patch post_patch pre_unpatch post_unpatch
}

# Callbacks of a replaced patch must not run, even if those of another patch do.
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

# A write to "enabled" waits for a running callback. Files can be read meanwhile.
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

# says_at CALLBACK DIRECTION - while it runs, "behind" shows this direction or nothing
says_at() {
	local head

	within "$LPT_PATIENCE" was_told "$1:vmlinux"
	head=$(first_line "$BEHIND")
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
lpt_run "post_patch loads a module of the patch" test_load_at_end
lpt_run "pre_unpatch loads a module of the patch" test_load_in_disable
lpt_run "post_unpatch loads a module of the patch" test_load_after
lpt_run "pre_patch unloads a module of the patch" test_unload_before
lpt_run "post_patch of vmlinux unloads a module of the patch" test_unload_at_end
lpt_run "pre_unpatch of vmlinux unloads a module of the patch" test_unload_in_disable
lpt_run "post_unpatch of vmlinux unloads a module of the patch" test_unload_after
lpt_run "the callback for a module loads another module" test_nested
lpt_run "the transition starts while a module is loading" test_half_way
lpt_run "no callback of a replaced patch runs" test_replaced
lpt_run "unloading a module waits for its callback" test_unload_waits
lpt_run "disabling a patch waits for its callback" test_change_waits
lpt_run "the direction is patching in post_patch" test_direction_of_patching
lpt_run "the direction is unpatching in post_unpatch" test_direction_of_unpatching
ktap_finished
