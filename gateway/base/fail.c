/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error codes in words, the latch that keeps the first cause, and the end of a
 * process whose invariant is broken.  Logging a cause is not done here.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

void
must_fail(const char *file, int line, const char *cond)
{
	(void)fprintf(
	    stderr, "%s:%d: broken invariant: %s\n", file, line, cond);
	abort();
}

/* Append src to dst of size bytes, what is not printable as \xNN. */
static void
append_escaped(char *dst, size_t size, const char *src)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = strlen(dst);

	for (; *src != '\0'; src++) {
		unsigned char c = (unsigned char)*src;

		if (c >= 0x20 && c < 0x7f) {
			if (at + 2 > size)
				break;
			dst[at++] = (char)c;
		} else {
			if (at + 5 > size)
				break;
			dst[at++] = '\\';
			dst[at++] = 'x';
			dst[at++] = hex[c >> 4];
			dst[at++] = hex[c & 15];
		}
	}
	dst[at] = '\0';
}

static void PRINTF_LIKE(2, 0) latch(struct fail *f, const char *fmt, va_list ap)
{
	char text[sizeof(f->why)];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	f->why[0] = '\0';
	append_escaped(f->why, sizeof(f->why), text);
}

int
fail_set(struct fail *f, int code, const char *fmt, ...)
{
	va_list ap;

	if (f == NULL || f->code != 0)
		return code;
	f->code = code;
	va_start(ap, fmt);
	latch(f, fmt, ap);
	va_end(ap);
	return code;
}

int
fail_sys(struct fail *f, const char *fmt, ...)
{
	int err = errno;
	char words[96];
	va_list ap;

	if (f == NULL || f->code != 0)
		return FAIL_SYS;
	f->code = FAIL_SYS;
	va_start(ap, fmt);
	latch(f, fmt, ap);
	va_end(ap);
	append_escaped(f->why, sizeof(f->why), ": ");
	append_escaped(
	    f->why, sizeof(f->why), strerror_r(err, words, sizeof(words)));
	errno = err;
	return FAIL_SYS;
}

const char *
fail_text(int code)
{
	switch (code) {
	case 0:
		return "no error";
#define FAIL(name, num, text)                                                  \
	case -(num):                                                           \
		return text;
#include "base/fail_tbl.h"
#undef FAIL
	default:
		return "unknown error";
	}
}

const char *
fail_why(const struct fail *f, int code)
{
	if (f != NULL && f->code != 0 && f->why[0] != '\0')
		return f->why;
	return fail_text(f != NULL && f->code != 0 ? f->code : code);
}
