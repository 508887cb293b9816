#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Failures of single functions, for reasons other than those of test-memory.sh. The
# first call of a function fails, then the second, and so on until there are no more.
# Each time the state must be as before, and the same load must work right after. The error
# must be passed on.

. "$(dirname "$0")/functions.sh"

FAIL=/sys/module/lpt_fail/parameters
ENOENT=-2 ENOMEM=-12 EBUSY=-16 EEXIST=-17 EINVAL=-22
IS_BUSY="Device or resource busy"
declare -A TEXTS=([$ENOENT]="No such file or directory" [$ENOMEM]="Cannot allocate memory"
		  [$EBUSY]=$IS_BUSY [$EINVAL]="Invalid argument")
# Architectures with trampolines also register ftrace_ops to change the target of a call site.
T=0
! has_trampolines || T=1

# "FUNCTION RESULT ERRORS PATCH LATE REPLACE" for functions that are called when a patch, a
# module that is loaded later, or a replacement is set up: what the call that fails returns,
# the errors that the load may fail with, and how often it has to fail at least in each of
# these cases. 0 means that live patching need not call the function in this case: settled
# functions need no trampoline, and only a new patch has records. The patches replace two
# functions of one module, and one of a module that is not loaded.
STEPS=(
	# trampolines
	"klp_block_alloc 0 $ENOMEM $T 0 $T"
	"execmem_alloc_rw 0 $ENOMEM 1 1 1"
	"klp_block_seal $ENOMEM $ENOMEM $T 0 $T"
	# call sites
	"register_ftrace_function $ENOMEM $ENOMEM 1 1 $T"
	"register_ftrace_function $EBUSY $EBUSY 1 1 $T"
	"ftrace_set_filter_ips $EINVAL $EINVAL 1 1 $T"
	"klp_redirect_get 0 $ENOMEM 2 2 2"
	# functions and relocations
	"klp_apply_object_relocs $EINVAL $EINVAL 1 1 1"
	"klp_find_symbol $EINVAL $EINVAL 2 2 2"
	# ftrace uses this one, too, to find the call site. If that fails, there is none.
	"kallsyms_lookup_size_offset 0 $ENOENT,$EINVAL 2 2 2"
	# records and sysfs
	"klp_record_alloc 0 $ENOMEM 1 0 1"
	# The module loader turns the EEXIST of an init function into EBUSY. It adds a directory
	# itself, and fails with ENOMEM if it can't.
	"kobject_add $EEXIST $EBUSY,$ENOMEM 6 0 6"
	"sysfs_create_groups $ENOMEM $ENOMEM 3 0 3"
	# others
	"klp_is_patch_compatible 0 $EINVAL 1 0 1"
	"klp_object_pre_patch $EINVAL $EINVAL 1 1 1"
)

# failing FUNCTION RESULT [PARAMETER] - load lpt_fail for this function, or skip
failing() {
	[ -e "$LPT_DIR/test_modules/lpt_fail.ko" ] || skip "no lpt_fail here"
	load lpt_fail function="$1" result="$2" "${@:3}" 2> /dev/null
}

# nth NUMBER - the call that is to fail, counted from now on; 0: none
nth() {
	echo 0 > "$FAIL/nth"
	echo 0 > "$FAIL/calls"
	echo "$1" > "$FAIL/nth"
}

# settled COMMAND... - run it without a transition before or after
settled() {
	settle
	"$@"
	settle
}

