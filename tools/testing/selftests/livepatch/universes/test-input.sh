#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Invalid patches are refused with the right reason, and leave the state unchanged.

. "$(dirname "$0")/functions.sh"

EINVAL="Invalid argument"

# says REGEX - exactly one line of the log since log_start() matches
says() {
	local got

	got=$(log_since_start | grep -c -E "livepatch: .*$1")
	is "$got" 1 "lines of the log with '$1'"
}

# never_says REGEX
never_says() {
	is "$(log_since_start | grep -c "$1")" 0 "lines of the log with '$1'"
}

# refused_only ERROR MESSAGE MODULE [PARAMETERS]
refused_only() {
	local error=$1 message=$2 before

	shift 2
	loaded lpt_target || load lpt_target
	before=$(inventory)
	log_start
	fails_with "$error" load "$@"
	settle
	says "$message"
	same "$before" "$(inventory)"
}

# refused ... - like refused_only(), and a valid patch works after it
refused() {
	refused_only "$@"
	apply lpt_pair2
	is "$(version)" 2
}

# kind KIND MESSAGE - define test_KIND(): lpt_input kind=KIND is refused with MESSAGE
kind() {
	eval "test_$1() { refused '$EINVAL' \"$2\" lpt_input kind=$1; }"
	kinds+=("$1")
}

test_good() {
	load lpt_target
	apply lpt_input kind=good
	is "$(versions)" "9 9 1 1 1"
}

# sympos counts in the order of kallsyms. 1 and 2 must select different functions.
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
	refused "$EINVAL" "not marked as a livepatch module" lpt_unmarked
}

test_twice() {
	# The module loader turns the EEXIST of an init function into EBUSY.
	refused "Device or resource busy" "'lpt_pair_a,1' is named twice" \
		lpt_input kind=twice
}

# The patch is loaded before its target, so loading the target is refused.
later() {
	local before

	apply lpt_input kind="$1"
	before=$(inventory_of_klp)
	log_start
	fails_with "$EINVAL" load lpt_target
	says "$2"
	not loaded lpt_target
	same "$before" "$(inventory_of_klp)"
	revert lpt_input
	load lpt_target
	is "$(version)" 1
}

test_later() {
	later unknown "$S""no symbol 'lpt_no_such_function'"
}

# The function exists only while the module is being loaded.
test_late_init() {
	later late_init "$F 'lpt_target_init' .* init code, which does not stay"
}

inventory_of_klp() {
	echo "$(< "$TRACING/enabled_functions")"
	ls -R "$KLP"
}

# Whether the compiler makes a clone depends on its version.
test_cloned() {
	local clone

	load lpt_target
	clone=$(grep -o ' lpt_cloned[.][^[:space:]]*' /proc/kallsyms) ||
		skip "this compiler makes no clone"
	refused "$EINVAL" "'lpt_cloned', the compiler has made '${clone# }' of it" \
		lpt_input kind=cloned
}

# A module named vmlinux must be refused. This renames lpt_xx7 in its file.
test_vmlinux() {
	sed 's/lpt_xx7/vmlinux/g' "$LPT_DIR/test_modules/lpt_xx7.ko" \
		> "$LPT_TMP/vmlinux.ko"
	log_start
	fails_with "$EINVAL" "$LPT_DIR/lpt_module" load "$LPT_TMP/vmlinux.ko"
	says "vmlinux.ko: invalid module name"
	load lpt_xx7
	unload lpt_xx7
}

test_bad_new_func() {
	refused "No such file" "'lpt_pair_b' has a new function that is in no symbol" \
		lpt_input kind=bad_new_func
}

# Another patch is in the middle of its transition
test_busy() {
	local before

	load lpt_target
	load lpt_blocker
	hold
	load lpt_pair2
	in_transition
	before=$(inventory)
	log_start
	fails_with "Device or resource busy" load lpt_input kind=good
	says "patch 'lpt_input' can't be enabled during the transition of 'lpt_pair2'"
	same "$before" "$(inventory)"
	release
	settle
	is "$(version)" 2
}

