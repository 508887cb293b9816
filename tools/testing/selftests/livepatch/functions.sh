# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Helpers of the live patching tests.
#
# A test is a function. It runs in a subshell under "set -e", so that the first
# command that fails ends it and is reported with its line; it need not clean
# up: lpt_reset() does, whatever the test has left.

export LC_ALL=C

LPT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$LPT_DIR/../kselftest/ktap_helpers.sh"

KLP=/sys/kernel/livepatch
DEBUGFS=/sys/kernel/debug
TARGET=$DEBUGFS/lpt_target
STATS=$TARGET/stats
BLOCKER=$DEBUGFS/lpt_blocker
TRACING=/sys/kernel/tracing

# Within this time a transition ends that nobody holds up.
LPT_SECONDS=${LPT_SECONDS:-3}
# Within this time anything else has to happen that a test waits for.
LPT_PATIENCE=${LPT_PATIENCE:-20}

LPT_TMP=$(mktemp -d)
trap 'lpt_reset; rm -rf "$LPT_TMP"' EXIT

diag() {
	ktap_print_msg "$*"
}

skip() {
	diag "skipped: $*"
	exit "$KSFT_SKIP"
}

# is GOT WANTED [WHAT] - of strings that cannot change any more
is() {
	[ "$1" = "$2" ] && return
	diag "${3:-value}: got '$1', wanted '$2'"
	return 1
}

# same FILE FILE - they have the same lines
same() {
	is "$(comm -3 <(sort "$1") <(sort "$2"))" "" "difference"
}

# at_least GOT MINIMUM [WHAT]
at_least() {
	[ "$1" -ge "$2" ] && return
	diag "${3:-value}: got '$1', wanted at least '$2'"
	return 1
}

# fails_with TEXT COMMAND... - the command fails, and for that reason
fails_with() {
	local text=$1

	shift
	if "$@" 2> "$LPT_TMP/error"; then
		diag "should have failed: $*"
		return 1
	fi
	grep -q "$text" "$LPT_TMP/error" && return
	diag "$* failed, but not with '$text': $(cat "$LPT_TMP/error")"
	return 1
}

# within SECONDS COMMAND... - the command comes true in time
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@"; do
		if [ "${EPOCHREALTIME/./}" -gt "$end" ]; then
			diag "did not happen in time: $*"
			return 1
		fi
		sleep 0.02
	done
}

# write_to FILE TEXT - as a command, for those who want to see it fail
write_to() {
	echo "$2" > "$1"
}

#
# Modules and patches
#

loaded() {
	[ -d "/sys/module/$1" ]
}

not() {
	! "$@"
}

load() {
	local module=$1

	shift
	insmod "$LPT_DIR/test_modules/$module.ko" "$@"
}

# The last reference may be dropped a moment after the patch has gone
try_unload() {
	rmmod "$1" 2> /dev/null
}

unload() {
	within "$LPT_PATIENCE" try_unload "$1"
}

attr() {
	cat "$KLP/$1/$2"
}

in_transition() {
	grep -qs 1 "$KLP"/*/transition
}

settle_within() {
	within "$1" not in_transition
}

settle() {
	settle_within "$LPT_PATIENCE"
}

apply() {
	load "$@"
	settle
}

disable() {
	echo 0 > "$KLP/$1/enabled"
}

# revert PATCH - disable, wait, and unload
revert() {
	disable "$1"
	settle
	unload "$1"
}

# gone PATCH - its directory goes a moment after the transition
gone() {
	within "$LPT_PATIENCE" [ ! -e "$KLP/$1" ]
}

# What lpt_target's functions return: a b twin1 twin2 untraceable
versions() {
	local line

	read -r line < "$TARGET/version"
	echo "$line"
}

version() {
	local a b

	read -r a b _ < "$TARGET/version"
	if [ "$a" = "$b" ]; then
		echo "$a"
	else
		echo "$a $b"
	fi
}

version_is() {
	[ "$(version)" = "$1" ]
}

# stat_of CONTEXT NAME - a counter of lpt_target
stat_of() {
	awk -v context="$1" -v name="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
		$1 == context { print $column[name] }
	' "$STATS"
}

# What no context may ever count
is_clean() {
	local context name

	for context in "$@"; do
		for name in mixed order stale; do
			is "$(stat_of "$context" "$name")" 0 "$context $name"
		done
	done
}

call() {
	echo "$*" > "$TARGET/call"
}

phase() {
	echo "$*" > "$TARGET/phase"
}

#
# Tasks
#

# in_background COMMAND... - sets LPT_PID; the test's end kills it
in_background() {
	"$@" &
	LPT_PID=$!
}

# tasks MODE [NUMBER] - lpt_tasks, and waits until they are in their state
tasks() {
	: > "$LPT_TMP/$1"
	in_background "$LPT_DIR/lpt_tasks" "$@" > "$LPT_TMP/$1"
	within "$LPT_PATIENCE" grep -q ready "$LPT_TMP/$1"
}

# finish PID - ask it to end; its status
finish() {
	kill -TERM "$1"
	wait "$1"
}

in_state() {
	grep -qs "^State:.$2" "/proc/$1/status"
}

patch_state() {
	cat "/proc/$1/patch_state"
}

patch_state_is() {
	[ "$(patch_state "$1")" = "$2" ]
}

# How many tasks are in this state. Tasks come and go meanwhile
count_patch_state() {
	cat /proc/[0-9]*/task/[0-9]*/patch_state 2> /dev/null |
		grep -cx -- "$1" || :
}

