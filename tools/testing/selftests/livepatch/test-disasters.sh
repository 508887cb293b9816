#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What has brought live patching down elsewhere, or might: patches of the functions
# that every task dies in, that patching itself uses, or that nobody has looked at,
# while tasks exit, CPUs go, modules come, and tracers do both. All of it works, or
# is refused with the reason.
#
# SEED: for the same functions again, LPT_LIMIT: seconds for each test that has no
# end of its own.

. "$(dirname "$0")/functions.sh"

SEED=${SEED:-$((EPOCHSECONDS % 32768))}
LIMIT=${LPT_LIMIT:-10}
SLOTS=48
ONLINE=/sys/devices/system/cpu/cpu$(($(nproc --all) - 1))/online
FUNCTIONS=$TRACING/available_filter_functions

# Bits of the taint that a splat sets: died, warned, locked up
SPLATS=$((1 << 7 | 1 << 9 | 1 << 14))

tainted() {
	echo $(($(< /proc/sys/kernel/tainted) & SPLATS))
}

# kernel_log - reads what the kernel logs from now on, see logged()
kernel_log() {
	exec {LOG}< /dev/kmsg
	while read -r -t 0 -u "$LOG" && read -r _ <&"$LOG"; do
		:
	done
}

# logged REGEX - since kernel_log()
logged() {
	local line

	while read -r -t 1 line <&"$LOG"; do
		[[ ! $line =~ $1 ]] || return 0
	done
	diag "not in the log: $1"
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

# calls PATCH - how often its functions have been called
calls() {
	local IFS=, n sum=0

	for n in $(< "/sys/module/$1/parameters/calls"); do
		sum=$((sum + n))
	done
	echo "$sum"
}

# traceable FUNCTION... - those that there are, and once only
traceable() {
	awk -v wanted="$*" 'BEGIN { n = split(wanted, names, " ")
				    for (i = 1; i <= n; i++) want[names[i]] }
			    $1 in want { seen[$1]++ }
			    END { for (i = 1; i <= n; i++)
					if (seen[names[i]] == 1) print names[i] }' \
		"$FUNCTIONS"
}

limit_is_over() {
	[ "${EPOCHREALTIME/./}" -gt "$END" ]
}

start_limit() {
	END=$((${EPOCHREALTIME/./} + ${1:-$LIMIT} * 1000000))
}

# in_a_loop COMMAND... - until the limit is over; sets LOOP
in_a_loop() {
	in_background looped "$@"
	LOOP=$LPT_PID
}

looped() {
	until limit_is_over; do
		"$@"
	done
}

#
# Tasks that exit
#

# All of them can sleep when they return, the last one has left the task list
EXIT="exit_signals exit_files exit_fs exit_tasks_rcu_start exit_task_stack_account"

# One patch after the other, of tasks that come back to it when they are dead for
# everybody else
test_exit() {
	local functions old=lpt_pass1 new=lpt_pass2 swap i

	mapfile -t functions < <(traceable do_group_exit do_exit "$EXIT" \
					   release_task exit_rcu do_task_dead)
	[[ ${functions[*]} = *do_exit*do_task_dead* ]]
	tasks storm 4
	with_functions apply $old "${functions[@]}" -- frame=1 nap_ms=30
	start_limit $((2 * LIMIT))
	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions apply $new "${functions[@]}" -- frame=1 nap_ms=30 \
			       replace=1
		at_least "$(calls $old)" 1 "calls of round $i"
		unload $old
		swap=$old old=$new new=$swap
	done
	diag "$i replacements, $(calls $old) calls of the last patch"
	revert $old
	at_least "$i" 2 "replacements"
}

test_exit_reversed() {
	local functions i

	mapfile -t functions < <(traceable do_exit "$EXIT")
	tasks storm 4
	start_limit
	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions load lpt_pass1 "${functions[@]}" -- frame=1 nap_ms=30
		disable lpt_pass1
		settle
		unload lpt_pass1
	done
	diag "$i reversals"
}

#
# A replacement that does not end, and modules that come meanwhile
#

# half_way PATCH - the transition has started, and is held up
half_way() {
	in_transition
	within "$LPT_PATIENCE" patch_state_is $$ 1
}

