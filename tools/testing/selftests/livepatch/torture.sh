#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Torture live patching: kernel/livepatch/klptorture.c calls its functions from
# everywhere, and judges what the calls got. Meanwhile patches of them are applied,
# stacked, replaced, reverted, turned around half way and, at last, forced, in
# random order, while tracers, CPUs, modules and tasks come and go.
#
# TORTURE_SECONDS: how long, 120 if not given. SEED: for the same order again.
# KLPTORTURE: the module, if it is not to be found by modprobe. SABOTAGE=1 lets
# every patch leave out a function that it is thought to have, so that the test
# has to fail.
#
# A forced patch stays loaded until a reboot, and so do those that were in effect
# then: this is for a machine that nobody needs.

LPT_PATIENCE=${LPT_PATIENCE:-60}
. "$(dirname "$0")/functions.sh"

LIMIT=${TORTURE_SECONDS:-120}
SEED=${SEED:-$((EPOCHSECONDS % 32768))}
SABOTAGE=${SABOTAGE:-0}
TORTURE=$DEBUGFS/klptorture
SAVED=$LPT_TMP/stats
COMPLAINTS=$LPT_TMP/complaints
POKE_DELAY=/sys/module/livepatch/parameters/poke_delay_ms
TAINTED=$(< /proc/sys/kernel/tainted)
CONTEXTS="syscall module exiting dead kthread worker work idle"
IRQ_CONTEXTS="softirq hardirq nmi"
MODULES=(lpt_vmlinux klptorture_patch{1,2,3,4})

# below NUMBER - sets R. No subshell may ask: it would get numbers of its own
below() {
	R=$((RANDOM % $1))
}

# one_in NUMBER - true once in so many times
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
# What goes on all the time, each in a process of its own
#

set_tracer() {
	echo 'klpt_*' > "$TRACING/set_ftrace_filter"
	echo "$1" > "$TRACING/current_tracer"
	echo > "$TRACING/trace"
}

set_probe() {
	echo "p:klpt/probe klpt_$1" > "$TRACING/kprobe_events"
	echo 1 > "$TRACING/events/klpt/enable"
}

stop_tracing() {
	trace_off
	[ ! -e "$TRACING/events/klpt" ] || echo 0 > "$TRACING/events/klpt/enable"
	echo > "$TRACING/kprobe_events"
}

