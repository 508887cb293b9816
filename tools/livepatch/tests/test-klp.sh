#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of klp with copies of the files of the kernel, by means of --root. No module is loaded.
# KLP is the program. The output is that of a kselftest.

export LC_ALL=C
HERE=$(realpath "$(dirname "$0")")
KLP=${KLP:-$HERE/../klp}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/test-klp.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
ROOT=
TEST=0
FAILED=0

diag() {
	echo "# $*"
}

# make_root - sets ROOT to a new root without patches
make_root() {
	ROOT=$(mktemp -d "$TMP/root.XXXXXX")
	mkdir -p "$ROOT"/sys/kernel/{livepatch,debug/livepatch} "$ROOT"/{proc,sys/module,dev}
	: > "$ROOT/sys/kernel/debug/livepatch/behind"
	: > "$ROOT/dev/kmsg"
}

# patch NAME ORDER [ATTRIBUTE VALUE]... - add a patch of one function
patch() {
	local dir=$ROOT/sys/kernel/livepatch/$1

	mkdir -p "$dir/vmlinux/meminfo_proc_show,1" "$ROOT/sys/module/$1"
	echo OK > "$ROOT/sys/module/$1/taint"
	echo 1 > "$dir/vmlinux/patched"
	echo "$2" > "$dir/stack_order"
	echo 1 > "$dir/enabled"
	echo 0 | tee "$dir"/{transition,replace,pinned,stragglers,transition_ms} > "$dir/force"
	shift 2
	while [ $# -gt 0 ]; do
		echo "$2" > "$dir/$1"
		shift 2
	done
}

# attr NAME ATTRIBUTE
attr() {
	cat "$ROOT/sys/kernel/livepatch/$1/$2"
}

# becomes NAME ATTRIBUTE VALUE - wait until klp has written that, 20 s at most
becomes() {
	local i

	for ((i = 0; i < 200; i++)); do
		[ "$(attr "$1" "$2")" != "$3" ] || return 0
		sleep 0.1
	done
}

# stragglers TEXT - with escape sequences of printf
stragglers() {
	# shellcheck disable=SC2059
	printf "$1" > "$ROOT/sys/kernel/debug/livepatch/behind"
}

# thread TID PID PARENT NAME [COMMAND LINE] - with escape sequences of printf
thread() {
	mkdir -p "$ROOT/proc/$1"
	printf 'Name:\tx\nTgid:\t%s\nPPid:\t%s\n' "$2" "$3" > "$ROOT/proc/$1/status"
	# shellcheck disable=SC2059
	printf "$4\n" > "$ROOT/proc/$1/comm"
	# shellcheck disable=SC2059
	printf "${5-}" > "$ROOT/proc/$1/cmdline"
}

# in_transition - a patch in transition with two stragglers
in_transition() {
	patch lp_one 1
	patch lp_two 2 transition 1 stragglers 3 transition_ms 5120
	stragglers "lp_two patching: 3 behind for 5120 ms\n"
	printf '%s\t%s\t%s\thelp: %s\n' \
		417 cp "uninterruptible in rpc_wait_bit_killable" "the end of what it waits for" \
		520 xyzd "kthread not at a safe point in xyz_wait [xyz]" "the end of what it does" \
		- cpu1 interrupts "nothing, they migrate by themselves" \
		>> "$ROOT/sys/kernel/debug/livepatch/behind"
	thread 400 400 1 backup 'backup\0--all\0'
	thread 417 400 1 cp
	thread 520 520 2 xyzd
}

# klp STATUS ARGUMENT... - the output is in $TMP/out, that on stderr in $TMP/err
klp() {
	local wanted=$1 got=0

	shift
	timeout 20 "$KLP" --root="$ROOT" "$@" > "$TMP/out" 2> "$TMP/err" || got=$?
	[ "$got" -eq "$wanted" ] && return
	diag "klp $*: exit status $got, wanted $wanted"
	sed 's/^/#   /' "$TMP/out" "$TMP/err"
	return 1
}

# says TEXT... - each text is in the output
says() {
	local text

	for text; do
		grep -qF -- "$text" "$TMP/out" "$TMP/err" && continue
		diag "not in the output: $text"
		sed 's/^/#   /' "$TMP/out" "$TMP/err"
		return 1
	done
}

# json EXPRESSION... - each is true, with the output in d
json() {
	python3 -c "import json, sys
d = json.load(open(sys.argv[1]))
for e in sys.argv[2:]:
	assert eval(e), (e, d)" "$TMP/out" "$@"
}

not() {
	! "$@"
}

is() {
	[ "$1" = "$2" ] && return
	diag "got '$1', wanted '$2'"
	return 1
}

test_usage() {
	klp 2
	klp 2 nonsense
	klp 2 status extra
	klp 2 status --yes
	klp 2 load
	klp 2 load x.ko --wait soon
	klp 2 load x.ko --on-stall ignore
	klp 2 wait -1
	klp 2 unload lp_none
	klp 2 load "$TMP/none.ko"
	says "none.ko"
	klp 0 --help
}

test_no_live_patching() {
	rmdir "$ROOT/sys/kernel/livepatch"
	klp 5 status
	klp 5 check
	klp 5 list
	klp 5 metrics
}

test_rest() {
	klp 0 status
	klp 0 check
	is "$(cat "$TMP/out" "$TMP/err")" ""
	klp 0 list
	says "no patches"
	patch lp_one 1
	klp 0 status
	says "no transition"
	klp 0 status --json
	json 'd == {"transition": False}'
	klp 0 wait
	klp 0 blocking
	klp 5 reverse
	klp 5 force --yes
}

test_status() {
	in_transition
	klp 1 status
	says "lp_two: patching for 5.1 s, 3 stragglers" "417  cp  " \
		"uninterruptible in rpc_wait_bit_killable, a thread of backup (400)" \
		"what helps: the end of what it waits for" "-  cpu1  "
	klp 1 check
	is "$(cat "$TMP/out" "$TMP/err")" ""
}

test_status_json() {
	in_transition
	klp 1 status --json
	json 'd["patch"] == "lp_two" and d["direction"] == "patching" and d["age_ms"] == 5120' \
		'd["count"] == 3 and len(d["stragglers"]) == 3' \
		'd["stragglers"][0] == {"tid": 417, "thread": "cp", "pid": 400, "process": "backup",
	      "reason": "uninterruptible", "place": "rpc_wait_bit_killable",
	      "help": "the end of what it waits for"}' \
		'd["stragglers"][1]["reason"] == "kthread not at a safe point"' \
		'd["stragglers"][1]["place"] == "xyz_wait [xyz]"' \
		'd["stragglers"][2]["tid"] is None and d["stragglers"][2]["thread"] == "cpu1"'
}