# All tasks are out of the transition
at_rest() {
	[ "$(count_patch_state 0)" -eq 0 ] && [ "$(count_patch_state 1)" -eq 0 ]
}

list_behind() {
	local file state

	for file in /proc/[0-9]*/task/[0-9]*/patch_state; do
		state=$(cat "$file" 2> /dev/null) || continue
		[ "$state" = "$1" ] || continue
		diag "behind: $(cat "${file%/*}/comm") ${file%/*}"
	done
}

# hold - a task of user space sleeps in lpt_hold(); sets LPT_PID
hold() {
	in_background write_to "$BLOCKER/hold" 1
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
}

release() {
	[ ! -e "$BLOCKER/release" ] || echo 1 > "$BLOCKER/release"
}

release_all() {
	local file

	release
	for file in /sys/module/lpt_*/parameters/hold; do
		[ ! -e "$file" ] || echo 0 > "$file"
	done
}

#
# The frame
#

# A signal that comes before the exec is lost, and what hangs must not hang us.
kill_background() {
	local pid tries

	set +e
	trap - ERR
	release_all
	for ((tries = 0; tries < 100; tries++)); do
		jobs -r -p > "$LPT_TMP/jobs"
		[ -s "$LPT_TMP/jobs" ] || return
		while read -r pid; do
			kill -TERM "$pid" 2> /dev/null
		done < "$LPT_TMP/jobs"
		sleep 0.05
	done
	diag "still running: $(paste -s -d ' ' "$LPT_TMP/jobs")"
}

# What a test leaves behind must not spoil the next one.
lpt_reset() {
	local file module

	release_all
	[ -e "$TARGET/timers" ] && echo 0 > "$TARGET/timers"
	[ -e "$TARGET/requeue" ] && echo 0 > "$TARGET/requeue"
	for file in "$KLP"/lpt_*/enabled; do
		settle > /dev/null
		[ ! -e "$file" ] || write_to "$file" 0
	done
	settle > /dev/null
	for module in lpt_pair{2,3,4} lpt_vmlinux lpt_input lpt_unmarked \
		      lpt_blocker lpt_target; do
		loaded "$module" || continue
		unload "$module"
	done
}

# Names the line of the test. A subshell that fails need not end it
on_error() {
	local line func file i=0

	[ "$BASH_SUBSHELL" -eq "$LPT_LEVEL" ] || return 0
	while caller $i > "$LPT_TMP/caller"; do
		read -r line func file < "$LPT_TMP/caller"
		[ "${file##*/}" = functions.sh ] || break
		i=$((i + 1))
	done
	diag "failed in line $line, $func"
}

# lpt_run DESCRIPTION FUNCTION
lpt_run() {
	local status

	(
		trap kill_background EXIT
		LPT_LEVEL=$BASH_SUBSHELL
		trap on_error ERR
		set -eE
		"$2"
	)
	status=$?
	case $status in
	0)		ktap_test_pass "$1" ;;
	"$KSFT_SKIP")	ktap_test_skip "$1" ;;
	*)		ktap_test_fail "$1" ;;
	esac
	lpt_reset
}

# lpt_start PLAN
lpt_start() {
	ktap_print_header
	if [ "$(id -u)" -ne 0 ]; then
		ktap_skip_all "needs root"
		exit "$KSFT_SKIP"
	fi
	mountpoint -q "$DEBUGFS" || mount -t debugfs debugfs "$DEBUGFS"
	mountpoint -q "$TRACING" || mount -t tracefs tracefs "$TRACING"
	if [ ! -d "$KLP" ] || [ ! -d "$DEBUGFS" ]; then
		ktap_skip_all "no live patching, or no debugfs"
		exit "$KSFT_SKIP"
	fi
	if [ ! -e "$LPT_DIR/test_modules/lpt_target.ko" ]; then
		ktap_skip_all "the test modules are not built"
		exit "$KSFT_SKIP"
	fi
	ktap_set_plan "$1"
}
