// SPDX-License-Identifier: GPL-2.0
///
/// A kernel thread whose loop has no safe point delays each transition of live
/// patching.
///
//# Only the author of the loop can choose the kind of safe point: see
//# Documentation/livepatch/kthreads.rst. A safe point in a function that the
//# main function calls is found if it is in the same file, one level deep, or if
//# the rule knows the function. The functions of the freezer are no safe points.
//# A safe point before or after the loop is accepted, too, although it does not
//# help. If a main function has no loop, except loops that count, the thread is
//# assumed to exit by itself.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Keywords: livepatch, kthread_run, kthread_should_stop, kthread_safe_point

virtual context
virtual org
virtual report

@thread@
identifier fn;
identifier start = {kthread_run, kthread_run_on_cpu, kthread_create,
		    kthread_create_on_node, kthread_create_on_cpu,
		    vdo_create_thread};
iterator name scoped_guard, scoped_cond_guard;
@@

(
 start(fn, ...)
|
 start(&fn, ...)
)

@safe depends on thread exists@
identifier helper;
identifier point = {kthread_safe_point, kthread_wait, kthread_schedule,
		    kthread_schedule_timeout,
		    kthread_schedule_timeout_interruptible,
		    kthread_wait_event, kthread_wait_event_timeout,
		    kthread_wait_event_idle,
		    kthread_wait_event_interruptible,
		    kthread_wait_event_interruptible_timeout,
		    kthread_wait_event_freezable,
		    kthread_wait_event_freezable_timeout,
		    klp_safe_point, klp_quiescent_enter, klp_schedule,
		    klp_schedule_timeout_interruptible,
		    // Functions of one subsystem that contain one of these
		    allocator_wait_idle, ras_wait_event_interruptible_timeout,
		    rsi_wait_event, svc_recv, uds_wait_cond_next,
		    usbip_wait_pdu};
position f;
@@

 helper@f(...)
 {
 <+...
 point(...)
 ...+>
 }

@calls_safe exists@
identifier thread.fn, safe.helper;
position f;
@@

 fn@f(...)
 {
 <+...
 helper(...)
 ...+>
 }

// Finds loops that contain one of these calls: it is reached twice
@loop exists@
identifier thread.fn;
identifier again = {kthread_should_stop, kthread_should_stop_or_park,
		    kthread_freezable_should_stop, schedule, schedule_timeout,
		    schedule_timeout_interruptible, schedule_timeout_idle,
		    schedule_timeout_uninterruptible, schedule_hrtimeout, msleep,
		    msleep_interruptible, usleep_range, try_to_freeze,
		    wait_for_completion,
		    wait_event, wait_event_timeout, wait_event_idle,
		    wait_event_interruptible, wait_event_interruptible_timeout,
		    wait_event_freezable, wait_event_freezable_timeout,
		    wait_for_completion_interruptible, wait_woken};
position f != {safe.f, calls_safe.f};
position p;
@@

 fn@f(...)
 {
 ... when any
 again@p(...)
 ... when any
 again@p(...)
 ... when any
 }

// Other loops, in which the thread may wait deep inside of a function
@other exists@
identifier thread.fn;
position f != {safe.f, calls_safe.f, loop.f};
expression E;
statement S;
@@

 fn@f(...)
 {
 ... when any
(
 while (E) S
|
 for (;;) S
)
 ... when any
 }

@depends on context@
identifier loop.again;
position loop.p;
@@

* again@p(...)

@depends on context@
identifier thread.fn;
position other.f;
@@

* fn@f(...)
 {
 ...
 }

@script:python depends on org@
f << loop.f;
fn << thread.fn;
@@

msg = "WARNING: the loop of kthread %s() has no safe point for live patching" % fn
coccilib.org.print_todo(f[0], msg)

@script:python depends on report@
f << loop.f;
fn << thread.fn;
@@

msg = "WARNING: the loop of kthread %s() has no safe point for live patching" % fn
coccilib.report.print_report(f[0], msg)

@script:python depends on org@
f << other.f;
fn << thread.fn;
@@

msg = "WARNING: the loop of kthread %s() has no safe point for live patching" % fn
coccilib.org.print_todo(f[0], msg)

@script:python depends on report@
f << other.f;
fn << thread.fn;
@@

msg = "WARNING: the loop of kthread %s() has no safe point for live patching" % fn
coccilib.report.print_report(f[0], msg)
