#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The netlink family "livepatch": what it lists, who sees which tasks, its events, and poking
# of stragglers. See test-klp.sh for the command klp, which uses it, and for the event "force".

. "$(dirname "$0")/functions.sh"

NOBODY=65534
AS_NOBODY=(setpriv --reuid="$NOBODY" --regid="$NOBODY" --clear-groups)
EPERM="Operation not permitted"
# Values of the enums in <linux/livepatch.h>
PATCHING=0 UNPATCHING=1
START=0 PROGRESS=1 STALL=2 REVERSE=3 COMPLETE=5
ASLEEP=8 UNINTERRUPTIBLE=12

# late_rounds - rounds come too late to matter in a test
late_rounds() {
	set_delay "$(((LPT_SECONDS + 5) * 1000))"
}

nl() {
	"$LPT_TMP/lpt_netlink" "$@"
}

# as_nobody COMMAND...
as_nobody() {
	"${AS_NOBODY[@]}" "$@"
}

needs_nobody() {
	as_nobody "$LPT_TMP/lpt_netlink" 2>&1 | grep -q usage ||
		skip "nobody can't run programs here"
}

# nl_says FIELDS COMMAND... - a line of the output matches
nl_says() {
	local fields=$1

	shift
	"$@" > "$LPT_TMP/nl"
	grep -q -- "$fields" "$LPT_TMP/nl" && return
	diag "no '$fields' in: $(tr '\t\n' ' /' < "$LPT_TMP/nl")"
	return 1
}

# nl_hides FIELDS COMMAND... - no line of the output matches
nl_hides() {
	local fields=$1

	shift
	"$@" > "$LPT_TMP/nl"
	! grep -- "$fields" "$LPT_TMP/nl"
}

# held_by COMMAND... - the command makes a task in lpt_hold() that delays a transition; sets
# LPT_PID
held_by() {
	load lpt_target
	load lpt_blocker
	in_background "$@"
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
	load lpt_pair2
	within "$LPT_SECONDS" is_last_straggler lpt_pair2
}

is_last_straggler() {
	[ "$(attr "$1" stragglers)" = 1 ]
}

# The name of the task is no text.
root_holds() {
	printf '\\\377' > /proc/self/comm
	echo 1 > "$BLOCKER/hold"
}

# Only root can open the file. The program must not be the shell of the test, because a
# process that changes its user can't be inspected before it executes a program.
nobody_holds() {
	# shellcheck disable=SC2016
	exec "${AS_NOBODY[@]}" bash -c 'echo 1 >&9' 9> "$BLOCKER/hold"
}

test_patches() {
	is "$(nl patches)" "" "patches"
	load lpt_target
	apply lpt_pair2
	apply lpt_pair3
	nl_says "^name=lpt_pair2	order=1	enabled=1	set=0	\$" nl patches
	nl_says "^name=lpt_pair3	order=2	enabled=1	set=0	\$" nl patches
	is "$(wc -l < "$LPT_TMP/nl")" 2 "number of patches"
	revert lpt_pair3
	nl_hides lpt_pair3 nl patches
	apply lpt_pair3 replace=1
	gone lpt_pair2
	nl_says "^name=lpt_pair3	order=1	enabled=1	replace=1	set=0	\$" nl patches
}

