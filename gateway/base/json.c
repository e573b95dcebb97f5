/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON writer, and a reader of one member of an object, which is enough for
 * reading our own output back.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 31 };

static void
put(struct json *j, const void *p, size_t n)
{
	if (j->err == 0)
		j->err = buf_put(j->out, p, n);
}

static void
put_quoted(struct json *j, struct span s)
{
	static const char plain_esc[] = "\"\\\b\f\n\r\t";
	static const char esc_char[] = "\"\\bfnrt";
	uint8_t out[UTF8_MAX];
	char u[8];
	const char *at;
	uint32_t cp;
	size_t n;

	put(j, "\"", 1);
	while (s.len > 0 && j->err == 0) {
		if ((n = utf8_get(s.p, s.len, &cp)) == 0) {
			n = 1;
			cp = UTF8_BAD;
		}
		if (cp != 0 && cp < 0x80 &&
		    (at = strchr(plain_esc, (int)cp)) != NULL) {
			u[0] = '\\';
			u[1] = esc_char[at - plain_esc];
			put(j, u, 2);
		} else if (cp < 0x20 || cp == 0x7f || cp == 0x2028 ||
			   cp == 0x2029 || (cp >= 0x80 && cp < 0xa0)) {
			(void)snprintf(u, sizeof(u), "\\u%04x", cp & 0xffffU);
			put(j, u, 6);
		} else {
			put(j, out, utf8_put(out, cp));
		}
		s.p += n;
		s.len -= n;
	}
	put(j, "\"", 1);
}

/* What comes before every value: the comma and, in an object, the key. */
static void
lead(struct json *j, const char *key)
{
	if (j->comma & BIT(j->depth))
		put(j, ",", 1);
	j->comma |= BIT(j->depth);
	if (key != NULL) {
		put_quoted(j, SPAN(key, strlen(key)));
		put(j, ":", 1);
	}
}

static void
open_level(struct json *j, const char *key, const char *bracket)
{
	lead(j, key);
	put(j, bracket, 1);
	if (j->depth == DEPTH_MAX) {
		if (j->err == 0)
			j->err = FAIL_RANGE;
		return;
	}
	j->depth++;
	j->comma &= ~BIT(j->depth);
}

void
json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

void
json_object(struct json *j, const char *key)
{
	open_level(j, key, "{");
}

void
json_array(struct json *j, const char *key)
{
	open_level(j, key, "[");
}

void
json_close(struct json *j, char bracket)
{
	if (j->depth == 0) {
		if (j->err == 0)
			j->err = FAIL_STATE;
		return;
	}
	j->depth--;
	put(j, &bracket, 1);
}

void
json_str(struct json *j, const char *key, const char *val)
{
	if (val == NULL)
		json_null(j, key);
	else
		json_bytes(j, key, SPAN(val, strlen(val)));
}

void
json_bytes(struct json *j, const char *key, struct span text)
{
	lead(j, key);
	put_quoted(j, text);
}

void
json_int(struct json *j, const char *key, int64_t val)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, val);

	lead(j, key);
	put(j, text, (size_t)n);
}

void
json_uint(struct json *j, const char *key, uint64_t val)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, val);

	lead(j, key);
	put(j, text, (size_t)n);
}

void
json_double(struct json *j, const char *key, double val)
{
	char text[40];
	int n;

	if (!isfinite(val)) {
		json_null(j, key);
		return;
	}
	n = snprintf(text, sizeof(text), "%.9g", val);
	lead(j, key);
	put(j, text, (size_t)n);
}

void
json_bool(struct json *j, const char *key, bool val)
{
	lead(j, key);
	put(j, val ? "true" : "false", val ? 4 : 5);
}

void
json_null(struct json *j, const char *key)
{
	lead(j, key);
	put(j, "null", 4);
}

void
json_raw(struct json *j, const char *key, struct span raw)
{
	lead(j, key);
	put(j, raw.p, raw.len);
}

int
json_end(struct json *j)
{
	if (j->err == 0 && j->depth != 0)
		j->err = FAIL_STATE;
	return j->err;
}

/* ---- the reader */

static void
skip_space(struct span *s)
{
	while (s->len > 0 && memchr(" \t\r\n", s->p[0], 4) != NULL) {
		s->p++;
		s->len--;
	}
}

static bool
take(struct span *s, char c)
{
	if (s->len == 0 || s->p[0] != (uint8_t)c)
		return false;
	s->p++;
	s->len--;
	return true;
}

/* The raw text between the quotes. */
static int
take_string(struct span *s, struct span *raw)
{
	size_t i;

	if (!take(s, '"'))
		return FAIL_FORMAT;
	for (i = 0; i < s->len && s->p[i] != '"'; i++) {
		if (s->p[i] < 0x20)
			return FAIL_FORMAT;
		if (s->p[i] == '\\' && ++i == s->len)
			return FAIL_FORMAT;
	}
	if (i >= s->len)
		return FAIL_FORMAT;
	*raw = SPAN(s->p, i);
	s->p += i + 1;
	s->len -= i + 1;
	return 0;
}

