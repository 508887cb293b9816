#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The universe of interrupts: it belongs to the CPU, not to the task that is interrupted.
# torture.sh tests all contexts.
#
# LPT_ROUNDS: maximum number of applies and reverts. LPT_LIMIT: maximum time in seconds.

. "$(dirname "$0")/functions.sh"

ROUNDS=${LPT_ROUNDS:-100}
LIMIT=${LPT_LIMIT:-15}

# NMIs arrive anywhere, also in trampolines and while interrupts are disabled.
test_nmi() {
	local end=$((SECONDS + LIMIT)) i

	set_delay 10
	load lpt_target
	write_to "$TARGET/nmi" 1 2> /dev/null || skip "no NMIs here"
	for ((i = 0; i < ROUNDS && SECONDS < end; i++)); do
		phase to 2
		apply lpt_pair2
		phase at 2
		phase to 1
		disable lpt_pair2
		settle
		phase at 1
		unload lpt_pair2
	done
	diag "$i rounds"
	at_least "$(stat_of nmi old)" 1 "old calls"
	at_least "$(stat_of nmi new)" 1 "new calls"
	is_clean nmi
}

interrupts_apart() {
	[ "$(stat_of hardirq apart)" -ge 1 ]
}

# The interrupts of a CPU migrate while one of its tasks is in a long system call. From
# then on interrupts run new code, although the task that they interrupt runs old code.
test_apart() {
	set_delay 10
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

lpt_start 2
lpt_run "NMIs run in one universe, in order" test_nmi
lpt_run "interrupts follow their CPU, not the task" test_apart
ktap_finished
