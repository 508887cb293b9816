#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the live patching selftests in a virtual machine: build a kernel from tinyconfig,
# ./config and ./config.x86_64, put the installed tests and the programs of this
# machine that they call into an initramfs, and boot that in QEMU. No root is needed.
#
# The output is that of run_kselftest.sh. The exit status is 0 if no test fails, 1 if
# one does, if the machine dies, or if something does not build, and 4 if a program is
# missing on this machine.

set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
umask 022

TEST_DIR=$(realpath "$(dirname "$0")")
SRC=$(realpath "$TEST_DIR/../../../../..")
# shellcheck source=/dev/null
. "$TEST_DIR/../../kselftest/ktap_helpers.sh"

# Programs that run_kselftest.sh and the tests call
PROGRAMS="awk basename bash cat chmod chrt cmp comm cut date dd diff dirname dmesg echo env
	  expr find getconf grep head id insmod ip kill ln ls lsmod mkdir mkfifo mktemp modinfo
	  modprobe mount mountpoint mv nice nproc od paste pgrep pkill printf ps pwd
	  readlink realpath rm rmdir rmmod sed seq setpriv setsid sleep sort stat stty sync
	  tail taskset tee timeout touch tr true umount uname uniq unshare wc xargs"

build=$SRC/.livepatch_vmtest
build_kernel=1
jobs=$(nproc)
seconds=3600
KVM_TRY=20
tests=()
status_line="vmtest.sh: exit status"

