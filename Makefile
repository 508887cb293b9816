# SPDX-License-Identifier: GPL-2.0
# The targets of the project; the kernel's own Makefile is in build/tree.

.PHONY: help packages base tree kernel check demo vm shell series lint bench \
	torture server dump clean
.DEFAULT_GOAL := help

export LINUX LP_CACHE CONFIG KERNEL SMP MEM APPEND TIMEOUT QEMU QEMU_ACCEL \
	QEMU_ARGS VMLOG SUITES MINUTES SEED SIGNOFF JOBS \
	BENCH_ROUNDS BENCH_PARTS BENCH_KERNELS BENCH_CLOCK ROWS CYCLES LIMIT

help:
	@echo 'make demo         fix a vulnerability in a running kernel, under load'
	@echo 'make check        all tests, in a virtual machine'
	@echo
	@echo 'make packages     install the packages that are needed (as root)'
	@echo 'make base         get the base kernel into the cache'
	@echo 'make tree         assemble build/tree: the base and one commit a patch'
	@echo 'make kernel       build build/kernel; it serves as KDIR for modules'
	@echo 'make vm RUN=DIR   boot it, run DIR/run as root in /payload; prints its'
	@echo '                  output and its status (124: timeout, 125: the kernel'
	@echo '                  died). lab/vm DIR exits with that status'
	@echo 'make shell        boot it with a shell on this terminal [RUN=DIR]'
	@echo 'make series       write the patches as mails into out/'
	@echo 'make lint         checkpatch, sparse, Coccinelle, compiler warnings and so on'
	@echo 'make bench        measure the cost, in this kernel and in the base kernel'
	@echo 'make torture      torture test: MINUTES=60, SEED='
	@echo 'make server       test the subsystems of servers, in a Debian with systemd:'
	@echo '                  CYCLES=20 LIMIT=30 ROWS="NAMES", see lab/server; not a part'
	@echo '                  of make check'
	@echo 'make dump         read dumps of the guest with drgn and crash; not a part of'
	@echo '                  make check'
	@echo 'make clean        remove build/ and out/; the cache stays'
	@echo
	@echo 'LINUX=DIR         the base is this tree of 7.3 instead of a download'
	@echo 'LP_CACHE=DIR      the cache (~/.cache/livepatch-universe)'
	@echo 'CONFIG=NAME       add lab/config/NAME or a file: debug, kcsan, nounwind,'
	@echo '                  strict, calldepth, cfi, handler, preempt, rt'
	@echo 'ARCH=arm64        another architecture than x86: a file in lab/arch'
	@echo 'SUITES="NAMES"    of make check: selftests model klp ftrace-dead base kunit'
	@echo '                  klp-build cost; besides: sweep others torture'
	@echo 'TIMEOUT=SECONDS   of a suite of make check (3600), of make vm (600)'
	@echo 'JOBS=N            processes of the build (one for each CPU)'
	@echo 'SMP=2 MEM=1G APPEND= KERNEL= VMLOG= QEMU= QEMU_ACCEL=kvm|tcg,...'
	@echo 'QEMU_ARGS=        the virtual machine: lab/vm'
	@echo 'BENCH_ROUNDS=5 BENCH_PARTS="NAMES" of make bench: lab/bench/bench'
	@echo 'SIGNOFF=1         of make series: from you, signed off by you'

packages:
	@lab/packages $(if $(wildcard lab/packages.$(CONFIG)),$(CONFIG))

base: packages
	@lab/base

tree: packages
	@series/assemble

kernel: tree
	@lab/kernel

check: kernel
	@lab/check

demo: kernel
	@demo/demo

# make exits with 2 on any failure, so print the status. lab/vm exits with it.
vm:
	@mkdir -p build/vm
	@lab/vm "$(or $(RUN),$(error make vm RUN=DIR))"; status=$$?; \
		echo "exit status $$status"; exit $$status

shell:
	@lab/vm -i $(if $(RUN),"$(RUN)")

series: packages
	@series/mails

lint: tree
	@lab/lint

bench: kernel
	@lab/bench/bench

torture: kernel
	@SUITES=torture MINUTES=$(or $(MINUTES),60) lab/check

server: CONFIG := server
server: kernel
	@lab/server

dump: CONFIG := dump
dump: kernel
	@lab/dump

clean:
	rm -rf build out