/* A number, a word, or nested brackets, which are passed over. */
static int
take_other(struct span *s, struct span *raw)
{
	unsigned depth = 0;
	struct span str;
	const uint8_t *from = s->p;
	uint8_t c;

	while (s->len > 0) {
		c = s->p[0];
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		if (c == '"') {
			if (depth == 0 || take_string(s, &str) != 0)
				return FAIL_FORMAT;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		s->p++;
		s->len--;
	}
	*raw = SPAN(from, (size_t)(s->p - from));
	while (
	    raw->len > 0 && memchr(" \t\r\n", raw->p[raw->len - 1], 4) != NULL)
		raw->len--;
	return depth == 0 && raw->len > 0 ? 0 : FAIL_FORMAT;
}

static int
hex4(const uint8_t *p, uint32_t *v)
{
	unsigned i;

	*v = 0;
	for (i = 0; i < 4; i++) {
		*v <<= 4;
		if (p[i] >= '0' && p[i] <= '9')
			*v |= (uint32_t)(p[i] - '0');
		else if (p[i] >= 'a' && p[i] <= 'f')
			*v |= (uint32_t)(p[i] - 'a' + 10);
		else if (p[i] >= 'A' && p[i] <= 'F')
			*v |= (uint32_t)(p[i] - 'A' + 10);
		else
			return FAIL_FORMAT;
	}
	return 0;
}

/* \uXXXX, or two of them as a surrogate pair; *n: bytes taken behind the \u. */
static int
unescape_u(struct span raw, uint32_t *cp, size_t *n)
{
	uint32_t low;

	*n = 4;
	if (raw.len < 4 || hex4(raw.p, cp) != 0)
		return FAIL_FORMAT;
	if (*cp < 0xd800 || *cp > 0xdfff)
		return 0;
	if (*cp > 0xdbff || raw.len < 10 || raw.p[4] != '\\' ||
	    raw.p[5] != 'u' || hex4(raw.p + 6, &low) != 0 || low < 0xdc00 ||
	    low > 0xdfff)
		return FAIL_FORMAT;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	*n = 10;
	return 0;
}

static int
unescape(struct span raw, char *dst, size_t size)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	uint8_t out[UTF8_MAX];
	size_t at = 0, n, k;
	const char *e;
	uint32_t cp;

	while (raw.len > 0) {
		n = 1;
		k = 1;
		out[0] = raw.p[0];
		if (raw.p[0] == '\\' && raw.len >= 2 && raw.p[1] == 'u') {
			if (unescape_u(SPAN(raw.p + 2, raw.len - 2), &cp, &n) !=
			    0)
				return FAIL_FORMAT;
			n += 2;
			k = utf8_put(out, cp);
		} else if (raw.p[0] == '\\') {
			if (raw.len < 2 || raw.p[1] == 0 ||
			    (e = strchr(from, raw.p[1])) == NULL)
				return FAIL_FORMAT;
			out[0] = (uint8_t)to[e - from];
			n = 2;
		}
		if (out[0] == 0)
			return FAIL_FORMAT;
		if (size <= k || at >= size - k)
			return FAIL_RANGE;
		memcpy(dst + at, out, k);
		at += k;
		raw.p += n;
		raw.len -= n;
	}
	if (size == 0)
		return FAIL_RANGE;
	dst[at] = '\0';
	return 0;
}

/* The raw text of key's value; *is_str: it stood in quotes. */
static int
find(struct span s, const char *key, struct span *val, bool *is_str)
{
	struct span name;
	int r;

	skip_space(&s);
	if (!take(&s, '{'))
		return FAIL_FORMAT;
	skip_space(&s);
	if (take(&s, '}'))
		return FAIL_NOTFOUND;
	for (;;) {
		skip_space(&s);
		if ((r = take_string(&s, &name)) != 0)
			return r;
		skip_space(&s);
		if (!take(&s, ':'))
			return FAIL_FORMAT;
		skip_space(&s);
		*is_str = s.len > 0 && s.p[0] == '"';
		r = *is_str ? take_string(&s, val) : take_other(&s, val);
		if (r != 0)
			return r;
		if (span_eq(name, key))
			return 0;
		skip_space(&s);
		if (take(&s, '}'))
			return FAIL_NOTFOUND;
		if (!take(&s, ','))
			return FAIL_FORMAT;
	}
}

int
json_find_str(struct span object, const char *key, char *dst, size_t size)
{
	struct span val;
	bool is_str;
	int r;

	if ((r = find(object, key, &val, &is_str)) != 0)
		return r;
	return is_str ? unescape(val, dst, size) : FAIL_FORMAT;
}

int
json_find_uint(struct span object, const char *key, uint64_t *val)
{
	struct span raw;
	bool is_str;
	uint64_t v = 0, d;
	size_t i;
	int r;

	if ((r = find(object, key, &raw, &is_str)) != 0)
		return r;
	if (is_str || raw.len == 0)
		return FAIL_FORMAT;
	for (i = 0; i < raw.len; i++) {
		if (raw.p[i] < '0' || raw.p[i] > '9')
			return FAIL_FORMAT;
		d = (uint64_t)(raw.p[i] - '0');
		if (v > (UINT64_MAX - d) / 10)
			return FAIL_RANGE;
		v = v * 10 + d;
	}
	*val = v;
	return 0;
}