test_unpatching() {
	patch lp_one 1 enabled 0 transition 1 transition_ms 90
	klp 1 status
	says "lp_one: unpatching for 0.0 s, 0 stragglers"
}

# Reasons that contain " in " have a place only if a function follows.
test_reasons() {
	in_transition
	stragglers 'x\n1\ta\tasleep in a system call\thelp: h\n2\tb\tin a work item in f\thelp: h\n'
	klp 1 status --json
	json 'd["stragglers"][0]["reason"] == "asleep in a system call"' \
		'd["stragglers"][1]["reason"] == "in a work item"' \
		'[s["place"] for s in d["stragglers"]] == [None, "f"]'
}

# The file says how many tasks are exiting, but not which.
test_exiting() {
	in_transition
	stragglers 'x\n-\t-\t3 exiting\thelp: nothing\n'
	klp 1 status --json
	json 'd["stragglers"][0]["tid"] is None and d["stragglers"][0]["reason"] == "3 exiting"'
}

# Names that look like other lines, that control the terminal, and that are like an escape
# sequence of the kernel. The kernel escapes tabs, newlines and backslashes in names.
test_names() {
	in_transition
	stragglers 'x\n7\ta\\0121\\011b\\011c\\011help:\trunning\thelp: h\n'
	printf '8\t\033[2J\\134"\twaits\thelp: h\n9\ta\\134012\twaits\thelp: h\n' \
		>> "$ROOT/sys/kernel/debug/livepatch/behind"
	thread 7 7 1 'a\nb' 'a\0\033]0;title\007\0'
	thread 8 8 7 'ok'
	thread 9 9 1 'ok'
	klp 1 status
	says '7  a\x0a1\x09b\x09c\x09help:  running' '8  \x1b[2J\x5c\x22' '9  a\x5c012  '
	klp 1 status --json
	json 'len(d["stragglers"]) == 3 and d["stragglers"][1]["thread"] == r"\x1b[2J\x5c\x22"'
	klp 1 blocking -v
	says 'command: a \x1b]0;title\x07' 'child: ok (8)' 'parent: a\x0ab (7)'
	is "$(tr -d '\n -~' < "$TMP/out")" ""
}

