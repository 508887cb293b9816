// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Redirection of the calls of patched functions.
 */

/**
 * DOC: Redirection
 *
 * A redirect defines for each universe which function a call runs. The call site at
 * the entry of the original function leads there:
 *
 * - If the universes run different functions, which is the case during a transition,
 *   the call site jumps to a trampoline for this function. The trampoline selects the
 *   version by the caller's universe.
 * - If both universes run the same new function, the call site jumps directly to it. If
 *   its address is odd, there is a trampoline in between.
 * - If both universes run the original, the call site is unregistered.
 *
 * Call sites belong to ftrace, and are registered in groups: there is one
 * ftrace_ops for all call sites that one commit adds, with a target for each site.
 * ftrace calls klp_redirect_handler() instead while another user of ftrace traces the
 * function, and always without CONFIG_LIVEPATCH_TRAMPOLINE. The handler selects the same
 * version as the trampoline.
 *
 * klp_redirect_set() notes a change, and klp_redirect_commit() changes all noted
 * call sites together. While the target of a registered call site changes,
 * klp_cover_ops is registered for the same functions. It does nothing by itself. As it is
 * a second user, ftrace calls the handler meanwhile.
 *
 * **Locking**
 *
 * All data is written under klp_mutex. The handler reads the table and
 * klp_redirect::fn with preemption disabled. ftrace reads klp_redirect::entry
 * under its own lock, during registration and unregistration.
 *
 * **Life time**
 *
 * A task can be preempted within a trampoline, and the handler can run in any
 * context. So blocks, redirects, and groups that were unregistered, are freed by
 * klp_free_later(), after grace periods of RCU tasks. Neither klp_mutex nor a
 * lock of ftrace is held meanwhile, so nothing else waits for the grace periods.
 *
 * ftrace disables itself when it finds an unexpected instruction at a call site.
 * Afterwards call sites may still lead to any of their earlier targets. So no
 * group, block or redirect is freed any more. klp_redirect_commit() fails, and
 * pin.c keeps the patch modules in memory.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/hashtable.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "internal.h"

/**
 * struct klp_group - call sites that were registered together
 * @ops:	ftrace_ops that they are registered with
 * @nr:		number of call sites
 * @dead:	for klp_free_later()
 */
struct klp_group {
	struct ftrace_ops ops;
	unsigned int nr;
	struct klp_dead dead;
};

static DEFINE_HASHTABLE(klp_redirects, 8);

/* Redirects to change in the next commit */
static LIST_HEAD_GUARDED(klp_noted, klp_mutex);
/* Redirects that differ between the universes, until klp_redirect_settle() */
static LIST_HEAD_GUARDED(klp_differing, klp_mutex);

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

/* Called by ftrace when it computes the target of a call site. */
static unsigned long klp_redirect_entry(struct ftrace_ops *ops, unsigned long ip)
{
	struct klp_redirect *redirect;

	guard(preempt_notrace)();
	redirect = klp_redirect_find(ip);
	return WARN_ON_ONCE(!redirect) ? FTRACE_ADDR : READ_ONCE(redirect->entry);
}

#define KLP_OPS_FLAGS	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT | \
			 FTRACE_OPS_FL_NOWAIT | \
			 (IS_ENABLED(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS) ? \
			  0 : FTRACE_OPS_FL_SAVE_REGS))

static void klp_init_ops(struct ftrace_ops *ops)
{
	ops->func = klp_redirect_handler;
	ops->flags = KLP_OPS_FLAGS;
	if (IS_ENABLED(CONFIG_LIVEPATCH_TRAMPOLINE))
		ops->ip_trampoline = klp_redirect_entry;
}

/* Registered for call sites while their target changes, see "Redirection" above. */
static struct ftrace_ops klp_cover_ops __guarded_by(&klp_mutex) = {
	.func	= ftrace_stub,
	.flags	= FTRACE_OPS_FL_STUB,
};

static bool klp_redirect_differs(const struct klp_redirect *redirect)
{
	return redirect->fn[0] != redirect->fn[1];
}

/* Does at least one of the universes run a function other than the original? */
static bool klp_redirect_is_used(const struct klp_redirect *redirect)
{
	return redirect->fn[0] || redirect->fn[1];
}

static unsigned long klp_redirect_to(const struct klp_redirect *redirect,
				     u8 universe)
{
	void *fn = redirect->fn[universe];

	return fn ? klp_arch_after_pad(fn) : klp_arch_after_site(redirect->ip);
}

