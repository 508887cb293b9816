// SPDX-License-Identifier: GPL-2.0
///
/// A module that calls klp_enable_patch() has to be marked as a patch module by
/// MODULE_INFO(livepatch, "Y"). Otherwise the module loader does not apply its livepatch
/// relocations, and klp_enable_patch() refuses it.
///
//# If a module has several files, MODULE_INFO() may be in another one.
///
// Confidence: High
// Options: --no-includes
// Keywords: livepatch, MODULE_INFO

virtual patch
virtual context
virtual org
virtual report

@marked@
declarer name MODULE_INFO;
symbol livepatch;
expression E;
@@

 MODULE_INFO(livepatch, E);

@call depends on !marked@
position p;
@@

 klp_enable_patch@p(...)

@depends on context && call@
position call.p;
@@

* klp_enable_patch@p(...)

@depends on patch && call@
declarer name MODULE_LICENSE;
expression E;
@@

 MODULE_LICENSE(E);
+MODULE_INFO(livepatch, "Y");

@script:python depends on org@
p << call.p;
@@

coccilib.org.print_todo(p[0], "WARNING: patch module without MODULE_INFO(livepatch, \"Y\")")

@script:python depends on report@
p << call.p;
@@

coccilib.report.print_report(p[0], "WARNING: patch module without MODULE_INFO(livepatch, \"Y\")")
