#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Replace sets: a patch replaces those of its own set only, and patches of different sets
# can be enabled, disabled and replaced in any order, unless they conflict.

. "$(dirname "$0")/functions.sh"

EINVAL="Invalid argument"
INCOMPATIBLE="is not compatible with the already installed livepatches"
# The parameters for a function of each set in test_orders()
FUNCTIONS=("function=lpt_pair_a" "function=lpt_pair_b" "function=lpt_twin sympos=1")

# patch N SET VERSION [PARAMETER...] - enable lpt_set<N>: lpt_pair_a() returns VERSION
patch() {
	load_as lpt_set0 "lpt_set$1" set="$2" version="$3" "${@:4}" && settle
}

# cumulative ... - as patch(), with replace=1
cumulative() {
	patch "$@" replace=1
}

# remove N - disable and unload a patch
remove() {
	revert "lpt_set$1"
}

# replaced N - the patch was replaced
replaced() {
	gone "lpt_set$1"
	unload "lpt_set$1"
}

# enabled N... - these patches are enabled, and no others
enabled() {
	local dir got=

	for dir in "$KLP"/lpt_set*; do
		[ "$(first_line "$dir/enabled")" != 1 ] || got+=" ${dir#*lpt_set}"
	done
	is "${got# }" "$*" "enabled patches"
}

# refused MESSAGE N SET VERSION [PARAMETER...] - EINVAL, the log says MESSAGE once, and
# nothing changes
refused() {
	local before

	before=$(inventory)
	log_start
	fails_with "$EINVAL" patch "${@:2}"
	settle
	is "$(log_since_start | grep -cE "livepatch: .*$1")" 1 "lines of the log with '$1'"
	same "$before" "$(inventory)"
}

# in_effect - what lpt_pair_a(), lpt_pair_b() and one of the two lpt_twin() return
in_effect() {
	local a b c d

	read -r a b c d _ < "$TARGET/version"
	echo "$a $b $((c > d ? c : d))"
}

in_effect_is() {
	[ "$(in_effect)" = "$1" ]
}

test_default() {
	load lpt_target
	apply lpt_pair2
	is "$(attr lpt_pair2 replace_set)" 0
	is "$(stat -c %a "$KLP/lpt_pair2/replace_set")" 444 mode
	patch 1 4294967295 5 function=lpt_twin sympos=1
	is "$(attr lpt_set1 replace_set)" 4294967295
}

# in_order SET... - enable a patch of each set, upgrade one, and disable them
in_order() {
	local set want=(1 1 1) patches=(0 1 2)

	for set; do
		# shellcheck disable=SC2086	# several parameters
		cumulative "$set" "$set" "1$set" ${FUNCTIONS[set]}
		want[set]=1$set
		is "$(in_effect)" "${want[*]}" "$*: set $set enabled"
	done
	set=$2
	# shellcheck disable=SC2086
	cumulative 5 "$set" 20 ${FUNCTIONS[set]}
	replaced "$set"
	patches[set]=5
	want[set]=20
	is "$(in_effect)" "${want[*]}" "$*: set $set upgraded"
	for set; do
		remove "${patches[set]}"
		want[set]=1
		is "$(in_effect)" "${want[*]}" "$*: set $set disabled"
	done
}

test_orders() {
	load lpt_target
	in_order 0 1 2
	in_order 0 2 1
	in_order 1 0 2
	in_order 1 2 0
	in_order 2 0 1
	in_order 2 1 0
}

# The patches that are replaced are in the list before, between and after others.
test_middle() {
	load lpt_target
	patch 1 7 2
	patch 2 0 3 function=lpt_pair_b
	patch 3 7 4
	patch 4 8 5 function=lpt_twin sympos=1
	patch 5 7 6
	is "$(in_effect)" "6 3 5"
	cumulative 6 7 7
	replaced 1
	replaced 3
	replaced 5
	enabled 2 4 6
	is "$(attr lpt_set2 stack_order)" 1
	is "$(attr lpt_set4 stack_order)" 2
	is "$(attr lpt_set6 stack_order)" 3
	is "$(in_effect)" "7 3 5"
	remove 6
	is "$(in_effect)" "1 3 5"
}

