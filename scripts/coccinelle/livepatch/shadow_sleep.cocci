// SPDX-License-Identifier: GPL-2.0
///
/// The constructor and the destructor of a shadow variable are called under a
/// spinlock, with interrupts off. They must not sleep.
///
//# Functions that sleep are recognized by their names. Functions that a callback calls
//# are checked if they are in the same file, one level deep.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Keywords: livepatch, klp_shadow_alloc, klp_shadow_free

virtual context
virtual org
virtual report

@callback@
identifier fn;
identifier api = {klp_shadow_alloc, klp_shadow_get_or_alloc, klp_shadow_free,
		  klp_shadow_free_all};
expression list[n = {1, 2, 4}] args;
position user;
@@

 api@user(args, fn, ...)

@sleeping depends on callback exists@
identifier helper;
identifier flags = {GFP_KERNEL, GFP_KERNEL_ACCOUNT, GFP_USER, GFP_HIGHUSER,
		    GFP_NOFS, GFP_NOIO};
identifier alloc = {kmalloc_obj, kzalloc_obj, kvmalloc_obj, kvzalloc_obj};
identifier sleep = {might_sleep, might_fault, cond_resched, schedule,
		    schedule_timeout, schedule_timeout_interruptible,
		    schedule_timeout_uninterruptible, io_schedule,
		    msleep, msleep_interruptible, ssleep, fsleep, usleep_range,
		    mutex_lock, mutex_lock_nested, mutex_lock_interruptible,
		    mutex_lock_killable, rt_mutex_lock, lock_sock,
		    down, down_interruptible, down_killable,
		    down_read, down_write,
		    wait_event, wait_event_timeout, wait_event_interruptible,
		    wait_for_completion, wait_for_completion_timeout,
		    synchronize_rcu, synchronize_srcu, synchronize_net,
		    synchronize_irq, rcu_barrier,
		    flush_work, flush_workqueue, destroy_workqueue,
		    cancel_work_sync, cancel_delayed_work_sync, kthread_stop,
		    vmalloc, vzalloc, vfree, alloc_percpu,
		    copy_from_user, copy_to_user, get_user, put_user,
		    memdup_user, request_firmware};
symbol mutex, mutex_intr, rwsem_read, rwsem_write;
expression E;
position p;
@@

 helper(...)
 {
 <+...
(
 flags@p
|
 alloc@p(E)
|
 sleep@p(...)
|
 guard@p(\(mutex\|mutex_intr\|rwsem_read\|rwsem_write\))(...)
)
 ...+>
 }

@direct@
identifier sleeping.helper, callback.api;
expression list[callback.n] args;
position callback.user;
@@

 api@user(args, helper, ...)

@indirect exists@
identifier callback.fn, sleeping.helper;
@@

 fn(...)
 {
 <+...
 helper(...)
 ...+>
 }

// The same for scoped_guard(), which is a statement
@scoped exists@
identifier callback.fn;
iterator name scoped_guard;
symbol mutex, mutex_intr, rwsem_read, rwsem_write;
statement S;
position p;
@@

 fn(...)
 {
 <+...
 scoped_guard@p(\(mutex\|mutex_intr\|rwsem_read\|rwsem_write\), ...) S
 ...+>
 }

@depends on context && (direct || indirect)@
expression E;
position sleeping.p;
@@

* E@p

@depends on context && scoped@
iterator name scoped_guard;
statement S;
position scoped.p;
@@

* scoped_guard@p(...)
 S

@script:python depends on org && (direct || indirect)@
positions << sleeping.p;
fn << callback.fn;
api << callback.api;
user << callback.user;
@@

msg = "ERROR: %s() is called under a spinlock by %s() on line %s, but may sleep here" % (fn, api, user[0].line)
for p in positions:
	coccilib.org.print_todo(p, msg)

@script:python depends on org && scoped@
positions << scoped.p;
fn << callback.fn;
api << callback.api;
user << callback.user;
@@

msg = "ERROR: %s() is called under a spinlock by %s() on line %s, but may sleep here" % (fn, api, user[0].line)
for p in positions:
	coccilib.org.print_todo(p, msg)

@script:python depends on report && (direct || indirect)@
positions << sleeping.p;
fn << callback.fn;
api << callback.api;
user << callback.user;
@@

msg = "ERROR: %s() is called under a spinlock by %s() on line %s, but may sleep here" % (fn, api, user[0].line)
for p in positions:
	coccilib.report.print_report(p, msg)

@script:python depends on report && scoped@
positions << scoped.p;
fn << callback.fn;
api << callback.api;
user << callback.user;
@@

msg = "ERROR: %s() is called under a spinlock by %s() on line %s, but may sleep here" % (fn, api, user[0].line)
for p in positions:
	coccilib.report.print_report(p, msg)
