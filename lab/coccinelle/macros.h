/* SPDX-License-Identifier: GPL-2.0 */
/* What a macro is to the parser of Coccinelle 1.1, which does not see headers. */
#define scoped_guard YACFE_ITERATOR
#define scoped_cond_guard YACFE_ITERATOR
#define kunit_warning_suppress YACFE_ITERATOR
#define __noclone
