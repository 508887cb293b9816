// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include <linux/wait.h>

static int while_thread(void *data)	/* found */
{
	while (!kthread_should_stop()) {	/* shown */
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();	/* shown */
	}
	return 0;
}

static int break_thread(void *data)	/* found */
{
	for (;;) {
		wait_event_interruptible(queue, nr_items || kthread_should_stop());	/* shown */
		if (kthread_should_stop())	/* shown */
			break;
		handle_items();
	}
	return 0;
}

static int condition_thread(void *data)	/* found */
{
	do {
		wait_event(queue, nr_items || kthread_should_stop());	/* shown */
		if (!nr_items)
			return 0;
		handle_items();
	} while (true);
}

static int do_thread(void *data)	/* found */
{
	do {
		handle_items();
		msleep(1000);	/* shown */
	} while (!kthread_should_stop());	/* shown */
	return 0;
}

static int goto_thread(void *data)	/* found */
{
again:
	if (kthread_should_stop())	/* shown */
		return 0;
	handle_items();
	schedule();	/* shown */
	goto again;
}

/* Functions of the freezer are no safe points, in this and the next two loops. */
static int freezing_thread(void *data)	/* found */
{
	set_freezable();
	while (!kthread_should_stop()) {	/* shown */
		try_to_freeze();	/* shown */
		handle_items();
	}
	return 0;
}

static int freezable_thread(void *data)	/* found */
{
	set_freezable();
	while (!kthread_freezable_should_stop(NULL))	/* shown */
		handle_items();
	return 0;
}

static int waiting_thread(void *data)	/* found */
{
	set_freezable();
	while (!kthread_should_stop()) {	/* shown */
		wait_event_freezable_timeout(queue, nr_items, HZ);	/* shown */
		handle_items();
	}
	return 0;
}

/* A thread without kthread_should_stop() */
static int eternal_thread(void *data)	/* found */
{
	for (;;) {
		wait_event_interruptible(queue, nr_items);	/* shown */
		handle_items();
	}
	return 0;
}

/* No call is known to wait. */
static int helper_thread(void *data)	/* found */	/* shown */
{
	while (!stopping)
		wait_for_items();
	return 0;
}

static int endless_thread(void *data)	/* found */	/* shown */
{
	for (;;)
		wait_for_items();
}

static int guarded_thread(void *data)	/* found */
{
	while (!kthread_should_stop()) {	/* shown */
		scoped_guard(mutex, &lock) {
			handle_items();
		}
		guard(spinlock)(&spin);
		schedule();	/* shown */
	}
	return 0;
}

static int start_threads(void)
{
	kthread_run(while_thread, NULL, "while");
	kthread_run(break_thread, NULL, "break%d", 1);
	kthread_create(condition_thread, NULL, "condition");
	kthread_create_on_node(do_thread, NULL, 0, "do");
	kthread_create_on_cpu(goto_thread, NULL, 0, "goto/%u");
	kthread_run_on_cpu(freezing_thread, NULL, 0, "freezing/%u");
	kthread_run(&freezable_thread, NULL, "freezable");
	kthread_run(waiting_thread, NULL, "waiting");
	kthread_run(eternal_thread, NULL, "eternal");
	kthread_run(helper_thread, NULL, "helper");
	vdo_create_thread(endless_thread, NULL, "endless", &thread);
	kthread_run(guarded_thread, NULL, "guarded");
	return 0;
}
