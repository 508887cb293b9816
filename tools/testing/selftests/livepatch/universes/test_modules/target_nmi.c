// SPDX-License-Identifier: GPL-2.0
/* Non-maskable interrupts on x86: a timer on each CPU sends them to the next CPU. */

#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/nmi.h>

#include "lpt.h"

#define LPT_NMI_PERIOD	(700 * NSEC_PER_USEC)

static DEFINE_PER_CPU(struct hrtimer, lpt_nmi_timer);
static DEFINE_PER_CPU(bool, lpt_nmi_sent);

/* Handle only NMIs that lpt_nmi_timer_fn() has sent. */
static int lpt_nmi_handler(unsigned int type, struct pt_regs *regs)
{
	if (!this_cpu_xchg(lpt_nmi_sent, false))
		return NMI_DONE;
	lpt_nmi();
	return NMI_HANDLED;
}

static enum hrtimer_restart lpt_nmi_timer_fn(struct hrtimer *timer)
{
	int cpu = cpumask_next_wrap(smp_processor_id(), cpu_online_mask);

	if (!xchg(per_cpu_ptr(&lpt_nmi_sent, cpu), true))
		__apic_send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
	hrtimer_forward_now(timer, LPT_NMI_PERIOD);
	return HRTIMER_RESTART;
}

static void lpt_nmi_start_here(void *unused)
{
	hrtimer_start(this_cpu_ptr(&lpt_nmi_timer), LPT_NMI_PERIOD,
		      HRTIMER_MODE_REL_PINNED_HARD);
}

int lpt_nmi_start(void)
{
	int cpu, ret;

	ret = register_nmi_handler(NMI_LOCAL, lpt_nmi_handler, 0, "lpt");
	if (ret)
		return ret;
	for_each_possible_cpu(cpu)
		hrtimer_setup(per_cpu_ptr(&lpt_nmi_timer, cpu), lpt_nmi_timer_fn,
			      CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	on_each_cpu(lpt_nmi_start_here, NULL, 1);
	return 0;
}

/* Wait for NMIs that are on their way before unregistering the handler. They arrive soon. */
void lpt_nmi_stop(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_cancel(per_cpu_ptr(&lpt_nmi_timer, cpu));
	for_each_online_cpu(cpu) {
		while (READ_ONCE(per_cpu(lpt_nmi_sent, cpu)))
			cpu_relax();
	}
	unregister_nmi_handler(NMI_LOCAL, "lpt");
}
