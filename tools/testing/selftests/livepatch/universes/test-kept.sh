#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Code that runs after a task has left a patched function: a function of a patch whose
# address the task keeps, and the work that a system call leaves for its end.

. "$(dirname "$0")/functions.sh"

# kept PATCH [PARAMETER] - let a task call the patch once, and disable it; sets LPT_PID
kept() {
	! loaded "$1" || skip "has been tried before"
	load lpt_blocker
	apply "$@"
	rm -f "$LPT_TMP/go"
	: > "$LPT_TMP/called"
	in_background "$LPT_DIR/lpt_tasks" restart "$BLOCKER/hold" "$LPT_TMP/go" \
		> "$LPT_TMP/called"
	within "$LPT_PATIENCE" [ -s "$LPT_TMP/called" ]
	log_start
	disable "$1"
	settle
	gone "$1"
}

# Without a redirect, restart_syscall() calls the function that the task has kept.
test_restart() {
	kept lpt_kept
	logged "patch 'lpt_kept': its code is a function to restart a system call of lpt_tasks"
	fails_with "$IN_USE" unload_once lpt_kept
	: > "$LPT_TMP/go"
	wait "$LPT_PID"
}

# The task that gets work for a worker wakes it, and it calls the function that it has kept.
test_worker() {
	grep -q " vhost_task_create$" /proc/kallsyms || skip "no workers of vhost"
	kept lpt_kept2 worker=1
	logged "patch 'lpt_kept2': its code is the function for items of lpt_worker"
	fails_with "$IN_USE" unload_once lpt_kept2
	write_to /sys/module/lpt_kept2/parameters/stop 1
	: > "$LPT_TMP/go"
	wait "$LPT_PID"
}

# closer - let a task close a file while it sleeps in the old lpt_hold(); sets LPT_PID
closer() {
	in_background "$LPT_DIR/lpt_tasks" close "$BLOCKER/late"
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
}

# The file is released by task work, on the way to user mode.
test_task_work() {
	! loaded lpt_step || skip "has been tried before"
	load lpt_blocker
	closer
	load lpt_step
	in_transition
	release
	settle
	wait "$LPT_PID"
	stepped 1
	closer
	release
	wait "$LPT_PID"
	stepped 2
	revert lpt_step
}

stepped() {
	is "$(first_line "$BLOCKER/stepped")" "$1" "version that has released the file"
}

lpt_start 3
lpt_run "a module stays loaded if a task may restart a call in it" test_restart
lpt_run "a module stays loaded if a vhost worker calls it" test_worker
lpt_run "task work runs in the universe of its system call" test_task_work
ktap_finished
