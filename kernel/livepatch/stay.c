// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that tasks stay in while they migrate.
 */

/**
 * DOC: Functions that are never left
 *
 * A task migrates with some frames on its stack: those of the loop of its
 * kernel thread, or of the stop at the user boundary. Such a function can be
 * replaced, and whoever calls it next gets the new one. But who is in it stays
 * in the code that he entered, in whichever universe; and a kernel thread stays
 * for as long as it lives.
 *
 * So whoever loads such a patch is told, and the module is kept for ever, like
 * that of a forced patch: somebody may be in there.
 */

#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include "internal.h"

/*
 * The frames below a safe point or a quiescent sleep, and what is called in a
 * quiescent section while it can be preempted. Main functions of kernel threads
 * need no entry, see klp_is_main_function().
 */
static const char * const klp_stay[] = {
	/* below every kernel thread, idle task and new child */
	"ret_from_fork", "kthread", "rest_init", "cpu_startup_entry", "do_idle",
	/* loops of kernel threads, and what waits for them */
	"__kthread_parkme", "add_hwgenerator_randomness", "devtmpfs_work_loop",
	"io_sq_thread", "io_sqd_handle_event", "io_worker_handle_work",
	"io_wq_worker", "irq_wait_for_interrupt", "kdamond_need_stop",
	"kdamond_wait_activation", "kswapd_try_to_sleep",
	"kthread_freezable_should_stop", "kthread_parkme",
	"kvm_nx_huge_page_recovery_worker", "kthreadd", "manage_workers",
	"maybe_create_worker", "napi_thread_wait", "napi_threaded_poll_loop",
	"nocb_cb_wait", "nocb_cb_wait_cond", "nocb_gp_sleep", "nocb_gp_wait",
	"process_one_work", "process_scheduled_works", "rcu_tasks_one_gp",
	"run_backlog_napi", "svc_recv", "svc_schedule_timeout",
	"svc_thread_wait_for_work", "vhost_task_fn",
	/* stops at the user boundary */
	"arch_do_signal_or_restart", "do_freezer_trap", "do_jobctl_trap",
	"do_signal_stop", "get_signal", "ptrace_do_notify", "ptrace_signal",
	"ptrace_stop", "__refrigerator", "task_work_run", "throttle_cfs_rq_work",
	/* sleeping itself */
	"__cond_resched", "add_timer", "cgroup1_freezing", "finish_swait",
	"finish_wait", "freezing_slow_path", "init_wait_entry",
	"io_queue_worker_create", "io_wq_dec_running",
	"io_wq_worker_running", "io_wq_worker_sleeping", "kthread_data",
	"kthread_should_park", "kthread_should_stop", "lock_timer_base",
	"preempt_schedule_irq", "prepare_to_swait_event",
	"prepare_to_wait_event", "raw_irqentry_exit_cond_resched", "schedule",
	"schedule_idle", "schedule_preempt_disabled", "schedule_timeout",
	"schedule_timeout_idle", "schedule_timeout_interruptible",
	"schedule_timeout_killable", "schedule_timeout_uninterruptible",
	"timer_delete_sync", "wq_worker_running", "wq_worker_sleeping",
	/* migrating itself */
	"klp_migrate_this_cpu",
};

/* The compiler may have cloned the function: name.constprop.0 is name. */
static bool klp_is_named(const char *name)
{
	size_t len = strcspn(name, ".");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(klp_stay); i++) {
		if (!strncmp(klp_stay[i], name, len) && !klp_stay[i][len])
			return true;
	}
	return false;
}

/* Is there a kernel thread that runs this function all its life? */
static bool klp_is_main_function(unsigned long addr)
{
	struct task_struct *leader;

	guard(rcu)();
	for_each_process(leader) {
		if (klp_task_flags(leader) & PF_KTHREAD &&
		    kthread_func(leader) == (void *)addr)
			return true;
	}
	return false;
}

/**
 * klp_is_never_left - is there a task in this function while it migrates?
 * @func: the function, bound
 *
 * Context: Process context.
 * Return: true if the function is among those that are never left.
 */
bool klp_is_never_left(const struct live_func *func)
{
	return klp_is_named(func->desc->old_name) ||
	       klp_is_main_function(func->addr);
}
