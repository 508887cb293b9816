// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a call of a patched function runs into.
 */

/**
 * DOC: Redirection
 *
 * A redirect says for each universe which function a call runs. Where both say
 * the same, the call site at the function's entry jumps straight there. Where
 * they differ, which is during a transition, it jumps to a trampoline, made for
 * this function, that looks at the caller's universe. When neither wants anything
 * but the original, the call site is given back.
 *
 * Call sites belong to ftrace, and are registered in groups: one ftrace_ops for
 * all that one commit adds, with a target for each site. As long as somebody
 * else traces a function, too, ftrace calls klp_redirect_handler() instead, which
 * takes the same decision.
 *
 * klp_redirect_set() notes a change, and klp_redirect_commit() makes the call
 * sites follow, all of them in one go. A site that is registered already changes
 * its target under the cover of klp_cover_ops, which traces the same functions
 * and does nothing: meanwhile ftrace calls the handler.
 *
 * **Locking**
 *
 * Everything is written under klp_mutex. The handler reads the table and
 * klp_redirect::fn with preemption disabled; ftrace reads klp_redirect::entry
 * under its own lock, while registering or unregistering on our behalf.
 *
 * **Life time**
 *
 * A task can be preempted within a trampoline, and anybody can be within the
 * handler. What they use is freed behind grace periods of RCU tasks: by ftrace,
 * which waits for them when a group is unregistered, or by klp_free_work.
 *
 * ftrace disables itself when it finds a call site that it does not expect. From
 * then on call sites may lead to whatever they have led to before, and nothing is
 * freed any more: no group, no block, and no redirect. klp_redirect_commit() fails,
 * so that patch.c keeps the patch modules as well.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/hashtable.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "internal.h"

/**
 * struct klp_group - call sites that were registered together
 * @ops:	their registration
 * @nr:		how many there are
 */
struct klp_group {
	struct ftrace_ops ops;
	unsigned int nr;
};

/**
 * struct klp_block - trampolines that were built together
 * @list:	in the list of all blocks
 * @text:	the trampolines
 * @size:	bytes of @text
 * @nr:		how many redirects lead to one of them
 * @free:	in the list of what waits for its grace period
 */
struct klp_block {
	struct list_head list;
	void *text;
	size_t size;
	unsigned int nr;
	struct llist_node free;
};

static DEFINE_HASHTABLE(klp_redirects, 8);

/* All blocks that a call site leads to, written under klp_mutex */
static LIST_HEAD(klp_blocks);

/* Noted by klp_redirect_set(), for the next commit */
static LIST_HEAD(klp_noted);
/* Differ between the universes, until klp_redirect_settle() */
static LIST_HEAD(klp_differing);

/**
 * klp_redirect_find - the redirect of a function
 * @ip: address of the call site at the function's entry
 *
 * Context: Any, with preemption disabled or klp_mutex held.
 * Return: the redirect, NULL if there is none.
 */
notrace struct klp_redirect *klp_redirect_find(unsigned long ip)
{
	struct klp_redirect *redirect;

	hash_for_each_possible_rcu_notrace(klp_redirects, redirect, node, ip) {
		if (redirect->ip == ip)
			return redirect;
	}
	return NULL;
}

static void notrace klp_redirect_handler(unsigned long ip,
					 unsigned long parent_ip,
					 struct ftrace_ops *ops,
					 struct ftrace_regs *fregs)
{
	struct klp_redirect *redirect;
	void *fn;

	guard(preempt_notrace)();
	redirect = klp_redirect_find(ip);
	if (!redirect)
		return;
	fn = READ_ONCE(redirect->fn[klp_caller_universe()]);
	if (fn)
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)fn);
}

/* ftrace asks whenever anybody changes who traces the function. */
static unsigned long klp_redirect_entry(struct ftrace_ops *ops, unsigned long ip)
{
	struct klp_redirect *redirect;

	guard(preempt_notrace)();
	redirect = klp_redirect_find(ip);
	return WARN_ON_ONCE(!redirect) ? FTRACE_ADDR : READ_ONCE(redirect->entry);
}

#define KLP_OPS_FLAGS	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT | \
			 (IS_ENABLED(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS) ? \
			  0 : FTRACE_OPS_FL_SAVE_REGS))

