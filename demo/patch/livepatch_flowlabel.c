// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live patch: limit the flow label leases of an IPv6 socket
 *
 * Before 7.2.9 an unprivileged process may join a shared flow label any
 * number of times on one socket. Each lease is kernel memory that no limit
 * covers, and all of them go on a list that each packet may have to walk.
 *
 * The upstream fix tests the limit in ipv6_flowlabel_get(). The compiler inlines that
 * function into its caller, and it uses static data of the file. This live patch
 * changes a smaller function instead: fl_create() is called first in every request for
 * a label, gets the socket as an argument, can return an error, and uses no symbols
 * that modules can't access.
 *
 * Differences to the fix: a socket that has 32 leases is refused before the label is
 * looked up. So requests that would fail for another reason (no such label, label can't
 * be shared) fail with ENOBUFS. While the whole system has fewer than 32 labels, such a
 * socket may still create a label if the kernel chooses the number, but not a label with
 * a given number.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/transp_v6.h>

/* As in net/ipv6/ip6_flowlabel.c */
#define FL_MIN_LINGER	6
#define FL_MAX_LINGER	150
#define FL_MAX_PER_SOCK	32

static bool fl_sock_at_lease_limit(const struct sock *sk)
{
	const struct ipv6_fl_socklist *sfl;
	int leases = 0;

	guard(rcu)();
	for (sfl = rcu_dereference(inet_sk(sk)->ipv6_fl_list); sfl;
	     sfl = rcu_dereference(sfl->next)) {
		if (++leases >= FL_MAX_PER_SOCK)
			return true;
	}
	return false;
}

/* A copy of the original, which is static */
static unsigned long check_linger(unsigned long ttl)
{
	if (ttl < FL_MIN_LINGER)
		return FL_MIN_LINGER * HZ;
	if (ttl > FL_MAX_LINGER && !capable(CAP_NET_ADMIN))
		return 0;
	return ttl * HZ;
}

/* Like fl6_renew(), but without its lock, because the new label is not visible yet. */
static int fl_set_times(struct ip6_flowlabel *fl,
			const struct in6_flowlabel_req *freq)
{
	unsigned long linger = check_linger(freq->flr_linger);
	unsigned long expires = check_linger(freq->flr_expires);

	if (!linger || !expires)
		return -EPERM;
	fl->lastuse = jiffies;
	fl->linger = linger;
	fl->expires = fl->lastuse + max(linger, expires);
	return 0;
}

/* Set the extension headers that user space wants in each packet. */
static int fl_set_options(struct ip6_flowlabel *fl, struct net *net,
			  struct sock *sk, sockptr_t optval, int olen)
{
	struct ipcm6_cookie ipc6 = {};
	struct flowi6 flowi6 = {};
	struct msghdr msg = {};
	int err;

	fl->opt = kzalloc(sizeof(*fl->opt) + olen, GFP_KERNEL);
	if (!fl->opt)
		return -ENOMEM;

	fl->opt->tot_len = sizeof(*fl->opt) + olen;
	if (copy_from_sockptr_offset(fl->opt + 1, optval,
				     CMSG_ALIGN(sizeof(struct in6_flowlabel_req)),
				     olen))
		return -EFAULT;

	msg.msg_controllen = olen;
	msg.msg_control = fl->opt + 1;
	ipc6.opt = fl->opt;
	err = ip6_datagram_send_ctl(net, sk, &msg, &flowi6, &ipc6);
	if (err)
		return err;
	if (fl->opt->opt_flen)
		return -EINVAL;
	if (fl->opt->opt_nflen == 0) {
		kfree(fl->opt);
		fl->opt = NULL;
	}
	return 0;
}

static int fl_set_owner(struct ip6_flowlabel *fl)
{
	switch (fl->share) {
	case IPV6_FL_S_EXCL:
	case IPV6_FL_S_ANY:
		return 0;
	case IPV6_FL_S_PROCESS:
		fl->owner.pid = get_task_pid(current, PIDTYPE_PID);
		return 0;
	case IPV6_FL_S_USER:
		fl->owner.uid = current_euid();
		return 0;
	}
	return -EINVAL;
}

static int fl_init(struct ip6_flowlabel *fl, struct net *net, struct sock *sk,
		   const struct in6_flowlabel_req *freq, sockptr_t optval,
		   int olen)
{
	int addr_type = ipv6_addr_type(&freq->flr_dst);
	int err;

	if (olen > 0) {
		err = fl_set_options(fl, net, sk, optval, olen);
		if (err)
			return err;
	}
	err = fl_set_times(fl, freq);
	if (err)
		return err;
	if ((addr_type & IPV6_ADDR_MAPPED) || addr_type == IPV6_ADDR_ANY)
		return -EINVAL;

	fl->fl_net = net;
	fl->dst = freq->flr_dst;
	fl->share = freq->flr_share;
	atomic_set(&fl->users, 1);
	return fl_set_owner(fl);
}

static bool fl_exclusive(const struct ip6_flowlabel *fl)
{
	return fl->opt || fl->share != IPV6_FL_S_ANY;
}

static struct ip6_flowlabel *
livepatch_fl_create(struct net *net, struct sock *sk,
		    struct in6_flowlabel_req *freq, sockptr_t optval,
		    int optlen, int *err_p)
{
	int olen = optlen - CMSG_ALIGN(sizeof(*freq));
	struct ip6_flowlabel *fl;

	/* The fix. The rest is like the original. */
	*err_p = -ENOBUFS;
	if (freq->flr_label && fl_sock_at_lease_limit(sk) &&
	    !capable(CAP_NET_ADMIN))
		return NULL;

	*err_p = -EINVAL;
	if (olen > 64 * 1024)
		return NULL;

	*err_p = -ENOMEM;
	fl = kzalloc_obj(*fl);
	if (!fl)
		return NULL;

	*err_p = fl_init(fl, net, sk, freq, optval, olen);
	if (*err_p) {
		kfree(fl->opt);
		kfree(fl);
		return NULL;
	}
	if (fl_exclusive(fl)) {
		WRITE_ONCE(sock_net(sk)->ipv6.flowlabel_has_excl, 1);
		static_branch_deferred_inc(&ipv6_flowlabel_exclusive);
	}
	return fl;
}

static struct klp_func funcs[] = {
	{
		.old_name = "fl_create",
		.new_func = livepatch_fl_create,
	},
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init livepatch_flowlabel_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_flowlabel_exit(void)
{
}

module_init(livepatch_flowlabel_init);
module_exit(livepatch_flowlabel_exit);
MODULE_DESCRIPTION("Live patch: limit the flow label leases of an IPv6 socket");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
