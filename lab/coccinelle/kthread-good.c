// SPDX-License-Identifier: GPL-2.0
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/livepatch_universe.h>
#include <linux/wait.h>

static int schedule_thread(void *data)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		kthread_schedule();
	}
	return 0;
}

static int quiescent_thread(void *data)
{
	for (;;) {
		kthread_wait_event_interruptible(queue, nr_items ||
						 kthread_should_stop());
		if (kthread_should_stop())
			break;
		handle_items();
	}
	return 0;
}

/* klp_schedule() is a safe point, too. */
static int core_thread(void *data)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		klp_schedule();
	}
	return 0;
}

static void next_round(void)
{
	kthread_safe_point();
	cond_resched();
}

static int safe_thread(void *data)
{
	do {
		next_round();
		handle_items();
	} while (!kthread_should_stop());
	return 0;
}

static int argument_thread(void *data)
{
	while (!kthread_should_stop()) {
		if (kthread_wait(wait_for_completion_interruptible(&done)))
			break;
		handle_items();
	}
	return 0;
}

static int freezing_thread(void *data)
{
	set_freezable();
	while (!kthread_should_stop()) {
		try_to_freeze();
		kthread_safe_point();
		handle_items();
	}
	return 0;
}

static int freezable_thread(void *data)
{
	set_freezable();
	while (!kthread_freezable_should_stop(NULL)) {
		handle_items();
		kthread_schedule_timeout_interruptible(HZ);
	}
	return 0;
}

static int waiting_thread(void *data)
{
	set_freezable();
	while (!kthread_should_stop()) {
		kthread_wait_event_freezable_timeout(queue, nr_items, HZ);
		handle_items();
	}
	return 0;
}

/* This function contains a safe point. */
static int service_thread(void *data)
{
	while (!stopping)
		svc_recv(data, 0);
	return 0;
}

/* A loop that counts */
static int counting_thread(void *data)
{
	for (int i = 0; i < 10; i++)
		handle_items();
	return 0;
}

/* No loop, so the thread ends by itself. */
static int short_thread(void *data)
{
	handle_items();
	if (kthread_should_stop())
		return 0;
	handle_items();
	if (kthread_should_stop())
		return -EINTR;
	return 0;
}

/* Not the main function of a thread */
static void helper(void)
{
	while (!kthread_should_stop())
		schedule();
}

static int start_threads(void)
{
	kthread_run(schedule_thread, NULL, "schedule");
	kthread_run(quiescent_thread, NULL, "quiescent");
	kthread_run(core_thread, NULL, "core");
	kthread_create(safe_thread, NULL, "safe");
	kthread_create(argument_thread, NULL, "argument");
	kthread_create(freezing_thread, NULL, "freezing");
	kthread_create(freezable_thread, NULL, "freezable");
	kthread_create(waiting_thread, NULL, "waiting");
	kthread_create(service_thread, NULL, "service");
	kthread_create(counting_thread, NULL, "counting");
	kthread_create(short_thread, NULL, "short");
	helper();
	return 0;
}