static void klp_init_ops(struct ftrace_ops *ops)
{
	ops->func = klp_redirect_handler;
	ops->flags = KLP_OPS_FLAGS;
	if (!IS_ENABLED(CONFIG_LIVEPATCH_TRAMPOLINE))
		return;
	/* Only says that there is an answer, which the other field gives. */
	ops->trampoline = (unsigned long)klp_redirect_handler;
	ops->ip_trampoline = klp_redirect_entry;
}

/* Covers call sites while their target changes. */
static struct ftrace_ops klp_cover_ops = {
	.func	= ftrace_stub,
	.flags	= FTRACE_OPS_FL_STUB,
};

/* How long what can't be reached any more is kept */
#define KLP_FREE_DELAY	(10 * HZ)
/* How often that is prolonged because of a transition */
#define KLP_FREE_POSTPONED_MAX	6

/* Waiting for the grace periods of klp_free_work */
static LLIST_HEAD(klp_dead_blocks);
static LLIST_HEAD(klp_dead_redirects);

static void klp_free_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_free_work, klp_free_fn);

static void klp_free_later(void)
{
	queue_delayed_work(system_dfl_wq, &klp_free_work, KLP_FREE_DELAY);
}

/* What a profile calls what was spent in a trampoline */
#define KLP_PERF_NAME	"klp_trampoline"

/* Two lengths of a record of changed text and its header fit into 16 bits each. */
#define KLP_PERF_BYTES	((size_t)SZ_4K)

/* The symbol comes before its text, and goes behind it. */
static void klp_tell_perf(const struct klp_block *block, bool gone)
{
	void *text = block->text, *end = text + block->size;

	if (!gone)
		perf_event_ksymbol(PERF_RECORD_KSYMBOL_TYPE_OOL,
				   (unsigned long)block->text, block->size,
				   false, KLP_PERF_NAME);
	for (; text < end; text += KLP_PERF_BYTES) {
		size_t len = min_t(size_t, end - text, KLP_PERF_BYTES);

		perf_event_text_poke(text, text, gone ? len : 0, text,
				     gone ? 0 : len);
	}
	if (gone)
		perf_event_ksymbol(PERF_RECORD_KSYMBOL_TYPE_OOL,
				   (unsigned long)block->text, block->size,
				   true, KLP_PERF_NAME);
}

/*
 * Grace periods are better not waited for during a transition: the thread that
 * works on them, and the worker that waits, migrate only after the end of one. But
 * a transition may be stuck, and what has to be freed grows with each attempt.
 */
static bool klp_free_is_postponed(void)
{
	static unsigned int postponed;

	if (klp_transition_patch() && postponed++ < KLP_FREE_POSTPONED_MAX)
		return true;
	postponed = 0;
	return false;
}

static void klp_free_fn(struct work_struct *work)
{
	struct klp_redirect *redirect, *next_redirect;
	struct klp_block *block, *next_block;
	struct llist_node *redirects, *blocks;

	/* Call sites may lead there, see "Life time" above. */
	if (ftrace_is_dead())
		return;
	if (klp_free_is_postponed()) {
		klp_free_later();
		return;
	}
	redirects = llist_del_all(&klp_dead_redirects);
	blocks = llist_del_all(&klp_dead_blocks);

	/* For the handler where RCU is not watching, for preempted tasks. */
	synchronize_rcu_tasks_rude();
	synchronize_rcu_tasks();

	llist_for_each_entry_safe(redirect, next_redirect, redirects, free)
		kfree(redirect);
	llist_for_each_entry_safe(block, next_block, blocks, free) {
		klp_tell_perf(block, true);
		klp_arch_free_block(block->text);
		kfree(block);
	}
}

static void klp_block_put(struct klp_block *block)
{
	if (!block || --block->nr)
		return;
	/* The trace of a task that was preempted in it may end there. */
	list_del_rcu(&block->list);
	llist_add(&block->free, &klp_dead_blocks);
	klp_free_later();
}

/**
 * klp_is_trampoline - is there a trampoline of live patching at an address?
 * @addr: the address
 *
 * Context: Any.
 * Return: true if a call site leads into the block of trampolines there.
 */
bool notrace klp_is_trampoline(unsigned long addr)
{
	struct klp_block *block;

	guard(preempt_notrace)();
	list_for_each_entry_rcu(block, &klp_blocks, list, true) {
		if (addr - (unsigned long)block->text < block->size)
			return true;
	}
	return false;
}

