#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Out of memory: the first allocation of a load fails, then the second, and so
# on until there are no more. Each time the error must be ENOMEM, the state must be as before,
# and the same load must work right after. Disabling a patch must succeed with failing allocations.
#
# Repeated applies and reverts must not leak memory for code. LPT_CYCLES: how often.

. "$(dirname "$0")/functions.sh"

FAULTS="$DEBUGFS/failslab $DEBUGFS/fail_page_alloc"
# What a load may be refused with
ERRORS="Cannot allocate memory"

# Set up fault injection: also for allocations that may sleep, without stack traces
faults() {
	local dir

	for dir in $FAULTS; do
		[ -d "$dir" ] || skip "no fault injection (FAILSLAB, FAIL_PAGE_ALLOC)"
		echo N > "$dir/ignore-gfp-wait"
		[ ! -e "$dir/ignore-gfp-highmem" ] || echo N > "$dir/ignore-gfp-highmem"
		[ ! -e "$dir/min-order" ] || echo 0 > "$dir/min-order"
		echo 0 > "$dir/verbose"
	done
}

fail_nth() {
	local n=$1 module=$2

	shift 2
	"$LPT_DIR/lpt_module" fail "$n" "$LPT_DIR/test_modules/$module.ko" "$@" \
		2> "$LPT_TMP/error"
}

# took_effect CHECK UNDO - for loads that succeeded although an allocation failed
took_effect() {
	settle
	"$1"
	"$2"
	settle
}

# exhaust IN_EFFECT UNDO MODULE [PARAMETER] - fail each allocation of loading MODULE
exhaust() {
	local effect=$1 undo=$2 before n status refused=0

	shift 2
	before=$(inventory)
	for ((n = 1; ; n++)); do
		status=0
		fail_nth "$n" "$@" || status=$?
		case $status in
		0 | 3)	took_effect "$effect" "$undo" ;;
		1)	passed_on "($ERRORS)\$" "allocation $n"
			refused=$((refused + 1)) ;;
		*)	cat "$LPT_TMP/error"; return 1 ;;
		esac
		settle
		same "$before" "$(inventory)"
		[ "$status" -ne 3 ] || break
	done
	diag "$((n - 1)) allocations, without $refused of them it is refused"
	at_least "$refused" 10 "refusals"
}

# lpt_target loads even if its files in debugfs can't be created.
pair2_in_effect() {
	[ ! -e "$TARGET/version" ] || is "$(version)" 2
}

undo_pair2() {
	revert lpt_pair2
}

test_patch() {
	faults
	load lpt_target
	exhaust pair2_in_effect undo_pair2 lpt_pair2
}

undo_target() {
	unload lpt_target
}

# The module is patched before any of its code runs, or is not loaded.
test_late_module() {
	# ftrace loads a module although it has no memory for the call sites of the module. Then
	# live patching finds no call site.
	local ERRORS="$ERRORS|Invalid argument"

	faults
	apply lpt_pair2
	exhaust pair2_in_effect undo_target lpt_target
}

pair4_in_effect() {
	is "$(version)" 4
}

# Back to two patches, in the same order
undo_replace() {
	revert lpt_pair4
	unload lpt_pair2
	unload lpt_pair3
	apply lpt_pair2
	apply lpt_pair3
}

test_replace() {
	faults
	load lpt_target
	apply lpt_pair2
	apply lpt_pair3
	exhaust pair4_in_effect undo_replace lpt_pair4 replace=1
}

# starve 1|0 PERCENT - so many allocations of kernel threads fail
starve() {
	local dir task

	for task in /proc/[0-9]*; do
		[[ -n $(tr -d '\0' < "$task/cmdline") ]] ||
			write_to "$task/make-it-fail" "$1" || [[ ! -e $task ]]
	done 2> /dev/null
	for dir in $FAULTS; do
		echo Y > "$dir/task-filter"
		echo -1 > "$dir/times"
		echo "$2" > "$dir/probability"
	done
}

test_revert() {
	local i dir

	faults
	for dir in $FAULTS; do
		spare_code "$dir"
	done
	load lpt_target
	for i in 1 2 3 4 5; do
		apply lpt_pair2
		starve 1 50
		disable lpt_pair2
		settle
		starve 0 0
		unload lpt_pair2
		is "$(version)" 1 "round $i"
	done
}

# The number of areas of code: modules and trampolines
code_areas() {
	grep -c execmem /proc/vmallocinfo
}

# code_is_freed NUMBER - there are no more areas than that
code_is_freed() {
	[ "$(code_areas)" -le "$1" ]
}

test_cycles() {
	local i areas cycles=${LPT_CYCLES:-20}

	load lpt_target
	areas=$(code_areas)
	at_least "$areas" 1 "areas of code"
	for ((i = 0; i < cycles; i++)); do
		apply lpt_pair2
		revert lpt_pair2
	done
	is "$(version)" 1
	# Trampolines are freed ten seconds after the last user
	within "$LPT_PATIENCE" code_is_freed "$areas"
	diag "$cycles cycles, $(code_areas) areas of code as before"
}

clean_up() {
	# shellcheck disable=SC2086	# words
	feed $FAULTS
}

lpt_start 5
lpt_run "an allocation fails while a patch is loaded" test_patch
lpt_run "an allocation fails while a module is loaded after its patch" test_late_module
lpt_run "an allocation fails while a patch replaces two others" test_replace
lpt_run "allocations of kernel threads fail while a patch is reverted" test_revert
lpt_run "repeated applies and reverts leak no code" test_cycles
ktap_finished