/*
 * ftrace marks a target as a jump by setting bit 0 of its address. So a target at an odd
 * address can only be reached from a trampoline. A redirect that is not used needs no
 * target: its call site is unregistered.
 */
static bool klp_redirect_wants_trampoline(const struct klp_redirect *redirect)
{
	return klp_redirect_is_used(redirect) &&
	       (klp_redirect_differs(redirect) ||
		ftrace_is_jmp(klp_redirect_to(redirect, 0)));
}

static int klp_fill_block(struct klp_block *block)
{
	struct klp_redirect *redirect;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(redirect, &klp_noted, change) {
		unsigned long to[KLP_UNIVERSES] = {
			klp_redirect_to(redirect, 0),
			klp_redirect_to(redirect, 1),
		};

		if (!klp_redirect_wants_trampoline(redirect))
			continue;
		redirect->next_entry = klp_block_add(block, to);
	}
	return klp_block_seal(block);
}

/*
 * Compute the targets of the noted call sites, and build the trampolines.
 * *@blockp becomes NULL if no trampoline is needed.
 */
static int klp_prepare_entries(struct klp_block **blockp)
{
	struct klp_redirect *redirect;
	unsigned int nr = 0;
	int ret;

	lockdep_assert_held(&klp_mutex);
	*blockp = NULL;
	if (!IS_ENABLED(CONFIG_LIVEPATCH_TRAMPOLINE))
		return 0;

	list_for_each_entry(redirect, &klp_noted, change) {
		nr += klp_redirect_wants_trampoline(redirect);
		redirect->next_entry = ftrace_jmp_set(klp_redirect_to(redirect, 0));
	}
	if (!nr)
		return 0;

	*blockp = klp_block_alloc(nr);
	if (!*blockp)
		return -ENOMEM;
	ret = klp_fill_block(*blockp);
	if (ret)
		klp_block_put(*blockp);
	return ret;
}

/* Use the prepared target. The caller is about to make the call site jump there. */
static void klp_adopt_entry(struct klp_redirect *redirect,
			    struct klp_block *block)
{
	lockdep_assert_held(&klp_mutex);
	klp_block_put(redirect->block);
	redirect->block = klp_redirect_wants_trampoline(redirect) ?
			  klp_block_get(block) : NULL;
	WRITE_ONCE(redirect->entry, redirect->next_entry);
}

typedef bool (*klp_match_t)(const struct klp_redirect *redirect,
			    const struct klp_group *group);

static bool klp_is_new(const struct klp_redirect *redirect,
		       const struct klp_group *group)
	__must_hold(&klp_mutex)
{
	return !redirect->group && klp_redirect_is_used(redirect);
}

static bool klp_is_retargeted(const struct klp_redirect *redirect,
			      const struct klp_group *group)
	__must_hold(&klp_mutex)
{
	return redirect->group && klp_redirect_is_used(redirect) &&
	       redirect->entry != redirect->next_entry;
}

static bool klp_leaves_group(const struct klp_redirect *redirect,
			     const struct klp_group *group)
	__must_hold(&klp_mutex)
{
	return redirect->group == group && !klp_redirect_is_used(redirect);
}

/*
 * Collect the call sites that match. The caller frees the array that *@ipsp points to.
 * Return: the number of call sites; or -ENOMEM, unless @gfp has __GFP_NOFAIL.
 */