# The functions of a set that the new patch leaves alone go back to the original.
test_less() {
	load lpt_target
	patch 1 1 2
	patch 2 2 3 function=lpt_twin sympos=1
	cumulative 3 1 4 function=lpt_pair_b
	replaced 1
	enabled 2 3
	is "$(in_effect)" "1 4 3"
}

# Patches of one set are stacked, and can be disabled in any order.
test_stack() {
	load lpt_target
	patch 1 1 2
	patch 2 2 3 function=lpt_pair_b
	patch 3 1 4
	patch 4 1 5
	is "$(in_effect)" "5 3 1"
	remove 1
	is "$(in_effect)" "5 3 1"
	remove 4
	is "$(in_effect)" "4 3 1"
	remove 3
	is "$(in_effect)" "1 3 1"
}

test_reversed() {
	load lpt_target
	load lpt_blocker
	patch 1 1 2
	patch 2 2 3 function=lpt_pair_b
	hold
	load_as lpt_set0 lpt_set3 set=1 version=4 replace=1
	in_transition
	enabled 1 2 3
	within "$LPT_PATIENCE" in_effect_is "4 3 1"
	disable lpt_set3
	enabled 1 2
	release
	settle
	gone lpt_set3
	enabled 1 2
	is "$(in_effect)" "2 3 1"
}

# conflicts SET OTHER [PARAMETERS] - a patch of SET that another one conflicts with
conflicts() {
	local message

	message="patch 'lpt_set2' object 'lpt_target': function 'lpt_pair_a,1' is replaced by patch 'lpt_set1' of replace set $1, this patch is in set $2\$"
	patch 1 "$1" 2
	refused "$message" 2 "$2" 3 "${@:3}"
	remove 1
	patch 2 "$2" 3 "${@:3}"
	is "$(in_effect)" "3 1 1"
	remove 2
}

test_conflict() {
	load lpt_target
	conflicts 0 1
	conflicts 1 0
	conflicts 1 2 replace=1
	conflicts 0 2 sympos=1
	conflicts 2 0 replace=1
}

# The conflict is found before the module that has the function is loaded.
test_conflict_later() {
	patch 1 1 2
	refused "patch 'lpt_set2' object 'lpt_target': function 'lpt_pair_a,1' .* 'lpt_set1' " \
		2 2 3
	patch 2 2 3 function=lpt_pair_b
	load lpt_target
	is "$(in_effect)" "2 3 1"
}

# Two functions of the same name are different functions.
test_twins() {
	load lpt_target
	patch 1 1 5 function=lpt_twin sympos=1
	patch 2 2 6 function=lpt_twin sympos=2
	case "$(versions)" in
	"1 1 5 6 1" | "1 1 6 5 1") ;;
	*) diag "$(versions)"; return 1 ;;
	esac
	refused "function 'lpt_twin,2' is replaced by patch 'lpt_set2' " \
		3 1 7 function=lpt_twin sympos=2
}

test_states() {
	load lpt_target
	patch 1 1 2 state=77
	refused "patch 'lpt_set2': state 77 belongs to patch 'lpt_set1' of replace set 1, this patch is in set 2\$" \
		2 2 3 function=lpt_pair_b state=77
	cumulative 2 2 3 function=lpt_pair_b state=78
	is "$(in_effect)" "2 3 1"
	refused "$INCOMPATIBLE" 3 1 4 replace=1
	cumulative 3 1 4 state=77
	replaced 1
	is "$(in_effect)" "4 3 1"
}

lpt_start 10
lpt_run "a patch is in set 0 unless it names another" test_default
lpt_run "sets are enabled, upgraded and disabled in any order" test_orders
lpt_run "a set is replaced between patches of other sets" test_middle
lpt_run "a set is replaced by a patch of another function" test_less
lpt_run "the patches of a set are stacked" test_stack
lpt_run "reverse a replacement in a set" test_reversed
lpt_run "refused: a function that a patch of another set replaces" test_conflict
lpt_run "refused: the same in a module that is loaded later" test_conflict_later
lpt_run "two functions of one name are in two sets" test_twins
lpt_run "refused: a state of another set, and states within a set" test_states
ktap_finished