# Another user of ftrace (IPMODIFY) redirects the function.
test_taken() {
	load lpt_target
	load lpt_taker || skip "no kprobe with a post_handler (CONFIG_KPROBES)"
	needs_redirecting_kprobe
	refused_only "Device or resource busy" \
		"failed to register ftrace handler for function 'lpt_pair_b'" \
		lpt_input kind=good
	unload lpt_taker
	apply lpt_input kind=good
	is "$(versions)" "9 9 1 1 1"
}

# The directory of an object would collide with a file of its patch. The patch must be
# refused before sysfs warns with a stack trace.
test_bad_object() {
	local name

	for name in enabled transition force replace replace_set stack_order \
		    stragglers transition_ms pinned; do
		refused_only "$EINVAL" "$P: object '$name' has the name of a file" \
			lpt_input kind=object object="$name"
		never_says "Call Trace"
	done
	refused "$EINVAL" "$P: the name of an object is empty" \
		lpt_input kind=object object=
	never_says "Call Trace"
}

# No module can have that name. The patch is accepted, with a line in the log.
test_never_patched() {
	local name

	load lpt_target
	for name in lpt-target lpt_target.ko ./lpt_target vmlinux; do
		log_start
		apply lpt_input kind=object object="$name"
		says "$P: object '$name' will never be patched: "
		is "$(attr "lpt_input/${name/\//!}" patched)" 0
		is "$(version)" 1
		revert lpt_input
	done
	log_start
	apply lpt_input kind=object object=lpt_target
	never_says "will never be patched"
	is "$(versions)" "9 1 1 1 1"
}

# A name is checked also if its module is not loaded.
test_long_name_later() {
	log_start
	fails_with "$EINVAL" load lpt_input kind=long_name
	says "$LONG"
	not loaded lpt_input
	load lpt_target
	is "$(version)" 1
}

# An object without functions has callbacks only.
test_empty_list() {
	load lpt_target
	apply lpt_input kind=empty_list
	is "$(attr lpt_input/lpt_target patched)" 1
	is "$(version)" 1
	revert lpt_input
}

own() {
	first_line /sys/module/lpt_input/parameters/own
}

# The module of the patch is loaded while its init function enables the patch.
test_own() {
	apply lpt_input kind=own
	is "$(attr lpt_input/lpt_input patched)" 1
	is "$(own)" 9
	disable lpt_input
	settle
	gone lpt_input
	is "$(own)" 1
	unload lpt_input
}

test_own_unknown() {
	refused "$EINVAL" "$P object 'lpt_input': no symbol 'lpt_pair_a'" \
		lpt_input kind=object object=lpt_input
}

# holes KIND VERSIONS - patch a function of target_weak.c; VERSIONS is what they return
holes() {
	load lpt_target
	grep -q '__ftrace_invalid_address__.*\[lpt_target\]' \
		"$TRACING/available_filter_functions" ||
		skip "no dead functions here, or ftrace does not know them"
	is "$(first_line "$TARGET/holes")" "1 1 1 1"
	apply lpt_input kind="$1"
	is "$(first_line "$TARGET/holes")" "$2"
}

test_hole_first() {
	holes hole_first "9 1 1 1"
}

test_hole_middle() {
	holes hole_middle "1 9 1 1"
}

test_hole_last() {
	holes hole_last "1 1 1 9"
}

# cycle_refused [PARAMETER...] - lpt_other makes a cycle with patches that are valid by
# themselves
cycle_refused() {
	local before

	before=$(inventory)
	log_start
	fails_with "$EINVAL" load_as lpt_input lpt_other kind=back "$@"
	settle
	says "patch 'lpt_other' object 'vmlinux': function 'int_sqrt' .* leads back to it"
	same "$before" "$(inventory)"
}

test_there() {
	apply lpt_input kind=there
	is "$(attr lpt_input enabled)" 1
	revert lpt_input
	load_as lpt_input lpt_other kind=back
	settle
	is "$(attr lpt_other enabled)" 1
}

test_cycle_of_patches() {
	apply lpt_input kind=there
	cycle_refused
}

# lpt_third hides lpt_input. Disabling lpt_third would complete the cycle.
test_cycle_below() {
	apply lpt_input kind=there
	load_as lpt_input lpt_third kind=over
	settle
	cycle_refused
}

# One patch replaces the other, so no caller sees both.
test_cycle_replaced() {
	apply lpt_input kind=there
	load_as lpt_input lpt_other kind=back replace=1
	settle
	is "$(attr lpt_other enabled)" 1
	gone lpt_input
}

# A patch of another set does not replace the first one.
test_cycle_of_sets() {
	apply lpt_input kind=there
	cycle_refused replace=1 set=1
}

P="patch 'lpt_input'"
F="$P object 'lpt_target': function"
S="$P object 'lpt_target': "
LONG="$S""the name of a function is too long"
kinds=()
kind no_patch "patch '[?]': has no module or no list of objects"
kind no_module "patch '[?]': has no module or no list of objects"
kind no_objects "$P: has no module or no list of objects"
kind no_funcs "$S""has no list of functions"
kind long_object "$P: name of object '.*' is too long"
kind no_name "$F '[?]' has no name"
kind empty_name "$F '[?]' has no name"
kind long_name "$LONG"
kind no_new_func "$F 'lpt_pair_b' has no new function"
kind data_new_func "function 'lpt_pair_b' has a new function that is data or init code"
kind unknown "$S""no symbol 'lpt_no_such_function'"
kind inlined "$S""no symbol 'lpt_inlined', .* inlined"
kind ambiguous "$S""symbol 'lpt_twin' is ambiguous, there are 2"
kind third_twin "$S""no symbol 'lpt_twin' at position 3, there are only 2"
kind second_of_one "$S""no symbol 'lpt_pair_b' at position 2, there are only 1"
kind notrace "$F 'lpt_untraceable' has no entry site: it is notrace"
kind hole_notrace "$F 'lpt_hole_notrace' has no entry site: it is notrace"
kind itself "$P object 'vmlinux': function 'int_pow' is replaced by itself"
kind itself_inside "$P object 'vmlinux': function 'int_pow' is replaced by itself"
kind swapped "$P object 'vmlinux': function 'int_.*' .* leads back to it"
kind data "$F 'lpt_phase' has no entry site: it is data"
kind init "$P object 'vmlinux': function 'start_kernel' .* init code, which does not stay"
kind kernel_trace "$P object 'vmlinux': function 'ftrace_location' .* not traced"

lpt_start $((${#kinds[@]} + 25))
lpt_run "accepted: a valid patch" test_good
lpt_run "accepted: functions selected by sympos" test_twins
for k in "${kinds[@]}"; do
	lpt_run "refused: $k" "test_$k"
done
lpt_run "refused: a function of which the compiler made a clone" test_cloned
lpt_run "refused: module not marked as a patch" test_unmarked
lpt_run "refused: a function that is named twice" test_twice
lpt_run "refused: a module that lacks a function of its patch" test_later
lpt_run "refused: a module whose init function its patch replaces" test_late_init
lpt_run "refused: an invalid address of a new function" test_bad_new_func
lpt_run "refused: a module named vmlinux" test_vmlinux
lpt_run "refused: during another transition" test_busy
lpt_run "refused: a function that another user of ftrace redirects" test_taken
lpt_run "refused: an object with the name of a file" test_bad_object
lpt_run "accepted: an object that is not a possible name of a module" test_never_patched
lpt_run "refused: a function of a module that is not loaded, with too long a name" \
	test_long_name_later
lpt_run "accepted: an object without functions" test_empty_list
lpt_run "accepted: a patch of a function in its own module" test_own
lpt_run "refused: a patch of a function that is not in its own module" test_own_unknown
lpt_run "refused: a cycle of two patches" test_cycle_of_patches
lpt_run "refused: a cycle with a patch that another one hides" test_cycle_below
lpt_run "accepted: a new function that is a function of the kernel" test_there
lpt_run "accepted: a cycle of two patches, one of which replaces the other" test_cycle_replaced
lpt_run "refused: a cycle of two patches of different sets" test_cycle_of_sets
lpt_run "dead functions after the first function" test_hole_first
lpt_run "dead functions before and after the function" test_hole_middle
lpt_run "dead functions before the last function" test_hole_last
ktap_finished
