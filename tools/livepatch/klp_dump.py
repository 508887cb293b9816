#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0

desc = """
This is a drgn script to show the state of live patching. For more info on
drgn, visit https://github.com/osandov/drgn. It needs a kernel with
CONFIG_LIVEPATCH_UNIVERSES and its debug info:

  drgn -c DUMP -s vmlinux SCRIPT [FUNCTION...]

Patches
=======

Lists the patches, the oldest first, with their state. For each object:

  original  no function of the object is replaced
  patched   its functions are replaced
  settled   all tasks run the new functions

Transition
==========

Shows which patch is enabled or disabled, and what it still waits for. The
age is the time since tasks began to migrate in this direction. It ends with
the last update of the timekeeper, so it may be some milliseconds too short.

Stragglers
==========

Lists what has not migrated, like the file "behind" in debugfs. For each task:

  PID       0 for an idle task
  STATE     as in ps
  UNIVERSE  of the task. The other one is the goal

Functions
=========

Shows for each FUNCTION that a patch replaces which version a caller in each
universe runs, and where the call site at the function's entry jumps to. While
another user of ftrace traces the function, the call site leads to ftrace
instead, which selects the same version.
"""

import argparse
import sys

from drgn.helpers.common.format import escape_ascii_string
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.sched import idle_task, task_state_to_char

def err(s):
    print(s, file=sys.stderr, flush=True)
    sys.exit(1)

def text(chars):
    """A string of the kernel. Users choose the names of tasks, so escape them."""
    return escape_ascii_string(chars.string_(), escape_backslash=True)

def enum_name(value, prefix):
    return value.format_(type_name=False).replace(prefix, '', 1).lower()

def for_each_patch():
    return list_for_each_entry('struct live_patch',
                               prog['klp_live_patches'].address_of_(), 'list')

def for_each_object(patch):
    for i in range(patch.nr_objs):
        yield patch.objs[i]

def for_each_func(obj):
    for i in range(obj.nr_funcs):
        yield obj.funcs[i]

def for_each_func_of_all():
    for patch in for_each_patch():
        for obj in for_each_object(patch):
            yield from for_each_func(obj)

def for_each_task():
    """All tasks that a transition visits, except exiting ones without a PID."""
    for leader in list_for_each_entry('struct task_struct',
                                      prog['init_task'].tasks.address_of_(),
                                      'tasks'):
        yield from list_for_each_entry('struct task_struct',
                                       leader.signal.thread_head.address_of_(),
                                       'thread_node')
    for cpu in for_each_possible_cpu(prog):
        yield idle_task(prog, cpu)

def patch_name(patch):
    return text(patch.mod.name)

def object_name(obj):
    return text(obj.desc.name) if obj.desc.name else 'vmlinux'

def show_patch(patch):
    flags = ''
    if patch.replace:
        flags += ', replace'
    if patch.pinned:
        flags += ', pinned'
    print(f'{patch_name(patch)}: {enum_name(patch.state, "KLP_")}, '
          f'set {patch.replace_set.value_()}{flags}')
    for obj in for_each_object(patch):
        names = ' '.join(text(func.desc.old_name) for func in for_each_func(obj))
        print(f'  {object_name(obj)}: {enum_name(obj.stage, "KLP_OBJECT_")}: {names}')

def show_patches():
    print('Patches')
    print('=======')
    for patch in for_each_patch():
        show_patch(patch)

def monotonic_ns():
    tkr = prog['timekeeper_data'][0].timekeeper.tkr_mono
    return tkr.base.value_() + (tkr.xtime_nsec.value_() >> tkr.shift.value_())