static bool klp_redirect_differs(const struct klp_redirect *redirect)
{
	return redirect->fn[0] != redirect->fn[1];
}

/* Does it redirect anybody? */
static bool klp_redirect_is_used(const struct klp_redirect *redirect)
{
	return redirect->fn[0] || redirect->fn[1];
}

static unsigned long klp_redirect_to(const struct klp_redirect *redirect,
				     u8 universe)
{
	void *fn = redirect->fn[universe];

	return fn ? klp_arch_behind_pad(fn) : klp_arch_behind_site(redirect->ip);
}

/*
 * ftrace keeps the kind of a jump in the lowest bit of its target, so a function
 * at an odd address can only be reached from a trampoline. The way behind a site is
 * odd, and nobody needs it once the site is given back.
 */
static bool klp_redirect_wants_trampoline(const struct klp_redirect *redirect)
{
	return klp_redirect_is_used(redirect) &&
	       (klp_redirect_differs(redirect) ||
		ftrace_is_jmp(klp_redirect_to(redirect, 0)));
}

static struct klp_block *klp_alloc_block(unsigned int nr)
{
	struct klp_block *block = kzalloc_obj(*block);

	if (!block)
		return NULL;
	block->text = klp_arch_alloc_block(nr, &block->size);
	if (!block->text) {
		kfree(block);
		return NULL;
	}
	/* For the commit that fills it */
	block->nr = 1;
	list_add_rcu(&block->list, &klp_blocks);
	return block;
}

static int klp_fill_block(struct klp_block *block)
{
	struct klp_redirect *redirect;
	unsigned int idx = 0;

	list_for_each_entry(redirect, &klp_noted, change) {
		unsigned long to[KLP_UNIVERSES] = {
			klp_redirect_to(redirect, 0),
			klp_redirect_to(redirect, 1),
		};

		if (!klp_redirect_wants_trampoline(redirect))
			continue;
		redirect->next_entry =
			klp_arch_build_trampoline(block->text, idx++, to);
		redirect->next_entry = ftrace_jmp_set(redirect->next_entry);
	}
	klp_tell_perf(block, false);
	return klp_arch_seal_block(block->text, block->size);
}

/*
 * Work out where the noted call sites have to jump to, and build what is to be
 * found there. @blockp is NULL when no trampoline is needed.
 */
static int klp_prepare_entries(struct klp_block **blockp)
{
	struct klp_redirect *redirect;
	unsigned int nr = 0;
	int ret;

	*blockp = NULL;
	if (!IS_ENABLED(CONFIG_LIVEPATCH_TRAMPOLINE))
		return 0;

	list_for_each_entry(redirect, &klp_noted, change) {
		nr += klp_redirect_wants_trampoline(redirect);
		redirect->next_entry = ftrace_jmp_set(klp_redirect_to(redirect, 0));
	}
	if (!nr)
		return 0;

	*blockp = klp_alloc_block(nr);
	if (!*blockp)
		return -ENOMEM;
	ret = klp_fill_block(*blockp);
	if (ret)
		klp_block_put(*blockp);
	return ret;
}

/* The call site jumps to what was prepared for it, or is just about to. */
static void klp_adopt_entry(struct klp_redirect *redirect,
			    struct klp_block *block)
{
	klp_block_put(redirect->block);
	redirect->block = klp_redirect_wants_trampoline(redirect) ? block : NULL;
	if (redirect->block)
		block->nr++;
	WRITE_ONCE(redirect->entry, redirect->next_entry);
}

typedef bool (*klp_match_t)(const struct klp_redirect *redirect,
			    const struct klp_group *group);

static bool klp_is_new(const struct klp_redirect *redirect,
		       const struct klp_group *group)
{
	return !redirect->group && klp_redirect_is_used(redirect);
}

static bool klp_is_retargeted(const struct klp_redirect *redirect,
			      const struct klp_group *group)
{
	return redirect->group && klp_redirect_is_used(redirect) &&
	       redirect->entry != redirect->next_entry;
}

static bool klp_leaves_group(const struct klp_redirect *redirect,
			     const struct klp_group *group)
{
	return redirect->group == group && !klp_redirect_is_used(redirect);
}

/*
 * Collect the call sites that match. Return: their number, and the array to be
 * freed in @ipsp. Or -ENOMEM, unless @gfp rules it out.
 */