test_no_debugfs() {
	in_transition
	rm "$ROOT/sys/kernel/debug/livepatch/behind"
	klp 1 status
	says "names are not known"
	klp 1 status --json
	json 'd["stragglers"] is None and d["count"] == 3'
}

test_blocking() {
	in_transition
	echo "[<0>] rpc_wait_bit_killable+0x1/0x2" > "$ROOT/proc/417/stack"
	klp 1 blocking
	says "417  cp" "520  xyzd" "cpu1"
	klp 1 blocking -v
	says "command: backup --all" "parent:  (1)"
	klp 1 blocking -vv
	says "stack: [<0>] rpc_wait_bit_killable+0x1/0x2" "stack: not readable"
}

test_list() {
	patch lp_ten 10 replace 1 pinned 1 replace_set 4294967295
	patch lp_nine 9
	mkdir -p "$ROOT"/sys/kernel/livepatch/lp_nine/ext4 "$ROOT"/sys/module/{lp_old,ext4}
	echo 0 > "$ROOT/sys/kernel/livepatch/lp_nine/ext4/patched"
	echo OK > "$ROOT/sys/module/lp_old/taint"
	echo > "$ROOT/sys/module/ext4/taint"
	echo 1.5 > "$ROOT/sys/module/lp_nine/version"
	klp 0 list
	says "lp_ten                    enabled, cumulative, pinned, set 4294967295" "enabled, version 1.5" \
		"lp_old                    not in effect, its module is loaded"
	is "$(awk '{ print $2 }' "$TMP/out" | xargs)" "lp_nine lp_ten lp_old"
	klp 0 list -v
	says "vmlinux: patched" "ext4: not loaded" "meminfo_proc_show,1"
}

test_list_json() {
	test_list
	klp 0 list --json
	json '[p["name"] for p in d["patches"]] == ["lp_nine", "lp_ten"]' \
		'd["patches"][0]["version"] == "1.5" and d["patches"][1]["version"] is None' \
		'd["patches"][1]["replace"] and d["patches"][1]["pinned"]' \
		'[p["replace_set"] for p in d["patches"]] == [0, 4294967295]' \
		'd["patches"][0]["objects"][1]["functions"][0]["name"] == "meminfo_proc_show"' \
		'd["patches"][0]["objects"][1]["functions"][0]["position"] == 1' \
		'd["patches"][0]["objects"][0]["name"] == "ext4"' \
		'not d["patches"][0]["objects"][0]["patched"]' \
		'd["unused_modules"][0]["name"] == "lp_old"'
}

test_wait() {
	in_transition
	klp 1 wait 0
	klp 1 wait 0.3
	says "lp_two: patching"
	(sleep 0.5; echo 0 > "$ROOT/sys/kernel/livepatch/lp_two/transition") &
	klp 0 wait
	wait
}

test_reverse() {
	in_transition
	klp 3 reverse --wait 0.3
	says "cp" "goes on"
	is "$(attr lp_two enabled)" 0
	klp 1 reverse --wait 0
	is "$(attr lp_two enabled)" 1
}

# The directory of the patch goes after the transition.
test_reverse_and_remove() {
	in_transition
	rm -r "$ROOT/sys/module/lp_two"
	(
		becomes lp_two enabled 0
		echo 0 > "$ROOT/sys/kernel/livepatch/lp_two/transition"
		sleep 0.3
		mv "$ROOT/sys/kernel/livepatch/lp_two" "$ROOT/gone"
	) &
	klp 0 reverse
	wait
	says "The transition of 'lp_two' is reversed: the patch is disabled."
	is "$(cat "$ROOT/gone/enabled")" 0
}

test_reverse_twice() {
	in_transition
	(
		becomes lp_two enabled 0
		echo 1 > "$ROOT/sys/kernel/livepatch/lp_two/enabled"
		echo 0 > "$ROOT/sys/kernel/livepatch/lp_two/transition"
	) &
	klp 4 reverse
	wait
	says "was reversed again"
}

test_unload() {
	patch lp-one 1
	in_transition
	klp 3 unload lp-two --wait 0.2
	is "$(attr lp_two enabled)" 0
	klp 3 unload lp_two --wait 0.2 --on-stall reverse
	is "$(attr lp_two enabled)" 1
	(
		becomes lp_two enabled 0
		echo 1 > "$ROOT/sys/kernel/livepatch/lp_two/enabled"
		echo 0 > "$ROOT/sys/kernel/livepatch/lp_two/transition"
	) &
	klp 4 unload lp_two
	wait
}

