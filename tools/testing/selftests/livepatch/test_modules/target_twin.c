// SPDX-License-Identifier: GPL-2.0
/* The second lpt_twin() of the module: a name that is not unique. */

#include <linux/compiler.h>

#include "lpt.h"

static LPT_VERSION_FUNC(lpt_twin, LPT_ORIGINAL);

int lpt_call_twin2(void)
{
	return lpt_twin();
}
