#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A patch for another build of the kernel, or of a module, is refused.

. "$(dirname "$0")/functions.sh"

REQUIRE=/sys/module/livepatch/parameters/require_build_id
ENOEXEC="Exec format error"

clean_up() {
	echo "$REQUIRED" > "$REQUIRE"
}

# build_id NOTES - print the build ID in a file of notes
build_id() {
	od -A n -v -t x1 "$1" | tr -d ' \n' |
		sed -n 's/.*040000001400000003000000474e5500\(.\{40\}\).*/\1/p'
}

# other ID - print an ID that is not the given one
other() {
	echo "${1:1}${1:0:1}"
}

load_target() {
	load lpt_target
	target=$(build_id /sys/module/lpt_target/notes/.note.gnu.build-id)
	at_least "${#target}" 40 "digits of the build ID of lpt_target"
}

# refused MODULE MESSAGE COMMAND... - loading MODULE fails, and nothing else changes
refused() {
	local module=$1 message=$2 before

	shift 2
	before=$(inventory)
	log_start
	fails_with "$ENOEXEC" "$@"
	settle
	logged "livepatch: $message"
	not loaded "$module"
	same "$before" "$(inventory)"
}

refused_patch() {
	local message=$1

	shift
	refused lpt_build "patch 'lpt_build' $message" load lpt_build "$@"
}

differs() {
	echo "object '$1': is for build ID $2, but that of the loaded one is $3"
}

test_same() {
	load_target
	apply lpt_build kernel="$kernel" target="$target"
	is "$(version)" 5
}

test_capitals() {
	load_target
	apply lpt_build kernel="${kernel^^}"
	is "$(version)" 5
}

# refused_build OBJECT PARAMETER - the parameter of lpt_build names another build of OBJECT
refused_build() {
	local build id

	load_target
	build=${!2}
	id=$(other "$build")
	refused_patch "$(differs "$1" "$id" "$build")" \
		kernel="$kernel" target="$target" "$2=$id"
	is "$(version)" 1
}

test_kernel() {
	refused_build vmlinux kernel
}

test_module() {
	refused_build lpt_target target
}

test_shorter() {
	local id=${kernel:0:38}

	refused_patch "$(differs vmlinux "$id" "$kernel")" kernel="$id"
}

test_later() {
	load_target
	unload lpt_target
	apply lpt_build kernel="$kernel" target="$target"
	load lpt_target
	is "$(version)" 5
}

test_later_module() {
	local id

	load_target
	unload lpt_target
	id=$(other "$target")
	apply lpt_build kernel="$kernel" target="$id"
	refused lpt_target "patch 'lpt_build' $(differs lpt_target "$id" "$target")" \
		load lpt_target
	logged "patch 'lpt_build' failed for module 'lpt_target', refusing to load"
	is "$(attr lpt_build enabled)" 1
	revert lpt_build
	load lpt_target
	is "$(version)" 1
}

test_malformed() {
	local id

	for id in x "${kernel}00" "${kernel:1}" "${kernel:0:39}g" "${kernel//?/0}" ""; do
		refused_patch "object 'vmlinux': '$id' is no build ID" kernel="$id"
	done
	refused lpt_build "patch 'lpt_build', section '.*': does not end with a zero byte" \
		load lpt_build kernel="$kernel" unended=1
}

test_none() {
	load_target
	apply lpt_build
	is "$(version)" 5
}

test_required() {
	local lacks="names no build ID, and livepatch.require_build_id is set"

	load_target
	echo Y > "$REQUIRE"
	refused_patch "object 'vmlinux': $lacks"
	refused_patch "object 'vmlinux': $lacks" target="$target"
	refused_patch "object 'lpt_target': $lacks" kernel="$kernel"
	apply lpt_build kernel="$kernel" target="$target"
	is "$(version)" 5
}

kernel=$(build_id /sys/kernel/notes)
[ -n "$kernel" ] || skip_all "the kernel has no build ID"
REQUIRED=$(first_line "$REQUIRE")

lpt_start 10
lpt_run "accepted: the builds that are loaded" test_same
lpt_run "accepted: an ID in capitals" test_capitals
lpt_run "refused: another build of the kernel" test_kernel
lpt_run "refused: an ID with the same beginning" test_shorter
lpt_run "refused: another build of a module" test_module
lpt_run "accepted: a module that is loaded later" test_later
lpt_run "refused: another build of a module that is loaded later" test_later_module
lpt_run "refused: malformed IDs" test_malformed
lpt_run "accepted: no ID" test_none
lpt_run "refused: no ID although one is required" test_required
ktap_finished
