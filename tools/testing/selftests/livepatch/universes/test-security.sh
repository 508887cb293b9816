#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Permissions, information leaks, and random reads and writes of the files of live
# patching.
#
# SEED: repeats the random texts. LPT_LIMIT: seconds for each test with random access.

. "$(dirname "$0")/functions.sh"

SEED=${SEED:-$((EPOCHSECONDS % 32768))}
LIMIT=${LPT_LIMIT:-10}
PARAMETERS=/sys/module/livepatch/parameters
LOCKDOWN=/sys/kernel/security/lockdown
SIG_ENFORCE=/sys/module/module/parameters/sig_enforce
PAGE_TABLES=$DEBUGFS/page_tables/kernel
NOBODY=65534

EACCES="Permission denied"
EPERM="Operation not permitted"

# as_nobody COMMAND...
as_nobody() {
	setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups "$@"
}

# User 0 without CAP_SYS_MODULE
without_sys_module() {
	setpriv --bounding-set=-sys_module --inh-caps=-all "$@"
}

# User 0 of a new user namespace
root_of_namespace() {
	as_nobody unshare --user --map-root-user "$@"
}

# can_run WHO - whether this kind of user can be set up, and run a program of $LPT_TMP
can_run() {
	"$1" "$LPT_TMP/lpt_module" 2>&1 | grep -q usage
}

needs_nobody() {
	can_run as_nobody || skip "nobody can't run programs here"
}

write_as() {
	# shellcheck disable=SC2016
	"$1" bash -c 'echo "$1" > "$0"' "$2" "$3"
}

# files - list all files of live patching
files() {
	find "$KLP" "$PARAMETERS" -type f
	find "$DEBUGFS/livepatch" -type f 2> /dev/null || :
}

locked_down() {
	[[ $(first_line "$LOCKDOWN") = *\[integrity\]* ||
	   $(first_line "$LOCKDOWN") = *\[confidentiality\]* ]]
}

needs_debugfs() {
	! locked_down || skip "lockdown closes the files of lpt_target and lpt_blocker"
}

# in_the_middle - a blocked transition, during which all files exist
in_the_middle() {
	needs_debugfs
	load lpt_target
	load lpt_blocker
	hold
	load lpt_pair2
	within "$LPT_PATIENCE" version_is 2
	in_transition
}

test_modes() {
	local file

	in_the_middle
	for file in $(files); do
		is "$(stat -c %u:%g "$file")" 0:0 "owner of $file"
		is "$(($(stat -c 0%a "$file") & 022))" 0 "writable: $file"
	done
	is "$(stat -c %a "$BEHIND")" 400 "mode of behind"
	is "$(stat -c %a "/proc/$$/patch_state")" 400 "mode of patch_state"
}

test_writes() {
	local who

	in_the_middle
	needs_nobody
	for who in as_nobody root_of_namespace; do
		can_run "$who" || continue
		fails_with "$EACCES" write_as "$who" "$KLP/lpt_pair2/enabled" 0
		fails_with "$EACCES" write_as "$who" "$KLP/lpt_pair2/force" 1
		fails_with "$EACCES" write_as "$who" "$POKE_DELAY" 1
		fails_with "$EACCES" "$who" cat "$BEHIND"
	done
	fails_with "$EACCES" as_nobody cat "/proc/$$/patch_state"
	in_transition
	is "$(attr lpt_pair2 enabled)" 1 enabled
}

test_load() {
	local who module=$LPT_TMP/lpt_pair2.ko

	needs_nobody
	load lpt_target
	cp "$LPT_DIR/test_modules/lpt_pair2.ko" "$module"
	for who in as_nobody without_sys_module root_of_namespace; do
		can_run "$who" || continue
		fails_with "$EPERM" "$who" "$LPT_TMP/lpt_module" load "$module"
	done
	not loaded lpt_pair2
	apply lpt_pair2
	disable lpt_pair2
	settle
	gone lpt_pair2
	for who in as_nobody without_sys_module; do
		fails_with "$EPERM" "$who" "$LPT_TMP/lpt_module" unload lpt_pair2
	done
	unload lpt_pair2
}

# unsigned PATCH - copy its file without the marker of an appended signature
unsigned() {
	local module=$LPT_DIR/test_modules/$1.ko mark="~Module signature appended~"

	if tail -c 28 "$module" | grep -qxa "$mark"; then
		head -c -28 "$module" > "$LPT_TMP/$1.ko"
	else
		cp "$module" "$LPT_TMP/$1.ko"
	fi
}

