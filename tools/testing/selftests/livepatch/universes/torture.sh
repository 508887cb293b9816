#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Torture live patching: kernel/livepatch/klptorture.c calls functions in all contexts,
# and checks which version each call gets. Meanwhile patches of these functions are
# applied, stacked, replaced, reverted, reversed and, near the end, forced, in random
# order. Tracers are switched on and off, CPUs go offline and online, a module is loaded
# and unloaded, and tasks are created and exit.
#
# There are also rounds of three kinds: "inside" (threads sleep in the code of a patch
# that is taken out of effect), "started" (threads that a patch has started) and "failed"
# (the init function of a patch fails).
#
# TORTURE_SECONDS: duration, 120 by default. SEED: repeats the order of the changes.
# KINDS="inside started failed": the kinds of rounds. KLPTORTURE: file of the module, if
# modprobe does not find it. SABOTAGE=1: each patch lacks a function that the script
# expects in it, so that the test has to fail.
#
# A forced patch stays loaded until a reboot, and so do all patches that were enabled
# at that time. Do not run this on a machine that is in use.

LPT_PATIENCE=${LPT_PATIENCE:-60}
. "$(dirname "$0")/functions.sh"

LIMIT=${TORTURE_SECONDS:-120}
SEED=${SEED:-$((EPOCHSECONDS % 32768))}
SABOTAGE=${SABOTAGE:-0}
KINDS=${KINDS-inside started failed}
TORTURE=$DEBUGFS/klptorture
SAVED=$LPT_TMP/stats
COMPLAINTS=$LPT_TMP/complaints
TAINTED=$(< /proc/sys/kernel/tainted)
CONTEXTS="syscall module exiting dead kthread worker work idle"
IRQ_CONTEXTS="softirq hardirq nmi"
SLEEPERS="inside started"
# The modules of the patches, by their number
MODULES=()
for number in 1 2 3 4; do
	MODULES[number]=klptorture_patch$number
done

# below NUMBER - set R to a random number. Must not run in a subshell, whose random
# numbers would not advance those of this shell.
below() {
	R=$((RANDOM % $1))
}

# one_in NUMBER - true with a probability of 1 / NUMBER
one_in() {
	below "$1"
	[ "$R" -eq 0 ]
}

# nap_below MILLISECONDS
nap_below() {
	local seconds

	below "$1"
	printf -v seconds '%d.%03d' $((R / 1000)) $((R % 1000))
	nap "$seconds"
}

complain() {
	echo "$*" >> "$COMPLAINTS"
}

running() {
	[ ! -e "$LPT_TMP/stop" ]
}

#
# Background activity, each kind in its own process
#

set_tracer() {
	echo 'klpt_* int_pow lcm' > "$TRACING/set_ftrace_filter"
	echo "$1" > "$TRACING/current_tracer"
	echo > "$TRACING/trace"
}

set_probe() {
	echo "p:lpt/probe $1" > "$TRACING/kprobe_events"
	echo 1 > "$TRACING/events/lpt/enable"
}

trace_loop() {
	local functions=(klpt_a klpt_b int_pow lcm)

	RANDOM=$((SEED + 1))
	while running; do
		below 4
		case $R in
		0)	set_tracer function ;;
		1)	set_tracer function_graph ;;
		2)	below 4
			set_probe "${functions[R]}" ;;
		*)	;;
		esac
		nap_below 500
		stop_tracing
		nap_below 2000
	done
}

# Only the last CPU, so that another one is always online
cpu_loop() {
	[ -e "$ONLINE" ] || return 0
	RANDOM=$((SEED + 2))
	while running; do
		nap_below 3000
		cpu 0 || complain "a CPU does not go offline"
		nap_below 500
		cpu 1 || complain "a CPU does not come back online"
	done
}

# The patches also patch lpt_target. Its init function calls two functions, which must
# return the same version.
module_loop() {
	local a b

	RANDOM=$((SEED + 3))
	while running; do
		load lpt_target || complain "lpt_target does not load"
		read -r a b < "$TARGET/init" || complain "lpt_target is not there"
		[ "$a" = "$b" ] || complain "init of lpt_target saw $a and $b"
		nap_below 300
		unload lpt_target || complain "lpt_target does not unload"
		nap_below 700
	done
}

