#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command klp of tools/livepatch: it loads, reverses, upgrades and unloads patches, and
# shows stragglers. KLP_COMMAND is the program, if it is not in PATH.

. "$(dirname "$0")/functions.sh"

KLP_COMMAND=${KLP_COMMAND:-$(type -P klp)}
STORE=/var/lib/livepatch/$(uname -r)
# LIVEPATCH_EVENT_FORCE
FORCE=4

# module NAME - the file of a module of the tests
module() {
	echo "$LPT_DIR/test_modules/$1.ko"
}

# klp STATUS ARGUMENT... - run it; its output is in $LPT_TMP/klp
klp() {
	local wanted=$1 got=0

	shift
	"$KLP_COMMAND" "$@" > "$LPT_TMP/klp" 2>&1 || got=$?
	[ "$got" -eq "$wanted" ] && return
	diag "klp $*: exit status $got, wanted $wanted"
	sed 's/^/# /' "$LPT_TMP/klp"
	return 1
}

# says TEXT... - each text is in the output
says() {
	local text

	for text; do
		grep -qF -- "$text" "$LPT_TMP/klp" && continue
		diag "klp did not say: $text"
		sed 's/^/# /' "$LPT_TMP/klp"
		return 1
	done
}

# held PATCH [PARAMETERS] - load it while a task in lpt_hold() blocks the transition
held() {
	load lpt_target
	load lpt_blocker
	hold
	klp 1 load "$(module "$1")" "${@:2}" --wait 0
	says "The transition of '$1' is under way."
}

test_load() {
	load lpt_target
	klp 0 status
	says "no transition"
	klp 0 load "$(module lpt_pair2)"
	says "'lpt_pair2' is enabled."
	is "$(version)" 2
	klp 0 check
	klp 5 load "$(module lpt_pair2)"
	says "File exists"
	klp 0 unload lpt-pair2
	says "'lpt_pair2' is unloaded."
	is "$(version)" 1
	not loaded lpt_pair2
}

test_list() {
	load lpt_target
	klp 0 load "$(module lpt_pair2)"
	klp 0 load "$(module lpt_pair3)"
	klp 0 list -v
	says "1  lpt_pair2  " "2  lpt_pair3  " "lpt_target: patched" "lpt_blocker: not loaded" \
		"lpt_pair_a,1"
	klp 0 list --json
	says '"name": "lpt_pair_b"'
	disable lpt_pair3
	settle
	gone lpt_pair3
	klp 0 list
	says "not in effect, its module is loaded"
	klp 0 unload lpt_pair3
	not loaded lpt_pair3
}

test_straggler() {
	held lpt_pair2
	klp 1 check
	klp 1 status
	says "lpt_pair2: patching for" "1 straggler" "$LPT_PID  " "uninterruptible in "
	klp 1 status --json
	says '"transition": true' '"direction": "patching"' "\"tid\": $LPT_PID" \
		'"reason": "uninterruptible"'
	klp 1 blocking -vv
	says "command: /bin/bash" "parent: " "stack: " "lpt_hold"
	klp 1 wait 0.5
	klp 5 load "$(module lpt_pair3)"
	says "Device or resource busy" "The transition of 'lpt_pair2' is under way" \
		"kernel: livepatch: patch 'lpt_pair3' can't be enabled during the transition"
	klp 0 metrics
	says 'livepatch_patch_transition{patch="lpt_pair2"} 1' "livepatch_stragglers 1"
	release
	klp 0 wait
	is "$(version)" 2
	klp 0 unload lpt_pair2
}

test_reverse() {
	held lpt_pair2
	klp 0 reverse
	says "the patch is disabled"
	is "$(version)" 1
	not loaded lpt_pair2
	klp 5 reverse
}

test_stall() {
	load lpt_target
	load lpt_blocker
	hold
	klp 3 load "$(module lpt_pair2)" --wait 1
	says "$LPT_PID  " "uninterruptible in " "what helps: " \
		"The transition of 'lpt_pair2' goes on."
	klp 0 reverse
	klp 4 load "$(module lpt_pair2)" --wait 1 --on-stall reverse
	says "The transition of 'lpt_pair2' is reversed."
	is "$(version)" 1
	not loaded lpt_pair2
}

