/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a JSON object that another process of the node wrote.  Every length is
 * checked all the same: what does not parse is refused.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

#include "cli/flat.h"

struct walk {
	struct span s; /* what is left */
	char path[FLAT_PATH_SIZE];
	size_t len;
	unsigned depth;
	flat_fn *fn;
	void *ctx;
};

static int walk_value(struct walk *w);

static void
skip_blanks(struct walk *w)
{
	while (w->s.len && strchr(" \t\r\n", w->s.p[0]) && w->s.p[0]) {
		w->s.p++;
		w->s.len--;
	}
}

static bool
take_char(struct walk *w, char c)
{
	skip_blanks(w);
	if (w->s.len == 0 || w->s.p[0] != (uint8_t)c)
		return false;
	w->s.p++;
	w->s.len--;
	return true;
}

/* A quoted string; out is what stands between the quotes. */
static int
take_string(struct walk *w, struct span *out)
{
	size_t i = 0;

	if (!take_char(w, '"'))
		return FAIL_FORMAT;
	while (i < w->s.len && w->s.p[i] != '"')
		i += w->s.p[i] == '\\' ? 2 : 1;
	if (i >= w->s.len)
		return FAIL_FORMAT;
	*out = SPAN(w->s.p, i);
	w->s.p += i + 1;
	w->s.len -= i + 1;
	return 0;
}

/* Add a member's name or an element's number to the path. */
static int
path_add(struct walk *w, const char *name, size_t len)
{
	if (w->len + len + 2 > sizeof(w->path))
		return FAIL_FORMAT;
	if (w->len)
		w->path[w->len++] = '.';
	memcpy(w->path + w->len, name, len);
	w->len += len;
	w->path[w->len] = '\0';
	return 0;
}

static int
walk_list(struct walk *w, char end)
{
	size_t before = w->len;
	unsigned n = 0;
	char number[16];
	struct span key;
	int r;

	if (++w->depth > FLAT_DEPTH)
		return FAIL_FORMAT;
	while (!take_char(w, end)) {
		if (n && !take_char(w, ','))
			return FAIL_FORMAT;
		key = SPAN(number,
		    (size_t)snprintf(number, sizeof(number), "%u", n++));
		if (end == '}') {
			r = take_string(w, &key);
			if (r || !take_char(w, ':'))
				return FAIL_FORMAT;
		}
		r = path_add(w, (const char *)key.p, key.len);
		if (r == 0)
			r = walk_value(w);
		if (r)
			return r;
		w->len = before;
		w->path[w->len] = '\0';
	}
	w->depth--;
	return 0;
}

static int
walk_value(struct walk *w)
{
	struct span v;
	size_t i = 0;

	if (take_char(w, '{'))
		return walk_list(w, '}');
	if (take_char(w, '['))
		return walk_list(w, ']');
	if (w->s.len && w->s.p[0] == '"') {
		if (take_string(w, &v))
			return FAIL_FORMAT;
		w->fn(w->path, v, w->ctx);
		return 0;
	}
	while (i < w->s.len && w->s.p[i] &&
	       strchr(",]} \t\r\n", w->s.p[i]) == NULL)
		i++;
	if (i == 0)
		return FAIL_FORMAT;
	w->fn(w->path, SPAN(w->s.p, i), w->ctx);
	w->s.p += i;
	w->s.len -= i;
	return 0;
}

int
flat_walk(struct span json, flat_fn *fn, void *ctx)
{
	struct walk w = {.s = json, .fn = fn, .ctx = ctx};
	int r;

	if (!take_char(&w, '{'))
		return FAIL_FORMAT;
	r = walk_list(&w, '}');
	skip_blanks(&w);
	return r ? r : w.s.len ? FAIL_FORMAT : 0;
}
