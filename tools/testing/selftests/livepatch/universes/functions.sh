# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Helpers of the live patching tests. They use builtins of bash where possible,
# because starting a program is slow on an emulated CPU.
#
# A test is a function. It runs in a subshell under "set -e": the first command
# that fails ends the test and is reported with its line. A test need not clean
# up, because lpt_reset() runs after it.

export LC_ALL=C

LPT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$LPT_DIR/../../kselftest/ktap_helpers.sh"

KLP=/sys/kernel/livepatch
DEBUGFS=/sys/kernel/debug
TARGET=$DEBUGFS/lpt_target
STATS=$TARGET/stats
BLOCKER=$DEBUGFS/lpt_blocker
TRACING=/sys/kernel/tracing
BEHIND=$DEBUGFS/livepatch/behind
POKE_DELAY=/sys/module/livepatch/parameters/poke_delay_ms
read -r LAST_CPU < /sys/devices/system/cpu/online
LAST_CPU=${LAST_CPU##*[-,]}
ONLINE=/sys/devices/system/cpu/cpu$LAST_CPU/online

# The error if a module that is in use is unloaded, for the scripts
# shellcheck disable=SC2034
IN_USE="Resource temporarily unavailable"

# Limit for a transition that nothing blocks. The default depends on the speed
# of the machine, see lpt_calibrate().
LPT_SECONDS=${LPT_SECONDS:-}
# Limit for everything else that a test waits for.
LPT_PATIENCE=${LPT_PATIENCE:-30}

# For lpt_reset(): the default of POKE_DELAY, and the modules that can't be unloaded
LPT_DELAY=
LPT_STAYING=" "

LPT_TMP=$(mktemp -d)
# For nap(): a pipe that never has data
exec {LPT_NEVER}<> <(:)
trap 'clean_up; lpt_reset; rm -rf "$LPT_TMP"' EXIT

# Cleanup in addition to lpt_reset(). A script may define its own.
clean_up() {
	:
}

diag() {
	ktap_print_msg "$*"
}

skip() {
	echo "$*" > "$LPT_TMP/why"
	exit "$KSFT_SKIP"
}

# skip_all WHY - end the script, before lpt_start
skip_all() {
	ktap_print_header
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# is GOT WANTED [WHAT] - compare two strings once, without waiting
is() {
	[ "$1" = "$2" ] && return
	diag "${3:-value}: got '$1', wanted '$2'"
	return 1
}

# same TEXT TEXT - shows the lines that are only in one of them
same() {
	[ "$1" = "$2" ] && return
	diag "difference:"
	comm -3 <(sort <<< "$1") <(sort <<< "$2")
	return 1
}

# at_least GOT MINIMUM [WHAT]
at_least() {
	[ "$1" -ge "$2" ] && return
	diag "${3:-value}: got '$1', wanted at least '$2'"
	return 1
}

# fails_with REGEX COMMAND... - the command fails, and its stderr matches
fails_with() {
	local regex=$1

	shift
	if "$@" 2> "$LPT_TMP/error"; then
		diag "should have failed: $*"
		return 1
	fi
	[[ $(< "$LPT_TMP/error") =~ $regex ]] && return
	diag "$* failed, but not with '$regex': $(< "$LPT_TMP/error")"
	return 1
}

# nap SECONDS
nap() {
	read -r -t "$1" -u "$LPT_NEVER" || :
}

# within SECONDS COMMAND... - repeat the command until it succeeds, or time is up
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@"; do
		if [ "${EPOCHREALTIME/./}" -gt "$end" ]; then
			diag "did not happen in time: $*"
			return 1
		fi
		nap 0.01
	done
}

# write_to FILE TEXT - a redirection as a command, for fails_with()
write_to() {
	echo "$2" > "$1"
}

# first_line FILE - print it, or an empty line if the file does not exist
first_line() {
	local line=

	{ read -r line < "$1"; } 2> /dev/null
	echo "$line"
}

#
# Modules and patches
#

loaded() {
	[ -d "/sys/module/$1" ]
}

not() {
	! "$@"
}

load() {
	local module=$1

	shift
	"$LPT_DIR/lpt_module" load "$LPT_DIR/test_modules/$module.ko" "$@"
}

# load_as MODULE NAME [PARAMETER...] - load it under another name of the same length
load_as() {
	sed "s/$1/$2/g" "$LPT_DIR/test_modules/$1.ko" > "$LPT_TMP/$2.ko"
	"$LPT_DIR/lpt_module" load "$LPT_TMP/$2.ko" "${@:3}"
}

unload_once() {
	"$LPT_DIR/lpt_module" unload "$1"
}

# May fail at first: the last reference can be dropped after the patch's directory is gone.
try_unload() {
	unload_once "$1" 2> /dev/null
}

unload() {
	within "$LPT_PATIENCE" try_unload "$1"
}

# must_stay MODULE - the log has the reason why the module can't be unloaded any more
must_stay() {
	dmesg | grep -q "patch '$1': .*\(can't be removed again\|its module stays\)"
}

# unload_modules - unload the modules of the tests, except those that must stay. Sets
# LPT_LEFT to those that are still loaded: a later attempt may succeed.
unload_modules() {
	local dir module

	LPT_LEFT=
	for dir in /sys/module/lpt_*; do
		module=${dir##*/}
		[[ -d $dir && $LPT_STAYING != *" $module "* ]] || continue
		try_unload "$module" && continue
		if must_stay "$module"; then
			LPT_STAYING+="$module "
		else
			LPT_LEFT+=" $module"
		fi
	done
	[ -z "$LPT_LEFT" ]
}

# ignore_loaded - lpt_reset() need not wait for modules that an earlier script could not
# unload and whose patches are disabled
ignore_loaded() {
	local module

	! unload_modules || return 0
	for module in $LPT_LEFT; do
		[ -e "$KLP/$module" ] || LPT_STAYING+="$module "
	done
}

attr() {
	first_line "$KLP/$1/$2"
}

# set_delay MILLISECONDS - the time until the first retry of a transition, until the end
# of the test
set_delay() {
	[ ! -e "$POKE_DELAY" ] || echo "$1" > "$POKE_DELAY"
}

reset_delay() {
	[ -z "$LPT_DELAY" ] || set_delay "$LPT_DELAY"
}

in_transition() {
	local file value

	for file in "$KLP"/*/transition; do
		{ read -r value < "$file"; } 2> /dev/null || continue
		[ "$value" = 0 ] || return 0
	done
	return 1
}

settle_within() {
	within "$1" not in_transition
}

# spare_code DIR - exclude execmem_free() from fault injection by DIR
#
# If an allocation in execmem_free() fails, it may hand the area to another user and
# free it a second time.
spare_code() {
	local first last

	[ -e "$1/reject-start" ] || skip "no FAULT_INJECTION_STACKTRACE_FILTER"
	# Exclude the whole source file: the range from the first to the last of its symbols
	read -r first last < <(sort /proc/kallsyms | awk '
		$3 ~ /execmem|^within_range$/ {
			if (first == "")
				first = $1
			if ($3 == "execmem_free")
				found = 1
			next
		}
		found { print first, $1; exit }
		{ first = "" }')
	at_least "${#last}" 8 "digits of an address"
	echo "0x$first" > "$1/reject-start"
	echo "0x$last" > "$1/reject-end"
}

# feed DIR... - switch off fault injection by DIR...
feed() {
	local dir

	for dir; do
		[ -d "$dir" ] || continue
		echo 0 > "$dir/probability"
		echo N > "$dir/task-filter"
	done
}

settle() {
	settle_within "$LPT_PATIENCE"
}

apply() {
	load "$@"
	settle
}

disable() {
	echo 0 > "$KLP/$1/enabled"
}

# revert PATCH - disable, wait, and unload
revert() {
	disable "$1"
	settle
	unload "$1"
}

# gone PATCH - wait for its directory to go, which may be after the transition
gone() {
	within "$LPT_PATIENCE" [ ! -e "$KLP/$1" ]
}

# What lpt_target's functions return: a b twin1 twin2 untraceable
versions() {
	first_line "$TARGET/version"
}

version() {
	local a b

	read -r a b _ < "$TARGET/version"
	if [ "$a" = "$b" ]; then
		echo "$a"
	else
		echo "$a $b"
	fi
}

# Does live patching build its own trampolines on this architecture?
has_trampolines() {
	grep -q " klp_arch_fill_block$" /proc/kallsyms
}

# Strips the addresses of ftrace_ops, which a failed update may have replaced, and of
# ftrace's trampolines, which may resolve to freed init functions.
call_sites() {
	sed -e 's/ops: 0x[^ ]*/ops:/' \
	    -e 's/tramp: \(0x[^ ]*\|[^ ]*_init+[^(]*\) */tramp: /' \
	    "$TRACING/enabled_functions"
}

# find_entry FUNCTION - set ENTRY to the address of the trampoline that its call site leads to,
# empty if there is none. ftrace may show a freed init function at the same address instead.
find_entry() {
	ENTRY=$(sed -n "s/^$1 .*tramp: \(0x\)\?\([^ ]*\).*/\2/p" \
		    "$TRACING/enabled_functions")
	[ -z "${ENTRY//[0-9a-f]/}" ] || skip "ftrace shows the name of a freed function, $ENTRY"
}

# needs_redirecting_kprobe - skip if the kprobe that is registered does not use IPMODIFY
needs_redirecting_kprobe() {
	grep -q "^lpt_pair_[ab] .*I" "$TRACING/enabled_functions" ||
		skip "kprobes do not use ftrace on this architecture"
}

# The state to compare before and after: patch directories, call sites, modules
inventory() {
	echo "$KLP"/*
	call_sites
	cut -d " " -f 1-3 /proc/modules
	[ ! -e "$TARGET" ] || versions
}

version_is() {
	[ "$(version)" = "$1" ]
}

# stat_of CONTEXT NAME - a counter of lpt_target
stat_of() {
	local names values i

	while read -r -a values; do
		if [ "${values[0]}" = context ]; then
			names=("${values[@]}")
		elif [ "${values[0]}" = "$1" ]; then
			for i in "${!names[@]}"; do
				[ "${names[i]}" != "$2" ] || echo "${values[i]}"
			done
		fi
	done < "$STATS"
}

# is_clean CONTEXT... - the counters of errors are zero
is_clean() {
	local context name

	for context in "$@"; do
		for name in mixed order stale; do
			is "$(stat_of "$context" "$name")" 0 "$context $name"
		done
	done
}

call() {
	echo "$*" > "$TARGET/call"
}

phase() {
	echo "$*" > "$TARGET/phase"
}

#
# Tasks
#

# in_background COMMAND... - sets LPT_PID; it is killed at the end of the test
in_background() {
	"$@" &
	LPT_PID=$!
}

# start_caller FILE LINE - start a process that writes the line to the file all the time,
# until it gets a SIGTERM; sets LPT_PID
start_caller() {
	# shellcheck disable=SC2016
	in_background nice -n 19 bash -c '
		trap "exit 0" TERM
		while :; do
			echo "$1" || exit 1
			read -r -t 0.001 -u "$2"
		done' caller "$2" "$LPT_NEVER" > "$1"
}

# ready PROGRAM MODE [ARGUMENT...] - start a program of the tests, and wait until it says that
# its tasks are in their state
ready() {
	: > "$LPT_TMP/$2"
	in_background "$LPT_DIR/$1" "${@:2}" > "$LPT_TMP/$2"
	within "$LPT_PATIENCE" [ -s "$LPT_TMP/$2" ]
}

# tasks MODE [NUMBER] - start lpt_tasks
tasks() {
	ready lpt_tasks "$@"
}

# finish PID - send SIGTERM, wait, and return the exit status
finish() {
	kill -TERM "$1"
	wait "$1"
}

# in_state PID LETTER
in_state() {
	local line

	while read -r line; do
		[[ $line = State:* ]] && break
	done < "/proc/$1/status"
	[[ $line = State:?$2* ]]
}

patch_state() {
	first_line "/proc/$1/patch_state"
}

patch_state_is() {
	[ "$(patch_state "$1")" = "$2" ]
}

# tasks_at STATE - the directories of the tasks whose patch state is STATE
tasks_at() {
	local dir state

	for dir in /proc/[0-9]*/task/[0-9]*; do
		{ read -r state < "$dir/patch_state"; } 2> /dev/null || continue
		[ "$state" != "$1" ] || echo "$dir"
	done
}

# No task is in a transition
at_rest() {
	is "$(tasks_at 0)$(tasks_at 1)" "" "tasks in a transition"
}

list_behind() {
	local dir

	for dir in $(tasks_at "$1"); do
		diag "behind: $(first_line "$dir/comm") $dir"
	done
}

# is_listed PID REASON [HELP] - the list of stragglers has these texts for the task
is_listed() {
	grep -q "^$1	[^	]*	$2[^	]*	help: ${3-}" "$BEHIND" && return
	diag "not '$2', '${3-}': $(< "$BEHIND")"
	return 1
}

# hold - let a user task sleep in lpt_hold(), which blocks a transition; sets LPT_PID
hold() {
	in_background write_to "$BLOCKER/hold" 1
	within "$LPT_PATIENCE" in_state "$LPT_PID" D
}

release() {
	[ ! -e "$BLOCKER/release" ] || echo 1 > "$BLOCKER/release"
}

# kthread NR STATE - start a kernel thread, see lpt_blocker.c, and wait until it is in that
# state; sets THREAD
kthread() {
	loaded lpt_blocker || load lpt_blocker
	echo "$1" > "$BLOCKER/kthread"
	THREAD=$(pgrep -x lpt_hold)
	within "$LPT_PATIENCE" in_state "$THREAD" "$2"
}

busy_has_started() {
	[ "$(stat_of syscall old)" -ge 1 ]
}

# busy - keep the last CPU busy in old code of lpt_target, until the next phase(); sets
# LPT_PID
busy() {
	in_background taskset -c "$LAST_CPU" bash -c \
		      "echo 'busy 0 60000000' > '$TARGET/call'"
	within "$LPT_PATIENCE" busy_has_started
}

# interrupts_have_migrated - those of the last CPU, in the current transition
interrupts_have_migrated() {
	[ -e "$BEHIND" ] && not grep -q "^-	cpu$LAST_CPU	interrupts" "$BEHIND"
}

release_all() {
	local file

	release
	rm -f "$LPT_TMP/wait"
	for file in /sys/module/lpt_*/parameters/hold; do
		[ ! -e "$file" ] || echo 0 > "$file"
	done
}

#
# Patches of arbitrary functions, and checks for kernel errors
#

# log_start - mark the log: log_since_start() prints what follows
log_start() {
	LPT_MARK="lpt $$ $RANDOM $EPOCHREALTIME"
	echo "$LPT_MARK" > /dev/kmsg
}

# If the log is so long that the mark has been overwritten, all of it follows the mark.
log_since_start() {
	dmesg | awk -v mark="$LPT_MARK" '
		index($0, mark) { n = 0 }
		{ lines[n++] = $0 }
		END { for (i = 0; i < n; i++) print lines[i] }'
}

# logged REGEX - a line since log_start() matches
logged() {
	log_since_start | grep -qE "$1" && return
	diag "not in the log: $1"
	return 1
}

# passed_on REGEX WHAT - the command whose messages are in LPT_TMP/error, and in which WHAT has
# failed, was refused with an error that matches
passed_on() {
	[[ $(< "$LPT_TMP/error") =~ $1 ]] && return
	diag "$2: not refused with '$1': $(< "$LPT_TMP/error")"
	return 1
}

# splats FILE [EXPECTED] - print the numbers of the first lines of a log in which the kernel
# reports an error or a warning
#
# EXPECTED: the first warning for each distinct match of it is ignored.
splats() {
	awk -v expected="${2-}" '
		BEGIN {
			error = "BUG: |BUG at |WARNING: |Oops: |Kernel panic" \
				"|general protection fault|[Uu]nable to handle" \
				"|Internal error: |divide error|invalid opcode" \
				"|stack guard page|Call [Tt]race:" \
				"|blocked (on|for more than)|detected stalls" \
				"|soft lockup|hard LOCKUP|rcu.*(stall|starved)" \
				"|possible (recursive|circular|irq lock) |lockdep" \
				"|inconsistent lock state|suspicious RCU usage" \
				"|INFO: trying to register|sleeping function called" \
				"|scheduling while atomic|UBSAN: |KASAN: |KCSAN: " \
				"|ODEBUG: |refcount_t: |kmemleak: [1-9]" \
				"|unreferenced object"
			# Reports of the slab allocator: BUG <cache> (<taint>): <what>
			error = error "|BUG [^ ]+ [(]"
			# Lines that look like it, and are no errors
			harmless = "RCU lockdep checking" \
				   "|lockdep: (fixing|.*(enabled|disabled))" \
				   "|Lock dependency validator|WARNING: unsupported" \
				   "|traps: .* trap invalid opcode"
		}
		# Failed allocations are no errors. Their stack trace follows within some lines.
		/vmalloc error|allocation failure|FAULT_INJECTION/ { trace = NR + 6 }
		/Call [Tt]race:/ && NR <= trace { next }
		# Ignore data races that involve no function of live patching.
		/KCSAN: data-race/ && !/klp_|livepatch/ { next }
		# Skip the first expected warning of a kind, up to its end
		expected && match($0, expected) && \
		!seen[substr($0, RSTART, RLENGTH)]++ { inside = NR + 60; next }
		/---\[ end trace/ { inside = 0 }
		/Call [Tt]race:/ && NR <= inside { next }
		$0 ~ error && $0 !~ harmless && n++ < 20 { print NR }' "$1"
}

# no_splats - the kernel has reported no error since log_start(), except LPT_EXPECTED
no_splats() {
	local first

	log_since_start > "$LPT_TMP/log"
	first=$(splats "$LPT_TMP/log" "${LPT_EXPECTED-}" | head -n 1)
	[ -n "$first" ] || return 0
	diag "the kernel has reported an error:"
	tail -n "+$first" "$LPT_TMP/log" | head -n 25 | sed 's/^/# /'
	return 1
}

# joined SEPARATOR WORD...
joined() {
	local IFS=$1

	shift
	echo "$*"
}

# with_functions COMMAND PATCH FUNCTION... [-- PARAMETER...]
with_functions() {
	local command=$1 patch=$2 functions=()

	[ -e "$LPT_DIR/test_modules/$patch.ko" ] || skip "no $patch on this machine"
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		functions+=("$1")
		shift
	done
	"$command" "$patch" functions="$(joined , "${functions[@]}")" "${@:2}"
}

# calls PATCH - print how often its functions have been called
calls() {
	local IFS=, n sum=0

	for n in $(< "/sys/module/$1/parameters/calls"); do
		sum=$((sum + n))
	done
	echo "$sum"
}

# traceable FUNCTION... - print those that ftrace lists, under a unique name
traceable() {
	awk -v wanted="$*" 'BEGIN { n = split(wanted, names, " ")
				    for (i = 1; i <= n; i++) want[names[i]] }
			    $1 in want { seen[$1]++ }
			    END { for (i = 1; i <= n; i++)
					if (seen[names[i]] == 1) print names[i] }' \
		"$TRACING/available_filter_functions"
}

#
# CPUs and tracers
#

need_hotplug() {
	[ -e "$ONLINE" ] || skip "no CPU that goes offline"
}

# cpu 0|1 - take the last CPU offline or online
cpu() {
	echo "$1" > "$ONLINE"
}

# plug - take the last CPU offline and online; a line in the file "unplugged" counts it
plug() {
	! cpu 0 || echo >> "$LPT_TMP/unplugged"
	cpu 1 || :
}

# trace_off - stop tracing, if the kernel has tracers
trace_off() {
	[ ! -e "$TRACING/current_tracer" ] || echo nop > "$TRACING/current_tracer"
	[ ! -e "$TRACING/set_ftrace_filter" ] || echo > "$TRACING/set_ftrace_filter"
}

# stop_probes - remove all probes. Those of the tests are in the group "lpt".
stop_probes() {
	[ -e "$TRACING/events/lpt" ] || return 0
	echo 0 > "$TRACING/events/lpt/enable"
	echo > "$TRACING/kprobe_events"
}

stop_tracing() {
	trace_off
	stop_probes
}

# start_limit SECONDS - limit_is_over() is true after that time
start_limit() {
	END=$((${EPOCHREALTIME/./} + $1 * 1000000))
}

limit_is_over() {
	[ "${EPOCHREALTIME/./}" -gt "$END" ]
}

#
# Running the tests
#

# Repeats SIGTERM, because one that arrives before exec() is lost. Gives up after 5 s.
kill_background() {
	local pid tries

	set +e
	trap - ERR
	release_all
	# End calls "busy", which ignore signals.
	[ ! -e "$TARGET/phase" ] || phase any
	for ((tries = 0; tries < 100; tries++)); do
		jobs -r -p > "$LPT_TMP/jobs"
		[ -s "$LPT_TMP/jobs" ] || return
		while read -r pid; do
			kill -TERM "$pid" 2> /dev/null
		done < "$LPT_TMP/jobs"
		nap 0.05
	done
	diag "still running: $(paste -s -d ' ' "$LPT_TMP/jobs")"
	xargs kill -KILL < "$LPT_TMP/jobs" 2> /dev/null
}

# Undo what a test left, so that it can't affect the next one. Fails if modules stay loaded
# without a reason.
lpt_reset() {
	local file

	reset_delay
	release_all
	[ -e "$TARGET/timers" ] && echo 0 > "$TARGET/timers"
	[ -e "$TARGET/nmi" ] && echo 0 > "$TARGET/nmi"
	[ -e "$TARGET/requeue" ] && echo 0 > "$TARGET/requeue"
	[ -e "$TARGET/rescue" ] && echo 0 > "$TARGET/rescue"
	[ -e "$BLOCKER/irq" ] && echo 0 > "$BLOCKER/irq"
	[ "$(first_line "$ONLINE")" != 0 ] || cpu 1
	for file in "$KLP"/lpt_*/enabled; do
		settle > /dev/null
		[ "$(first_line "$file")" != 1 ] || write_to "$file" 0
	done
	settle > /dev/null
	within "$LPT_PATIENCE" unload_modules > /dev/null && return
	diag "still loaded:$LPT_LEFT"
	LPT_STAYING+="${LPT_LEFT# } "
	return 1
}

# Report the failed line. Ignores failures in nested subshells, which may be expected.
on_error() {
	local line func file i=0

	[ "$BASH_SUBSHELL" -eq "$LPT_LEVEL" ] || return 0
	while caller $i > "$LPT_TMP/caller"; do
		read -r line func file < "$LPT_TMP/caller"
		[ "${file##*/}" = functions.sh ] || break
		i=$((i + 1))
	done
	diag "failed in line $line, $func"
}

# lpt_run DESCRIPTION FUNCTION - the test also fails if the kernel reports an error, or if a
# module can't be unloaded afterwards
lpt_run() {
	local status

	log_start
	(
		trap kill_background EXIT
		LPT_LEVEL=$BASH_SUBSHELL
		trap on_error ERR
		set -eE
		"$2"
	)
	status=$?
	lpt_reset || status=$KSFT_FAIL
	clean_up
	no_splats || status=$KSFT_FAIL
	case $status in
	0)		ktap_test_pass "$1" ;;
	"$KSFT_SKIP")	ktap_test_skip "$1: $(first_line "$LPT_TMP/why")" ;;
	*)		ktap_test_fail "$1" ;;
	esac
}

