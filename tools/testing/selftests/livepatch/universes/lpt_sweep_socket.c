// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of lpt_sweep: sockets. The task uses fds[0], the partner fds[1].
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lpt_sweep.h"

/* A timeout that must not be reached */
#define LONG	(4 * span)

/*
 * Connected pairs
 */

static void setup_unix(void)
{
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "AF_UNIX");
}

static void setup_unix_dgram(void)
{
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), "AF_UNIX");
}

static void setup_unix_seqpacket(void)
{
	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), "AF_UNIX");
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_vm vm;
};

static union address address;
static socklen_t address_len;

static void loopback(int family)
{
	memset(&address, 0, sizeof(address));
	address.any.sa_family = family;
	address_len = sizeof(address.in);
	if (family == AF_INET) {
		address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else if (family == AF_INET6) {
		address.in6.sin6_addr = in6addr_loopback;
		address_len = sizeof(address.in6);
	} else if (family == AF_UNIX) {
		/* The kernel selects an abstract name. */
		address_len = sizeof(sa_family_t);
	} else {
		address.vm.svm_cid = VMADDR_CID_LOCAL;
		address.vm.svm_port = VMADDR_PORT_ANY;
		address_len = sizeof(address.vm);
	}
}

/* fd is bound to a free address, which "address" contains afterwards. */
static void bind_loopback(int family, int type)
{
	loopback(family);
	fd = need(socket(family, type, 0), "socket of this family");
	if (bind(fd, &address.any, address_len) && errno == EADDRNOTAVAIL)
		skip("no loopback of this family");
	address_len = sizeof(address);
	need(getsockname(fd, &address.any, &address_len), "getsockname");
}

static void listen_at(int family, int backlog)
{
	bind_loopback(family, SOCK_STREAM);
	need(listen(fd, backlog), "listen");
}

static void setup_stream(int family)
{
	listen_at(family, 1);
	fds[0] = need(socket(family, SOCK_STREAM, 0), "socket");
	need(connect(fds[0], &address.any, address_len), "connect");
	fds[1] = need(accept(fd, NULL, NULL), "accept");
}

static void setup_tcp(void)
{
	setup_stream(AF_INET);
}

static void setup_tcp6(void)
{
	setup_stream(AF_INET6);
}

static void setup_vsock(void)
{
	setup_stream(AF_VSOCK);
}

static void setup_dgram(int family)
{
	bind_loopback(family, SOCK_DGRAM);
	fds[0] = fd;
	fds[1] = need(socket(family, SOCK_DGRAM, 0), "socket");
	need(connect(fds[1], &address.any, address_len), "connect");
}

static void setup_udp(void)
{
	setup_dgram(AF_INET);
}

static void setup_udp6(void)
{
	setup_dgram(AF_INET6);
}

/* Two sockets of user space */
static void setup_netlink(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(nl);

	fds[0] = need(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK), "AF_NETLINK");
	need(bind(fds[0], (void *)&nl, sizeof(nl)), "bind");
	need(getsockname(fds[0], (void *)&nl, &len), "getsockname");
	fds[1] = need(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK), "AF_NETLINK");
	need(connect(fds[1], (void *)&nl, sizeof(nl)), "connect");
}

#define PROTOCOL	0x88b5	/* for experiments, IEEE 802 */

static struct sockaddr_ll link_address;

static void setup_packet(void)
{
	link_address.sll_family = AF_PACKET;
	link_address.sll_protocol = htons(PROTOCOL);
	link_address.sll_ifindex = need((int)if_nametoindex("lo") ?: -1, "lo");
	link_address.sll_halen = ETH_ALEN;
	fds[0] = need(socket(AF_PACKET, SOCK_DGRAM, htons(PROTOCOL)), "AF_PACKET");
	fds[1] = need(socket(AF_PACKET, SOCK_DGRAM, 0), "AF_PACKET");
}

static void end_sendto(void)
{
	need(sendto(fds[1], "xyz", 3, 0, (void *)&link_address, sizeof(link_address)),
	     "sendto");
}

static void set_timeout(int option, long ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	need(setsockopt(fds[0], SOL_SOCKET, option, &tv, sizeof(tv)), "setsockopt");
}

/*
 * Receiving
 */

static void setup_unix_timed(void)
{
	setup_unix();
	set_timeout(SO_RCVTIMEO, LONG);
}

static void setup_unix_timeout(void)
{
	setup_unix();
	set_timeout(SO_RCVTIMEO, span);
}

static void setup_tcp_timed(void)
{
	setup_tcp();
	set_timeout(SO_RCVTIMEO, LONG);
}

static void setup_udp_timeout(void)
{
	setup_udp();
	set_timeout(SO_RCVTIMEO, span);
}