# A module that both patches name: who has migrated sees the new one at once
test_late_module() {
	local i

	load lpt_blocker
	apply lpt_pair2 hold=1
	hold
	load lpt_pair4 replace=1 hold=1
	half_way
	for i in 1 2 3; do
		load lpt_target
		is "$(first_line "$TARGET/init")" "4 4" "init function, round $i"
		is "$(version)" 4 "round $i"
		in_transition
		unload lpt_target
	done
	load lpt_target
	# One in the old code, one in the new: no direction can finish
	hold
	disable lpt_pair4
	within "$LPT_PATIENCE" version_is 2
	unload lpt_target
	load lpt_target
	is "$(version)" 2 "turned around"
	write_to "$KLP/lpt_pair4/enabled" 1
	within "$LPT_PATIENCE" version_is 4
	in_transition
	release_all
	settle
	gone lpt_pair2
	unload lpt_pair2
	is "$(version)" 4
	unload lpt_target
	load lpt_target
	is "$(version)" 4 "afterwards"
	revert lpt_pair4
}

#
# CPUs
#

cpu() {
	echo "$1" > "$ONLINE"
}

plug() {
	cpu 0 || :
	cpu 1 || :
}

# The transition is held up for as long as the CPU goes and comes back
test_unplug() {
	local i

	[ -e "$ONLINE" ] || skip "no CPU that goes offline"
	load lpt_target
	load lpt_blocker
	echo 1 > "$TARGET/timers"
	for i in 1 2 3; do
		hold
		phase to 2
		load lpt_pair2
		in_transition
		cpu 0
		[ "$i" -ne 2 ] || { phase any; disable lpt_pair2; }
		cpu 1
		echo 1 > "$TARGET/timers"
		nap 0.1
		release
		settle
		phase any
		[ "$i" -eq 2 ] || disable lpt_pair2
		settle
		unload lpt_pair2
	done
	is_clean hardirq softirq syscall
}

# What plugging calls is patched
test_plug_functions() {
	local functions i

	[ -e "$ONLINE" ] || skip "no CPU that goes offline"
	mapfile -t functions < <(traceable cpuhp_invoke_callback cpuhp_thread_fun \
		cpu_down_maps_locked _cpu_down.constprop.0 _cpu_up take_cpu_down \
		sched_cpu_activate sched_cpu_deactivate sched_cpu_starting \
		sched_cpu_dying klp_cpu_dead native_cpu_disable native_kick_ap \
		play_dead_common idle_task_exit \
		hrtimers_cpu_dying rcutree_report_cpu_starting set_cpu_online)
	start_limit
	in_a_loop plug
	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions apply lpt_pass1 "${functions[@]}"
		revert lpt_pass1
	done
	wait "$LOOP"
	diag "$i rounds of ${#functions[@]} functions"
}

#
# Tracers
#

trace_and_stop() {
	echo function > "$TRACING/current_tracer"
	echo nop > "$TRACING/current_tracer"
}

probe_and_stop() {
	echo "p:lpt/probe $1" > "$TRACING/kprobe_events"
	echo 1 > "$TRACING/events/lpt/enable"
	stop_probes
}

stop_probes() {
	[ ! -e "$TRACING/events/lpt" ] || echo 0 > "$TRACING/events/lpt/enable"
	echo > "$TRACING/kprobe_events"
}

stop_tracing() {
	[ ! -e "$TRACING/current_tracer" ] || echo nop > "$TRACING/current_tracer"
	[ ! -e "$TRACING/set_ftrace_filter" ] || echo > "$TRACING/set_ftrace_filter"
	[ ! -e "$TRACING/kprobe_events" ] || stop_probes
}

rounds_of() {
	local i

	for ((i = 0; i < 100; i++)); do
		limit_is_over && break
		with_functions apply lpt_pass1 "$@"
		with_functions apply lpt_pass2 "$@" -- replace=1
		unload lpt_pass1
		revert lpt_pass2
	done
	at_least "$i" 1 "rounds"
	diag "$i rounds"
}

TRACED=(vfs_read vfs_write ktime_get try_to_wake_up)

test_tracer() {
	local functions

	grep -qw function "$TRACING/available_tracers" || skip "no tracer"
	mapfile -t functions < <(traceable "${TRACED[@]}")
	echo "${functions[*]}" > "$TRACING/set_ftrace_filter"
	start_limit
	in_a_loop trace_and_stop
	rounds_of "${functions[@]}"
	wait "$LOOP"
}

test_probes() {
	local functions

	[ -e "$TRACING/kprobe_events" ] || skip "no kprobe events"
	mapfile -t functions < <(traceable "${TRACED[@]}")
	start_limit
	in_a_loop probe_and_stop "${functions[0]}"
	rounds_of "${functions[@]}"
	wait "$LOOP"
}

#
# Functions that patching uses
#

