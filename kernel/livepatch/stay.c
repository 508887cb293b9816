// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that are on the stack of a task while it migrates.
 */

/**
 * DOC: Functions that are never left
 *
 * A task migrates with some functions on its stack: the main loop of a kernel thread,
 * or the function in which a user task stops on the way out to user mode. Such a function
 * can be patched, and later calls run the new version. But a task that is already in the
 * function keeps the version that it has entered, in both universes. A kernel thread may
 * do so until it exits.
 *
 * Therefore a warning is logged when such a patch is enabled, and the module is pinned,
 * as in a forced transition, because a task may run its code for ever.
 */

#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include "internal.h"

/*
 * The callers of safe points and of quiescent sleeps, and the functions that are called
 * in a quiescent section. Main functions of kernel threads need no entry, see
 * klp_is_main_function().
 */
static const char * const klp_stay[] = {
	/* callers of all kernel threads, idle tasks and new children */
	"ret_from_fork", "kthread", "rest_init", "cpu_startup_entry", "do_idle",
	/* loops of kernel threads, and functions in which these wait */
	"__kthread_parkme", "add_hwgenerator_randomness", "devtmpfs_work_loop",
	"io_sq_thread", "io_sqd_handle_event", "io_worker_handle_work",
	"io_wq_worker", "irq_wait_for_interrupt", "kdamond_wait_activation",
	"khugepaged_wait_work", "kswapd_try_to_sleep", "kthread_parkme",
	"kvm_nx_huge_page_recovery_worker", "kthreadd", "manage_workers",
	"maybe_create_worker", "napi_thread_wait", "napi_threaded_poll_loop",
	"nocb_cb_wait", "nocb_cb_wait_cond", "nocb_gp_sleep", "nocb_gp_wait",
	"process_one_work", "process_scheduled_works", "rcu_tasks_one_gp",
	"run_backlog_napi", "svc_recv", "svc_schedule_timeout",
	"svc_thread_wait_for_work", "vhost_task_fn",
	/* waits at the ends of a kernel entry, see universes.rst */
	"do_fast_syscall_32", "do_int80_emulation",
	"do_syscall_64",
	"io_cqring_schedule_timeout", "io_cqring_wait",
	"kernel_clone", "ptrace_notify", "seccomp_do_user_notification",
	"sys_clone", "sys_clone3", "sys_io_uring_enter",
	"sys_vfork", "syscall_exit_work", "syscall_trace_enter", "wait_for_vfork_done",
	"x64_sys_call", "ia32_sys_call", "__do_wait_for_common",
	"__io_cqring_wait_schedule", "__secure_computing", "__seccomp_filter",
	"__wait_for_common", "do_wait_for_common", "wait_for_completion_interruptible",
	"wait_for_completion_killable", "wait_for_completion_state",
	"syscall_enter_from_user_mode_work", "syscall_exit_to_user_mode_work",
	/* stops on the way out to user mode */
	"arch_do_signal_or_restart", "do_freezer_trap", "do_jobctl_trap",
	"do_signal_stop", "get_signal", "ptrace_do_notify", "ptrace_signal",
	"ptrace_stop", "__refrigerator", "task_work_run", "throttle_cfs_rq_work",
	/* loops of driver threads that are not in the main function itself */
	"drbd_ack_receiver", "drbd_worker", "hidp_session_run", "msp_sleep",
	"sleep_thread", "ssh_ptl_tx_wait_packet", "tvaudio_sleep", "wait_for_work",
	"xenvif_wait_for_rx_work",
	/* functions that sleep, and their helpers */
	"__down_common", "__down_interruptible", "down_interruptible",
	"kdamond_usleep", "msleep", "msleep_interruptible", "nbcon_kthread_should_wakeup",
	"rcu_tasks_need_gpcb", "schedule_hrtimeout_range",
	"schedule_hrtimeout_range_clock", "usleep_range_state",
	"wait_for_completion_interruptible_timeout", "wait_woken",
	"__cond_resched", "add_timer", "finish_swait",
	"finish_wait", "init_wait_entry",
	"io_queue_worker_create", "io_wq_dec_running",
	"io_wq_worker_running", "io_wq_worker_sleeping", "kthread_data",
	"kthread_should_park", "kthread_should_stop", "lock_timer_base",
	"preempt_schedule_irq", "prepare_to_swait_event",
	"prepare_to_wait_event", "raw_irqentry_exit_cond_resched", "schedule",
	"schedule_idle", "schedule_preempt_disabled", "schedule_timeout",
	"schedule_timeout_idle", "schedule_timeout_interruptible",
	"schedule_timeout_killable", "schedule_timeout_uninterruptible",
	"sched_submit_work", "sched_update_worker", "timer_delete_sync",
	"wq_worker_running", "wq_worker_sleeping",
	/* the migration itself */
	"klp_migrate_this_cpu",
};

