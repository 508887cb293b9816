// SPDX-License-Identifier: GPL-2.0
/*
 * Talks to the netlink family "livepatch", and prints what it says: a line for each message,
 * with fields name=value that are separated by tabs.
 *
 *	lpt_netlink [-u UID] patches | transition | stragglers
 *	lpt_netlink [-u UID] poke TID
 *	lpt_netlink events
 *
 * -u opens the socket as that user, with a group of the same number. "events" prints events
 * until it is killed, after a line "ready". If the kernel returns an error, the exit status
 * is 1.
 */
#include <err.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/livepatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { STRING, NUMBER, FLAG };

struct field {
	const char *name;
	enum kind kind;
};

static const struct field patch_fields[] = {
	[LIVEPATCH_A_PATCH_NAME] = { "name", STRING },
	[LIVEPATCH_A_PATCH_STACK_ORDER] = { "order", NUMBER },
	[LIVEPATCH_A_PATCH_ENABLED] = { "enabled", FLAG },
	[LIVEPATCH_A_PATCH_REPLACE] = { "replace", FLAG },
	[LIVEPATCH_A_PATCH_REPLACE_SET] = { "set", NUMBER },
	[LIVEPATCH_A_PATCH_PINNED] = { "pinned", FLAG },
	[LIVEPATCH_A_PATCH_DIRECTION] = { "direction", NUMBER },
	[LIVEPATCH_A_PATCH_MAX + 1] = { },
};

static const struct field transition_fields[] = {
	[LIVEPATCH_A_TRANSITION_PATCH] = { "patch", STRING },
	[LIVEPATCH_A_TRANSITION_DIRECTION] = { "direction", NUMBER },
	[LIVEPATCH_A_TRANSITION_AGE_MS] = { "age", NUMBER },
	[LIVEPATCH_A_TRANSITION_STRAGGLERS] = { "stragglers", NUMBER },
	[LIVEPATCH_A_TRANSITION_FORCED] = { "forced", FLAG },
	[LIVEPATCH_A_TRANSITION_EVENT] = { "event", NUMBER },
	[LIVEPATCH_A_TRANSITION_MAX + 1] = { },
};

static const struct field straggler_fields[] = {
	[LIVEPATCH_A_STRAGGLER_TID] = { "tid", NUMBER },
	[LIVEPATCH_A_STRAGGLER_TGID] = { "tgid", NUMBER },
	[LIVEPATCH_A_STRAGGLER_COMM] = { "comm", STRING },
	[LIVEPATCH_A_STRAGGLER_CPU] = { "cpu", NUMBER },
	[LIVEPATCH_A_STRAGGLER_EXITING] = { "exiting", NUMBER },
	[LIVEPATCH_A_STRAGGLER_REASON] = { "reason", NUMBER },
	[LIVEPATCH_A_STRAGGLER_PLACE] = { "place", STRING },
	[LIVEPATCH_A_STRAGGLER_WHY] = { "why", STRING },
	[LIVEPATCH_A_STRAGGLER_HELP] = { "help", STRING },
	[LIVEPATCH_A_STRAGGLER_MAX + 1] = { },
};

struct command {
	const char *name;
	int cmd;
	int flags;
	const struct field *fields;
};

static const struct command commands[] = {
	{ "patches", LIVEPATCH_CMD_PATCH_GET, NLM_F_DUMP, patch_fields },
	{ "transition", LIVEPATCH_CMD_TRANSITION_GET, NLM_F_ACK, transition_fields },
	{ "stragglers", LIVEPATCH_CMD_STRAGGLER_GET, NLM_F_DUMP, straggler_fields },
	{ "poke", LIVEPATCH_CMD_STRAGGLER_POKE, NLM_F_ACK, straggler_fields },
	{ "events", LIVEPATCH_CMD_TRANSITION_NTF, 0, transition_fields },
	{ }
};

static char buffer[65536] __attribute__((__aligned__(NLMSG_ALIGNTO)));
static int fd;

static void open_socket(uid_t uid)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (uid && (setegid(uid) || seteuid(uid)))
		err(2, "user %d", uid);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) ||
	    connect(fd, (struct sockaddr *)&kernel, sizeof(kernel)))
		err(2, "netlink socket");
	if (uid && (seteuid(getuid()) || setegid(getgid())))
		err(2, "user %d", getuid());
}

