// SPDX-License-Identifier: GPL-2.0
/*
 * A user of ftrace that traces bench_fn(), with an empty callback
 */

#include <linux/ftrace.h>
#include <linux/module.h>

static void notrace bench_nothing(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
}

static struct ftrace_ops bench_ops = {
	.func = bench_nothing,
};

static int __init bench_ftrace_init(void)
{
	static char name[] = "bench_fn";
	int ret = ftrace_set_filter(&bench_ops, name, strlen(name), 1);

	return ret ?: register_ftrace_function(&bench_ops);
}

static void __exit bench_ftrace_exit(void)
{
	unregister_ftrace_function(&bench_ops);
	ftrace_free_filter(&bench_ops);
}

module_init(bench_ftrace_init);
module_exit(bench_ftrace_exit);
MODULE_DESCRIPTION("Live patching measurements: an empty callback of ftrace");
MODULE_LICENSE("GPL");
