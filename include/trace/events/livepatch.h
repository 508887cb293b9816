/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM livepatch

#if !defined(_TRACE_LIVEPATCH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_LIVEPATCH_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

#ifndef _TRACE_LIVEPATCH_PLACES
#define _TRACE_LIVEPATCH_PLACES
/* Where a task was when it changed its universe */
enum klp_place {
	KLP_PLACE_BOUNDARY,
	KLP_PLACE_SAFE_POINT,
	KLP_PLACE_ASLEEP,
	KLP_PLACE_DEAD,
	KLP_PLACE_FORCED,
	KLP_PLACE_STACK,
	KLP_PLACE_UNRELATED,
};
#endif

TRACE_DEFINE_ENUM(KLP_PLACE_BOUNDARY);
TRACE_DEFINE_ENUM(KLP_PLACE_SAFE_POINT);
TRACE_DEFINE_ENUM(KLP_PLACE_ASLEEP);
TRACE_DEFINE_ENUM(KLP_PLACE_DEAD);
TRACE_DEFINE_ENUM(KLP_PLACE_FORCED);
TRACE_DEFINE_ENUM(KLP_PLACE_STACK);
TRACE_DEFINE_ENUM(KLP_PLACE_UNRELATED);

#define show_klp_place(place)					\
	__print_symbolic(place,					\
			 { KLP_PLACE_BOUNDARY,	"boundary" },	\
			 { KLP_PLACE_SAFE_POINT,	"safe-point" },	\
			 { KLP_PLACE_ASLEEP,		"asleep" },	\
			 { KLP_PLACE_DEAD,		"dead" },	\
			 { KLP_PLACE_FORCED,		"forced" },	\
			 { KLP_PLACE_STACK,	"stack-check" },	\
			 { KLP_PLACE_UNRELATED,	"unrelated" })

DECLARE_EVENT_CLASS(livepatch_transition,
	TP_PROTO(const char *patch, bool patching, unsigned int ms),
	TP_ARGS(patch, patching, ms),

	TP_STRUCT__entry(
		__string(patch, patch)
		__field(bool, patching)
		__field(unsigned int, ms)
	),

	TP_fast_assign(
		__assign_str(patch);
		__entry->patching = patching;
		__entry->ms = ms;
	),

	TP_printk("patch=%s direction=%s ms=%u", __get_str(patch),
		  __entry->patching ? "patching" : "unpatching", __entry->ms)
);

/* Tasks begin to migrate: at the start, and again when the transition is reversed */
DEFINE_EVENT(livepatch_transition, livepatch_start,
	TP_PROTO(const char *patch, bool patching, unsigned int ms),
	TP_ARGS(patch, patching, ms));

DEFINE_EVENT(livepatch_transition, livepatch_reverse,
	TP_PROTO(const char *patch, bool patching, unsigned int ms),
	TP_ARGS(patch, patching, ms));

DEFINE_EVENT(livepatch_transition, livepatch_force,
	TP_PROTO(const char *patch, bool patching, unsigned int ms),
	TP_ARGS(patch, patching, ms));

/* The end. All tasks had migrated @ms milliseconds after the start or the reversal */
DEFINE_EVENT(livepatch_transition, livepatch_complete,
	TP_PROTO(const char *patch, bool patching, unsigned int ms),
	TP_ARGS(patch, patching, ms));

DECLARE_EVENT_CLASS(livepatch_round,
	TP_PROTO(const char *patch, bool patching, unsigned int ms, int stragglers),
	TP_ARGS(patch, patching, ms, stragglers),

	TP_STRUCT__entry(
		__string(patch, patch)
		__field(bool, patching)
		__field(unsigned int, ms)
		__field(int, stragglers)
	),

	TP_fast_assign(
		__assign_str(patch);
		__entry->patching = patching;
		__entry->ms = ms;
		__entry->stragglers = stragglers;
	),

	TP_printk("patch=%s direction=%s ms=%u stragglers=%d", __get_str(patch),
		  __entry->patching ? "patching" : "unpatching", __entry->ms,
		  __entry->stragglers)
);

/* The stragglers have been visited, and some are left */
DEFINE_EVENT(livepatch_round, livepatch_progress,
	TP_PROTO(const char *patch, bool patching, unsigned int ms, int stragglers),
	TP_ARGS(patch, patching, ms, stragglers));

/* Likewise, when the transition is reported in the log because it takes long */
DEFINE_EVENT(livepatch_round, livepatch_stall,
	TP_PROTO(const char *patch, bool patching, unsigned int ms, int stragglers),
	TP_ARGS(patch, patching, ms, stragglers));

TRACE_EVENT(livepatch_migrate,
	TP_PROTO(struct task_struct *task, enum klp_place place),
	TP_ARGS(task, place),

	TP_STRUCT__entry(
		__string(comm, task->comm)
		__field(pid_t, pid)
		__field(u8, universe)
		__field(int, place)
	),

	TP_fast_assign(
		__assign_str(comm);
		__entry->pid = task->pid;
		__entry->universe = task->klp_universe;
		__entry->place = place;
	),

	TP_printk("comm=%s pid=%d universe=%u place=%s", __get_str(comm),
		  __entry->pid, __entry->universe,
		  show_klp_place(__entry->place))
);

#endif /* _TRACE_LIVEPATCH_H */

#include <trace/define_trace.h>