usage() {
	cat <<-USAGE
		usage: $0 [-k] [-d DIR] [-j JOBS] [-s SECONDS] [-t TEST]...
		  -d DIR      build the kernel there (${build#"$PWD"/})
		  -k          take the kernel that DIR has, as it is
		  -j JOBS     processes of the build ($jobs)
		  -s SECONDS  give up the machine after that time ($seconds)
		  -t TEST     only this script, e.g. test-universe.sh
		The machine: QEMU=qemu-system-x86_64 QEMU_ARGS=
	USAGE
}

# need PROGRAM... - skip everything if one is missing
need() {
	local program

	for program; do
		command -v "$program" > /dev/null && continue
		ktap_skip_all "$program is not installed"
		exit "$KSFT_SKIP"
	done
}

fail() {
	ktap_print_msg "$*"
	echo "Bail out! $*"
	exit "$KSFT_FAIL"
}

# logged COMMAND... - print its output only if it fails
logged() {
	if ! "$@" > "$tmp/log" 2>&1; then
		tail -n 40 "$tmp/log" | sed 's/^/# /'
		fail "failed: $*"
	fi
}

# Fail early: an option that does not take effect would fail or skip tests.
check_config() {
	local line option

	while read -r line; do
		[[ $line = CONFIG_* ]] || continue
		option=${line%%=*}
		grep -qx -- "$line" "$build/.config" ||
			fail "$option did not take effect"
	done < <(cat "$TEST_DIR/config" "$TEST_DIR/config.x86_64")
}

make_kernel() {
	local make=(make -s -C "$SRC" "O=$build" ARCH=x86)

	ktap_print_msg "the kernel is built in $build"
	mkdir -p "$build"
	logged "${make[@]}" tinyconfig
	logged env -C "$build" "$SRC/scripts/kconfig/merge_config.sh" -m -O "$build" \
		"$build/.config" "$TEST_DIR/config" "$TEST_DIR/config.x86_64"
	logged "${make[@]}" olddefconfig
	check_config
	logged "${make[@]}" -j "$jobs"
}

install_tests() {
	logged make -C "$SRC/tools/testing/selftests" install TARGETS=livepatch/universes \
		FORCE_TARGETS=1 "KDIR=$build" "O=$tmp/objects" \
		"KSFT_INSTALL_PATH=$tmp/root/tests"
}

# add_file PATH - to the root file system
add_file() {
	local to=$tmp/root$1

	[ -e "$to" ] || install -D "$(realpath "$1")" "$to"
}

# Programs go to /usr/bin, libraries where the loader looks for them.
install_programs() {
	local program path library

	for program in $PROGRAMS; do
		path=$(type -P "$program") || { ktap_print_msg "no $program"; continue; }
		[ -e "$tmp/root/usr/bin/$program" ] ||
			install -D "$(realpath "$path")" "$tmp/root/usr/bin/$program"
		while read -r library; do
			add_file "$library"
		done < <(ldd "$path" 2> /dev/null | grep -o '/[^ ]*' || :)
	done
	ln -s usr/bin "$tmp/root/bin"
	ln -s usr/bin "$tmp/root/sbin"
	ln -sf bash "$tmp/root/usr/bin/sh"
}

# The init process of the machine. It resets the machine at its end, which ends QEMU.
write_init() {
	cat > "$tmp/root/init" <<-INIT
		#!/bin/bash
		export PATH=/usr/bin HOME=/ LC_ALL=C
		mount -t proc none /proc
		mount -t sysfs none /sys
		[ -c /dev/ttyS1 ] || mount -t devtmpfs none /dev
		ln -s /proc/self/fd /dev/fd
		ln -s /proc/self/fd/1 /dev/stdout
		mount -t tmpfs none /tmp
		mount -t debugfs none /sys/kernel/debug
		mount -t tracefs none /sys/kernel/tracing
		mount -t cgroup2 none /sys/fs/cgroup
		stty -F /dev/ttyS1 raw
		/tests/run_kselftest.sh ${tests[*]/#/-t livepatch/universes:} > /dev/ttyS1 2>&1 < /dev/null
		echo "# $status_line \$?" > /dev/ttyS1
		stty -F /dev/ttyS1 raw	# waits for the output
		echo b > /proc/sysrq-trigger
	INIT
	chmod +x "$tmp/root/init"
}

make_initrd() {
	mkdir -p "$tmp/root"/{dev,proc,sys,tmp}
	install_tests
	install_programs
	write_init
	(cd "$tmp/root" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0) > "$tmp/initrd"
}

# run_machine ACCELERATOR SECONDS PARAMETER - in a subshell, whose stderr is redirected so
# that the shell's message about an abort of QEMU does not show up
run_machine() (
	rm -f "$tmp/console"
	exec 2> "$tmp/qemu"
	# shellcheck disable=SC2086	# words
	timeout --foreground -k 10 "$2" \
		"${QEMU:-qemu-system-x86_64}" -accel "$1" -cpu max -smp 2 -m 1G \
		-nodefaults -display none -no-reboot ${QEMU_ARGS-} \
		-kernel "$build/arch/x86/boot/bzImage" -initrd "$tmp/initrd" \
		-append "console=ttyS0 panic=-1 $3" -serial file:"$tmp/console" \
		-serial stdio < /dev/null | tee "$tmp/out" || :
)

# Nested KVM may exist and not work: QEMU aborts, or the guest prints nothing. So try it
# first. TCG runs in a single thread, because multi-threaded TCG has races with kernels
# that patch their own code.
boot() {
	if [ -w /dev/kvm ]; then
		run_machine kvm "$KVM_TRY" rdinit=/usr/bin/true > /dev/null
		if grep -qs "Run /usr/bin/true as init" "$tmp/console"; then
			run_machine kvm "$seconds" ""
			return
		fi
		ktap_print_msg "the machine does not boot with KVM"
	fi
	run_machine tcg,thread=single "$seconds" ""
}

while getopts 'd:hj:ks:t:' option; do
	case $option in
	d)	build=$OPTARG ;;
	j)	jobs=$OPTARG ;;
	k)	build_kernel= ;;
	s)	seconds=$OPTARG ;;
	t)	tests+=("$OPTARG") ;;
	h)	usage; exit ;;
	*)	usage >&2; exit 1 ;;
	esac
done

need make gcc bc bison flex rsync cpio ldd timeout "${QEMU:-qemu-system-x86_64}"
build=$(realpath -m "$build")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/livepatch-vmtest.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

[ -z "$build_kernel" ] || make_kernel
[ -e "$build/arch/x86/boot/bzImage" ] || fail "no kernel in $build"
make_initrd
boot
status=$(sed -n "s/.*$status_line \([0-9]*\).*/\1/p" "$tmp/out")
if [ -z "$status" ]; then
	tail -qn 40 "$tmp/console" "$tmp/qemu" | sed 's/^/# /'
	fail "the machine did not finish"
fi
exit "$status"