# refused ERROR - an unsigned module is refused by the module loader. Signed modules are
# covered by all other tests.
refused() {
	unsigned lpt_pair2
	fails_with "$1" "$LPT_DIR/lpt_module" load "$LPT_TMP/lpt_pair2.ko"
	not loaded lpt_pair2
}

test_signature() {
	[ "$(first_line "$SIG_ENFORCE")" = Y ] ||
		skip "module signatures are not enforced (module.sig_enforce)"
	refused "Key was rejected"
}

test_lockdown() {
	locked_down || skip "no lockdown"
	refused "$EPERM|Key was rejected"
}

# Kernel addresses of x86, arm64, riscv and s390; and of powerpc and loongarch
ADDRESS='(^|[^0-9a-f])(0x)?(ff[0-9a-f]{14}|[c9]0{3}[0-9a-f]{12})($|[^0-9a-f])'

# whatever_can_be_read - print all that the current user can read
whatever_can_be_read() {
	local file

	for file in $(files) $(find /sys/module/lpt_pair2 -type f); do
		echo "$file: $(tr -d '\0' < "$file")"
	done
	ls -lR "$KLP"
	cat /proc/*/patch_state
	# Shadow variables are printed by %p, which slab_debug makes print real addresses
	dmesg | grep -i livepatch | grep -v "shadow variable"
	grep -w lpt_pair2 /proc/modules
}

test_addresses() {
	local text=$LPT_TMP/text

	in_the_middle
	needs_nobody
	export -f whatever_can_be_read files
	export KLP PARAMETERS DEBUGFS
	as_nobody bash -c whatever_can_be_read > "$text" 2> /dev/null
	at_least "$(grep -c "^$KLP" "$text")" 8 "files of the patch"
	! grep -E "$ADDRESS" "$text" || return
	# For root, too, the list has names of functions, not addresses
	at_least "$(wc -l < "$BEHIND")" 1 "stragglers"
	! grep -E "$ADDRESS" "$BEHIND"
}

# /proc/kallsyms must show the addresses of a patch module to root only.
test_kallsyms() {
	in_the_middle
	needs_nobody
	at_least "$(grep -c "\[lpt_pair2\]" /proc/kallsyms)" 1 "symbols"
	as_nobody cat /proc/kallsyms > "$LPT_TMP/symbols"
	at_least "$(wc -l < "$LPT_TMP/symbols")" 1 "lines for nobody"
	! grep "\[lpt_pair2\]" "$LPT_TMP/symbols" | grep -v "^0* "
}

#
# Random reads and writes
#

# fuzz MODE [COMMAND...] - run lpt_fuzz on all files, in the background. Writers do not
# get the parameter stack_check, because it can cause modules to stay loaded.
fuzz() {
	local mode=$1 parameters=$PARAMETERS

	shift
	case $mode in
	write | force) parameters=$POKE_DELAY ;;
	esac
	in_background "$@" "$LPT_TMP/lpt_fuzz" "$mode" $((SEED + NR)) "$LIMIT" \
		      "$KLP" "$DEBUGFS/livepatch" "$parameters" \
		      > "$LPT_TMP/fuzz.$NR"
	FUZZERS+=("$LPT_PID")
	NR=$((NR + 1))
}

fuzzers_end() {
	local pid

	for pid in "${FUZZERS[@]}"; do
		wait "$pid"
	done
	diag "$(cat "$LPT_TMP"/fuzz.* | paste -s -d , | sed 's/,/, /g')"
}

# put_right - disable all patches; the first pass also ends transitions that are reversed
put_right() {
	local file

	reset_delay
	for file in "$KLP"/lpt_*/enabled; do
		[ ! -e "$file" ] || write_to "$file" 0 2> /dev/null || :
	done
	settle
	for file in "$KLP"/lpt_*/enabled; do
		[ ! -e "$file" ] || write_to "$file" 0 2> /dev/null || :
	done
	settle
}

start_fuzz() {
	needs_debugfs
	diag "SEED=$SEED"
	FUZZERS=() NR=0
	load lpt_target
	rm -f "$LPT_TMP"/fuzz.*
}

# come_and_go MINIMUM PATCH... - load, disable and unload them all the time. At least so many
# loads must succeed, while others change the files.
come_and_go() {
	local end=$((EPOCHSECONDS + LIMIT)) minimum=$1 rounds=0 loads=0 patch

	shift
	while [ "$EPOCHSECONDS" -lt "$end" ]; do
		for patch; do
			! load "$patch" 2> /dev/null || loads=$((loads + 1))
			nap 0.1
			write_to "$KLP/$patch/enabled" 0 2> /dev/null || :
			nap 0.1
			try_unload "$patch" || :
		done
		rounds=$((rounds + 1))
	done
	diag "$rounds rounds, $loads loads"
	at_least "$loads" "$minimum" "loads"
}