# texts ERROR,... - print a regular expression for the messages about these errors
texts() {
	local error texts=

	for error in ${1//,/ }; do
		texts+="|${TEXTS[$error]}"
	done
	echo "(${texts#|})\$"
}

# all_calls REGEX EFFECT UNDO MODULE [PARAMETER] - fail each call; a load may be refused with
# errors that match; sets CALLS and REFUSED
all_calls() {
	local errors=$1 effect=$2 undo=$3 before status n

	shift 3
	CALLS=0 REFUSED=0
	before=$(inventory | sort)
	for ((n = 1; ; n++)); do
		nth "$n"
		status=0
		load "$@" 2> "$LPT_TMP/error" || status=1
		CALLS=$(< "$FAIL/calls")
		nth 0
		if [ "$status" -eq 0 ]; then
			settled "$effect"
			settled "$undo"
		else
			passed_on "$errors" "call $n"
			REFUSED=$((REFUSED + 1))
		fi
		settle
		same "$before" "$(inventory | sort)"
		[ "$CALLS" -ge "$n" ] || break
	done
	[ "$status" -eq 0 ]
}

# all_steps COLUMN EFFECT UNDO MODULE [PARAMETER] - all_calls for each entry of STEPS; COLUMN is
# the index of the column with the minimum, from 0
all_steps() {
	local column=$1 step function result errors minima bad=0

	shift
	for step in "${STEPS[@]}"; do
		read -r function result errors step <<< "$step"
		read -r -a minima <<< "$step"
		CALLS=0 REFUSED=0
		if failing "$function" "$result"; then
			all_calls "$(texts "$errors")" "$@"
			unload lpt_fail
		else
			diag "can't be probed: $function"
		fi
		diag "$function returns $result: refused $REFUSED of $CALLS times"
		at_least "$REFUSED" "${minima[column]}" "refusals if $function fails" || bad=1
	done
	return $bad
}

version_is_2() {
	is "$(version)" 2
}

revert_pair2() {
	revert lpt_pair2
}

test_patch() {
	load lpt_target
	all_steps 0 version_is_2 revert_pair2 lpt_pair2
}

unload_target() {
	unload lpt_target
}

test_late_module() {
	apply lpt_pair2
	all_steps 1 version_is_2 unload_target lpt_target
}

version_is_4() {
	is "$(version)" 4
}

undo_replace() {
	revert lpt_pair4
	unload lpt_pair2
	apply lpt_pair2
}

test_replace() {
	load lpt_target
	apply lpt_pair2
	all_steps 2 version_is_4 undo_replace lpt_pair4 replace=1
}

# disable_by_tee PATCH - by a process with a name that lpt_fail can select
disable_by_tee() {
	tee "$KLP/$1/enabled" <<< 0 > /dev/null
}

# Disabling may fail when it sets up redirects. The patch then stays enabled, and can
# be reverted right after.
test_disable() {
	local i

	has_trampolines || skip "nothing has to be made for going back"
	load lpt_target
	for i in klp_block_alloc:0 klp_block_seal:$ENOMEM \
		 register_ftrace_function:$ENOMEM; do
		failing "${i%:*}" "${i#*:}" comm=tee
		apply lpt_pair2
		nth 1
		fails_with "Cannot allocate memory" disable_by_tee lpt_pair2
		settle
		is "$(attr lpt_pair2 enabled)" 1 "enabled, $i"
		is "$(attr lpt_pair2 transition)" 0 "transition, $i"
		is "$(version)" 2 "$i"
		nth 0
		disable_by_tee lpt_pair2
		settle
		unload lpt_pair2
		is "$(version)" 1 "$i"
		unload lpt_fail
	done
}

# Another user of ftrace (IPMODIFY) redirects the second of two functions.
test_taken() {
	local before

	load lpt_target
	failing lpt_pair_b 7
	before=$(inventory)
	fails_with "$IS_BUSY" load lpt_pair2
	settle
	same "$before" "$(inventory)"
	unload lpt_fail
	apply lpt_pair2
	version_is_2
	# register_kprobe() of v7.3 does not return the error of a refused probe.
	failing lpt_pair_b 7 || :
	not grep -q lpt_pair_b "$DEBUGFS/kprobes/list"
	version_is_2
}

clean_up() {
	[ ! -e "$FAIL" ] || { nth 0; unload lpt_fail; }
}

lpt_start 5
lpt_run "a function fails while a patch is loaded" test_patch
lpt_run "a function fails while a module is loaded after its patch" test_late_module
lpt_run "a function fails while a patch replaces others" test_replace
lpt_run "a function fails while a patch is disabled" test_disable
lpt_run "a function that another user of ftrace redirects" test_taken
ktap_finished
