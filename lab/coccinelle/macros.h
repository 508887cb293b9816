/* SPDX-License-Identifier: GPL-2.0 */
/* Describes macros to the parser of Coccinelle 1.1, which does not read headers. */
#define scoped_guard YACFE_ITERATOR
#define scoped_cond_guard YACFE_ITERATOR
#define scoped_with_creds YACFE_ITERATOR
#define kunit_warning_suppress YACFE_ITERATOR
#define __noclone
#define __context_unsafe(reason)