static void request(int family, int cmd, int flags, int type, const void *data, int size)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char data[64];
	} message = {
		.header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.header.nlmsg_type = family,
		.header.nlmsg_flags = NLM_F_REQUEST | flags,
		.genl.cmd = cmd,
		.attr.nla_type = type,
		.attr.nla_len = NLA_HDRLEN + size,
	};

	if (size) {
		memcpy(message.data, data, size);
		message.header.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(size);
	}
	if (send(fd, &message, message.header.nlmsg_len, 0) < 0)
		err(1, "send");
}

static const void *payload(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static const struct nlattr *next(const struct nlattr *attr)
{
	return (const void *)attr + NLA_ALIGN(attr->nla_len);
}

static void print_attr(const struct nlattr *attr, const struct field *field)
{
	const char *data = payload(attr);
	int size = attr->nla_len - NLA_HDRLEN;

	if (field->kind == FLAG)
		printf("%s=1\t", field->name);
	else if (field->kind == NUMBER)
		printf("%s=%u\t", field->name, *(const unsigned int *)data);
	else if (size && !data[size - 1])
		printf("%s=%s\t", field->name, data);
	else
		errx(2, "%s has no end", field->name);
}

static void print_attrs(const void *from, int left, const struct field *fields)
{
	const struct nlattr *attr = from;
	int type, size;

	for (; left >= NLA_HDRLEN; left -= size, attr = next(attr)) {
		for (type = 1; type != attr->nla_type && fields[type].name; )
			type++;
		if (!fields[type].name)
			errx(2, "unknown attribute %d", attr->nla_type);
		print_attr(attr, &fields[type]);
		size = NLA_ALIGN(attr->nla_len);
	}
}

/* Return: false at the end of the answer */
static bool print_message(const struct nlmsghdr *header, const struct field *fields)
{
	const int *error = NLMSG_DATA(header);

	if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
		errno = -*error;
		if (errno)
			err(1, "netlink");
		return false;
	}
	print_attrs(NLMSG_DATA(header) + GENL_HDRLEN, NLMSG_PAYLOAD(header, GENL_HDRLEN), fields);
	puts("");
	return true;
}

static void print_answer(const struct field *fields)
{
	bool more = true;

	while (more) {
		const struct nlmsghdr *header = (const void *)buffer;
		int n = recv(fd, buffer, sizeof(buffer), 0);

		if (n < 0)
			err(1, "recv");
		for (; more && NLMSG_OK(header, n); header = NLMSG_NEXT(header, n))
			more = print_message(header, fields);
	}
}

static int family, group;

/* The first group in the list has a name and an ID, in any order. */
static int group_id(const struct nlattr *groups)
{
	const struct nlattr *attr = payload(payload(groups));

	if (attr->nla_type != CTRL_ATTR_MCAST_GRP_ID)
		attr = next(attr);
	return *(const int *)payload(attr);
}

static void find_ids(const struct nlattr *attr, const void *end)
{
	for (; (const void *)attr < end; attr = next(attr)) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(const unsigned short *)payload(attr);
		else if ((attr->nla_type & NLA_TYPE_MASK) == CTRL_ATTR_MCAST_GROUPS)
			group = group_id(attr);
	}
}

static void find_family(void)
{
	const struct nlmsghdr *header = (const void *)buffer;

	request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME,
		LIVEPATCH_FAMILY_NAME, sizeof(LIVEPATCH_FAMILY_NAME));
	if (recv(fd, buffer, sizeof(buffer), 0) < 0)
		err(2, "recv");
	if (header->nlmsg_type == NLMSG_ERROR)
		errx(4, "no family %s", LIVEPATCH_FAMILY_NAME);
	find_ids(NLMSG_DATA(header) + GENL_HDRLEN, (const char *)header + header->nlmsg_len);
}

static void run(const struct command *command, const char *arg)
{
	unsigned int tid = arg ? atoi(arg) : 0;

	find_family();
	if (command->cmd == LIVEPATCH_CMD_TRANSITION_NTF) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			err(2, "group %d", group);
		puts("ready");
	} else {
		request(family, command->cmd, command->flags, LIVEPATCH_A_STRAGGLER_TID, &tid,
			arg ? sizeof(tid) : 0);
	}
	print_answer(command->fields);
}

int main(int argc, char **argv)
{
	const struct command *command = commands;
	uid_t uid = 0;

	if (argc > 2 && !strcmp(argv[1], "-u")) {
		uid = atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	while (argc > 1 && command->name && strcmp(command->name, argv[1]))
		command++;
	if (argc < 2 || argc > 3 || !command->name)
		errx(2, "usage: lpt_netlink [-u UID] COMMAND [TID]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_socket(uid);
	run(command, argv[2]);
	return 0;
}