# The module of another subsystem must not be removed.
test_unload_other() {
	mkdir -p "$ROOT"/sys/module/{e1000e,lp_old}
	echo > "$ROOT/sys/module/e1000e/taint"
	klp 2 unload e1000e
	says "'e1000e' is not a live patch"
	echo OE > "$ROOT/sys/module/e1000e/taint"
	klp 2 unload e1000e
	klp 2 unload lp_none
	says "'lp_none' is not loaded"
	# klp tries to remove the module of a patch, which fails under a root.
	echo OK > "$ROOT/sys/module/lp_old/taint"
	klp 5 unload lp_old
}

# A write to the file fails. The kernel has logged why.
test_refused() {
	in_transition
	ln -sf /dev/full "$ROOT/sys/kernel/livepatch/lp_two/force"
	rm "$ROOT/dev/kmsg"
	mkfifo "$ROOT/dev/kmsg"
	exec 3<> "$ROOT/dev/kmsg"
	printf '3,1,10,-;livepatch: the reason\n KEY=x\n' >&3
	printf '4,2,11,-;lp_two: another\n4,3,12,-;x: y\n' >&3
	klp 5 force --yes
	says "forcing the transition of 'lp_two': No space left on device" \
		"kernel: livepatch: the reason" "kernel: lp_two: another"
	not grep -q "kernel: x" "$TMP/err"
	klp 2 load "$0"
}

test_force() {
	in_transition
	klp 2 force
	says "moved to the functions of 'lp_two'" "417  cp" "nothing was changed"
	is "$(attr lp_two force)" 0
	(
		becomes lp_two force 1
		echo 0 > "$ROOT/sys/kernel/livepatch/lp_two/transition"
	) &
	klp 0 force --yes
	wait
	is "$(attr lp_two force)" 1
}

test_settle() {
	klp 5 settle
	says "there is no transition to settle"
	in_transition
	klp 5 settle
	says "settling the transition of 'lp_two'"
	mkdir -p "$ROOT/sys/module/livepatch/parameters"
	echo off > "$ROOT/sys/module/livepatch/parameters/stack_check"
	klp 1 settle --wait 0
	is "$(cat "$ROOT/sys/module/livepatch/parameters/stack_check")" any
	(sleep 0.3; echo 0 > "$ROOT/sys/kernel/livepatch/lp_two/transition") &
	klp 0 settle --wait 5
	wait
	says "has ended"
}

test_metrics() {
	in_transition
	klp 0 metrics
	says 'livepatch_patch_enabled{patch="lp_one"} 1' \
		'livepatch_patch_transition{patch="lp_two"} 1' \
		'livepatch_patch_functions{patch="lp_two"} 1' \
		'livepatch_transition_seconds 5.120' 'livepatch_stragglers 3'
	grep -vE '^# (HELP|TYPE) livepatch_[a-z_]+ .+' "$TMP/out" > "$TMP/values"
	is "$(grep -vE '^livepatch_[a-z_]+(\{patch="[a-z_]+"\})? [0-9.]+$' "$TMP/values")" ""
	not "$KLP" --root="$ROOT" metrics > /dev/full 2> /dev/null
}

test_watch() {
	local watcher

	in_transition
	mv "$ROOT/dev/kmsg" "$ROOT/dev/old"
	mkfifo "$ROOT/dev/kmsg"
	"$KLP" --root="$ROOT" watch > "$TMP/out" 2> "$TMP/err" &
	watcher=$!
	exec 3> "$ROOT/dev/kmsg"
	printf "5,1,1500000,-;livepatch: 'lp_two': starting patching transition\n SUBSYSTEM=x\n" >&3
	printf "5,1,2500000,-;other: line\n" >&3
	sleep 0.7
	exec 3>&-
	kill "$watcher"
	wait "$watcher" || :
	says "[    1.500000] livepatch: 'lp_two': starting patching transition" "3 stragglers"
	not grep -q "other: line" "$TMP/out"
}

# make_module FILE NAME VERMAGIC - a file with a section .modinfo
make_module() {
	printf 'name=%s\0vermagic=%s SMP\0livepatch=Y\0' "$2" "$3" > "$TMP/info"
	printf 'description=Fix \033[1m\0' >> "$TMP/info"
	: > "$TMP/empty.c"
	gcc -c -o "$1" "$TMP/empty.c"
	objcopy --add-section .modinfo="$TMP/info" "$1"
}

