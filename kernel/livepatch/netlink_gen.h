/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/livepatch.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_LIVEPATCH_GEN_H
#define _LINUX_LIVEPATCH_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/livepatch.h>

int livepatch_nl_patch_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int livepatch_nl_transition_get_doit(struct sk_buff *skb,
				     struct genl_info *info);
int livepatch_nl_straggler_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb);
int livepatch_nl_straggler_poke_doit(struct sk_buff *skb,
				     struct genl_info *info);

enum {
	LIVEPATCH_NLGRP_EVENTS,
};

extern struct genl_family livepatch_nl_family;

#endif /* _LINUX_LIVEPATCH_GEN_H */