trace_loop() {
	local functions=(a b c d)

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

# One CPU, so that there is always another
cpu_loop() {
	local file

	file=/sys/devices/system/cpu/cpu$(($(nproc) - 1))/online
	[ -e "$file" ] || return 0
	RANDOM=$((SEED + 2))
	while running; do
		nap_below 3000
		echo 0 > "$file" || complain "a CPU does not go"
		nap_below 500
		echo 1 > "$file" || complain "a CPU does not come back"
	done
}

# A module that the patches patch as well: its init function has to see one of
# them in both functions
module_loop() {
	local a b

	RANDOM=$((SEED + 3))
	while running; do
		load lpt_target || complain "lpt_target does not load"
		read -r a b < "$TARGET/init" || complain "lpt_target is not there"
		[ "$a" = "$b" ] || complain "init of lpt_target saw $a and $b"
		nap_below 300
		unload lpt_target || complain "lpt_target does not go"
		nap_below 700
	done
}

# Tasks that exit with the file open: it is closed in the middle of their exit
exit_loop() {
	while running; do
		(
			exec {file}> "$TORTURE/call"
			echo >&"$file"
		)
		nap 0.02
	done
}

start_program() {
	in_background nice "$@"
	PROGRAMS+=("$LPT_PID")
}

start_all() {
	start_program "$LPT_DIR/lpt_hammer" "$TORTURE/call" 1000 6 call \
		      > "$LPT_TMP/hammer"
	start_program "$LPT_DIR/lpt_hammer" - 2000 2 read > "$LPT_TMP/loadavg"
	start_program "$LPT_DIR/lpt_tasks" storm 1 > /dev/null
	for loop in trace cpu module exit; do
		in_background "${loop}_loop"
	done
}

nothing_runs() {
	jobs -r -p > "$LPT_TMP/jobs"
	[ ! -s "$LPT_TMP/jobs" ]
}

# The loops end by themselves, and leave everything as it was.
stop_all() {
	set +e
	trap - ERR
	: > "$LPT_TMP/stop"
	release_all
	[ ${#PROGRAMS[@]} -eq 0 ] || kill -TERM "${PROGRAMS[@]}"
	within "$LPT_PATIENCE" nothing_runs || kill_background
}

#
# Patches. The stack is a list of "NUMBER FUNCTIONS" in the order in which they
# were enabled, where 0 is lpt_vmlinux.
#

STACK=()
STATE=0000
FROM=0000
PINNED=" "

# The state in which a stack leaves the functions, see klptorture.c
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

# without NUMBER - the stack without a patch, as LEFT
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

# begin KIND STACK... - what is about to happen will lead to that stack
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

# turn MODULE - into the other direction. It may be too late
turn() {
	local to=1

	is_enabled "$1" && to=0
	say turn
	{ write_to "$KLP/$1/enabled" $to; } 2> /dev/null || return 0
	swap
	say move
	TURNS=$((TURNS + 1))
}

# Modules whose patches are no longer in effect go. No file of theirs may be left,
# or it could be taken for that of the next patch of the same name.
unload_unused() {
	local number

	for number in 0 1 2 3 4; do
		loaded "${MODULES[number]}" || continue
		! is_stacked $number || continue
		gone "${MODULES[number]}"
		[[ $PINNED = *" $number "* ]] || unload "${MODULES[number]}"
	done
}

# end MODULE NUMBER - the transition is over, and this is what came out
end() {
	if ! settle; then
		cat "$DEBUGFS/livepatch/behind"
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

# half_way MODULE SAFE - perhaps turn around; SAFE, even if the end has come
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

# pick_unloaded - sets NUMBER
pick_unloaded() {
	local number numbers=()

	for number in 0 1 2 3 4; do
		loaded "${MODULES[number]}" || numbers+=("$number")
	done
	[ ${#numbers[@]} -gt 0 ] || return 1
	below ${#numbers[@]}
	NUMBER=${numbers[R]}
}

# load_patch FUNCTIONS REPLACE
load_patch() {
	local functions=$1

	if [ "$NUMBER" -eq 0 ]; then
		load lpt_vmlinux
		return
	fi
	[ "$SABOTAGE" = 0 ] || functions=$((functions & (functions - 1)))
	load "klptorture_patch$NUMBER" functions="$functions" replace="$2"
}

# apply [KIND] - one more patch, on top of the others or instead of them
apply_one() {
	local kind=${1:-move} functions=15 replace=0 safe=1 stack=("${STACK[@]}")

	pick_unloaded || return 0
	# Whoever reads from it does not know that it may see both when forced
	until [ "$kind" = move ] || [ "$NUMBER" -ne 0 ]; do
		pick_unloaded
	done
	if one_in 2; then
		below 15
		functions=$((R + 1))
	fi
	[ "$NUMBER" -ne 0 ] || functions=0
	if [ "$NUMBER" -ne 0 ] && one_in 4; then
		replace=1
		stack=()
	fi
	if [ "$kind" = move ]; then
		maybe_hold
	else
		hold
		HELD=1
	fi
	# Once a patch that replaces others is enabled, the way back is another one
	safe=$((HELD || !replace))
	begin "$kind" "${stack[@]}" "$NUMBER $functions"
	load_patch $functions $replace
	if [ "$kind" = move ]; then
		half_way "${MODULES[NUMBER]}" $safe
	else
		nap_below 200
		write_to "$KLP/${MODULES[NUMBER]}/force" 1
		settle
	fi
	maybe_release
	end "${MODULES[NUMBER]}" "$NUMBER"
}

revert_one() {
	[ ${#STACK[@]} -gt 0 ] || return 0
	below ${#STACK[@]}
	NUMBER=${STACK[R]% *}
	maybe_hold
	without "$NUMBER"
	begin move "${LEFT[@]}"
	disable "${MODULES[NUMBER]}"
	half_way "${MODULES[NUMBER]}" 1
	maybe_release
	end "${MODULES[NUMBER]}" "$NUMBER"
}

revert_all() {
	while [ ${#STACK[@]} -gt 0 ]; do
		revert_one
	done
}

# torture_until TIME
torture_until() {
	local delays=(1 10 100)

	while [ $SECONDS -lt "$1" ]; do
		if [ -e "$POKE_DELAY" ]; then
			below 3
			echo "${delays[R]}" > "$POKE_DELAY"
		fi
		if one_in 2; then
			apply_one
		else
			revert_one
		fi
		CHANGES=$((CHANGES + 1))
		nap_below 50
	done
}

# Every patch in effect is pinned by that: leave some for the time afterwards
force_one() {
	local entry

	while [ ${#STACK[@]} -gt 1 ] || is_stacked 0; do
		revert_one
	done
	for entry in "${STACK[@]}"; do
		PINNED+="${entry% *} "
	done
	apply_one force
}

load_klptorture() {
	if [ -n "${KLPTORTURE-}" ]; then
		"$LPT_DIR/lpt_module" load "$KLPTORTURE"
	else
		modprobe klptorture
	fi
}

# However it ends. What still hangs after that will not be waited for
save() {
	diag "$CHANGES changes, turned around $TURNS times"
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
	none_of "stale foreign" "$CONTEXTS $IRQ_CONTEXTS"
}

test_freed() {
	none_of gone "$CONTEXTS $IRQ_CONTEXTS"
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

test_vmlinux() {
	local calls mixed

	read -r _ calls _ _ _ mixed < "$LPT_TMP/loadavg"
	at_least "$calls" 1 "calls"
	is "$mixed" 0 mixed
}

test_bystanders() {
	[ ! -s "$COMPLAINTS" ] || sed 's/^/# /' "$COMPLAINTS"
	[ ! -s "$COMPLAINTS" ]
}

test_end() {
	unload klptorture
	dmesg | grep -o 'livepatch-torture: .*' | tail -n 20 > "$LPT_TMP/log"
	sed 's/^/# /' "$LPT_TMP/log"
	tail -n 1 "$LPT_TMP/log" | grep -q "End of test: SUCCESS"
}

test_warnings() {
	# No die, soft lockup or warning more than there has been before
	is $(($(< /proc/sys/kernel/tainted) & ~TAINTED & (1 << 7 | 1 << 9 | 1 << 14))) \
	   0 tainted
}

# The tests behind the first only look at what it has left.
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
	[ -z "${DELAY-}" ] || echo "$DELAY" > "$POKE_DELAY"
	rm -rf "$LPT_TMP"
}

lpt_start 11
trap leave EXIT
[ ! -e "$POKE_DELAY" ] || DELAY=$(< "$POKE_DELAY")
if [ ! -e "${KLPTORTURE-}" ] && ! modinfo klptorture > /dev/null 2>&1; then
	diag "no module klptorture: CONFIG_LIVEPATCH_TORTURE_TEST=m, or KLPTORTURE="
	exit 1
fi
diag "SEED=$SEED TORTURE_SECONDS=$LIMIT"
lpt_run "random changes for $LIMIT s, SEED=$SEED" test_torture
lpt_run "one entry of the kernel, one universe" test_one_universe
lpt_run "old, then new" test_old_then_new
lpt_run "interrupts have their own universe" test_interrupts
lpt_run "no call runs what nobody asked for" test_asked_for
lpt_run "nothing is freed that can still run" test_freed
lpt_run "seen in every context" test_everywhere
lpt_run "two functions of vmlinux" test_vmlinux
lpt_run "modules and CPUs come and go" test_bystanders
lpt_run "verdict of the module" test_end
lpt_run "no warning" test_warnings
ktap_finished
