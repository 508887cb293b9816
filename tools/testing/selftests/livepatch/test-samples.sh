#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The samples do what the comments at their heads describe. They are looked for in
# $LPT_SAMPLES, in test_modules/ and among the installed modules.

. "$(dirname "$0")/functions.sh"

SAMPLES="livepatch-shadow-fix2 livepatch-shadow-fix1 livepatch-shadow-target
	 livepatch-callbacks-demo livepatch-module-fix livepatch-module-target
	 livepatch-sample"
HIDDEN="this has been live patched"
read -r COMM < /proc/$$/comm

# sample_file NAME - path of the module, or nothing if modprobe finds it
sample_file() {
	local dir

	for dir in ${LPT_SAMPLES:+"$LPT_SAMPLES"} "$LPT_DIR/test_modules"; do
		[ -e "$dir/$1.ko" ] || continue
		echo "$dir/$1.ko"
		return
	done
	modprobe -n -q "$1"
}

need() {
	local name

	for name in "$@"; do
		sample_file "$name" > /dev/null ||
			skip "no $name.ko (CONFIG_SAMPLE_LIVEPATCH=m)"
	done
}

# sample NAME [PARAMETERS]
sample() {
	local name=$1 file

	shift
	file=$(sample_file "$name")
	if [ -n "$file" ]; then
		insmod "$file" "$@" || return
	else
		modprobe "$name" "$@" || return
	fi
	settle
}

try_rmmod() {
	rmmod "$1" 2> /dev/null
}

