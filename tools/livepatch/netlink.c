// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The family "livepatch" of generic netlink, see Documentation/netlink/specs/livepatch.yaml.
 * The functions livepatch_*() are generated from this file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ynl.h>
#include "klp.h"
#include "livepatch-user.h"

/**
 * klp_netlink_open - open a socket of the family
 *
 * Return: the socket, NULL if this kernel has no such family, or copies of files are read.
 */
struct ynl_sock *klp_netlink_open(void)
{
	return klp_has_root() ? NULL : ynl_sock_create(&ynl_livepatch_family, NULL);
}

void klp_netlink_close(struct ynl_sock *socket)
{
	if (socket)
		ynl_sock_destroy(socket);
}

static void klp_netlink_straggler(struct klp_straggler *s,
				  struct livepatch_straggler_get_rsp *from)
{
	char name[32] = "-", why[32];

	*s = (struct klp_straggler){ .tid = from->tid, .pid = from->tgid };
	if (from->_present.cpu)
		snprintf(name, sizeof(name), "cpu%u", from->cpu);
	if (from->comm)
		klp_unescape(from->comm);
	s->name = klp_strdup_escaped(from->comm ?: name);
	snprintf(why, sizeof(why), "%u exiting", from->exiting);
	s->reason = klp_strdup_escaped(from->exiting ? why : from->why ?: "");
	if (from->place)
		s->place = klp_strdup_escaped(from->place);
	s->help = klp_strdup_escaped(from->help ?: "");
	if (s->pid)
		s->process = klp_strdup_process(s->pid);
}

/**
 * klp_netlink_stragglers - get what delays the transition
 * @stragglers: filled in
 *
 * Return: false if there is no such family.
 */
bool klp_netlink_stragglers(struct klp_stragglers *stragglers)
{
	struct ynl_sock *socket = klp_netlink_open();
	struct livepatch_straggler_get_list *list;
	int nr = 0;

	if (!socket)
		return false;
	*stragglers = (struct klp_stragglers){ .only_own = geteuid() };
	list = livepatch_straggler_get_dump(socket);
	klp_netlink_close(socket);
	if (!list)
		return false;
	ynl_dump_foreach(list, entry)
		nr++;
	stragglers->list = calloc(nr + 1, sizeof(*stragglers->list));
	ynl_dump_foreach(list, entry) {
		if (stragglers->list)
			klp_netlink_straggler(&stragglers->list[stragglers->nr++], entry);
	}
	livepatch_straggler_get_list_free(list);
	return true;
}

/**
 * klp_netlink_poke - make the kernel visit a straggler
 * @tid: the ID of the thread
 *
 * Return: KLP_DONE, or KLP_REFUSED after a message.
 */
enum klp_exit klp_netlink_poke(pid_t tid)
{
	struct livepatch_straggler_poke_req request = { ._present.tid = 1, .tid = tid };
	struct ynl_sock *socket = klp_netlink_open();
	enum klp_exit status = KLP_DONE;

	if (!socket)
		return klp_fail(KLP_REFUSED, "this kernel can't poke single threads");
	if (livepatch_straggler_poke(socket, &request) < 0)
		status = klp_fail(KLP_REFUSED, "poking %d: %s", tid, socket->err.msg);
	klp_netlink_close(socket);
	return status;
}

/**
 * klp_netlink_watch - open a socket that gets events
 * @fd: set to its file descriptor, or -1
 *
 * Return: the socket, or NULL.
 */
struct ynl_sock *klp_netlink_watch(int *fd)
{
	struct ynl_sock *socket = klp_netlink_open();

	if (socket && ynl_subscribe(socket, LIVEPATCH_MCGRP_EVENTS)) {
		klp_netlink_close(socket);
		socket = NULL;
	}
	*fd = socket ? ynl_socket_get_fd(socket) : -1;
	return socket;
}

static void klp_netlink_show(const struct livepatch_transition_ntf_rsp *event)
{
	printf("%s: %s: %s, %u.%u s\n", event->patch, livepatch_direction_str(event->direction),
	       livepatch_event_str(event->event), event->age_ms / 1000,
	       event->age_ms / 100 % 10);
}

/**
 * klp_netlink_events - read the events that have arrived
 * @socket: the socket, may be NULL
 * @print: whether to print them
 */
void klp_netlink_events(struct ynl_sock *socket, bool print)
{
	struct ynl_ntf_base_type *event;

	if (!socket)
		return;
	if (ynl_ntf_check(socket) < 0 && print)
		puts("Events were lost.");
	while ((event = ynl_ntf_dequeue(socket))) {
		if (print && event->cmd == LIVEPATCH_CMD_TRANSITION_NTF)
			klp_netlink_show(&((struct livepatch_transition_ntf *)event)->obj);
		ynl_ntf_free(event);
	}
}