static int klp_collect(klp_match_t match, const struct klp_group *group,
		       unsigned long **ipsp, gfp_t gfp)
{
	struct klp_redirect *redirect;
	unsigned int nr = 0;

	*ipsp = NULL;
	list_for_each_entry(redirect, &klp_noted, change) {
		if (match(redirect, group))
			nr++;
	}
	if (!nr)
		return 0;

	*ipsp = kvmalloc_array(nr, sizeof(**ipsp), gfp);
	if (!*ipsp)
		return -ENOMEM;

	nr = 0;
	list_for_each_entry(redirect, &klp_noted, change) {
		if (match(redirect, group))
			(*ipsp)[nr++] = redirect->ip;
	}
	return nr;
}

/* Let @ops trace what matches. Return: the number of call sites, or an error. */
static int klp_filter(struct ftrace_ops *ops, klp_match_t match)
{
	unsigned long *ips;
	int nr = klp_collect(match, NULL, &ips, GFP_KERNEL);
	int ret = 0;

	if (nr > 0)
		ret = ftrace_set_filter_ips(ops, ips, nr, 0, 1);
	kvfree(ips);
	return ret ?: nr;
}

/*
 * An ops is on the list of all tracers for a moment even if its registration fails.
 * They walk it with preemption disabled, and some do so where RCU is not watching.
 */
static void klp_wait_for_tracers(void)
{
	synchronize_rcu_tasks_rude();
	synchronize_rcu();
}

/* After the death of ftrace its functions and call sites may use an ops. */
static void klp_free_filter(struct ftrace_ops *ops)
{
	if (!ftrace_is_dead())
		ftrace_free_filter(ops);
}

/* Does somebody else have the right to redirect this function? */
static bool klp_is_taken(struct ftrace_ops *probe,
			 const struct klp_redirect *redirect)
{
	int ret;

	ret = ftrace_set_filter_ip(probe, redirect->ip, 0, 1) ?:
	      register_ftrace_function(probe);
	if (!ret)
		unregister_ftrace_function(probe);
	return ret == -EBUSY;
}

/* All are registered at once: if it is nobody's fault, the first stands for all. */
static void klp_blame_function(int err)
{
	static struct ftrace_ops probe;
	struct klp_redirect *redirect;

	klp_init_ops(&probe);
	list_for_each_entry(redirect, &klp_noted, change) {
		if (!klp_is_new(redirect, NULL) ||
		    (err == -EBUSY && !klp_is_taken(&probe, redirect)))
			continue;
		pr_err("failed to register ftrace handler for function '%s' (%d)\n",
		       redirect->name, err);
		break;
	}
	klp_wait_for_tracers();
	klp_free_filter(&probe);
}

static void klp_free_group(struct klp_group *group)
{
	if (ftrace_is_dead())
		return;
	ftrace_free_filter(&group->ops);
	kfree(group);
}

/* How often, and after which pause, the owner of a direct call is asked again */
#define KLP_REGISTER_TRIES	50
#define KLP_REGISTER_PAUSE_MS	20

/*
 * BPF refuses with -EAGAIN to share a function while it changes one of its
 * trampolines, which takes a moment.
 */
static int klp_register(struct ftrace_ops *ops)
{
	int tries, ret;

	for (tries = 1; ; tries++) {
		ret = register_ftrace_function(ops);
		if (ret != -EAGAIN || tries == KLP_REGISTER_TRIES)
			return ret;
		msleep(KLP_REGISTER_PAUSE_MS);
	}
}

static int klp_register_group(struct klp_group *group, struct klp_block *block)
{
	struct klp_redirect *redirect;
	int ret;

	/* They take effect one by one while this registers them. */
	list_for_each_entry(redirect, &klp_noted, change) {
		if (klp_is_new(redirect, NULL))
			klp_adopt_entry(redirect, block);
	}

	ret = klp_register(&group->ops);
	if (ret) {
		/* Waits for those who may look at the group as well */
		klp_blame_function(ret);
		return ret;
	}
	list_for_each_entry(redirect, &klp_noted, change) {
		if (klp_is_new(redirect, NULL))
			redirect->group = group;
	}
	return 0;
}

