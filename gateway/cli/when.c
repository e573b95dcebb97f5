/* SPDX-License-Identifier: Apache-2.0 */
/* Times and lengths of time from text and to text. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fail.h"

#include "cli/when.h"

char *
when_text(char dst[WHEN_SIZE], uint64_t us)
{
	time_t t = (time_t)(us / 1000000);
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	snprintf(dst, WHEN_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (unsigned)(us % 1000000 / 1000));
	return dst;
}

int
when_span(const char *text, uint64_t *seconds)
{
	uint64_t v = 0, unit;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > 4000000000)
			return FAIL_FORMAT;
	}
	if (p == text || (p[0] && p[1]))
		return FAIL_FORMAT;
	switch (*p) {
	case '\0':
	case 's':
		unit = 1;
		break;
	case 'm':
		unit = 60;
		break;
	case 'h':
		unit = 3600;
		break;
	case 'd':
		unit = 86400;
		break;
	default:
		return FAIL_FORMAT;
	}
	if (v * unit > 4000000000)
		return FAIL_FORMAT;
	*seconds = v * unit;
	return 0;
}

/* Exactly n digits; NULL when there are not. */
static const char *
digits(const char *p, unsigned n, int *v)
{
	*v = 0;
	for (; n; n--, p++) {
		if (*p < '0' || *p > '9')
			return NULL;
		*v = *v * 10 + (*p - '0');
	}
	return p;
}

/* "12:00" or "12:00:00.5", then an optional Z. */
static int
parse_clock(const char *p, struct tm *tm, uint64_t *us)
{
	uint64_t unit = 100000;

	p = digits(p, 2, &tm->tm_hour);
	if (p == NULL || *p != ':')
		return FAIL_FORMAT;
	p = digits(p + 1, 2, &tm->tm_min);
	if (p && *p == ':')
		p = digits(p + 1, 2, &tm->tm_sec);
	if (p && *p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
			*us += (uint64_t)(*p - '0') * unit;
	}
	if (p == NULL || tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return FAIL_FORMAT;
	return p[0] == '\0' || (p[0] == 'Z' && p[1] == '\0') ? 0 : FAIL_FORMAT;
}

int
when_parse(const char *text, uint64_t now_us, uint64_t *us)
{
	uint64_t ago, part = 0;
	struct tm tm = {0};
	const char *p;
	int month;
	time_t t;

	if (text[0] && strchr("smhd", text[strlen(text) - 1])) {
		if (when_span(text, &ago) || ago * 1000000 > now_us)
			return FAIL_FORMAT;
		*us = now_us - ago * 1000000;
		return 0;
	}
	p = digits(text, 4, &tm.tm_year);
	if (p == NULL || *p != '-')
		return FAIL_FORMAT;
	p = digits(p + 1, 2, &tm.tm_mon);
	if (p == NULL || *p != '-')
		return FAIL_FORMAT;
	p = digits(p + 1, 2, &tm.tm_mday);
	if (p == NULL || (*p && *p != 'T') || tm.tm_year < 1970 ||
	    tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31)
		return FAIL_FORMAT;
	if (*p && parse_clock(p + 1, &tm, &part))
		return FAIL_FORMAT;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	month = tm.tm_mon;
	t = timegm(&tm);
	/* The 31st of February would become a day in March. */
	if (t < 0 || tm.tm_mon != month)
		return FAIL_FORMAT;
	*us = (uint64_t)t * 1000000 + part;
	return 0;
}