# Reference: an idle emulated CPU starts 20 programs in 0.2 s.
lpt_calibrate() {
	local i start=${EPOCHREALTIME/./} factor

	[ -z "$LPT_SECONDS" ] || return 0
	for ((i = 0; i < 20; i++)); do
		"$LPT_DIR/lpt_tasks" nothing
	done
	factor=$(((${EPOCHREALTIME/./} - start) / 200000))
	LPT_SECONDS=$((3 * (factor < 1 ? 1 : factor > 10 ? 10 : factor)))
	[ "$LPT_SECONDS" -eq 3 ] ||
		diag "a slow machine: a transition may take $LPT_SECONDS s"
}

# lpt_start PLAN
lpt_start() {
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	mountpoint -q "$DEBUGFS" || mount -t debugfs none "$DEBUGFS"
	mountpoint -q "$TRACING" || mount -t tracefs none "$TRACING"
	[[ -d $KLP && -d $DEBUGFS ]] || skip_all "no live patching, or no debugfs"
	[ -e "$LPT_DIR/test_modules/lpt_target.ko" ] ||
		skip_all "the test modules are not built"
	ktap_print_header
	# A scan of kmemleak would block transitions for longer than LPT_SECONDS.
	[ ! -e "$DEBUGFS/kmemleak" ] || echo scan=off > "$DEBUGFS/kmemleak"
	LPT_DELAY=$(first_line "$POKE_DELAY")
	ignore_loaded
	lpt_calibrate
	ktap_set_plan "$1"
}
