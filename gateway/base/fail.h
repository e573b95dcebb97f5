/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include "base/cdefs.h"

/*
 * Error codes and the first cause.  A function returns 0 or a negative
 * FAIL_* code.  The cause in words is latched once, where it happened, and
 * logged once, where the object closes; those in between pass the code on.
 */

enum fail_code {
	FAIL_NONE = 0,
#define FAIL(name, num, text) FAIL_##name = -(num),
#include "base/fail_tbl.h"
#undef FAIL
};

struct fail {
	int code;      /* 0 until the first failure */
	char why[200]; /* the first cause, in words; safe to print */
};

/*
 * Latch code and its cause in f unless f already holds one; f may be NULL.
 * Returns code, so that `return fail_set(...)` reads well.  Bytes of the text
 * that are not printable are escaped.
 */
int fail_set(struct fail *f, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same with ": " and the words for errno at the time of the call added. */
int fail_sys(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The sentence of a code; never NULL. */
const char *fail_text(int code);

/* The cause if f holds one, else the sentence of code; never NULL. */
const char *fail_why(const struct fail *f, int code);

#endif /* BASE_FAIL_H */
