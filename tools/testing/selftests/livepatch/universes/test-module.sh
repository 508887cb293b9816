#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Modules that are loaded and unloaded while a patch for them is enabled.

. "$(dirname "$0")/functions.sh"

patched() {
	attr lpt_pair2/lpt_target patched
}

# The init function of lpt_target must get the new versions.
is_patched_from_start() {
	load lpt_target
	is "$(first_line "$TARGET/init")" "2 2" "seen by the init function"
	is "$(version)" 2
	is "$(patched)" 1 patched
}

test_later() {
	apply lpt_pair2
	is "$(patched)" 0 patched
	is_patched_from_start
	revert lpt_pair2
	is "$(version)" 1
}

test_again() {
	local i

	apply lpt_pair2
	for i in 1 2 3; do
		diag "round $i"
		is_patched_from_start
		unload lpt_target
		is "$(patched)" 0 patched
	done
	revert lpt_pair2
	load lpt_target
	is "$(version)" 1
}

test_stacked() {
	apply lpt_pair2
	apply lpt_pair3
	load lpt_target
	is "$(first_line "$TARGET/init")" "3 3"
	revert lpt_pair3
	is "$(version)" 2
}

test_load_in_transition() {
	load lpt_blocker
	hold
	load lpt_pair2
	in_transition
	is_patched_from_start
	release
	settle
	is "$(version)" 2
	revert lpt_pair2
	is "$(version)" 1
}

test_unload_in_transition() {
	load lpt_blocker
	load lpt_target
	hold
	load lpt_pair2
	in_transition
	unload lpt_target
	is "$(patched)" 0 patched
	is_patched_from_start
	unload lpt_target
	release
	settle
	is_patched_from_start
	is "$(first_line /sys/module/lpt_pair2/parameters/pre_patch)" 3 pre_patch
}

test_load_in_revert() {
	load lpt_blocker
	apply lpt_pair2 hold=1
	hold
	disable lpt_pair2
	in_transition
	load lpt_target
	is "$(version)" 1
	write_to /sys/module/lpt_pair2/parameters/hold 0
	settle
	is "$(version)" 1
	unload lpt_pair2
	is "$(version)" 1
}

test_refused() {
	apply lpt_pair2 refuse=1
	fails_with "No such device" load lpt_target
	not loaded lpt_target
	is "$(attr lpt_pair2 enabled)" 1
	is "$(patched)" 0 patched
	write_to /sys/module/lpt_pair2/parameters/refuse 0
	is_patched_from_start
	revert lpt_pair2
	is "$(version)" 1
}

# The second patch refuses the module. The first patch must be undone for it.
test_refused_by_second() {
	apply lpt_pair2
	apply lpt_pair3 refuse=1
	fails_with "No such device" load lpt_target
	is "$(patched)" 0 patched
	is "$(first_line /sys/module/lpt_pair2/parameters/post_unpatch)" 1
	write_to /sys/module/lpt_pair3/parameters/refuse 0
	load lpt_target
	is "$(version)" 3
	revert lpt_pair3
	is "$(version)" 2
}

# pre_patch refuses while the patch of a loaded module is enabled.
test_refused_at_once() {
	load lpt_target
	fails_with "No such device" load lpt_pair2 refuse=1
	settle
	not loaded lpt_pair2
	[ ! -e "$KLP/lpt_pair2" ]
	is "$(version)" 1
	apply lpt_pair2
	is "$(version)" 2
}

churn() {
	while [ ! -e "$LPT_TMP/stop" ]; do
		load lpt_target
		first_line "$TARGET/init" | tee -a "$LPT_TMP/init" >> "$LPT_TMP/all"
		unload lpt_target
	done
}

# seen_from_now VERSION - an init function that runs from now on gets it
seen_from_now() {
	: > "$LPT_TMP/init"
	within "$LPT_PATIENCE" was_seen "$1"
}

was_seen() {
	grep -qx "$1 $1" "$LPT_TMP/init"
}

test_churn() {
	local i

	rm -f "$LPT_TMP/stop" "$LPT_TMP/all"
	: > "$LPT_TMP/init"
	in_background churn
	for i in 1 2 3 4 5; do
		diag "round $i"
		apply lpt_pair2
		seen_from_now 2
		revert lpt_pair2
		seen_from_now 1
	done
	: > "$LPT_TMP/stop"
	wait "$LPT_PID"
	is "$(grep -vcx -e '1 1' -e '2 2' "$LPT_TMP/all")" 0 "mixed"
}

MODPROBE=/proc/sys/kernel/modprobe

# A callback may load a module and wait for it, as allocating a cipher does.
test_request() {
	local before status=0

	[ -e "$MODPROBE" ] || skip "the kernel loads no modules"
	before=$(< "$MODPROBE")
	printf '#!/bin/sh\nexec %s/lpt_module load %s/test_modules/lpt_target.ko\n' \
	       "$LPT_DIR" "$LPT_DIR" > "$LPT_TMP/modprobe"
	chmod +x "$LPT_TMP/modprobe"
	echo "$LPT_TMP/modprobe" > "$MODPROBE"
	apply lpt_vmlinux request=lpt_target || status=$?
	echo "$before" > "$MODPROBE"
	is "$status" 0 "status"
	loaded lpt_target
	[[ $(< /proc/loadavg) = 77.00* ]]
}

lpt_start 11
lpt_run "a module that is loaded after its patch" test_later
lpt_run "a module that is unloaded and loaded again" test_again
lpt_run "a module that is loaded after two patches" test_stacked
lpt_run "a module that is loaded during a transition" test_load_in_transition
lpt_run "a module that is unloaded and loaded during a transition" test_unload_in_transition
lpt_run "a module that is loaded while its patch is reverted" test_load_in_revert
lpt_run "a module that pre_patch refuses, and accepts later" test_refused
lpt_run "a module that the second patch refuses, and accepts later" test_refused_by_second
lpt_run "a patch that pre_patch refuses, and accepts later" test_refused_at_once
lpt_run "a callback requests a module" test_request
lpt_run "a module that is loaded and unloaded all the time" test_churn
ktap_finished