test_install() {
	local dir

	dir=$ROOT/var/lib/livepatch
	make_module "$TMP/lp_new.ko" lp_new 7.4.0-test
	klp 0 install "$TMP/lp_new.ko"
	says "'lp_new' is installed for the kernel 7.4.0-test"
	cmp "$TMP/lp_new.ko" "$dir/7.4.0-test/lp_new.ko"
	klp 2 uninstall lp_new
	klp 0 uninstall lp-new --kernel 7.4.0-test
	[ ! -e "$dir/7.4.0-test/lp_new.ko" ]
	# There is one file of a module, however it is compressed.
	klp 0 install "$TMP/lp_new.ko"
	xz -k "$TMP/lp_new.ko"
	klp 0 install "$TMP/lp_new.ko.xz"
	is "$(ls "$dir/7.4.0-test")" lp_new.ko.xz
	cp "$TMP/lp_new.ko" "$dir/7.4.0-test"
	klp 0 uninstall lp_new --kernel 7.4.0-test
	is "$(ls "$dir/7.4.0-test")" ""
	gcc -c -o "$TMP/plain.ko" "$TMP/empty.c"
	klp 2 install "$TMP/plain.ko"
	klp 2 uninstall ../../../etc/passwd
	# What the module says about itself must not lead out of the directory.
	make_module "$TMP/lp_out.ko" ../../../../etc/x 7.4.0-test
	klp 2 install "$TMP/lp_out.ko"
	make_module "$TMP/lp_out.ko" lp_out ..
	klp 2 install "$TMP/lp_out.ko"
	[ ! -e "$ROOT/etc/x.ko" ]
}

# completes WORDS... - what the completion offers for the last word, in $TMP/out
completes() (
	set +e +u
	cd "$TMP/files" || exit
	# shellcheck source=/dev/null
	. "$HERE/../klp.bash-completion"
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_klp
	printf '%s\n' "${COMPREPLY[@]}" | sort > "$TMP/out"
)

# Names of files are data, also for the completion.
test_completion() {
	mkdir "$TMP/files"
	: > "$TMP/files/\$(echo\${IFS}bad>ran).ko"
	: > "$TMP/files/lp_a.ko"
	completes klp load ""
	[ "$(wc -l < "$TMP/out")" = 2 ]
	completes klp load lp
	[ "$(< "$TMP/out")" = lp_a.ko ]
	completes klp un
	[ "$(paste -sd, "$TMP/out")" = "uninstall,unload" ]
	[ ! -e "$TMP/files/ran" ]
}

test_installed() {
	make_module "$TMP/lp_new.ko" lp_new "$(uname -r)"
	klp 0 load --installed
	klp 0 install "$TMP/lp_new.ko"
	klp 5 load --installed
	: > "$ROOT/var/lib/livepatch/$(uname -r)/lp_first.ko.new"
	klp 5 load --installed
	not grep -q lp_first "$TMP/err"
	patch lp_new 1
	klp 0 load --installed
	says "'lp_new' is loaded already"
	klp 0 list
	says 'enabled: Fix \x1b[1m'
}

# run DESCRIPTION FUNCTION
run() {
	TEST=$((TEST + 1))
	make_root
	(
		set -e
		"$2"
	)
	# An "if" would disable "set -e".
	# shellcheck disable=SC2181
	if [ $? -eq 0 ]; then
		echo "ok $TEST $1"
	else
		echo "not ok $TEST $1"
		FAILED=$((FAILED + 1))
	fi
}

echo "TAP version 13"
echo "1..27"
run "wrong command lines" test_usage
run "a kernel without live patching" test_no_live_patching
run "no transition" test_rest
run "status" test_status
run "status --json" test_status_json
run "a patch that is being disabled" test_unpatching
run "reason and place" test_reasons
run "exiting tasks" test_exiting
run "names with control characters" test_names
run "debugfs is not readable" test_no_debugfs
run "blocking" test_blocking
run "list" test_list
run "list --json" test_list_json
run "wait" test_wait
run "reverse" test_reverse
run "reverse, until the patch is gone" test_reverse_and_remove
run "reverse, and reversed again" test_reverse_twice
run "unload" test_unload
run "unload a module that is no patch" test_unload_other
run "the reason of a refusal" test_refused
run "settle" test_settle
run "force" test_force
run "metrics" test_metrics
run "watch" test_watch
run "install and uninstall" test_install
run "load --installed" test_installed
run "completion" test_completion
[ "$FAILED" -eq 0 ]