static void setup_netlink_timed(void)
{
	setup_netlink();
	set_timeout(SO_RCVTIMEO, LONG);
}

static void setup_vsock_timed(void)
{
	setup_vsock();
	set_timeout(SO_RCVTIMEO, LONG);
}

static long recv_with(int flags, size_t len)
{
	char buf[16];
	long ret = recv(fds[0], buf, len, flags);

	if (ret > 0)
		put(buf, ret);
	return ret;
}

static long call_recv(void)
{
	return recv_with(0, 16);
}

static long call_peek(void)
{
	return recv_with(MSG_PEEK, 16);
}

static long call_recv_all(void)
{
	return recv_with(MSG_WAITALL, 3);
}

/* A part of the data has arrived. */
static void send_part(void)
{
	need(send(fds[1], "a", 1, 0), "send");
	usleep(10000);
}

static void setup_unix_part(void)
{
	setup_unix();
	send_part();
}

static void setup_tcp_part(void)
{
	setup_tcp();
	send_part();
}

/* Three bytes have to arrive, and one has arrived. */
static void set_low_water(void)
{
	int bytes = 3;

	need(setsockopt(fds[0], SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes)),
	     "SO_RCVLOWAT");
}

static void setup_unix_low_water(void)
{
	setup_unix_part();
	set_low_water();
}

static void setup_tcp_low_water(void)
{
	setup_tcp_part();
	set_low_water();
}

static void setup_vsock_part(void)
{
	setup_vsock();
	send_part();
}

static void setup_udp_part(void)
{
	setup_udp();
	send_part();
}

static void end_send_rest(void)
{
	need(send(fds[1], "bc", 2, 0), "send");
}

