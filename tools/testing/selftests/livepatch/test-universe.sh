#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The consistency model: one entry of the kernel is in one universe, and over a
# transition every task and the interrupts of every CPU go from the old one to
# the new one, once.
#
# LPT_ROUNDS: how often to apply and revert, LPT_LIMIT: or until so many
# seconds have passed.

. "$(dirname "$0")/functions.sh"

ROUNDS=${LPT_ROUNDS:-100}
LIMIT=${LPT_LIMIT:-75}
TORTURE=$LPT_TMP/torture

start_hammer() {
	in_background nice -n 19 "$LPT_DIR/lpt_hammer" "$TARGET/call" "$@" \
		      > "$LPT_TMP/hammer"
	HAMMER=$LPT_PID
}

go_to_2() {
	phase to 2
	apply lpt_pair2
	phase at 2
}

go_to_1() {
	phase to 1
	disable lpt_pair2
	settle
	phase at 1
	unload lpt_pair2
}

back_and_forth() {
	local end=$((SECONDS + LIMIT)) i

	for ((i = 0; i < ROUNDS && SECONDS < end; i++)); do
		go_to_2
		go_to_1
	done
	diag "$i rounds in $((SECONDS - end + LIMIT)) s"
	at_least "$i" "$((ROUNDS < 10 ? ROUNDS : 10))" rounds
}

# 32 threads in every kind of call, and timers, all at once
test_torture() {
	load lpt_target
	echo 1 > "$TARGET/timers"
	start_hammer 1000 8 "pairs 1 0" 6 "pairs 1 3000" 4 "pairs 50 0" \
		     4 "bh 4 500" 5 "work 2 1000" 5 "kthread 2 1000"
	back_and_forth
	cat "$STATS" > "$TORTURE"
	finish "$HAMMER"
	grep -v longwork "$TORTURE" | sed 's/^/# /'
}

# What came out of it, a context at a time
verdict() {
	STATS=$TORTURE
	[ -s "$STATS" ]
	at_least "$(stat_of "$1" old)" 1 "old calls"
	at_least "$(stat_of "$1" new)" 1 "new calls"
	is_clean "$1"
}

for context in syscall bh work kthread softirq hardirq; do
	eval "verdict_$context() { verdict $context; }"
done

# Every transition is turned around while somebody holds it up
test_reversals() {
	local i

	load lpt_target
	load lpt_blocker
	echo 1 > "$TARGET/timers"
	start_hammer 1000 4 "pairs 1 1000" 4 "pairs 20 0" 2 "work 2 1000" \
		     2 "kthread 2 1000" 2 "bh 2 500"
	for ((i = 0; i < 10; i++)); do
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
	is_clean syscall bh work kthread softirq hardirq
	at_least "$(stat_of syscall new)" 1 "new calls"
}

# A CPU migrates while one of its tasks is inside a long system call: from then
# on its interrupts run the new code on top of the old one of the task.
test_apart() {
	local cpu

	cpu=$(($(nproc) - 1))
	load lpt_target
	echo 1 > "$TARGET/timers"
	in_background taskset -c "$cpu" "$LPT_DIR/lpt_tasks" spin 1
	in_background taskset -c "$cpu" bash -c \
		      "echo 'busy 1 1500000' > '$TARGET/call'"
	sleep 0.3
	phase to 2
	load lpt_pair2
	wait "$LPT_PID"
	settle
	diag "interrupts in the new universe above a task in the old one:" \
	     "$(stat_of hardirq apart)"
	at_least "$(stat_of hardirq apart)" 1 "interrupts apart from the task"
	is "$(stat_of syscall new)" 0 "new calls of the busy task"
	is_clean hardirq softirq syscall
}

# One read of /proc/loadavg calls two functions of vmlinux
test_vmlinux() {
	local end=$((SECONDS + 10)) i mixed calls faked

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

lpt_start 10
lpt_run "32 threads, timers, up to $ROUNDS applies and reverts" test_torture
for context in syscall bh work kthread softirq hardirq; do
	lpt_run "universe in context: $context" "verdict_$context"
done
lpt_run "transitions turned around" test_reversals
lpt_run "interrupts follow their CPU, not the task" test_apart
lpt_run "two functions of vmlinux" test_vmlinux
ktap_finished
