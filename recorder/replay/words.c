/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values to words and back.  The one place that makes text of a recording
 * harmless to print.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/fail.h"
#include "base/utf8.h"

#include "recorder/replay/words.h"

enum { S_MAX = 1000000000 }; /* seconds that a place may have */

char *
words_clock(char dst[WORDS_SIZE], uint64_t us)
{
	uint64_t s = us / 1000000;

	if (s >= 3600)
		(void)snprintf(dst, WORDS_SIZE,
		    "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
		    s / 60 % 60, s % 60);
	else
		(void)snprintf(
		    dst, WORDS_SIZE, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	return dst;
}

char *
words_offset(char dst[WORDS_SIZE], uint64_t us)
{
	uint64_t s = us / 1000000;

	(void)snprintf(dst, WORDS_SIZE,
	    "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64, s / 3600,
	    s / 60 % 60, s % 60, us / 1000 % 1000);
	return dst;
}

char *
words_time(char dst[WORDS_SIZE], uint64_t unix_us)
{
	time_t t = (time_t)(unix_us / 1000000);
	struct tm tm;
	size_t n;

	/* A hostile file may name a year that there is not. */
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		(void)snprintf(dst, WORDS_SIZE, "no date");
		return dst;
	}
	n = strftime(dst, WORDS_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(dst + n, WORDS_SIZE - n, ".%03uZ",
	    (unsigned)(unix_us / 1000 % 1000));
	return dst;
}

/* Digits with an optional fraction, in millionths; moves *p on. */
static int
number(const char **p, uint64_t *millionths)
{
	uint64_t v = 0, part = 100000;
	const char *at = *p;

	for (; *at >= '0' && *at <= '9'; at++) {
		v = v * 10 + (uint64_t)(*at - '0');
		if (v > S_MAX)
			return FAIL_FORMAT;
	}
	v *= 1000000;
	if (*at == '.') {
		for (at++; *at >= '0' && *at <= '9'; at++, part /= 10)
			v += part * (uint64_t)(*at - '0');
		if (at == *p + 1)
			return FAIL_FORMAT;
	}
	if (at == *p)
		return FAIL_FORMAT;
	*p = at;
	*millionths = v;
	return 0;
}

static uint64_t
unit_s(char c)
{
	switch (c) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	default:
		return 0;
	}
}

int
words_offset_parse(const char *text, uint64_t *us)
{
	uint64_t v = 0, part = 0;
	const char *p = text;
	int colons = 0;

	for (;;) {
		if (number(&p, &part) != 0)
			return FAIL_FORMAT;
		v += part;
		if (*p != ':')
			break;
		if (part % 1000000 != 0 || ++colons > 2)
			return FAIL_FORMAT;
		v *= 60;
		p++;
	}
	if (*p != '\0') {
		if (colons > 0 || unit_s(*p) == 0 || p[1] != '\0')
			return FAIL_FORMAT;
		v *= unit_s(*p);
	}
	*us = v;
	return 0;
}

int
words_milli_parse(const char *text, uint64_t *milli)
{
	uint64_t v;

	if (number(&text, &v) != 0 || *text != '\0')
		return FAIL_FORMAT;
	*milli = v / 1000;
	return 0;
}

/* The first character of s as it may be shown; out has room for 17 bytes. */
static size_t
escaped(struct span s, char out[17], size_t *took)
{
	uint32_t cp;
	size_t n = utf8_get(s.p, s.len, &cp), i;

	if (n == 0)
		n = s.len < UTF8_MAX ? s.len : UTF8_MAX;
	else if (!(n == 1 && cp == UTF8_BAD) && utf8_printable(cp)) {
		memcpy(out, s.p, n);
		*took = n;
		return n;
	}
	*took = n;
	for (i = 0; i < n; i++)
		(void)snprintf(out + 4 * i, 5, "\\x%02x", s.p[i]);
	return 4 * n;
}

void
words_escape(FILE *to, struct span s)
{
	char text[17];
	size_t n, took;

	while (s.len > 0) {
		n = escaped(s, text, &took);
		(void)fwrite(text, 1, n, to);
		s = SPAN(s.p + took, s.len - took);
	}
}

char *
words_escape_to(char *dst, size_t size, struct span s)
{
	size_t len = 0, n, took;
	char text[17];

	while (s.len > 0) {
		n = escaped(s, text, &took);
		if (n >= size - len)
			break;
		memcpy(dst + len, text, n);
		len += n;
		s = SPAN(s.p + took, s.len - took);
	}
	dst[len] = '\0';
	return dst;
}
