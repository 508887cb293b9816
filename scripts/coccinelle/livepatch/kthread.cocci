// SPDX-License-Identifier: GPL-2.0
///
/// A kernel thread that loops until kthread_should_stop() keeps each transition
/// of live patching waiting, unless its loop has a safe point.
///
//# Which way suits the loop is up to its author: see
//# Documentation/livepatch/kthreads.rst. A safe point in a function that the
//# main function calls is found if it is in the same file, one level deep, and
//# so is one in front of the loop, which does not help.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Keywords: livepatch, kthread_run, kthread_should_stop, klp_safe_point

virtual context
virtual org
virtual report

@thread@
identifier fn;
identifier start = {kthread_run, kthread_run_on_cpu, kthread_create,
		    kthread_create_on_node, kthread_create_on_cpu};
iterator name scoped_guard, scoped_cond_guard;
@@

 start(fn, ...)

@safe depends on thread exists@
identifier helper;
identifier point = {klp_safe_point, klp_quiescent_enter, klp_schedule,
		    klp_schedule_timeout_interruptible,
		    klp_freezable_schedule, klp_freezable_schedule_timeout,
		    try_to_freeze, kthread_freezable_should_stop,
		    wait_event_freezable, wait_event_freezable_timeout};
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

// The same call is reached again: whatever the loop is made of
@loop exists@
identifier thread.fn;
position f != {safe.f, calls_safe.f};
position p;
@@

 fn@f(...)
 {
 ... when any
 kthread_should_stop@p()
 ... when any
 kthread_should_stop@p()
 ... when any
 }

@depends on context@
position loop.p;
@@

* kthread_should_stop@p()

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
