#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The consistency model: each entry of the kernel runs in one universe. In a transition
# each task, and the interrupts of each CPU, change once from the old universe to the
# new one.
#
# LPT_ROUNDS: maximum number of applies and reverts. LPT_LIMIT: maximum time in seconds.

. "$(dirname "$0")/functions.sh"

ROUNDS=${LPT_ROUNDS:-100}
LIMIT=${LPT_LIMIT:-60}
TORTURE=$LPT_TMP/torture

# Interrupt system calls early, for more rounds in the same time.
hurry() {
	set_delay 10
}

start_hammer() {
	in_background nice -n 19 "$LPT_DIR/lpt_hammer" "$TARGET/call" "$@" \
		      > "$LPT_TMP/hammer"
	HAMMER=$LPT_PID
}

# go_to VERSION PATCH
go_to() {
	phase to "$1"
	apply "$2"
	phase at "$1"
}

go_back() {
	phase to 1
	disable "$1"
	settle
	phase at 1
	unload "$1"
}

# back_and_forth VERSION PATCH SECONDS
back_and_forth() {
	local start=$SECONDS i

	for ((i = 0; i < ROUNDS && SECONDS < start + $3; i++)); do
		go_to "$1" "$2"
		go_back "$2"
	done
	diag "$i rounds in $((SECONDS - start)) s"
}

# 32 threads in each kind of call, and timers, at the same time
test_torture() {
	hurry
	load lpt_target
	echo 1 > "$TARGET/timers"
	write_to "$TARGET/nmi" 1 2> "$LPT_TMP/no_nmi" && rm "$LPT_TMP/no_nmi"
	start_hammer 1000 8 "pairs 1 0" 6 "pairs 1 3000" 4 "pairs 50 0" \
		     4 "bh 4 500" 5 "work 2 1000" 5 "kthread 2 1000"
	back_and_forth 2 lpt_pair2 "$LIMIT"
	cat "$STATS" > "$TORTURE"
	finish "$HAMMER"
	grep -v longwork "$TORTURE" | sed 's/^/# /'
}

# verdict CONTEXT - the counters of test_torture for one context
verdict() {
	STATS=$TORTURE
	[ -s "$STATS" ]
	[ "$1" != nmi ] || [ ! -e "$LPT_TMP/no_nmi" ] || skip "no NMIs here"
	at_least "$(stat_of "$1" old)" 1 "old calls"
	at_least "$(stat_of "$1" new)" 1 "new calls"
	is_clean "$1"
}

for context in syscall bh work kthread softirq hardirq nmi; do
	eval "verdict_$context() { verdict $context; }"
done

# Each transition is reversed while a task blocks it.
test_reversals() {
	local end=$((SECONDS + LIMIT / 4)) i

	hurry
	load lpt_target
	load lpt_blocker
	echo 1 > "$TARGET/timers"
	start_hammer 1000 4 "pairs 1 1000" 4 "pairs 20 0" 2 "work 2 1000" \
		     2 "kthread 2 1000" 2 "bh 2 500"
	for ((i = 0; i < ROUNDS && SECONDS < end; i++)); do
		hold
		phase to 2
		load lpt_pair2
		in_transition
		phase any
		disable lpt_pair2
		phase to 1
		release
		settle
		phase at 1
		unload lpt_pair2
	done
	finish "$HAMMER"
	diag "$i rounds"
	is_clean syscall bh work kthread softirq hardirq
	at_least "$(stat_of syscall new)" 1 "new calls"
}

interrupts_apart() {
	[ "$(stat_of hardirq apart)" -ge 1 ]
}

# The interrupts of a CPU migrate while one of its tasks is in a long system call. From
# then on interrupts run new code, although the task that they interrupt runs old code.
test_apart() {
	hurry
	load lpt_target
	echo 1 > "$TARGET/timers"
	phase to 2
	in_background taskset -c "$LAST_CPU" "$LPT_DIR/lpt_tasks" spin 1 > /dev/null
	busy
	load lpt_pair2
	within "$LPT_SECONDS" interrupts_apart
	phase any
	wait "$LPT_PID"
	settle
	is "$(stat_of syscall old)" 2 "old calls of the busy task"
	is_clean hardirq softirq syscall
}

# A read of /proc/loadavg calls two functions of vmlinux, which must not be mixed.
test_vmlinux() {
	local end=$((SECONDS + LIMIT / 6 + 1)) i mixed calls faked

	hurry
	in_background nice -n 19 "$LPT_DIR/lpt_hammer" - 500 16 read \
		      > "$LPT_TMP/loadavg"
	HAMMER=$LPT_PID
	for ((i = 0; i < ROUNDS && SECONDS < end; i++)); do
		apply lpt_vmlinux
		revert lpt_vmlinux
	done
	finish "$HAMMER"
	diag "$i rounds: $(cat "$LPT_TMP/loadavg")"
	read -r _ calls _ faked _ mixed < "$LPT_TMP/loadavg"
	at_least "$faked" 1 "new calls"
	at_least "$((calls - faked))" 1 "old calls"
	is "$mixed" 0 "mixed"
}

# A system call runs a function of a module and one of vmlinux; no mix is allowed.
test_both() {
	hurry
	load lpt_target
	start_hammer 500 8 "both 2 1000" 4 "both 20 0"
	back_and_forth 5 lpt_both $((LIMIT / 6 + 1))
	finish "$HAMMER"
	is_clean syscall
	at_least "$(stat_of syscall old)" 1 "old calls"
	at_least "$(stat_of syscall new)" 1 "new calls"
}

lpt_start 12
lpt_run "32 threads, timers, up to $ROUNDS applies and reverts" test_torture
for context in syscall bh work kthread softirq hardirq nmi; do
	lpt_run "one universe for each entry, in order: $context" "verdict_$context"
done
lpt_run "reversed transitions" test_reversals
lpt_run "interrupts follow their CPU, not the task" test_apart
lpt_run "no mix of two functions of vmlinux" test_vmlinux
lpt_run "no mix of functions of vmlinux and of a module" test_both
ktap_finished
