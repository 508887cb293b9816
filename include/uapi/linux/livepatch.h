/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/livepatch.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _UAPI_LINUX_LIVEPATCH_H
#define _UAPI_LINUX_LIVEPATCH_H

#define LIVEPATCH_FAMILY_NAME		"livepatch"
#define LIVEPATCH_FAMILY_VERSION	1

/**
 * enum livepatch_direction - Direction of a transition.
 * @LIVEPATCH_DIRECTION_PATCHING: The patch is being enabled.
 * @LIVEPATCH_DIRECTION_UNPATCHING: The patch is being disabled.
 */
enum livepatch_direction {
	LIVEPATCH_DIRECTION_PATCHING,
	LIVEPATCH_DIRECTION_UNPATCHING,
};

/**
 * enum livepatch_event - What has happened to the transition.
 * @LIVEPATCH_EVENT_START: Tasks begin to migrate. Comes again after a
 *   reversal.
 * @LIVEPATCH_EVENT_PROGRESS: The kernel has visited the stragglers, and some
 *   are left. It does so in intervals that increase.
 * @LIVEPATCH_EVENT_STALL: As progress, and the transition takes long. Comes
 *   once in each direction.
 * @LIVEPATCH_EVENT_REVERSE: The direction has changed. The event has the new
 *   direction, and the age in the direction before.
 * @LIVEPATCH_EVENT_FORCE: The stragglers are being migrated wherever they are.
 * @LIVEPATCH_EVENT_COMPLETE: The transition is over.
 */
enum livepatch_event {
	LIVEPATCH_EVENT_START,
	LIVEPATCH_EVENT_PROGRESS,
	LIVEPATCH_EVENT_STALL,
	LIVEPATCH_EVENT_REVERSE,
	LIVEPATCH_EVENT_FORCE,
	LIVEPATCH_EVENT_COMPLETE,
};

/**
 * enum livepatch_reason - What keeps a straggler from migrating.
 * @LIVEPATCH_REASON_IDLE: An idle task. Migrates by itself.
 * @LIVEPATCH_REASON_WORK_ITEM: A worker in a work item. Migrates after it.
 * @LIVEPATCH_REASON_KTHREAD: A kernel thread that has not reached a safe
 *   point.
 * @LIVEPATCH_REASON_EXITING: A task that exits. Migrates by itself.
 * @LIVEPATCH_REASON_EXITING_ASLEEP: A task that exits, and waits for
 *   something.
 * @LIVEPATCH_REASON_RUNNING: A task that runs in the kernel. Migrates by
 *   itself.
 * @LIVEPATCH_REASON_GUEST: A task that runs a virtual machine. It will be
 *   interrupted.
 * @LIVEPATCH_REASON_STOPPED: A task that its tracer has stopped in the middle
 *   of a system call.
 * @LIVEPATCH_REASON_ASLEEP: A task that sleeps in a system call. It will be
 *   interrupted.
 * @LIVEPATCH_REASON_REQUEST: A worker that sleeps in a request of io_uring or
 *   vhost.
 * @LIVEPATCH_REASON_NOT_TO_DISTURB: A task that sleeps where only a signal may
 *   wake it.
 * @LIVEPATCH_REASON_KILLABLE: A task that sleeps until what it waits for
 *   comes, or SIGKILL.
 * @LIVEPATCH_REASON_UNINTERRUPTIBLE: A task that sleeps until what it waits
 *   for comes.
 * @LIVEPATCH_REASON_INTERRUPTS: The interrupt context of a CPU. Migrates by
 *   itself.
 */
enum livepatch_reason {
	LIVEPATCH_REASON_IDLE,
	LIVEPATCH_REASON_WORK_ITEM,
	LIVEPATCH_REASON_KTHREAD,
	LIVEPATCH_REASON_EXITING,
	LIVEPATCH_REASON_EXITING_ASLEEP,
	LIVEPATCH_REASON_RUNNING,
	LIVEPATCH_REASON_GUEST,
	LIVEPATCH_REASON_STOPPED,
	LIVEPATCH_REASON_ASLEEP,
	LIVEPATCH_REASON_REQUEST,
	LIVEPATCH_REASON_NOT_TO_DISTURB,
	LIVEPATCH_REASON_KILLABLE,
	LIVEPATCH_REASON_UNINTERRUPTIBLE,
	LIVEPATCH_REASON_INTERRUPTS,
};

enum {
	LIVEPATCH_A_PATCH_NAME = 1,
	LIVEPATCH_A_PATCH_STACK_ORDER,
	LIVEPATCH_A_PATCH_ENABLED,
	LIVEPATCH_A_PATCH_REPLACE,
	LIVEPATCH_A_PATCH_REPLACE_SET,
	LIVEPATCH_A_PATCH_PINNED,
	LIVEPATCH_A_PATCH_DIRECTION,

	__LIVEPATCH_A_PATCH_MAX,
	LIVEPATCH_A_PATCH_MAX = (__LIVEPATCH_A_PATCH_MAX - 1)
};

enum {
	LIVEPATCH_A_TRANSITION_PATCH = 1,
	LIVEPATCH_A_TRANSITION_DIRECTION,
	LIVEPATCH_A_TRANSITION_AGE_MS,
	LIVEPATCH_A_TRANSITION_STRAGGLERS,
	LIVEPATCH_A_TRANSITION_FORCED,
	LIVEPATCH_A_TRANSITION_EVENT,

	__LIVEPATCH_A_TRANSITION_MAX,
	LIVEPATCH_A_TRANSITION_MAX = (__LIVEPATCH_A_TRANSITION_MAX - 1)
};

enum {
	LIVEPATCH_A_STRAGGLER_TID = 1,
	LIVEPATCH_A_STRAGGLER_TGID,
	LIVEPATCH_A_STRAGGLER_COMM,
	LIVEPATCH_A_STRAGGLER_CPU,
	LIVEPATCH_A_STRAGGLER_EXITING,
	LIVEPATCH_A_STRAGGLER_REASON,
	LIVEPATCH_A_STRAGGLER_PLACE,
	LIVEPATCH_A_STRAGGLER_WHY,
	LIVEPATCH_A_STRAGGLER_HELP,

	__LIVEPATCH_A_STRAGGLER_MAX,
	LIVEPATCH_A_STRAGGLER_MAX = (__LIVEPATCH_A_STRAGGLER_MAX - 1)
};

enum {
	LIVEPATCH_CMD_PATCH_GET = 1,
	LIVEPATCH_CMD_TRANSITION_GET,
	LIVEPATCH_CMD_STRAGGLER_GET,
	LIVEPATCH_CMD_STRAGGLER_POKE,
	LIVEPATCH_CMD_TRANSITION_NTF,

	__LIVEPATCH_CMD_MAX,
	LIVEPATCH_CMD_MAX = (__LIVEPATCH_CMD_MAX - 1)
};

#define LIVEPATCH_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_LIVEPATCH_H */