static int klp_register_new(struct klp_block *block)
{
	struct klp_group *group;
	int nr, ret;

	group = kzalloc_obj(*group);
	if (!group)
		return -ENOMEM;
	klp_init_ops(&group->ops);

	nr = klp_filter(&group->ops, klp_is_new);
	ret = nr > 0 ? klp_register_group(group, block) : nr;
	if (nr <= 0 || ret) {
		klp_free_group(group);
		return ret;
	}
	group->nr = nr;
	return 0;
}

static int klp_retarget(struct klp_block *block)
{
	struct klp_redirect *redirect;
	int ret;

	ret = klp_filter(&klp_cover_ops, klp_is_retargeted);
	if (ret > 0)
		ret = register_ftrace_function(&klp_cover_ops) ?: 1;
	if (ret > 0) {
		list_for_each_entry(redirect, &klp_noted, change) {
			if (klp_is_retargeted(redirect, NULL))
				klp_adopt_entry(redirect, block);
		}
		ret = unregister_ftrace_function(&klp_cover_ops);
	}
	klp_free_filter(&klp_cover_ops);
	return ret;
}

/* There is no way to go on without, and memory will come. */
static int klp_remove_sites(struct klp_group *group, unsigned long *ips, int nr)
{
	int ret;

	if (group->nr == nr)
		return unregister_ftrace_function(&group->ops);
	while ((ret = ftrace_set_filter_ips(&group->ops, ips, nr, 1, 0)) == -ENOMEM)
		msleep(20);
	return ret;
}

/* Give back the call sites of the group that redirect nobody. */
static int klp_leave_group(struct klp_group *group)
{
	struct klp_redirect *redirect;
	unsigned long *ips;
	int nr = klp_collect(klp_leaves_group, group, &ips,
			     GFP_KERNEL | __GFP_NOFAIL);
	int ret = klp_remove_sites(group, ips, nr);

	kvfree(ips);
	if (ret)
		return ret;
	list_for_each_entry(redirect, &klp_noted, change) {
		if (klp_leaves_group(redirect, group))
			redirect->group = NULL;
	}
	group->nr -= nr;
	if (!group->nr)
		klp_free_group(group);
	return 0;
}

static void klp_free_redirect(struct klp_redirect *redirect)
{
	hash_del_rcu(&redirect->node);
	list_del(&redirect->change);
	klp_block_put(redirect->block);
	llist_add(&redirect->free, &klp_dead_redirects);
	klp_free_later();
}

static int klp_drop_unused(void)
{
	struct klp_redirect *redirect, *next;
	int ret;

	list_for_each_entry(redirect, &klp_noted, change) {
		if (!redirect->group || klp_redirect_is_used(redirect))
			continue;
		ret = klp_leave_group(redirect->group);
		if (ret)
			return ret;
	}
	list_for_each_entry_safe(redirect, next, &klp_noted, change) {
		if (!klp_redirect_is_used(redirect))
			klp_free_redirect(redirect);
	}
	return 0;
}

/* Everything that was noted is done. */
static void klp_forget_noted(void)
{
	struct klp_redirect *redirect, *next;

	list_for_each_entry_safe(redirect, next, &klp_noted, change) {
		if (klp_redirect_differs(redirect))
			list_move_tail(&redirect->change, &klp_differing);
		else
			list_del_init(&redirect->change);
	}
}

/**
 * klp_redirect_get - the redirect of a function, or a new one
 * @ip: address of the call site at the function's entry
 * @name: name of the function, for messages up to the next commit
 *
 * A new one redirects nothing, and vanishes with the next commit unless
 * klp_redirect_set() makes use of it.
 *
 * Context: Process context, klp_mutex held.
 * Return: the redirect, NULL when out of memory.
 */
struct klp_redirect *klp_redirect_get(unsigned long ip, const char *name)
{
	struct klp_redirect *redirect;

	lockdep_assert_held(&klp_mutex);

	redirect = klp_redirect_find(ip);
	if (redirect) {
		redirect->name = name;
		return redirect;
	}

	redirect = kzalloc_obj(*redirect);
	if (!redirect)
		return NULL;
	redirect->ip = ip;
	redirect->name = name;
	INIT_LIST_HEAD(&redirect->stack);
	INIT_LIST_HEAD(&redirect->reached);
	list_add_tail(&redirect->change, &klp_noted);
	hash_add_rcu(klp_redirects, &redirect->node, ip);
	return redirect;
}

