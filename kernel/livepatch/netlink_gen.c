// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/livepatch.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/livepatch.h>

/* LIVEPATCH_CMD_STRAGGLER_POKE - do */
static const struct nla_policy livepatch_straggler_poke_nl_policy[LIVEPATCH_A_STRAGGLER_TID + 1] = {
	[LIVEPATCH_A_STRAGGLER_TID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* Ops table for livepatch */
static const struct genl_split_ops livepatch_nl_ops[] = {
	{
		.cmd	= LIVEPATCH_CMD_PATCH_GET,
		.dumpit	= livepatch_nl_patch_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= LIVEPATCH_CMD_TRANSITION_GET,
		.doit	= livepatch_nl_transition_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= LIVEPATCH_CMD_STRAGGLER_GET,
		.dumpit	= livepatch_nl_straggler_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= LIVEPATCH_CMD_STRAGGLER_POKE,
		.doit		= livepatch_nl_straggler_poke_doit,
		.policy		= livepatch_straggler_poke_nl_policy,
		.maxattr	= LIVEPATCH_A_STRAGGLER_TID,
		.flags		= GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group livepatch_nl_mcgrps[] = {
	[LIVEPATCH_NLGRP_EVENTS] = { "events", },
};

struct genl_family livepatch_nl_family __ro_after_init = {
	.name		= LIVEPATCH_FAMILY_NAME,
	.version	= LIVEPATCH_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= livepatch_nl_ops,
	.n_split_ops	= ARRAY_SIZE(livepatch_nl_ops),
	.mcgrps		= livepatch_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(livepatch_nl_mcgrps),
};