# Tasks that exit with the file open, so that it is closed during the exit
exit_loop() {
	while running; do
		(
			exec {file}> "$TORTURE/call"
			echo >&"$file"
		)
		nap 0.02
	done
}

start_all() {
	local i loop

	for ((i = 0; i < 6; i++)); do
		start_caller "$TORTURE/call" call
		PROGRAMS+=("$LPT_PID")
	done
	in_background nice "$LPT_DIR/lpt_tasks" storm 1 > /dev/null
	PROGRAMS+=("$LPT_PID")
	for loop in trace cpu module exit; do
		in_background "${loop}_loop"
	done
}

nothing_runs() {
	jobs -r -p > "$LPT_TMP/jobs"
	[ ! -s "$LPT_TMP/jobs" ]
}

# The loops end when the file "stop" exists, and restore what they changed.
stop_all() {
	set +e
	trap - ERR
	: > "$LPT_TMP/stop"
	release_all
	[ ${#PROGRAMS[@]} -eq 0 ] || kill -TERM "${PROGRAMS[@]}"
	within "$LPT_PATIENCE" nothing_runs || kill_background
}

#
# Patches. STACK is a list of "NUMBER FUNCTIONS", in the order in which they were
# enabled. FUNCTIONS is a bit mask.
#

STACK=()
STATE=0000
FROM=0000
PINNED=" "

# Set STATE to the versions that result from STACK, in the format of klptorture.c
get_state() {
	local number functions digits=(0 0 0 0) entry i

	for entry in "${STACK[@]}"; do
		read -r number functions <<< "$entry"
		for i in 0 1 2 3; do
			((functions >> i & 1)) && digits[i]=$number
		done
	done
	STATE=${digits[3]}${digits[2]}${digits[1]}${digits[0]}
}

# without NUMBER - set LEFT to STACK without that patch
without() {
	local entry

	LEFT=()
	for entry in "${STACK[@]}"; do
		[ "${entry% *}" -eq "$1" ] || LEFT+=("$entry")
	done
}

# is_stacked NUMBER
is_stacked() {
	without "$1"
	[ ${#LEFT[@]} -ne ${#STACK[@]} ]
}

say() {
	echo "$1 $FROM $STATE" > "$TORTURE/phase"
}

# begin KIND STACK... - announce a change to klptorture that leads to that stack
begin() {
	OLD=("${STACK[@]}")
	FROM=$STATE
	STACK=("${@:2}")
	get_state
	say "$1"
}

swap() {
	local new=("${STACK[@]}")

	STACK=("${OLD[@]}")
	OLD=("${new[@]}")
	FROM=$STATE
	get_state
}

is_enabled() {
	[ "$(attr "$1" enabled)" = 1 ]
}

# turn MODULE - reverse the transition; no error if it has completed already
turn() {
	local to=1

	is_enabled "$1" && to=0
	say turn
	{ write_to "$KLP/$1/enabled" $to; } 2> /dev/null || return 0
	swap
	say move
	TURNS=$((TURNS + 1))
}

# say_loaded [NUMBER] - report to klptorture which patches are loaded, and the next one
say_loaded() {
	local number mask=$((STAYING | 1 << ${1:-0}))

	for number in 1 2 3 4; do
		! loaded "${MODULES[number]}" || mask=$((mask | 1 << number))
	done
	echo "$mask" > "$TORTURE/loaded"
}

# rename NUMBER - from now on the patch is a module of another name, of the same length
#
# The additional byte at the end makes the module unsigned. The old signature would not
# match the new content, which is an error.
rename() {
	local file=klptorture_patch$1 name

	name=${file::-4}
	printf -v name '%s_%03d' "$name" "$STAYED"
	rm -f "$LPT_TMP/${MODULES[$1]}.ko"
	sed "s/$file/$name/g" "$LPT_DIR/test_modules/$file.ko" > "$LPT_TMP/$name.ko"
	echo >> "$LPT_TMP/$name.ko"
	MODULES[$1]=$name
}

# says_why MODULE - like must_stay(), and saves the reason
says_why() {
	dmesg | grep "patch '$1': .*can't be removed again" > "$LPT_TMP/reason"
}

# must_go MODULE - unload it; it must not be pinned, as no thread is in its code
must_go() {
	unload "$1" && return
	! says_why "$1" || sed 's/^/# /' "$LPT_TMP/reason"
	return 1
}

# stay NUMBER - unloading failed: rename the patch if pinned, else try for longer
stay() {
	if ! says_why "${MODULES[$1]}"; then
		unload "${MODULES[$1]}"
		return
	fi
	STAYED=$((STAYED + 1))
	STAYING=$((STAYING | 1 << $1))
	rename "$1"
}

# no_sleeper_in MODULE - after it was unloaded, no thread may be in its code
no_sleeper_in() {
	[ "$1" = "$SLEEPER_IN" ] || return 0
	is "$(< "$TORTURE/sleeper")" 0 "thread in $1, which was unloaded"
}

# try_at_once NUMBER - unload it, unless a thread in its code pins it
try_at_once() {
	local module=${MODULES[$1]}

	if within 1 try_unload "$module" > /dev/null; then
		no_sleeper_in "$module"
	else
		stay "$1"
	fi
}

# Unload modules whose patches are not enabled. Waits until their directories in sysfs
# are gone: they could be mistaken for those of the next patch of the same name.
unload_unused() {
	local number

	for number in 1 2 3 4; do
		loaded "${MODULES[number]}" || continue
		! is_stacked $number || continue
		gone "${MODULES[number]}"
		[[ $PINNED != *" $number "* ]] || continue
		if [ "$MAY_STAY" = 1 ]; then
			try_at_once $number
		else
			must_go "${MODULES[number]}"
		fi
	done
	say_loaded
}

# A thread that can't be migrated asleep blocks the transition until it is kicked.
settle_or_kick() {
	[ -z "$SLEEPER_IN" ] || settle_within 10 > /dev/null || kick
	settle
}

# end MODULE NUMBER - wait for the end of the transition, and record its result
end() {
	if ! settle_or_kick; then
		cat "$BEHIND"
		return 1
	fi
	if is_enabled "$1"; then
		is_stacked "$2" || swap
	else
		! is_stacked "$2" || swap
	fi
	say at
	unload_unused
}

# half_way MODULE SAFE - maybe reverse it. SAFE=1: that is valid even after completion.
half_way() {
	local times

	nap_below 100
	[ "$2" = 1 ] || return 0
	below 4
	for ((times = R; times > 0; times--)); do
		turn "$1"
		nap_below 50
	done
}

maybe_hold() {
	HELD=0
	! one_in 3 || return 0
	hold
	HELD=1
}

maybe_release() {
	[ "$HELD" = 1 ] || return 0
	release
	wait "$LPT_PID"
}

# Set NUMBER to an unloaded patch, if there is one
pick_unloaded() {
	local number numbers=()

	for number in 1 2 3 4; do
		loaded "${MODULES[number]}" || numbers+=("$number")
	done
	[ ${#numbers[@]} -gt 0 ] || return 1
	below ${#numbers[@]}
	NUMBER=${numbers[R]}
}

# load_patch - NUMBER, with FUNCTIONS and REPLACE
load_patch() {
	local functions=$FUNCTIONS module=${MODULES[NUMBER]} dir=$LPT_DIR/test_modules

	say_loaded "$NUMBER"
	[ ! -e "$LPT_TMP/$module.ko" ] || dir=$LPT_TMP
	[ "$SABOTAGE" = 0 ] || functions=$((functions & (functions - 1)))
	"$LPT_DIR/lpt_module" load "$dir/$module.ko" functions="$functions" \
			      replace="$REPLACE" fail="$FAIL"
}

# Choose what a patch patches, and whether it replaces the others
pick_functions() {
	FUNCTIONS=15 REPLACE=0
	if one_in 2; then
		below 15
		FUNCTIONS=$((R + 1))
	fi
	! one_in 4 || REPLACE=1
}

# begin_patch KIND - announce that NUMBER is stacked on the others, or replaces them
begin_patch() {
	local stack=("${STACK[@]}")

	[ "$REPLACE" = 0 ] || stack=()
	begin "$1" "${stack[@]}" "$NUMBER $FUNCTIONS"
}

# apply_patch - NUMBER, with FUNCTIONS and REPLACE
apply_patch() {
	local number=$NUMBER safe

	maybe_hold
	# After a replacement has completed, disabling leads to an empty stack, not to OLD.
	safe=$((HELD || !REPLACE))
	begin_patch move
	load_patch
	half_way "${MODULES[number]}" $safe
	maybe_release
	end "${MODULES[number]}" "$number"
}

apply_one() {
	pick_unloaded || return 0
	pick_functions
	apply_patch
}

force_patch() {
	pick_unloaded || return 0
	pick_functions
	hold
	HELD=1
	begin_patch force
	load_patch
	nap_below 200
	write_to "$KLP/${MODULES[NUMBER]}/force" 1
	settle
	maybe_release
	end "${MODULES[NUMBER]}" "$NUMBER"
}

# revert NUMBER
revert_patch() {
	maybe_hold
	without "$1"
	begin move "${LEFT[@]}"
	disable "${MODULES[$1]}"
	half_way "${MODULES[$1]}" 1
	maybe_release
	end "${MODULES[$1]}" "$1"
}

revert_one() {
	[ ${#STACK[@]} -gt 0 ] || return 0
	below ${#STACK[@]}
	revert_patch "${STACK[R]% *}"
}

revert_all() {
	while [ ${#STACK[@]} -gt 0 ]; do
		revert_one
	done
}

change_one() {
	if one_in 2; then
		apply_one
	else
		revert_one
	fi
}

#
# Rounds that are about threads in the code of a patch, or about its init function
#

# "KIND VARIANT", in an order in which a short run has rounds of each kind
ROUNDS=("failed 0" "inside 1" "started 0" "failed 1" "inside 2" "started 1"
	"inside 3" "started 2" "failed 1" "started 3")
PLAN=()
declare -A RAN=()
NEXT=0 REPLACED=0
# The number of modules that stayed loaded because of a thread, a mask of their numbers,
# and a limit: after it is reached, threads are kicked before their patch is disabled.
STAYED=0 STAYING=1 MAX_STAYING=40
# The module in whose code the thread is, and whether modules may stay in this round
SLEEPER_IN='' MAY_STAY=0
# Milliseconds until the init function of a patch fails; negative: it succeeds
FAIL=-1

plan_rounds() {
	local round

	for round in "${ROUNDS[@]}"; do
		[[ " $KINDS " != *" ${round% *} "* ]] || PLAN+=("$round")
	done
}

# count KIND VARIANT - count a round that has ended
count() {
	local key

	for key in "$1" "$1/$2"; do
		RAN[$key]=$((${RAN[$key]-0} + 1))
	done
	NEXT=$((NEXT + 1))
}

kick() {
	echo 1 > "$TORTURE/kick"
	SLEEPER_IN=''
}

# replace_all - replace all patches by one that is not loaded, if there is one
replace_all() {
	pick_unloaded || return 0
	FUNCTIONS=15 REPLACE=1
	apply_patch
}

# take_away NUMBER - disable or replace the patch
take_away() {
	while is_stacked "$1"; do
		if one_in 2; then
			replace_all
			is_stacked "$1" || REPLACED=$((REPLACED + 1))
		else
			revert_patch "$1"
		fi
	done
}

# Maybe make another change before the thread continues
wander() {
	! one_in 2 || change_one
}

# put_to_sleep KIND VARIANT NUMBER - let a thread sleep in the code of that patch
put_to_sleep() {
	echo "$2" > "$TORTURE/$1"
	SLEEPER_IN=${MODULES[$3]}
	MAY_STAY=1
	[ $STAYED -lt $MAX_STAYING ] || wake_up
}

# wake_up - let the thread continue; from now on no module has to stay
wake_up() {
	[ -z "$SLEEPER_IN" ] || kick
	MAY_STAY=0
}

# leave_asleep KIND VARIANT - take a patch out of effect while a thread is in its code
leave_asleep() {
	local number

	pick_unloaded || revert_one
	pick_unloaded || return 0
	number=$NUMBER
	FUNCTIONS=15 REPLACE=0
	apply_patch
	is_stacked "$number" || return 0
	put_to_sleep "$1" "$2" "$number"
	take_away "$number"
	wander
	wake_up
	count "$1" "$2"
}

round_inside() {
	leave_asleep inside "$1"
}

round_started() {
	leave_asleep started "$1"
}

# nothing_left MODULE - the module and its directory are gone after init has failed
nothing_left() {
	is "$(ls -d "/sys/module/$1" "$KLP/$1" 2> /dev/null)" "" "left of $1"
}

# round_failed HELD - init fails after enabling; HELD=1: a task blocks the transition
round_failed() {
	local module

	pick_unloaded || revert_one
	pick_unloaded || return 0
	pick_functions
	module=${MODULES[NUMBER]}
	HELD=$1
	[ "$HELD" = 0 ] || hold
	begin_patch turn
	below 200
	FAIL=$R
	fails_with "Cannot allocate memory" load_patch
	FAIL=-1
	nothing_left "$module"
	settle
	swap
	say at
	maybe_release
	say_loaded
	count failed "$1"
}

next_round() {
	local kind variant

	read -r kind variant <<< "${PLAN[NEXT % ${#PLAN[@]}]}"
	"round_$kind" "$variant"
}

# one_change - of any kind. The first three are rounds, for slow machines.
one_change() {
	if [ ${#PLAN[@]} -gt 0 ] && { [ $NEXT -lt 3 ] || one_in 2; }; then
		next_round
	else
		change_one
	fi
}

# torture_until TIME
torture_until() {
	local delays=(1 10 100)

	while [ $SECONDS -lt "$1" ]; do
		below 3
		set_delay "${delays[R]}"
		one_change
		CHANGES=$((CHANGES + 1))
		nap_below 50
	done
}

# Forcing pins all enabled patches. Disable most before, for use after it.
force_one() {
	local entry

	while [ ${#STACK[@]} -gt 1 ]; do
		revert_one
	done
	for entry in "${STACK[@]}"; do
		PINNED+="${entry% *} "
	done
	force_patch
}

load_klptorture() {
	if [ -n "${KLPTORTURE-}" ]; then
		"$LPT_DIR/lpt_module" load "$KLPTORTURE"
	else
		modprobe klptorture
	fi
}

# Save how many rounds of each kind and variant have run
save_rounds() {
	local key

	for key in "${!RAN[@]}"; do
		echo "$key ${RAN[$key]}"
	done | sort > "$LPT_TMP/rounds"
	diag "rounds: $(paste -s -d, "$LPT_TMP/rounds"); $REPLACED by replacement," \
	     "$STAYED modules stay"
}

# Runs on success and failure. stop_all() kills what does not end in time.
save() {
	diag "$CHANGES changes, turned around $TURNS times"
	save_rounds
	cat "$TORTURE/stats" > "$SAVED"
	sed 's/^/# /' "$SAVED"
	stop_all
}

test_torture() {
	local end=$((SECONDS + LIMIT))

	RANDOM=$SEED
	CHANGES=0 TURNS=0 PROGRAMS=()
	trap save EXIT
	load_klptorture
	load lpt_blocker
	plan_rounds
	start_all
	torture_until $((end - LIMIT / 8))
	force_one
	torture_until "$end"
	revert_all
}

#
# The verdict
#

STATS=$SAVED

# none_of "FAULTS" "CONTEXTS"
none_of() {
	local fault context bad=0

	[ -s "$SAVED" ]
	for context in $2; do
		for fault in $1; do
			is "$(stat_of "$context" "$fault")" 0 "$context $fault" ||
				bad=1
		done
	done
	return $bad
}

test_one_universe() {
	none_of mixed "$CONTEXTS"
}

test_old_then_new() {
	none_of order "$CONTEXTS"
}

test_interrupts() {
	none_of "mixed order" "$IRQ_CONTEXTS"
}

test_asked_for() {
	none_of "stale foreign" "$CONTEXTS $IRQ_CONTEXTS $SLEEPERS"
}

test_freed() {
	none_of gone "$CONTEXTS $IRQ_CONTEXTS $SLEEPERS"
}

test_everywhere() {
	local context

	for context in $CONTEXTS $IRQ_CONTEXTS; do
		at_least "$(stat_of "$context" entries)" 1 "entries of $context"
	done
	for context in syscall kthread worker work softirq hardirq nmi; do
		at_least "$(stat_of "$context" from)" 1 "$context, not migrated"
		at_least "$(stat_of "$context" to)" 1 "$context, migrated"
	done
}

# Each requested kind of rounds has run, with calls by its threads if it has some
test_kinds() {
	local kind

	for kind in $KINDS; do
		grep -q "^$kind " "$LPT_TMP/rounds" || is never once "round of $kind"
		[[ " $SLEEPERS " != *" $kind "* ]] ||
			at_least "$(stat_of "$kind" entries)" 1 "entries of $kind"
	done
}

test_bystanders() {
	[ ! -s "$COMPLAINTS" ] || sed 's/^/# /' "$COMPLAINTS"
	[ ! -s "$COMPLAINTS" ]
}

test_end() {
	unload klptorture
	dmesg | grep -o 'livepatch-torture: .*' | tail -n 20 > "$LPT_TMP/log"
	sed 's/^/# /' "$LPT_TMP/log"
	diag "$(grep -o '[0-9]* calls judged' "$LPT_TMP/log")"
	tail -n 1 "$LPT_TMP/log" | grep -q "End of test: SUCCESS"
}

# Bad page (also from KASAN), oops, warning, soft lockup
SPLATS=$((1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))

# The log of a long run does not have its first lines any more.
test_warnings() {
	is $(($(< /proc/sys/kernel/tainted) & ~TAINTED & SPLATS)) 0 tainted
}

# Replaces that of functions.sh: later tests check the results of the first.
lpt_reset() {
	:
}

unload_all() {
	local module

	for module in "${MODULES[@]}"; do
		[ ! -e "$KLP/$module" ] || ! settle || disable "$module"
	done
	settle
	for module in "${MODULES[@]}" lpt_target lpt_blocker klptorture; do
		! loaded "$module" || try_unload "$module"
	done
}

leave() {
	LPT_PATIENCE=5
	unload_all > /dev/null 2>&1
	reset_delay
	rm -rf "$LPT_TMP"
}

if [ ! -e "${KLPTORTURE-}" ] && ! modinfo klptorture > /dev/null 2>&1; then
	skip_all "no module klptorture: CONFIG_LIVEPATCH_TORTURE_TEST=m, or KLPTORTURE="
fi
lpt_start 11
trap leave EXIT
diag "SEED=$SEED TORTURE_SECONDS=$LIMIT KINDS='$KINDS'"
lpt_run "random changes for $LIMIT s, SEED=$SEED" test_torture
lpt_run "each entry of the kernel runs in one universe" test_one_universe
lpt_run "each task changes from old to new once" test_old_then_new
lpt_run "interrupts run in one universe, and change once" test_interrupts
lpt_run "calls run the version of their universe" test_asked_for
lpt_run "no call runs a function that is freed" test_freed
lpt_run "calls were seen in every context" test_everywhere
lpt_run "each requested kind of rounds has run" test_kinds
lpt_run "modules load, and CPUs go offline and online" test_bystanders
lpt_run "klptorture reports success" test_end
lpt_run "the kernel has no new taint" test_warnings
ktap_finished