clean_up() {
	local name module

	for name in $SAMPLES; do
		module=${name//-/_}
		loaded "$module" || continue
		[ ! -e "$KLP/$module" ] || disable "$module"
		settle
		within "$LPT_PATIENCE" try_rmmod "$module"
	done
}

param() {
	cat "/sys/module/$1/parameters/$2"
}

# Messages of the callbacks since log_start
callbacks() {
	log_since_start | sed -n 's/.*livepatch_callbacks_demo: \(p.*\)/\1/p' |
		paste -s -d ';'
}

# called CALLBACK... - these callbacks ran since log_start(), in this order
called() {
	local IFS=';'

	is "$(callbacks)" "$*"
}

test_sample() {
	local before

	need livepatch-sample
	before=$(cat /proc/cmdline)
	sample livepatch-sample
	is "$(cat /proc/cmdline)" "$HIDDEN"
	is "$(attr livepatch_sample enabled)" 1
	disable livepatch_sample
	gone livepatch_sample
	is "$(cat /proc/cmdline)" "$before"
	# The module can be unloaded as soon as the directory is gone
	rmmod livepatch-sample
}

test_module_first() {
	need livepatch-module-target livepatch-module-fix
	sample livepatch-module-target a=4000000000 b=4000000000
	is "$(param livepatch_module_target average)" 1852516352
	sample livepatch-module-fix
	is "$(param livepatch_module_target average)" 4000000000
	disable livepatch_module_fix
	gone livepatch_module_fix
	is "$(param livepatch_module_target average)" 1852516352
}

test_module_later() {
	local patched=livepatch_module_fix/livepatch_module_target

	need livepatch-module-target livepatch-module-fix
	sample livepatch-module-fix
	is "$(attr $patched patched)" 0
	for _ in 1 2; do
		sample livepatch-module-target a=4000000000 b=4000000000
		is "$(attr $patched patched)" 1
		is "$(param livepatch_module_target average)" 4000000000
		rmmod livepatch-module-target
		is "$(attr $patched patched)" 0
	done
}

test_callbacks() {
	need livepatch-callbacks-demo livepatch-module-target
	sample livepatch-module-target
	log_start
	sample livepatch-callbacks-demo
	called "pre_patch vmlinux" \
		"pre_patch livepatch_module_target, live" \
		"post_patch vmlinux" \
		"post_patch livepatch_module_target, live"

	log_start
	rmmod livepatch-module-target
	called "pre_unpatch livepatch_module_target, going" \
		"post_unpatch livepatch_module_target, going"

	log_start
	sample livepatch-module-target
	called "pre_patch livepatch_module_target, coming" \
		"post_patch livepatch_module_target, coming"

	log_start
	disable livepatch_callbacks_demo
	gone livepatch_callbacks_demo
	called "pre_unpatch vmlinux" \
		"pre_unpatch livepatch_module_target, live" \
		"post_unpatch vmlinux" \
		"post_unpatch livepatch_module_target, live"
}

test_callbacks_refuse() {
	need livepatch-callbacks-demo livepatch-module-target
	log_start
	fails_with "No such device" \
		sample livepatch-callbacks-demo refuse=vmlinux
	called "pre_patch vmlinux: refused"

	sample livepatch-module-target
	log_start
	fails_with "No such device" sample livepatch-callbacks-demo \
		refuse=livepatch_module_target
	called "pre_patch vmlinux" \
		"pre_patch livepatch_module_target: refused" \
		"post_unpatch vmlinux"
	rmmod livepatch-module-target

	sample livepatch-callbacks-demo refuse=livepatch_module_target
	log_start
	fails_with "No such device" sample livepatch-module-target
	called "pre_patch livepatch_module_target: refused"
}

session() {
	echo "$2" > "/sys/module/livepatch_shadow_target/parameters/$1"
}

# The list of sessions, with each number replaced by N
sessions() {
	param livepatch_shadow_target list | sed 's/[0-9][0-9]*/N/' |
		paste -s -d ';'
}

test_shadow() {
	need livepatch-shadow-target livepatch-shadow-fix1 livepatch-shadow-fix2
	sample livepatch-shadow-target
	session open ann
	is "$(sessions)" "ann"

	sample livepatch-shadow-fix1
	session open bob
	is "$(sessions)" "ann opened unknown;bob opened N"

	sample livepatch-shadow-fix2
	gone livepatch_shadow_fix1
	rmmod livepatch-shadow-fix1
	session open cid
	is "$(sessions)" "ann opened unknown;bob opened N by somebody;cid opened N by $COMM"

	session close bob
	session open bob
	is "$(sessions | grep -c "bob opened N by somebody")" 0

	disable livepatch_shadow_fix2
	gone livepatch_shadow_fix2
	is "$(sessions)" "ann;cid;bob"
}

# Shadow variables of the first patch are freed when it is disabled
test_shadow_again() {
	need livepatch-shadow-target livepatch-shadow-fix1
	sample livepatch-shadow-target
	sample livepatch-shadow-fix1
	session open ann
	is "$(sessions)" "ann opened N"
	disable livepatch_shadow_fix1
	gone livepatch_shadow_fix1
	rmmod livepatch-shadow-fix1
	sample livepatch-shadow-fix1
	is "$(sessions)" "ann opened unknown"
}

test_shadow_order() {
	need livepatch-shadow-fix1 livepatch-shadow-fix2
	sample livepatch-shadow-fix2
	fails_with "Invalid parameters" sample livepatch-shadow-fix1
	is "$(attr livepatch_shadow_fix2 enabled)" 1
}

# The target may be unloaded with open sessions that have shadow variables
test_shadow_module_goes() {
	need livepatch-shadow-target livepatch-shadow-fix2
	sample livepatch-shadow-fix2
	sample livepatch-shadow-target
	session open ann
	is "$(sessions)" "ann opened N by $COMM"
	rmmod livepatch-shadow-target
	sample livepatch-shadow-target
	is "$(sessions)" ""
}

ktap_print_header
if [ "$(id -u)" -ne 0 ] || [ ! -d "$KLP" ]; then
	ktap_skip_all "needs root and a kernel with live patching"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 9
clean_up
ignore_loaded

lpt_run "sample: a function of the kernel" test_sample
lpt_run "sample: a module that is loaded before the patch" test_module_first
lpt_run "sample: a module that is loaded after the patch" test_module_later
lpt_run "sample: callbacks" test_callbacks
lpt_run "sample: pre_patch callbacks that refuse" test_callbacks_refuse
lpt_run "sample: shadow variables, and a follow-up patch" test_shadow
lpt_run "sample: shadow variables are freed with their patch" test_shadow_again
lpt_run "sample: an older patch is refused after a newer one" test_shadow_order
lpt_run "sample: a module with shadow variables is unloaded" test_shadow_module_goes

ktap_finished
