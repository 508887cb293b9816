// SPDX-License-Identifier: GPL-2.0
///
/// A function of a patch must have the type of the function that it replaces. The
/// compiler can't check that, because the replaced function is named by a string.
///
//# Only functions that are declared in a header are checked. The type of a static
//# function has to be compared by hand. Two names of the same type are reported as
//# different types.
///
// Confidence: Moderate
// Options: --all-includes
// Keywords: livepatch, klp_func, new_func

virtual context
virtual org
virtual report

@pair@
identifier funcs, new;
constant char[] old;
position p;
@@

 struct klp_func funcs[] = {
	...,
	{
		..., .old_name = old, ..., .new_func = new@p, ...
	},
	...
 };

@script:python target@
old << pair.old;
orig;
@@

coccinelle.orig = old.strip('"')

@defined@
identifier pair.new;
@@

 new(...) { ... }

@declared depends on defined@
identifier target.orig;
type T;
parameter list[n] params;
@@

 T orig(params);

@same_shape@
identifier pair.new;
type declared.T;
parameter list[declared.n] params;
@@

 T new(params) { ... }

@param depends on same_shape@
identifier target.orig;
type declared.T;
type P;
identifier a;
parameter list[n] before;
@@

(
 T orig(before, P a, ...);
|
 T orig(before, P, ...);
)

@same_param@
identifier pair.new;
type declared.T, param.P;
identifier a;
parameter list[param.n] before;
@@

 T new(before, P a, ...) { ... }

@same_void@
identifier pair.new;
type declared.T, param.P;
@@

 T new(P) { ... }

@depends on context && declared && !same_shape@
identifier pair.new;
position pair.p;
@@

* new@p

@depends on context && param && !same_param && !same_void@
identifier pair.new;
position pair.p;
@@

* new@p

@script:python depends on org && declared && !same_shape@
p << pair.p;
new << pair.new;
orig << target.orig;
@@

msg = "ERROR: %s() has another return type or number of parameters than %s()" % (new, orig)
coccilib.org.print_todo(p[0], msg)

@script:python depends on org && param && !same_param && !same_void@
p << pair.p;
new << pair.new;
orig << target.orig;
n << param.n;
ptype << param.P;
@@

msg = "ERROR: parameter %d of %s() is not of type %s, as it is in %s()" % (int(n) + 1, new, ptype, orig)
coccilib.org.print_todo(p[0], msg)

@script:python depends on report && declared && !same_shape@
p << pair.p;
new << pair.new;
orig << target.orig;
@@

msg = "ERROR: %s() has another return type or number of parameters than %s()" % (new, orig)
coccilib.report.print_report(p[0], msg)

@script:python depends on report && param && !same_param && !same_void@
p << pair.p;
new << pair.new;
orig << target.orig;
n << param.n;
ptype << param.P;
@@

msg = "ERROR: parameter %d of %s() is not of type %s, as it is in %s()" % (int(n) + 1, new, ptype, orig)
coccilib.report.print_report(p[0], msg)