def show_transition():
    print()
    print('Transition')
    print('==========')
    patch = prog['klp_current_patch']
    if not patch:
        print('none')
        return
    transition = prog['klp_transition']
    print(f'patch      : {patch_name(patch)}')
    print(f'direction  : {"patching" if transition.patching else "unpatching"}')
    print(f'phase      : {enum_name(transition.phase, "KLP_PHASE_")}')
    print(f'goal       : universe {prog["klp_goal"].value_()}')
    print(f'stragglers : {prog["klp_nr_stragglers"].counter.value_()}')
    if transition.phase == prog.constant('KLP_PHASE_MIGRATING'):
        age_ms = (monotonic_ns() - transition.started.value_()) // 1000000
        print(f'age        : {age_ms} ms')
    if transition.forced:
        print('forced     : yes')
    if transition.unsafe:
        print(f'unsafe     : {text(transition.unsafe)}')

def show_straggling_tasks():
    goal = prog['klp_goal'].value_()
    print(f'{"PID":>7} {"COMM":<16} STATE UNIVERSE')
    for task in for_each_task():
        universe = task.klp_universe.value_()
        if universe != goal:
            print(f'{task.pid.value_():>7} {text(task.comm):<16} '
                  f'{task_state_to_char(task):<5} {universe}')

def nr_exiting():
    """Exiting tasks in the old universe, see klp_exiting in universe.c"""
    slot = (1 - prog['klp_goal'].value_()) + 1
    return sum(per_cpu(prog['klp_exiting'], cpu)[slot].value_()
               for cpu in for_each_possible_cpu(prog))

def show_stragglers():
    print()
    print('Stragglers')
    print('==========')
    show_straggling_tasks()
    for cpu in for_each_possible_cpu(prog):
        if per_cpu(prog['klp_irq_straggler'], cpu):
            print(f'interrupts of CPU {cpu}')
    exiting = nr_exiting()
    if exiting > 0:
        print(f'{exiting} exiting')

def address_name(addr):
    """drgn knows the symbols of a module only if it has its debug info."""
    try:
        return f'{addr:#x} ({prog.symbol(addr).name})'
    except LookupError:
        return f'{addr:#x}'

def version_name(fn):
    """A version of a function: by its address, and by the patch that has it"""
    addr = fn.value_()
    if not addr:
        return 'the original'
    for func in for_each_func_of_all():
        if func.desc.new_func.value_() == addr:
            return f'{patch_name(func.obj.patch)} {address_name(addr)}'
    return address_name(addr)

def entry_name(redirect):
    if not redirect.group:
        return 'not registered'
    # ftrace sets bit 0 of a target to which the call site jumps.
    addr = redirect.entry.value_() & ~1
    if not addr:
        return 'the callback of ftrace selects the version'
    kind = 'trampoline ' if redirect.block else ''
    return f'jumps to {kind}{address_name(addr)}'

def show_redirect(name, func):
    redirect = func.redirect
    print(f'{name} in {object_name(func.obj)}, {func.addr.value_():#x}')
    for universe in range(len(redirect.fn)):
        print(f'  universe {universe}: {version_name(redirect.fn[universe])}')
    print(f'  entry     : {entry_name(redirect)}')

def show_function(name):
    """If several patches replace a function, they share the redirect."""
    redirects = {func.redirect.value_(): func for func in for_each_func_of_all()
                 if text(func.desc.old_name) == name and func.redirect}
    for func in redirects.values():
        show_redirect(name, func)
    if not redirects:
        print(f'{name}: not patched')

def show_functions(names):
    print()
    print('Functions')
    print('=========')
    for name in names:
        show_function(name)

def main():
    parser = argparse.ArgumentParser(description=desc,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('function', nargs='*', metavar='FUNCTION',
                        help='name of a function of the kernel or of a module')
    args = parser.parse_args()

    try:
        prog['klp_live_patches']
    except LookupError:
        err('no klp_live_patches: the kernel has no CONFIG_LIVEPATCH_UNIVERSES, '
            'or drgn has no debug info of it (-s vmlinux)')
    show_patches()
    show_transition()
    show_stragglers()
    if args.function:
        show_functions(args.function)

main()