/**
 * klp_redirect_is_live - does the call site of a function take part?
 * @redirect: the redirect of the function, committed
 *
 * ftrace registers call sites that it has disabled, too, and does not touch them.
 *
 * Context: Process context, klp_mutex held.
 * Return: true if the call site is enabled, and leads to the redirect.
 */
bool klp_redirect_is_live(const struct klp_redirect *redirect)
{
	lockdep_assert_held(&klp_mutex);
	return redirect->group &&
	       ftrace_ops_is_live(&redirect->group->ops, redirect->ip);
}

/**
 * klp_redirect_set - note what a function shall be redirected to
 * @redirect: the redirect of the function
 * @now: what callers run who have not migrated, NULL for the original
 * @then: what callers run who have
 *
 * Context: klp_mutex held. Takes effect with klp_redirect_commit().
 */
void klp_redirect_set(struct klp_redirect *redirect, void *now, void *then)
{
	u8 next = klp_next_universe();

	lockdep_assert_held(&klp_mutex);
	if (redirect->fn[!next] == now && redirect->fn[next] == then)
		return;
	WRITE_ONCE(redirect->fn[!next], now);
	WRITE_ONCE(redirect->fn[next], then);
	list_move_tail(&redirect->change, &klp_noted);
}

/**
 * klp_redirect_commit - make the call sites follow what was noted
 *
 * No call is lost or goes elsewhere meanwhile. What redirects nobody any more is
 * given back. After an error everything is still noted: the caller notes the
 * state before and commits that, which fails only if ftrace is dead.
 *
 * Context: Process context, klp_mutex held, sleeps.
 * Return: 0, -ENOMEM, -EBUSY when somebody else redirects one of the functions,
 * -EAGAIN when somebody is attaching to one of them for a second, -ENODEV when
 * ftrace is dead, or another error of register_ftrace_function().
 */
int klp_redirect_commit(void)
{
	struct klp_block *block;
	int ret;

	lockdep_assert_held(&klp_mutex);

	if (list_empty(&klp_noted))
		return 0;
	if (ftrace_is_dead())
		return -ENODEV;

	ret = klp_prepare_entries(&block);
	if (ret)
		return ret;
	ret = klp_register_new(block);
	if (!ret)
		ret = klp_retarget(block);
	klp_block_put(block);
	if (!ret)
		ret = klp_drop_unused();
	if (!ret)
		klp_forget_noted();
	return ret;
}

/**
 * klp_redirect_must_commit - klp_redirect_commit(), where there is no way back
 *
 * Context: Process context, klp_mutex held, sleeps until there is memory.
 * Return: 0. Or an error when ftrace has given up: call sites may lead anywhere
 * that they led to before, and so nothing of that may be freed.
 */
int klp_redirect_must_commit(void)
{
	int ret;

	while ((ret = klp_redirect_commit()) == -ENOMEM)
		msleep(20);
	WARN_ONCE(ret, "call sites can't be changed (%d)\n", ret);
	return ret;
}

/**
 * klp_redirect_settle - everybody lives in the goal: forget the other universe
 *
 * Context: Process context, klp_mutex held, sleeps.
 * Return: as klp_redirect_must_commit().
 */
int klp_redirect_settle(void)
{
	struct klp_redirect *redirect;
	u8 goal = klp_goal_universe();

	lockdep_assert_held(&klp_mutex);

	/* What was noted and not committed is taken back here as well. */
	list_splice_tail_init(&klp_differing, &klp_noted);
	list_for_each_entry(redirect, &klp_noted, change)
		WRITE_ONCE(redirect->fn[!goal], redirect->fn[goal]);
	return klp_redirect_must_commit();
}

/**
 * klp_redirect_any_differing - is one of the functions that change the one?
 * @is_it: called with an address within each version of each of them, until it
 *	   returns true
 *
 * Context: klp_mutex held, in a transition.
 * Return: true if @is_it has returned true.
 */
bool klp_redirect_any_differing(bool (*is_it)(unsigned long addr))
{
	struct klp_redirect *redirect;
	int i;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(redirect, &klp_differing, change) {
		if (is_it(redirect->ip))
			return true;
		for (i = 0; i < KLP_UNIVERSES; i++) {
			if (redirect->fn[i] && is_it((unsigned long)redirect->fn[i]))
				return true;
		}
	}
	return false;
}