test_transition() {
	is "$(nl transition)" "" "transition at rest"
	held_by root_holds
	nl_says "^patch=lpt_pair2	direction=$PATCHING	age=[1-9][0-9]*	stragglers=1	\$" \
		nl transition
	nl_says "^name=lpt_pair2	.*	direction=$PATCHING	\$" nl patches
	nl_says "^patch=lpt_pair2	" as_nobody "$LPT_TMP/lpt_netlink" transition
	release
	settle
	is "$(nl transition)" """" "transition at rest"
}

test_straggler() {
	held_by root_holds
	nl_says "^tid=$LPT_PID	tgid=$LPT_PID	comm=\\\\134\\\\377	place=lpt_hold \[lpt_blocker\]	reason=$UNINTERRUPTIBLE	why=uninterruptible	help=the end of what it waits for	\$" \
		nl stragglers
	is "$(wc -l < "$LPT_TMP/nl")" 1 "number of stragglers"
	release
	settle
	is "$(nl stragglers)" "" "stragglers at rest"
}

pids_behind() {
	tail -n +2 "$BEHIND" | cut -f 1 | grep -v "^-" | grep -vx 0 | sort -n
}

# The list needs several messages. Each task must be listed once.
test_list() {
	tasks threads 300
	load lpt_target
	late_rounds
	load lpt_pair2
	nap 1
	nl stragglers > "$LPT_TMP/nl"
	sed -n 's/^tid=\([0-9]*\)\t.*/\1/p' "$LPT_TMP/nl" | sort -n > "$LPT_TMP/tids"
	at_least "$(grep -c "reason=$ASLEEP	" "$LPT_TMP/nl")" 300 \
		"tasks asleep in the list"
	is "$(uniq -d "$LPT_TMP/tids")" "" "tasks listed twice"
	same "$(< "$LPT_TMP/tids")" "$(pids_behind)"
}

# Users see their own tasks, whoever sends the request.
test_users() {
	needs_nobody
	held_by nobody_holds
	nl_says "^tid=$LPT_PID	" nl stragglers
	nl_says "^tid=$LPT_PID	" as_nobody "$LPT_TMP/lpt_netlink" stragglers
	nl_says "^tid=$LPT_PID	" nl -u "$NOBODY" stragglers
	release
	settle
}

test_other_users() {
	needs_nobody
	held_by root_holds
	nl_says "^tid=$LPT_PID	" nl stragglers
	nl_hides "comm=" as_nobody "$LPT_TMP/lpt_netlink" stragglers
	nl_hides "comm=" nl -u "$NOBODY" stragglers
	nl_hides "comm=" as_nobody unshare --user --map-root-user \
		"$LPT_TMP/lpt_netlink" stragglers
}

# nl_inside COMMAND... - in the PID namespace of LPT_PID
nl_inside() {
	nsenter --target "$LPT_PID" --pid "$LPT_TMP/lpt_netlink" "$@"
}

holds_in_namespace() {
	# shellcheck disable=SC2016
	exec unshare --pid --fork --kill-child bash -c 'echo 1 > "$0"' "$BLOCKER/hold"
}

# The task in the new namespace has the PID 1 there. Other tasks are not seen from there.
test_pid_namespace() {
	unshare --pid --fork true 2> "$LPT_TMP/error" || skip "no PID namespaces"
	load lpt_target
	load lpt_blocker
	in_background holds_in_namespace
	within "$LPT_PATIENCE" pgrep -P "$LPT_PID" > "$LPT_TMP/inside"
	LPT_PID=$(< "$LPT_TMP/inside")
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
	late_rounds
	load lpt_pair2
	nl_says "^tid=$LPT_PID	" nl stragglers
	nl_says "^tid=1	tgid=1	" nl_inside stragglers
	nl_hides "tid=$LPT_PID	" nl_inside stragglers
	reset_delay
}

heard() {
	grep -q "event=$1	patch=$2	direction=$3	" "$LPT_TMP/events"
}

# hears EVENT PATCH DIRECTION - within LPT_PATIENCE
hears() {
	within "$LPT_PATIENCE" heard "$@" && return
	sed 's/^/# event: /' "$LPT_TMP/events"
	return 1
}

# listen [COMMAND...] - collect events, by means of this command. It must not be a function:
# the program would be a child of the shell that is killed at the end of the test.
listen() {
	: > "$LPT_TMP/events"
	in_background "$@" "$LPT_TMP/lpt_netlink" events > "$LPT_TMP/events"
	within "$LPT_PATIENCE" grep -q ready "$LPT_TMP/events"
}

# The names of events, in their order. The number of rounds varies.
events_heard() {
	sed -n 's/^event=\([0-9]*\)\t.*/\1/p' "$LPT_TMP/events" | grep -v "$PROGRESS" | xargs
}

test_events() {
	listen
	held_by root_holds
	hears $START lpt_pair2 $PATCHING
	hears $PROGRESS lpt_pair2 $PATCHING
	within "$LPT_PATIENCE" grep -q "event=$PROGRESS	.*	stragglers=1	" "$LPT_TMP/events"
	disable lpt_pair2
	hears $REVERSE lpt_pair2 $UNPATCHING
	hears $COMPLETE lpt_pair2 $UNPATCHING
	is "$(nl transition)" "" "transition after its end"
	release
	is "$(events_heard)" "$START $REVERSE $START $COMPLETE" "events"
}

# Each round is at most one event: with the default delay, 7 in 10 seconds
test_rate() {
	local nr

	listen
	held_by root_holds
	nap 5
	nr=$(grep -c "event=$PROGRESS" "$LPT_TMP/events")
	at_least 8 "$nr" "limit of events"
	at_least "$nr" 2 "number of events"
}

test_stall() {
	listen
	set_delay 50
	held_by root_holds
	nap 13
	not heard $STALL lpt_pair2 $PATCHING
	hears $STALL lpt_pair2 $PATCHING
	is "$(nl transition | grep -c "patch=lpt_pair2")" 1 "transition"
	release
	hears $COMPLETE lpt_pair2 $PATCHING
}

# Events go to all users, and to all network namespaces.
test_listeners() {
	needs_nobody
	load lpt_target
	listen "${AS_NOBODY[@]}"
	apply lpt_pair2
	hears $COMPLETE lpt_pair2 $PATCHING
	unshare --net true 2> "$LPT_TMP/error" || skip "no network namespaces"
	listen unshare --net
	disable lpt_pair2
	hears $COMPLETE lpt_pair2 $UNPATCHING
}

# late - load lpt_pair2, without rounds during the test
late() {
	load lpt_target
	late_rounds
	load lpt_pair2
}

# The task sleeps in a system call. Without the poke it gets the fake signal late.
test_poke() {
	in_background sleep 1000
	within "$LPT_PATIENCE" grep -qx sleep "/proc/$LPT_PID/comm"
	within "$LPT_PATIENCE" in_state "$LPT_PID" S
	late
	nap 1
	patch_state_is "$LPT_PID" 0
	nl poke "$LPT_PID"
	within "$LPT_SECONDS" patch_state_is "$LPT_PID" 1
	in_state "$LPT_PID" S
	fails_with "Invalid argument" nl poke "$LPT_PID"
	in_transition
	reset_delay
}

# The thread has a safe point in its loop only.
test_poke_kthread() {
	kthread 5 S
	late
	nap 1
	patch_state_is "$THREAD" 0
	nl poke "$THREAD"
	within "$LPT_SECONDS" patch_state_is "$THREAD" 1
	reset_delay
	release
}

# What the task waits for has not come, so it stays a straggler.
test_poke_in_vain() {
	held_by root_holds
	nl poke "$LPT_PID"
	nap 1
	patch_state_is "$LPT_PID" 0
	in_state "$LPT_PID" D
}

test_poke_refused() {
	needs_nobody
	fails_with "Invalid argument" nl poke $$
	held_by nobody_holds
	fails_with "$EPERM" as_nobody "$LPT_TMP/lpt_netlink" poke "$LPT_PID"
	fails_with "$EPERM" as_nobody unshare --user --map-root-user \
		"$LPT_TMP/lpt_netlink" poke "$LPT_PID"
	fails_with "$EPERM" setpriv --bounding-set=-sys_admin --inh-caps=-all \
		"$LPT_TMP/lpt_netlink" poke "$LPT_PID"
	fails_with "No such process" nl poke 4194303
	fails_with "out of range" nl poke 0
}

cp "$LPT_DIR/lpt_netlink" "$LPT_TMP"
chmod 755 "$LPT_TMP" "$LPT_TMP/lpt_netlink"
nl patches > /dev/null
[ $? -ne 4 ] || skip_all "no netlink family (CONFIG_NET)"
lpt_start 15
lpt_run "patches are listed" test_patches
lpt_run "the transition" test_transition
lpt_run "a straggler is listed" test_straggler
lpt_run "all stragglers are listed" test_list
lpt_run "users see their own tasks" test_users
lpt_run "users do not see tasks of others" test_other_users
lpt_run "PIDs are those of the namespace of the reader" test_pid_namespace
lpt_run "events" test_events
lpt_run "the number of events is limited" test_rate
lpt_run "a stall is reported after 15 s" test_stall
lpt_run "all users and namespaces get events" test_listeners
lpt_run "poke a task that sleeps in a system call" test_poke
lpt_run "poke a kernel thread that has to be woken" test_poke_kthread
lpt_run "poke an uninterruptible task" test_poke_in_vain
lpt_run "poking needs CAP_SYS_ADMIN and a straggler" test_poke_refused
ktap_finished