# What a patch of FUNCTION... has to go through: another one comes on top of it, both
# are replaced, one more comes and goes
used() {
	local functions

	mapfile -t functions < <(traceable "$@")
	at_least "${#functions[@]}" 1 "functions that there are"
	load lpt_target
	with_functions apply lpt_pass1 "${functions[@]}" -- frame=1
	apply lpt_pair2
	is "$(version)" 2
	with_functions apply lpt_pass2 "${functions[@]}" -- replace=1
	is "$(version)" 1
	unload lpt_pass1
	unload lpt_pair2
	apply lpt_pair2
	is "$(version)" 2
	at_least "$(calls lpt_pass2)" 1 "calls"
	revert lpt_pair2
	diag "${#functions[@]} functions, $(calls lpt_pass2) calls"
	revert lpt_pass2
}

test_used_text() {
	used smp_text_poke_batch_add smp_text_poke_batch_finish \
	     smp_text_poke_single smp_text_poke_sync_each_cpu __text_poke \
	     text_poke text_poke_copy text_poke_set set_memory_rox \
	     execmem_alloc_rw execmem_free
}

test_used_tick() {
	used sched_tick update_process_times tick_nohz_handler \
	     tick_sched_timer_dying account_process_tick hrtimer_interrupt \
	     tick_do_update_jiffies64 ktime_get run_timer_softirq \
	     rcu_sched_clock_irq
}

test_used_printk() {
	used _printk vprintk vprintk_default vprintk_emit vprintk_store \
	     vsnprintf console_unlock printk_get_next_message devkmsg_read
}

test_used_locks() {
	used mutex_lock mutex_unlock mutex_trylock down_read up_read \
	     down_write up_write _raw_spin_lock _raw_spin_unlock \
	     _raw_spin_lock_irqsave _raw_spin_unlock_irqrestore cpus_read_lock \
	     cpus_read_unlock synchronize_rcu_tasks synchronize_rcu_tasks_rude \
	     call_rcu rcu_all_qs
}

test_used_memory() {
	used __kmalloc_noprof __kmalloc_cache_noprof kmem_cache_alloc_noprof \
	     kmem_cache_free kfree kvfree vfree vmalloc_noprof \
	     __alloc_frozen_pages_noprof get_page_from_freelist \
	     handle_mm_fault
}

test_used_wakeups() {
	used try_to_wake_up wake_up_process kick_process task_call_func \
	     wake_up_if_idle resched_curr finish_task_switch.isra.0 \
	     schedule_tail set_next_task_fair pick_next_task_fair \
	     enqueue_task_fair dequeue_task_fair do_task_dead queue_work_on \
	     __queue_work delayed_work_timer_fn flush_work \
	     smp_call_function_many_cond on_each_cpu_cond_mask \
	     flush_smp_call_function_queue
}

test_used_entry() {
	used x64_sys_call ia32_sys_call do_user_addr_fault restore_altstack \
	     signal_setup_done __x64_sys_read ksys_read __x64_sys_clone \
	     kernel_clone copy_process task_work_run schedule_tail fpu_clone
}

test_used_modules() {
	used load_module do_init_module find_symbol find_module module_put \
	     try_module_get kallsyms_lookup_name kallsyms_lookup_size_offset \
	     kallsyms_on_each_match_symbol module_kallsyms_on_each_symbol \
	     strcmp kobject_add kobject_put sysfs_create_dir_ns \
	     kernfs_new_node apply_relocate_add
}

test_used_klp() {
	used klp_arrive klp_visit_task klp_visit_cpu klp_visit_irq_context \
	     klp_poke_fn klp_walk_tasks klp_flag_task klp_poke_task \
	     __klp_copy_process __klp_task_dead \
	     klp_task_patch_state klp_migration_start klp_migration_done \
	     klp_migration_end klp_transition_done klp_done_fn \
	     klp_finish_transition klp_release_patches klp_enable_patch \
	     klp_redirect_commit klp_redirect_set klp_redirect_settle \
	     klp_redirect_entry klp_patch_destroy klp_object_patch \
	     klp_object_unstack klp_module_coming klp_module_going \
	     klp_arch_build_trampoline klp_find_symbol klp_goal_universe \
	     klp_next_universe
}

# The function sleeps before it goes on: whoever patches it is told that its module
# stays, and then it works
test_never_left() {
	not loaded lpt_pass3 || skip "lpt_pass3 stays loaded until a reboot"
	kernel_log
	with_functions apply lpt_pass3 schedule
	logged "tasks inside 'schedule' stay"
	at_least "$(calls lpt_pass3)" 1 "calls"
	disable lpt_pass3
	settle
	gone lpt_pass3
	fails_with "temporarily unavailable" \
		"$LPT_DIR/lpt_module" unload lpt_pass3
}

