#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bad patches are refused, for the right reason, and leave nothing behind.

. "$(dirname "$0")/functions.sh"

EINVAL="Invalid argument"

# refused ERROR MODULE [PARAMETERS]
refused() {
	local error=$1 before

	shift
	load lpt_target
	before=$(inventory)
	fails_with "$error" load "$@"
	settle
	same "$before" "$(inventory)"
	# Nor does it stand in the way of a good one
	apply lpt_pair2
	is "$(version)" 2
}

# kind ERROR KIND - defines the test
kind() {
	eval "test_$2() { refused '$1' lpt_input kind=$2; }"
	kinds+=("$2")
}

test_good() {
	load lpt_target
	apply lpt_input kind=good
	is "$(versions)" "9 9 1 1 1"
}

# sympos counts in the order of kallsyms: one each, and not the same one
test_twins() {
	local first second

	load lpt_target
	apply lpt_input kind=first_twin
	first=$(versions)
	[ -d "$KLP/lpt_input/lpt_target/lpt_twin,1" ]
	revert lpt_input
	apply lpt_input kind=second_twin
	second=$(versions)
	[ -d "$KLP/lpt_input/lpt_target/lpt_twin,2" ]
	case "$first, $second" in
	"9 1 9 1 1, 9 1 1 9 1") ;;
	"9 1 1 9 1, 9 1 9 1 1") ;;
	*) diag "$first, $second"; return 1 ;;
	esac
}

test_unmarked() {
	refused "$EINVAL" lpt_unmarked
}

test_twice() {
	# The module loader turns the EEXIST of an init function into EBUSY.
	refused "Device or resource busy" lpt_input kind=twice
}

# The module is not there yet, so the module is what is refused
test_later() {
	local before

	apply lpt_input kind=unknown
	before=$(inventory_of_klp)
	fails_with "$EINVAL" load lpt_target
	not loaded lpt_target
	same "$before" "$(inventory_of_klp)"
	revert lpt_input
	load lpt_target
	is "$(version)" 1
}

inventory_of_klp() {
	echo "$(< "$TRACING/enabled_functions")"
	ls -R "$KLP"
}

kinds=()
kind "$EINVAL" no_patch
kind "$EINVAL" no_module
kind "$EINVAL" no_objects
kind "$EINVAL" no_funcs
kind "$EINVAL" long_object
kind "$EINVAL" no_name
kind "$EINVAL" no_new_func
kind "$EINVAL" unknown
kind "$EINVAL" ambiguous
kind "$EINVAL" third_twin
kind "$EINVAL" second_of_one
kind "$EINVAL" notrace

lpt_start $((${#kinds[@]} + 5))
lpt_run "good" test_good
lpt_run "sympos" test_twins
for k in "${kinds[@]}"; do
	lpt_run "refused: $k" "test_$k"
done
lpt_run "refused: module not marked as a patch" test_unmarked
lpt_run "refused: a function twice" test_twice
lpt_run "refused: a module with an unknown function" test_later
ktap_finished
