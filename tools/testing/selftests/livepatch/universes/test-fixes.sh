#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fixes that changed two functions are undone by a patch, and applied again, while a task
# sleeps in a system call between the two. Only if the task calls the same version of both,
# the lock, counter or flag that they share has the right value afterwards.
#
# Needs nothing of the universes. With the hybrid model, which migrates the task where it
# sleeps, the tests fail. They leave a task that can't be killed.

. "$(dirname "$0")/functions.sh"

DISK=/dev/ram0
DIR=$LPT_TMP/disk

clean_up() {
	! mountpoint -q "$DIR" || umount "$DIR"
}

address() {
	awk -v name="$1" '$3 == name { print "0x" $1; exit }' /proc/kallsyms
}

# needs SYMBOL... - skip if one of these is not there
needs() {
	local symbol

	[ -e "$LPT_DIR/test_modules/lpt_unfixed.ko" ] || skip "no FSNOTIFY"
	for symbol; do
		[ -n "$(address "$symbol")" ] || skip "no symbol $symbol"
	done
}

is_right() {
	grep -qx right "$LPT_TMP/$1"
}

# in_mid_call FIX CHANGE... - let a task sleep between the two functions while the command
# CHANGE enables or disables the patch
in_mid_call() {
	local fix=$1

	shift
	ready lpt_fixes "$fix" "$DIR/file"
	"$@"
	# Enough for the hybrid model, which checks once a second where tasks sleep
	nap 3
	kill -USR1 "$LPT_PID"
	within 10 is_right "$fix"
	wait "$LPT_PID"
	settle
}

# fix_again FIX PARAMETER... - undo the fix, and apply it
fix_again() {
	mkdir -p "$DIR"
	in_mid_call "$1" load lpt_unfixed "fix=$1" "${@:2}"
	in_mid_call "$1" disable lpt_unfixed
	unload lpt_unfixed
}

test_ptrace() {
	needs tasklist_lock wait_task_inactive ptrace_check_attach ptrace_unfreeze_traced
	fix_again ptrace tasklist="$(address tasklist_lock)" \
		wait_inactive="$(address wait_task_inactive)"
}

test_fanotify() {
	needs fsnotify_mark_srcu fsnotify_prepare_user_wait fsnotify_finish_user_wait
	fix_again fanotify mark_srcu="$(address fsnotify_mark_srcu)"
}

test_freeze() {
	needs mnt_want_write mnt_drop_write
	[ -b "$DISK" ] || skip "no $DISK"
	mkfs.ext2 -q "$DISK" 2> "$LPT_TMP/mkfs" || skip "no mkfs.ext2"
	mkdir -p "$DIR"
	mount -t ext2 "$DISK" "$DIR" || skip "no ext2"
	fix_again freeze
}

lpt_start 3
lpt_run "a fix of ptrace is applied during a request of a debugger" test_ptrace
lpt_run "a fix of fanotify is applied while a task waits for permission" test_fanotify
lpt_run "a fix of freezing is applied while a task is about to write" test_freeze
ktap_finished