static int klp_collect(klp_match_t match, const struct klp_group *group,
		       unsigned long **ipsp, gfp_t gfp)
{
	struct klp_redirect *redirect;
	unsigned int nr = 0;

	lockdep_assert_held(&klp_mutex);
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

/* Set the filter of @ops. Return: the number of call sites that match, or an error. */
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
 * An ops whose registration fails is in the list of all ftrace_ops for a short time, and so
 * is one that is unregistered. The list is walked with preemption disabled, also where RCU
 * is not watching. Wait until no CPU walks it any more. The handler does not use its ops, so
 * there is no need to wait for tasks that are preempted on the way to the handler.
 */
static void klp_wait_for_tracers(void)
{
	synchronize_rcu_tasks_rude();
	synchronize_rcu();
}

/* If ftrace has disabled itself, ftrace and the call sites may still use the ops. */
static void klp_free_filter(struct ftrace_ops *ops)
{
	if (!ftrace_is_dead())
		ftrace_free_filter(ops);
}

/* Number of attempts while BPF returns -EAGAIN, and the pause between two attempts */
#define KLP_REGISTER_TRIES	50
#define KLP_REGISTER_PAUSE_MS	20

/*
 * While BPF changes the trampoline of a function, which takes a short time, it
 * refuses to share the function and returns -EAGAIN.
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

/* Does another IPMODIFY user of ftrace redirect one of these functions? */
static bool klp_are_taken(struct ftrace_ops *probe, unsigned long *ips, int nr)
{
	int ret;

	ret = ftrace_set_filter_ips(probe, ips, nr, 0, 1) ?: klp_register(probe);
	if (!ret)
		unregister_ftrace_function(probe);
	klp_wait_for_tracers();
	return ret == -EBUSY;
}

/*
 * All call sites are registered together, so on -EBUSY find a function that another user
 * redirects, by bisection. On other errors report the first function.
 */
static void klp_report_new(unsigned long *ips, int nr, int err)
{
	static struct ftrace_ops probe;
	int first = 0, half;

	lockdep_assert_held(&klp_mutex);
	klp_init_ops(&probe);
	while (err == -EBUSY && nr > 1) {
		half = nr / 2;
		if (klp_are_taken(&probe, ips + first, half)) {
			nr = half;
		} else {
			first += half;
			nr -= half;
		}
	}
	pr_err("failed to register ftrace handler for function '%s' (%d)\n",
	       klp_redirect_find(ips[first])->name, err);
	klp_free_filter(&probe);
}

static void klp_report_failure(int err)
{
	unsigned long *ips;
	int nr;

	lockdep_assert_held(&klp_mutex);
	nr = klp_collect(klp_is_new, NULL, &ips, GFP_KERNEL | __GFP_NOFAIL);
	if (nr)
		klp_report_new(ips, nr, err);
	else
		/* The module with the name of the function may be gone. */
		pr_err("failed to change the call site of function '%ps' (%d)\n",
		       (void *)list_first_entry(&klp_noted, struct klp_redirect, change)->ip,
		       err);
	kvfree(ips);
}

static void klp_free_group_fn(struct klp_dead *dead)
{
	struct klp_group *group = container_of(dead, struct klp_group, dead);

	ftrace_free_filter(&group->ops);
	kfree(group);
}

static void klp_free_group(struct klp_group *group)
{
	klp_free_later(&group->dead, klp_free_group_fn);
}

static int klp_register_group(struct klp_group *group, struct klp_block *block)
{
	struct klp_redirect *redirect;
	int ret;

	lockdep_assert_held(&klp_mutex);
	/* Set @entry first: registration makes the call sites jump there one by one. */
	list_for_each_entry(redirect, &klp_noted, change) {
		if (klp_is_new(redirect, NULL))
			klp_adopt_entry(redirect, block);
	}

	ret = klp_register(&group->ops);
	if (ret)
		return ret;
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
	if (nr <= 0) {
		klp_free_filter(&group->ops);
		kfree(group);
		return nr;
	}
	ret = klp_register_group(group, block);
	if (ret) {
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

	lockdep_assert_held(&klp_mutex);
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
	/* Without a grace period: the filter of a FTRACE_OPS_FL_STUB is not read in a call. */
	klp_free_filter(&klp_cover_ops);
	return ret;
}

/* This step can't be undone, so retry until there is memory. */
static int klp_remove_sites(struct klp_group *group, unsigned long *ips, int nr)
{
	int ret;

	if (group->nr == nr)
		return unregister_ftrace_function(&group->ops);
	while ((ret = ftrace_set_filter_ips(&group->ops, ips, nr, 1, 0)) == -ENOMEM)
		msleep(KLP_RETRY_MS);
	return ret;
}

/* Unregister the call sites of the group that are not used any more. */
static int klp_unregister_sites(struct klp_group *group)
{
	struct klp_redirect *redirect;
	unsigned long *ips;
	int nr, ret;

	lockdep_assert_held(&klp_mutex);
	nr = klp_collect(klp_leaves_group, group, &ips, GFP_KERNEL | __GFP_NOFAIL);
	ret = klp_remove_sites(group, ips, nr);
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

static void klp_free_redirect_fn(struct klp_dead *dead)
{
	kfree(container_of(dead, struct klp_redirect, dead));
}

static void klp_free_redirect(struct klp_redirect *redirect)
{
	lockdep_assert_held(&klp_mutex);
	hash_del_rcu(&redirect->node);
	list_del(&redirect->change);
	klp_block_put(redirect->block);
	klp_free_later(&redirect->dead, klp_free_redirect_fn);
}

static int klp_drop_unused(void)
{
	struct klp_redirect *redirect, *next;
	int ret;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(redirect, &klp_noted, change) {
		if (!redirect->group || klp_redirect_is_used(redirect))
			continue;
		ret = klp_unregister_sites(redirect->group);
		if (ret)
			return ret;
	}
	list_for_each_entry_safe(redirect, next, &klp_noted, change) {
		if (!klp_redirect_is_used(redirect))
			klp_free_redirect(redirect);
	}
	return 0;
}

/* The commit has succeeded: empty klp_noted. */
static void klp_forget_noted(void)
{
	struct klp_redirect *redirect, *next;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry_safe(redirect, next, &klp_noted, change) {
		if (klp_redirect_differs(redirect))
			list_move_tail(&redirect->change, &klp_differing);
		else
			list_del_init(&redirect->change);
	}
}

/**
 * klp_redirect_get - find the redirect of a function, or create one
 * @ip: address of the call site at the function's entry
 * @name: name of the function, used in messages until the next commit
 *
 * A new redirect selects the original in both universes. The next commit frees it unless
 * klp_redirect_set() has changed it.
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
 * klp_redirect_is_live - does the call site of a function lead to its redirect?
 * @redirect: the redirect of the function, committed
 *
 * The registration of a call site that ftrace has disabled succeeds, but the call site
 * is not changed.
 *
 * Context: Process context, klp_mutex held.
 * Return: true if the call site is enabled and leads to the redirect.
 */
bool klp_redirect_is_live(const struct klp_redirect *redirect)
{
	lockdep_assert_held(&klp_mutex);
	return redirect->group &&
	       ftrace_ops_is_live(&redirect->group->ops, redirect->ip);
}

/**
 * klp_redirect_set - set the targets of a redirect
 * @redirect: the redirect of the function
 * @now: function for callers that have not migrated, NULL for the original
 * @then: function for callers that have migrated, NULL for the original
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

static int klp_try_commit(void)
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
 * klp_redirect_commit - change the call sites as noted by klp_redirect_set()
 *
 * While the call sites change, each call runs what it ran before, or what it runs
 * afterwards. The call site of a redirect that selects the original in both universes is
 * unregistered. After an error all changes are still noted. Then the caller sets the
 * previous targets, and commits them by klp_redirect_must_commit() or
 * klp_redirect_settle().
 *
 * Context: Process context, klp_mutex held, sleeps.
 * Return: 0; -ENOMEM; -EBUSY if another user of ftrace redirects one of the functions;
 * -EAGAIN if BPF has been changing a trampoline of one of them for a second; -ENODEV if
 * ftrace has disabled itself; or another error of register_ftrace_function().
 */
int klp_redirect_commit(void)
{
	int ret = klp_try_commit();

	if (ret)
		klp_report_failure(ret);
	return ret;
}

/**
 * klp_redirect_must_commit - commit changes that must not fail
 *
 * Like klp_redirect_commit(), but retries until there is memory.
 *
 * Context: Process context, klp_mutex held, sleeps.
 * Return: 0, or an error if ftrace has disabled itself. Then call sites may lead to
 * any of their earlier targets, and these must not be freed.
 */
int klp_redirect_must_commit(void)
{
	int ret;

	while ((ret = klp_try_commit()) == -ENOMEM)
		msleep(KLP_RETRY_MS);
	WARN_ONCE(ret, "call sites can't be changed (%d)\n", ret);
	return ret;
}

/**
 * klp_redirect_settle - make both universes select what the goal universe selects
 *
 * Called when all tasks are in the goal universe. Callers in the other universe would run
 * the same functions from now on.
 *
 * Context: Process context, klp_mutex held, sleeps.
 * Return: as klp_redirect_must_commit().
 */
int klp_redirect_settle(void)
{
	struct klp_redirect *redirect;
	u8 goal = klp_goal_universe();

	lockdep_assert_held(&klp_mutex);

	/*
	 * This also reverts changes that were noted and not committed: they concern the
	 * universe that would have become the goal.
	 */
	list_splice_tail_init(&klp_differing, &klp_noted);
	list_for_each_entry(redirect, &klp_noted, change)
		WRITE_ONCE(redirect->fn[!goal], redirect->fn[goal]);
	return klp_redirect_must_commit();
}

/**
 * klp_redirect_any_differing - apply a predicate to the functions that change
 * @is_it: the predicate, called with an address within each version of each function
 *	   that differs between the universes, until it returns true
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
