#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Patches of functions that live patching itself uses, and of random functions. Each
# patch works, or is refused with the reason.
#
# SEED: repeats the choice of random functions. LPT_LIMIT: seconds for these.

. "$(dirname "$0")/functions.sh"

SEED=${SEED:-$((EPOCHSECONDS % 32768))}
LIMIT=${LPT_LIMIT:-20}
SLOTS=48
FUNCTIONS=$TRACING/available_filter_functions

#
# Functions that patching uses
#

# used FUNCTION... - patch them, stack another patch, replace both, and apply and
# revert one more patch
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
	used restore_altstack __x64_sys_read ksys_read copy_process \
	     schedule_tail fpu_clone
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
	     __klp_task_forked __klp_task_dead \
	     klp_task_patch_state klp_migration_start klp_migration_done \
	     klp_transition_migrate klp_transition_finish klp_transition_end \
	     klp_patch_in_transition klp_stragglers_put klp_poke_start \
	     klp_poke_stop klp_block_add klp_block_put klp_free_later \
	     klp_transition_done klp_done_fn \
	     klp_finish_transition klp_release_patch klp_enable_patch \
	     klp_redirect_commit klp_redirect_set klp_redirect_settle \
	     klp_redirect_entry klp_record_destroy klp_object_patch \
	     klp_object_unstack klp_module_coming klp_module_going \
	     klp_arch_build_trampoline klp_find_symbol klp_goal_universe \
	     klp_next_universe
}

# Tasks sleep in schedule() when it is patched. The log warns that the module stays
# loaded, and the patch works.
test_never_left() {
	not loaded lpt_pass3 || skip "lpt_pass3 stays loaded until a reboot"
	log_start
	with_functions apply lpt_pass3 schedule
	logged "tasks inside 'schedule' stay"
	is "$(attr lpt_pass3 pinned)" 1 pinned
	at_least "$(calls lpt_pass3)" 1 "calls"
	disable lpt_pass3
	settle
	gone lpt_pass3
	fails_with "$IN_USE" unload_once lpt_pass3
}

# Functions without a call site, as the log must say: ftrace, tracers, entry code, and
# others that are notrace.
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
	log_start
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

# any_module - create a copy of lpt_pass1 with an unused name, as ANY. A module stays
# loaded if a task migrated inside of one of its functions, so each round needs a new
# one.
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
	# Only functions whose name is unique among all symbols
	mapfile -t all < <(awk 'FNR == NR { n[$3]++; next }
				NF == 1 && n[$1] == 1 { print $1 }' \
			   /proc/kallsyms "$FUNCTIONS" | sort)
	NR=0 RANDOM=$SEED
	diag "SEED=$SEED, of ${#all[@]} functions"
	start_limit "$LIMIT"
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
	at_least "$i" 2 "rounds"
}

lpt_start 12
lpt_run "patched: functions that patch code" test_used_text
lpt_run "patched: functions of the tick" test_used_tick
lpt_run "patched: functions of printk" test_used_printk
lpt_run "patched: functions of locks" test_used_locks
lpt_run "patched: functions of memory management" test_used_memory
lpt_run "patched: functions of wakeups" test_used_wakeups
lpt_run "patched: functions of system calls" test_used_entry
lpt_run "patched: functions of the module loader" test_used_modules
lpt_run "patched: functions of live patching" test_used_klp
lpt_run "refused: functions without a call site" test_refused
lpt_run "patched: a function that tasks sleep in" test_never_left
lpt_run "patched: random functions" test_any
ktap_finished