test_reads() {
	start_fuzz
	fuzz read
	fuzz read as_nobody
	come_and_go 2 lpt_pair{2,3,4}
	fuzzers_end
	put_right
}

test_random_writes() {
	start_fuzz
	fuzz write
	fuzz write
	fuzz read
	come_and_go 1 lpt_pair{2,3,4}
	fuzzers_end
	put_right
	is "$(version)" 1
}

test_denied() {
	needs_nobody
	start_fuzz
	fuzz denied as_nobody
	come_and_go 2 lpt_pair{2,3,4}
	fuzzers_end
	put_right
}

# The transition is reversed and forced at random while a task blocks it.
test_random_force() {
	not loaded lpt_fuzzed || skip "lpt_fuzzed stays loaded until a reboot"
	start_fuzz
	load lpt_blocker
	hold
	load lpt_fuzzed
	fuzz force
	fuzz force
	fuzz read
	fuzzers_end
	put_right
	is "$(version)" 1
	release
	apply lpt_pair2
	is "$(version)" 2
}

#
# Memory that is writable or executable
#

# A line has addresses, size and flags. "x" means executable, "NX" not executable.
writable_code() {
	awk '/ RW / && / x / { print; found = 1 } END { exit !found }' "$PAGE_TABLES"
}

# With KASAN the page tables are huge. A read that takes minutes would hold a transition.
is_read_in_time() {
	timeout "$LIMIT" cat "$1" > /dev/null ||
		skip "$1 can't be read in $LIMIT s"
}

no_writable_code() {
	[ -e "$PAGE_TABLES" ] || skip "no page tables to look at (PTDUMP_DEBUGFS)"
	at_least "$(grep -c " x " "$PAGE_TABLES")" 2 "executable ranges"
	! writable_code
}

# flags_at ADDRESS - print the flags of its page
flags_at() {
	local range flags

	while read -r range flags; do
		[[ $range = 0x*-0x* ]] || continue
		(($1 >= ${range%-*} && $1 < ${range#*-})) || continue
		echo "$flags"
		return
	done < "$PAGE_TABLES"
}

# During a transition the call site leads to a trampoline, if there are any.
check_trampoline() {
	local flags

	find_entry lpt_pair_a
	if [ -z "$ENTRY" ]; then
		diag "no trampoline: $(grep "^lpt_pair_a " "$TRACING/enabled_functions")"
		not has_trampolines
		return
	fi
	flags=$(flags_at "0x$ENTRY")
	diag "trampoline: $flags"
	[[ $flags = *\ ro\ *\ x\ * ]]
}

test_writable_code() {
	local end

	[ -e "$PAGE_TABLES" ] || skip "no page tables to look at (PTDUMP_DEBUGFS)"
	is_read_in_time "$PAGE_TABLES"
	end=$((EPOCHSECONDS + LIMIT))
	in_the_middle
	check_trampoline
	no_writable_code
	release
	settle
	no_writable_code
	unload lpt_blocker
	in_background come_and_go 2 lpt_pair{3,4}
	while [ "$EPOCHSECONDS" -lt "$end" ]; do
		no_writable_code
	done
	wait "$LPT_PID"
}

# The kernel's own check
test_check_wx() {
	[ -e "$DEBUGFS/check_wx_pages" ] || skip "no check_wx_pages (DEBUG_WX)"
	is_read_in_time "$DEBUGFS/check_wx_pages"
	in_the_middle
	is "$(first_line "$DEBUGFS/check_wx_pages")" SUCCESS
	release
	settle
	is "$(first_line "$DEBUGFS/check_wx_pages")" SUCCESS
}

lpt_start 13
cp "$LPT_DIR/lpt_module" "$LPT_DIR/lpt_fuzz" "$LPT_TMP"
chmod 755 "$LPT_TMP" "$LPT_TMP"/lpt_{module,fuzz}
lpt_run "all files are owned by root, and only root can write" test_modes
lpt_run "writes by other users fail" test_writes
lpt_run "loading a patch needs CAP_SYS_MODULE" test_load
lpt_run "an unsigned patch is refused if signatures are enforced" test_signature
lpt_run "an unsigned patch is refused under lockdown" test_lockdown
lpt_run "no kernel addresses can be read" test_addresses
lpt_run "no addresses of symbols can be read" test_kallsyms
lpt_run "random reads" test_reads
lpt_run "random writes" test_random_writes
lpt_run "no other user can open a file for writing" test_denied
lpt_run "random writes, and force" test_random_force
lpt_run "no executable page is writable" test_writable_code
lpt_run "the kernel's own check finds no writable code" test_check_wx
ktap_finished