# Another process reverses the transition while klp waits for its end.
test_reversed_meanwhile() {
	load lpt_target
	load lpt_blocker
	hold
	(
		within "$LPT_PATIENCE" in_transition
		disable lpt_pair2
	) &
	klp 4 load "$(module lpt_pair2)"
	says "'lpt_pair2' is not enabled"
	klp 0 unload lpt_pair2
	release
}

test_unload_stalls() {
	load lpt_target
	load lpt_blocker
	klp 0 load "$(module lpt_pair2)" hold=1
	hold
	klp 3 unload lpt_pair2 --wait 1
	says "lpt_pair2: unpatching for"
	echo 0 > /sys/module/lpt_pair2/parameters/hold
	klp 0 wait
	klp 0 unload lpt_pair2
	not loaded lpt_pair2
}

test_upgrade() {
	load lpt_target
	klp 0 load "$(module lpt_pair2)"
	klp 0 load "$(module lpt_pair3)"
	klp 0 upgrade "$(module lpt_pair4)" replace=1
	says "'lpt_pair2' was replaced." "'lpt_pair3' was replaced."
	is "$(version)" 4
	not loaded lpt_pair2
	not loaded lpt_pair3
	klp 4 upgrade "$(module lpt_pair2)"
	says "'lpt_pair2' is not cumulative"
	is "$(version)" 4
	not loaded lpt_pair2
	klp 0 unload lpt_pair4
}

# A patch of another set is not replaced, and its module stays.
test_upgrade_set() {
	load lpt_target
	klp 0 load "$(module lpt_set0)" set=3 version=5 function=lpt_pair_b
	klp 0 load "$(module lpt_pair3)" only_a=1
	klp 0 upgrade "$(module lpt_pair4)" replace=1 only_a=1
	says "'lpt_pair3' was replaced."
	not grep -q lpt_set0 "$LPT_TMP/klp"
	is "$(version)" "4 5"
	klp 0 list
	says "lpt_set0                  enabled, set 3"
	klp 0 unload lpt_set0
	klp 0 unload lpt_pair4
}

# A transition that does not end keeps the next patch out until it is reversed. The blocked
# task delays the next transition as well, but tasks that left the old patch are not without
# a patch for long.
test_upgrade_stuck() {
	held lpt_pair2
	klp 2 upgrade "$(module lpt_target)" --reverse
	is "$(version)" 2
	klp 5 upgrade "$(module lpt_pair4)" replace=1
	says "The transition of 'lpt_pair2' is under way."
	klp 3 upgrade "$(module lpt_pair4)" replace=1 --reverse --wait 2
	says "'lpt_pair2' was reversed first." "The transition of 'lpt_pair4' goes on."
	is "$(version)" 4
	not loaded lpt_pair2
	klp 5 upgrade "$(module lpt_pair3)" replace=1 refuse=1 --reverse
	says "'lpt_pair4' was reversed, and is not enabled any more"
	is "$(version)" 1
	release
}

test_refused() {
	load lpt_target
	klp 5 load "$(module lpt_pair2)" refuse=1
	says "No such device" \
		"kernel: livepatch: pre-patch callback failed for object 'lpt_target'" \
		"kernel: livepatch: failed to enable patch 'lpt_pair2'"
	klp 2 load "$(module lpt_target)"
	says "is not a live patch"
	klp 2 unload lpt_pair2
	klp 2 unload lpt_target
	says "is not a live patch"
	loaded lpt_target
}

# The module of the forced patch stays, so this uses one that no other test needs.
test_force() {
	load lpt_target
	load lpt_blocker
	hold
	klp 1 load "$(module lpt_pair4)" --wait 0
	klp 2 force
	says "moved to the functions of 'lpt_pair4'" "$LPT_PID  " "nothing was changed"
	in_background "$LPT_DIR/lpt_netlink" events > "$LPT_TMP/events"
	within "$LPT_PATIENCE" grep -q ready "$LPT_TMP/events"
	klp 0 force --yes
	is "$(version)" 4
	grep -q "^event=$FORCE	patch=lpt_pair4	direction=0	" "$LPT_TMP/events"
	release
	klp 0 unload lpt_pair4
}