# All of ftrace and the tracers, entry code, and what runs where no function may be
# traced: they have no site, which is the reason that is given
OUT_OF_REACH="register_ftrace_function unregister_ftrace_function ftrace_location
	ftrace_set_filter_ips ftrace_replace_code ftrace_make_call ftrace_make_nop
	ftrace_modify_all_code arch_ftrace_update_code
	trace_event_raw_event_livepatch_migrate
	__schedule do_syscall_64 asm_exc_page_fault exc_int3 exc_nmi
	smp_text_poke_int3_handler irqentry_exit preempt_schedule
	klp_redirect_handler klp_caller_universe klp_is_trampoline
	rcu_read_unlock_strict native_sched_clock __fentry__"

test_refused() {
	local function refused=0 before

	before=$(inventory)
	kernel_log
	for function in $OUT_OF_REACH; do
		grep -q " [tT] $function\$" /proc/kallsyms || continue
		grep -qx "$function" "$FUNCTIONS" && continue
		fails_with "Invalid argument" \
			with_functions load lpt_pass1 "$function" -- blind=1
		logged "'$function' has no entry site"
		refused=$((refused + 1))
	done
	settle
	same "$before" "$(inventory)"
	diag "$refused functions refused"
	at_least "$refused" 5 "refusals"
}

#
# Any functions
#

# Each round has a module of its own: the next one can't be loaded again if a task
# is in one of its functions while it migrates
any_module() {
	for ((NR = NR + 1; ; NR++)); do
		printf -v ANY lpt_any%02d "$NR"
		loaded "$ANY" || break
	done
	sed "s/lpt_pass1/$ANY/g" "$LPT_DIR/test_modules/lpt_pass1.ko" \
		> "$LPT_TMP/$ANY.ko"
}

# any_round FUNCTION...
any_round() {
	any_module
	"$LPT_DIR/lpt_module" load "$LPT_TMP/$ANY.ko" functions="$(joined , "$@")"
	settle
	disable "$ANY"
	settle
	gone "$ANY"
	rm "$LPT_TMP/$ANY.ko"
	within 2 try_unload "$ANY" > /dev/null || diag "$ANY stays"
}

test_any() {
	local functions all i n

	[ -e "$LPT_DIR/test_modules/lpt_pass1.ko" ] || skip "no lpt_pass1"
	# No other symbol, be it a variable, has the same name
	mapfile -t all < <(awk 'FNR == NR { n[$3]++; next }
				NF == 1 && n[$1] == 1 { print $1 }' \
			   /proc/kallsyms "$FUNCTIONS" | sort)
	NR=0 RANDOM=$SEED
	diag "SEED=$SEED, of ${#all[@]} functions"
	start_limit $((2 * LIMIT))
	for ((i = 0; i < 98; i++)); do
		limit_is_over && break
		functions=()
		while [ ${#functions[@]} -lt $SLOTS ]; do
			n=$(((RANDOM * 32768 + RANDOM) % ${#all[@]}))
			functions[n]=${all[n]}
		done
		any_round "${functions[@]}"
	done
	diag "$i rounds of $SLOTS functions"
}

clean_up() {
	stop_tracing
	[ ! -e "$ONLINE" ] || echo 1 > "$ONLINE"
	lpt_reset
}
trap 'clean_up; rm -rf "$LPT_TMP"' EXIT

# run DESCRIPTION FUNCTION - and no splat
run() {
	TAINTED=$(tainted)
	TEST=$2
	lpt_run "$1" and_no_splat
	clean_up
}

and_no_splat() {
	"$TEST"
	is "$(tainted)" "$TAINTED" "taint"
}

lpt_start 19
run "tasks exit while a patch of their exit is replaced" test_exit
run "tasks exit while a patch of their exit is turned around" test_exit_reversed
run "a module comes while a replacement is stuck" test_late_module
run "a CPU goes while a transition is stuck" test_unplug
run "functions that unplug CPUs" test_plug_functions
run "tracers come and go all the time" test_tracer
run "probes come and go all the time" test_probes
run "functions that patch code" test_used_text
run "functions of the tick" test_used_tick
run "functions of printk" test_used_printk
run "functions of locks" test_used_locks
run "functions of memory" test_used_memory
run "functions of wakeups" test_used_wakeups
run "functions of system calls" test_used_entry
run "functions of modules" test_used_modules
run "functions of live patching" test_used_klp
run "functions out of reach are refused" test_refused
run "a function that is never left" test_never_left
run "any functions" test_any
ktap_finished
