/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON validator.  What a worker calls an object goes as it is into audit
 * rows, and from there into other people's JSON: it has to be one.
 */
#include <string.h>

#include "broker/jsonok.h"

enum { DEPTH_MAX = 8 };

static bool value(struct span *s, unsigned depth);

static void
space(struct span *s)
{
	while (s->len > 0 && memchr(" \t\r\n", s->p[0], 4) != NULL) {
		s->p++;
		s->len--;
	}
}

static bool
take(struct span *s, uint8_t c)
{
	if (s->len == 0 || s->p[0] != c)
		return false;
	s->p++;
	s->len--;
	return true;
}

static bool
digits(struct span *s)
{
	size_t before = s->len;

	while (s->len > 0 && s->p[0] >= '0' && s->p[0] <= '9') {
		s->p++;
		s->len--;
	}
	return s->len < before;
}

static bool
number(struct span *s)
{
	(void)take(s, '-');
	if (!take(s, '0') && !digits(s))
		return false;
	if (take(s, '.') && !digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			(void)take(s, '-');
		return digits(s);
	}
	return true;
}

static bool
escape(struct span *s)
{
	size_t i;

	if (s->len == 0)
		return false;
	if (!take(s, 'u')) {
		if (memchr("\"\\/bfnrt", s->p[0], 8) == NULL)
			return false;
		s->p++;
		s->len--;
		return true;
	}
	if (s->len < 4)
		return false;
	for (i = 0; i < 4; i++)
		if (memchr("0123456789abcdefABCDEF", s->p[i], 22) == NULL)
			return false;
	s->p += 4;
	s->len -= 4;
	return true;
}

static bool
string(struct span *s)
{
	if (!take(s, '"'))
		return false;
	while (s->len > 0) {
		if (take(s, '"'))
			return true;
		if (s->p[0] < 0x20)
			return false;
		if (take(s, '\\')) {
			if (!escape(s))
				return false;
			continue;
		}
		s->p++;
		s->len--;
	}
	return false;
}

static bool
members(struct span *s, unsigned depth, bool named)
{
	uint8_t end = named ? '}' : ']';

	space(s);
	if (take(s, end))
		return true;
	do {
		space(s);
		if (named) {
			if (!string(s))
				return false;
			space(s);
			if (!take(s, ':'))
				return false;
		}
		if (!value(s, depth + 1))
			return false;
		space(s);
	} while (take(s, ','));
	return take(s, end);
}

static bool
word(struct span *s, const char *text)
{
	size_t len = strlen(text);

	if (s->len < len || memcmp(s->p, text, len) != 0)
		return false;
	s->p += len;
	s->len -= len;
	return true;
}

static bool
value(struct span *s, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return false;
	space(s);
	if (s->len == 0)
		return false;
	switch (s->p[0]) {
	case '{':
		(void)take(s, '{');
		return members(s, depth, true);
	case '[':
		(void)take(s, '[');
		return members(s, depth, false);
	case '"':
		return string(s);
	case 't':
		return word(s, "true");
	case 'f':
		return word(s, "false");
	case 'n':
		return word(s, "null");
	default:
		return number(s);
	}
}

bool
jsonok_object(struct span text)
{
	struct span s = text;

	space(&s);
	if (s.len == 0 || s.p[0] != '{' || !value(&s, 0))
		return false;
	space(&s);
	return s.len == 0;
}