static long call_recvmsg(void)
{
	char a[2], b[2];
	struct iovec iov[] = { { a, 2 }, { b, 2 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	long ret = recvmsg(fds[0], &msg, 0);

	put(&msg.msg_flags, sizeof(msg.msg_flags));
	return ret;
}

static long recv_two(struct timespec *ts)
{
	char bufs[2][16];
	struct iovec iovs[] = { { bufs[0], 16 }, { bufs[1], 16 } };
	struct mmsghdr msgs[] = {
		{ .msg_hdr = { .msg_iov = &iovs[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &iovs[1], .msg_iovlen = 1 } },
	};
	long ret = recvmmsg(fds[0], msgs, 2, ts ? 0 : MSG_WAITFORONE, ts);

	put(&msgs[0].msg_len, sizeof(msgs[0].msg_len));
	return ret;
}

static long call_recvmmsg(void)
{
	return recv_two(NULL);
}

/* Waits for the second message */
static long call_recvmmsg_part(void)
{
	struct timespec ts = ts_of(LONG);

	return recv_two(&ts);
}

/*
 * The same, but a short result is no difference: both messages must arrive, in one call or
 * in two.
 */
static long call_recvmmsg_rest(void)
{
	struct timespec ts = ts_of(LONG);
	long ret = recv_two(&ts);
	char buf[16];

	slot->len = 0;
	if (ret == 1)
		ret = read(fds[0], buf, sizeof(buf)) == 3 ? 2 : -1;
	return ret;
}

/*
 * Sending
 */

static void make_full(void)
{
	int size = 4096;

	need(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), "SO_SNDBUF");
	fill(fds[0], 1024);
}

static void setup_unix_full(void)
{
	setup_unix();
	make_full();
}

static void setup_unix_full_timed(void)
{
	setup_unix_full();
	set_timeout(SO_SNDTIMEO, LONG);
}

static void setup_unix_full_timeout(void)
{
	setup_unix_full();
	set_timeout(SO_SNDTIMEO, span);
}

static void setup_unix_dgram_full(void)
{
	setup_unix_dgram();
	make_full();
}

static void setup_tcp_full(void)
{
	setup_tcp();
	make_full();
}

static void setup_tcp_full_timed(void)
{
	setup_tcp_full();
	set_timeout(SO_SNDTIMEO, LONG);
}

static void setup_vsock_full(void)
{
	setup_vsock();
	fill(fds[0], 1024);
}

static void end_drain(void)
{
	drain(fds[1]);
}

static long call_send(void)
{
	static char buf[1024];

	return send(fds[0], buf, sizeof(buf), 0);
}

/* More than there is room for, so that a part is sent */
static long call_send_much(void)
{
	static char buf[8 << 20];

	return send(fds[0], buf, sizeof(buf), 0);
}

static long call_sendmmsg(void)
{
	static char buf[1024];
	struct iovec iov = { buf, sizeof(buf) };
	static struct mmsghdr msgs[1000];
	int i;

	for (i = 0; i < 1000; i++) {
		msgs[i].msg_hdr.msg_iov = &iov;
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(fds[0], msgs, 1000, 0);
}

static void make_file(off_t size)
{
	fd = need(memfd_create("lpt_sweep", 0), "memfd_create");
	need(ftruncate(fd, size), "ftruncate");
}

static void setup_sendfile(void)
{
	setup_unix_full();
	make_file(1024);
}

static void setup_sendfile_part(void)
{
	setup_tcp();
	make_file(8 << 20);
}

static void setup_sendfile_timed(void)
{
	setup_unix_full_timed();
	make_file(1024);
}

static long call_sendfile(void)
{
	off_t offset = 0;

	return sendfile(fds[0], fd, &offset, 8 << 20);
}

static void setup_linger(void)
{
	struct linger linger = { 1, span / 1000 };

	setup_tcp_full();
	need(setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
	     "SO_LINGER");
}

/* Only the last close() waits. */
static void close_mine(void)
{
	close(fds[0]);
	__atomic_store_n(&slot->word, 1, __ATOMIC_RELEASE);
}

static long call_close(void)
{
	while (!__atomic_load_n(&slot->word, __ATOMIC_ACQUIRE))
		usleep(1000);
	begin();
	return close(fds[0]);
}

/*
 * Connecting
 */

static void listen_unix(void)
{
	listen_at(AF_UNIX, 4);
	fds[0] = fd;
}

static void listen_tcp(void)
{
	listen_at(AF_INET, 4);
	fds[0] = fd;
}

static void listen_vsock(void)
{
	listen_at(AF_VSOCK, 4);
	fds[0] = fd;
}

static void listen_unix_timed(void)
{
	listen_unix();
	set_timeout(SO_RCVTIMEO, LONG);
}

static void listen_tcp_timeout(void)
{
	listen_tcp();
	set_timeout(SO_RCVTIMEO, span);
}

static void listen_vsock_timed(void)
{
	listen_vsock();
	set_timeout(SO_RCVTIMEO, LONG);
}

static void end_connect(void)
{
	int s = need(socket(address.any.sa_family, SOCK_STREAM, 0), "socket");

	need(connect(s, &address.any, address_len), "connect");
	wait_for_task("Z");
}

static long call_accept(void)
{
	return accept(fds[0], NULL, NULL) < 0 ? -1 : 0;
}

/* Connect until the listening socket has no room for another connection */
static void fill_backlog(int family)
{
	int s;

	listen_at(family, 0);
	for (;;) {
		s = need(socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
		if (connect(s, &address.any, address_len) &&
		    (errno == EAGAIN || errno == EINPROGRESS))
			break;
	}
	fds[0] = need(socket(family, SOCK_STREAM, 0), "socket");
}

static void setup_unix_backlog(void)
{
	fill_backlog(AF_UNIX);
}

static void setup_unix_backlog_timed(void)
{
	fill_backlog(AF_UNIX);
	set_timeout(SO_SNDTIMEO, LONG);
}

static void setup_tcp_backlog_timeout(void)
{
	fill_backlog(AF_INET);
	usleep(100000);
	set_timeout(SO_SNDTIMEO, span);
}

static void setup_tcp_backlog(void)
{
	fill_backlog(AF_INET);
}

static void end_accept(void)
{
	set_blocking(fd, false);
	while (accept(fd, NULL, NULL) >= 0)
		continue;
}

static long call_connect(void)
{
	return connect(fds[0], &address.any, address_len);
}

static long call_connect_signal(void)
{
	catch_usr1();
	return call_connect();
}

#define RECV_TIMED	LISTED("recv() and accept() on a socket that has a timeout")
#define CONNECT_TIMED	LISTED("connect() on a socket that has a timeout")
#define RECV_PART	LISTED("recv() with MSG_WAITALL or SO_RCVLOWAT")
#define SEND_TIMED	LISTED("send() on a socket that has a timeout")
#define SEND_PART	LISTED("send() on a stream socket")
#define MANY_PART	LISTED("recvmmsg() and sendmmsg()")
#define SENDFILE	LISTED("splice() and sendfile() to a stream socket")

const struct sweep socket_cases[] = {
	{ "unix_recv",		setup_unix, call_recv, end_write },
	{ "unix_peek",		setup_unix, call_peek, end_write },
	{ "unix_read",		setup_unix, read_3, end_write },
	{ "unix_recvmsg",	setup_unix, call_recvmsg, end_write },
	{ "unix_recv_all",	setup_unix, call_recv_all, end_write },
	{ "unix_recv_part",	setup_unix_part, call_recv_all, end_send_rest, 0, RECV_PART },
	{ "unix_recv_low_water", setup_unix_low_water, call_recv, end_send_rest, 0, RECV_PART },
	{ "unix_recv_timed",	setup_unix_timed, call_recv, end_write, 0, RECV_TIMED },
	{ "unix_recv_timeout",	setup_unix_timeout, call_recv, NULL, 0, RECV_TIMED },
	{ "unix_dgram_recv",	setup_unix_dgram, call_recv, end_write },
	{ "unix_seqpacket_recv", setup_unix_seqpacket, call_recv, end_write },
	{ "tcp_recv",		setup_tcp, call_recv, end_write },
	{ "tcp_recv_all",	setup_tcp, call_recv_all, end_write },
	{ "tcp_recv_part",	setup_tcp_part, call_recv_all, end_send_rest, 0, RECV_PART },
	/* Bytes that were copied to the task do not count for the wakeup: send three more. */
	{ "tcp_recv_low_water",	setup_tcp_low_water, call_recv, end_write, 0, RECV_PART },
	{ "tcp_recv_timed",	setup_tcp_timed, call_recv, end_write, 0, RECV_TIMED },
	{ "tcp6_recv",		setup_tcp6, call_recv, end_write },
	{ "udp_recv",		setup_udp, call_recv, end_write },
	{ "udp6_recv",		setup_udp6, call_recv, end_write },
	{ "udp_recv_timeout",	setup_udp_timeout, call_recv, NULL, 0, RECV_TIMED },
	{ "recvmmsg",		setup_udp, call_recvmmsg, end_write },
	{ "recvmmsg_part",	setup_udp_part, call_recvmmsg_part, end_write, 0, MANY_PART },
	{ "recvmmsg_rest",	setup_udp_part, call_recvmmsg_rest, end_write },
	{ "netlink_recv",	setup_netlink, call_recv, end_write },
	{ "netlink_recv_timed",	setup_netlink_timed, call_recv, end_write, 0, RECV_TIMED },
	{ "packet_recv",	setup_packet, call_recv, end_sendto },
	{ "vsock_recv",		setup_vsock, call_recv, end_write },
	{ "vsock_recv_all",	setup_vsock, call_recv_all, end_write },
	{ "vsock_recv_part",	setup_vsock_part, call_recv_all, end_send_rest, 0, RECV_PART },
	{ "vsock_recv_timed",	setup_vsock_timed, call_recv, end_write, 0, RECV_TIMED },
	{ "unix_send",		setup_unix_full, call_send, end_drain },
	{ "unix_send_part",	setup_unix, call_send_much, end_drain, 0, SEND_PART },
	{ "unix_send_timed",	setup_unix_full_timed, call_send, end_drain, 0, SEND_TIMED },
	{ "unix_send_timeout",	setup_unix_full_timeout, call_send, NULL, 0, SEND_TIMED },
	{ "unix_dgram_send",	setup_unix_dgram_full, call_send, end_drain },
	{ "unix_dgram_sendmmsg", setup_unix_dgram, call_sendmmsg, end_drain, 0, MANY_PART },
	{ "tcp_send",		setup_tcp_full, call_send, end_drain },
	{ "tcp_send_part",	setup_tcp, call_send_much, end_drain, 0, SEND_PART },
	{ "tcp_send_timed",	setup_tcp_full_timed, call_send, end_drain, 0, SEND_TIMED },
	{ "vsock_send",		setup_vsock_full, call_send, end_drain },
	{ "vsock_send_part",	setup_vsock, call_send_much, end_drain, 0, SEND_PART },
	{ "unix_sendfile",	setup_sendfile, call_sendfile, end_drain },
	{ "tcp_sendfile_part",	setup_sendfile_part, call_sendfile, end_drain, 0, SENDFILE },
	{ "unix_sendfile_timed", setup_sendfile_timed, call_sendfile, end_drain, 0, SENDFILE },
	{ "tcp_linger",		setup_linger, call_close, NULL, BLOCKS, NULL, close_mine },
	{ "unix_accept",	listen_unix, call_accept, end_connect },
	{ "unix_accept_timed",	listen_unix_timed, call_accept, end_connect, 0, RECV_TIMED },
	{ "tcp_accept",		listen_tcp, call_accept, end_connect },
	{ "tcp_accept_timeout",	listen_tcp_timeout, call_accept, NULL, 0, RECV_TIMED },
	{ "vsock_accept",	listen_vsock, call_accept, end_connect },
	{ "vsock_accept_timed",	listen_vsock_timed, call_accept, end_connect, 0, RECV_TIMED },
	{ "unix_connect",	setup_unix_backlog, call_connect, end_accept },
	{ "unix_connect_timed",	setup_unix_backlog_timed, call_connect, end_accept, 0,
				CONNECT_TIMED },
	{ "tcp_connect_signal",	setup_tcp_backlog, call_connect_signal, end_usr1 },
	{ "tcp_connect_timeout", setup_tcp_backlog_timeout, call_connect, NULL, 0,
				CONNECT_TIMED },
	{ }
};