/*
 * Those functions of klp_stay that any thread may call from anywhere. Their callers are
 * known only if the main function of the thread is one of klp_main_callers: these call
 * them directly.
 */
static const char * const klp_called_from_anywhere[] = {
	"__kthread_parkme", "add_hwgenerator_randomness", "kthread_parkme",
};

static const char * const klp_main_callers[] = {
	"hwrng_fillfn", "smpboot_thread_fn",
};

/*
 * Functions on the path of an exiting task. They are not in klp_stay, because only one
 * kind of task migrates there: the init of a PID namespace, which waits for the other
 * tasks of the namespace. So the module of a patch that replaces one of them is pinned only
 * if such a task has migrated there, see klp_replaces_exit().
 */
static const char * const klp_exit_path[] = {
	"do_exit", "do_group_exit", "do_wait", "exit_notify", "find_child_reaper",
	"forget_original_parent", "kernel_wait4", "sys_exit", "sys_exit_group",
	"zap_pid_ns_processes",
};

/* Remove the prefix from the name of a system call: __x64_sys_vfork becomes sys_vfork. */
static const char *klp_without_prefix(const char *name)
{
	const char *sys = strstr(name, "_sys_");

	return sys && !strncmp(name, "__", 2) ? sys + 1 : name;
}

/* Is the name listed? The compiler may have made a clone: name.constprop.0 is name. */
static bool klp_is_named(const char *name, const char * const names[], size_t nr)
{
	size_t len, i;

	name = klp_without_prefix(name);
	len = strcspn(name, ". ");
	for (i = 0; i < nr; i++) {
		if (!strncmp(names[i], name, len) && !names[i][len])
			return true;
	}
	return false;
}

/* Is there a kernel thread whose main function this is? */
static bool klp_is_main_function(unsigned long addr)
{
	struct task_struct *leader;

	guard(rcu)();
	for_each_process(leader) {
		if (klp_main_function(leader) == addr)
			return true;
	}
	return false;
}

/**
 * klp_is_never_left - may a task be in this function while it migrates?
 * @func: the function, bound
 *
 * Context: Process context.
 * Return: true if the function is listed, or is the main function of a kernel thread.
 */
bool klp_is_never_left(const struct live_func *func)
{
	return klp_is_named(func->desc->old_name, klp_stay, ARRAY_SIZE(klp_stay)) ||
	       klp_is_main_function(func->addr);
}

static bool klp_is_in(unsigned long addr, const char * const names[], size_t nr)
{
	static char name[KSYM_SYMBOL_LEN];

	lockdep_assert_held(&klp_mutex);
	sprint_symbol_no_offset(name, addr);
	return klp_is_named(name, names, nr);
}

/**
 * klp_has_known_callers - are all callers of a function known?
 * @addr: an address in the function
 * @main: main function of the thread that is in the function
 *
 * Context: Process context, klp_mutex held.
 * Return: true if the function is listed, because then its callers are listed, too, or
 * are main functions. If the function may be called from anywhere, true only if @main is
 * known to call it.
 */
bool klp_has_known_callers(unsigned long addr, unsigned long main)
{
	if (klp_is_in(addr, klp_exit_path, ARRAY_SIZE(klp_exit_path)))
		return true;
	if (!klp_is_in(addr, klp_stay, ARRAY_SIZE(klp_stay)))
		return false;
	return !klp_is_in(addr, klp_called_from_anywhere,
			  ARRAY_SIZE(klp_called_from_anywhere)) ||
	       klp_is_in(main, klp_main_callers, ARRAY_SIZE(klp_main_callers));
}

/**
 * klp_replaces_exit - does a patch replace a function on the path of an exiting task?
 * @patch: the patch
 * @addr: address of a place where a task has migrated
 *
 * Context: Process context, klp_mutex held.
 * Return: true if @addr is a place where the init of a PID namespace waits while it
 * exits, and @patch replaces a function between the kernel entry and that place.
 */
bool klp_replaces_exit(const struct live_patch *patch, unsigned long addr)
{
	const struct klp_func *func;
	const struct klp_object *obj;

	if (!klp_is_in(addr, klp_exit_path, ARRAY_SIZE(klp_exit_path)))
		return false;
	klp_for_each_object_static(patch->desc, obj) {
		klp_for_each_func_static(obj, func) {
			if (klp_is_named(func->old_name, klp_exit_path,
					 ARRAY_SIZE(klp_exit_path)))
				return true;
		}
	}
	return false;
}