watch_says() {
	grep -q "$1" "$LPT_TMP/watch"
}

test_watch() {
	in_background "$KLP_COMMAND" watch > "$LPT_TMP/watch"
	nap 1
	held lpt_pair2
	within "$LPT_PATIENCE" watch_says "'lpt_pair2': starting patching transition"
	within "$LPT_PATIENCE" watch_says "$LPT_PID .* uninterruptible in "
	release
	within "$LPT_PATIENCE" watch_says "'lpt_pair2': patching complete"
	klp 0 unload lpt_pair2
	within "$LPT_PATIENCE" watch_says "'lpt_pair2': unpatching complete"
}

# Without the log, klp prints the events. A file is mounted in its place.
test_watch_events() {
	: > "$LPT_TMP/none"
	# shellcheck disable=SC2016
	in_background unshare --mount bash -c 'chmod 0 "$1" && mount --bind "$1" /dev/kmsg &&
		exec setpriv --reuid=65534 --clear-groups "$0" watch' "$KLP_COMMAND" \
		"$LPT_TMP/none" > "$LPT_TMP/watch"
	nap 1
	held lpt_pair2
	within "$LPT_PATIENCE" watch_says "^lpt_pair2: patching: start, 0.0 s"
	within "$LPT_PATIENCE" watch_says "^lpt_pair2: patching: progress, [0-9.]* s"
	within "$LPT_PATIENCE" watch_says "Tasks of other users are not shown."
	not watch_says "uninterruptible"
	release
	within "$LPT_PATIENCE" watch_says "^lpt_pair2: patching: complete, [0-9.]* s"
	klp 0 unload lpt_pair2
}

# Without the poke, the task gets the fake signal after 30 s.
test_poke() {
	in_background sleep 1000
	within "$LPT_PATIENCE" grep -qx sleep "/proc/$LPT_PID/comm"
	load lpt_target
	set_delay 30000
	klp 1 load "$(module lpt_pair2)" --wait 0
	nap 1
	patch_state_is "$LPT_PID" 0
	klp 0 poke "$LPT_PID"
	says "$LPT_PID has migrated."
	patch_state_is "$LPT_PID" 1
	klp 5 poke "$LPT_PID"
	says "the task is no straggler"
	klp 2 poke all
	reset_delay
	klp 0 reverse
}

test_poke_in_vain() {
	held lpt_pair2
	klp 3 poke "$LPT_PID"
	says "$LPT_PID  " "uninterruptible in " "has not migrated"
	release
	klp 0 wait
	klp 5 poke "$LPT_PID"
}

test_installed() {
	load lpt_target
	klp 0 install "$(module lpt_pair2)"
	klp 0 load --installed
	is "$(version)" 2
	klp 0 load --installed
	says "'lpt_pair2' is loaded already."
	klp 0 uninstall lpt_pair2
	[ ! -e "$STORE/lpt_pair2.ko" ]
	klp 0 unload lpt_pair2
}

clean_up() {
	rm -f "$STORE"/lpt_*
}

[ -x "$KLP_COMMAND" ] || skip_all "klp of tools/livepatch is not installed"
lpt_start 17
lpt_run "load and unload" test_load
lpt_run "list" test_list
lpt_run "a straggler is shown" test_straggler
lpt_run "reverse" test_reverse
lpt_run "a transition that takes long is kept or reversed" test_stall
lpt_run "another process reverses the transition" test_reversed_meanwhile
lpt_run "unload takes long" test_unload_stalls
lpt_run "upgrade removes the modules of replaced patches" test_upgrade
lpt_run "upgrade during a transition that does not end" test_upgrade_stuck
lpt_run "upgrade leaves patches of other sets" test_upgrade_set
lpt_run "the reason of a refusal" test_refused
lpt_run "force" test_force
lpt_run "watch" test_watch
lpt_run "watch without the log" test_watch_events
lpt_run "poke" test_poke
lpt_run "poke an uninterruptible task" test_poke_in_vain
lpt_run "patches that are loaded at boot" test_installed
ktap_finished
