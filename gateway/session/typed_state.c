/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries everything that was typed and not decided from one process to
 * another.  The state comes from a process of the same node, but is checked as
 * if it did not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "session/typed_impl.h"

enum { STATE_VERSION = 1 };

enum tail_flag {
	TAIL_OPEN = 1,
	TAIL_SUSPECT = 2,
	TAIL_EDITOR = 4,
	TAIL_AHEAD = 8,
	TAIL_SEARCH = 16,
	TAIL_AFTER_KEY = 32,
};

enum typed_flag {
	TYPED_TAINT = 1,
	TYPED_QUIET = 2,
	TYPED_MASKING = 4,
};

static int
tail_export(const struct typed_tail *l, struct buf *out)
{
	unsigned flags =
	    (l->open ? TAIL_OPEN : 0U) | (l->suspect ? TAIL_SUSPECT : 0U) |
	    (l->editor ? TAIL_EDITOR : 0U) | (l->ahead ? TAIL_AHEAD : 0U) |
	    (l->search ? TAIL_SEARCH : 0U) |
	    (l->after_key ? TAIL_AFTER_KEY : 0U);
	int r;

	if ((r = buf_put_u8(out, (uint8_t)flags)) != 0 ||
	    (r = buf_put_u64(out, l->line)) != 0)
		return r;
	return buf_put_u64(out, l->erased);
}

static int
tail_import(struct typed_tail *l, struct span *in)
{
	uint8_t flags;
	int r;

	if ((r = span_u8(in, &flags)) != 0 ||
	    (r = span_u64(in, &l->line)) != 0 ||
	    (r = span_u64(in, &l->erased)) != 0)
		return r;
	l->open = flags & TAIL_OPEN;
	l->suspect = flags & TAIL_SUSPECT;
	l->editor = flags & TAIL_EDITOR;
	l->ahead = flags & TAIL_AHEAD;
	l->search = flags & TAIL_SEARCH;
	l->after_key = flags & TAIL_AFTER_KEY;
	return 0;
}

static int
parse_export(const struct typed_parse *p, struct buf *out)
{
	int r;

	if ((r = buf_put_u8(out, p->state)) != 0 ||
	    (r = buf_put_string(out, p->raw, p->n)) != 0 ||
	    (r = buf_put_u32(out, p->skip)) != 0)
		return r;
	return buf_put_u64(out, p->since_ns);
}

static int
parse_import(struct typed_parse *p, struct span *in)
{
	struct span raw;
	int r;

	if ((r = span_u8(in, &p->state)) != 0 ||
	    (r = span_string(in, &raw)) != 0 ||
	    (r = span_u32(in, &p->skip)) != 0 ||
	    (r = span_u64(in, &p->since_ns)) != 0)
		return r;
	if (raw.len >= sizeof(p->raw))
		return FAIL_FORMAT;
	if (raw.len > 0)
		memcpy(p->raw, raw.p, raw.len);
	p->n = (uint8_t)raw.len;
	return typed_parse_check(p);
}

static int
tokens_export(const struct typed *t, struct buf *out)
{
	const struct token *k;
	size_t i;
	int r;

	if ((r = buf_put_u32(out, (uint32_t)t->n)) != 0)
		return r;
	for (i = 0; i < t->n; i++) {
		k = typed_token(t, i);
		if ((r = buf_put_u64(out, k->ns)) != 0 ||
		    (r = buf_put_u64(out, k->line)) != 0 ||
		    (r = buf_put_u32(out, k->off)) != 0 ||
		    (r = buf_put_u32(out, k->cp)) != 0 ||
		    (r = buf_put_u8(out, k->key)) != 0 ||
		    (r = buf_put_u8(out, k->len)) != 0 ||
		    (r = buf_put_u8(out, k->state)) != 0 ||
		    (r = buf_put_u8(out, k->flags)) != 0)
			return r;
	}
	return buf_put_string(out, buf_head(&t->raw), buf_len(&t->raw));
}

/* Keys that are shown with a character of their own have one. */
static bool
is_lettered(const struct token *k)
{
	return (k->key != TYPED_KEY_CTRL && k->key != TYPED_KEY_BREAK &&
		   k->key != TYPED_KEY_META) ||
	       (k->cp >= 0x20 && k->cp < 0x7f);
}

static int
token_import(struct token *k, struct span *in)
{
	int r;

	if ((r = span_u64(in, &k->ns)) != 0 ||
	    (r = span_u64(in, &k->line)) != 0 ||
	    (r = span_u32(in, &k->off)) != 0 ||
	    (r = span_u32(in, &k->cp)) != 0 ||
	    (r = span_u8(in, &k->key)) != 0 ||
	    (r = span_u8(in, &k->len)) != 0 ||
	    (r = span_u8(in, &k->state)) != 0 ||
	    (r = span_u8(in, &k->flags)) != 0)
		return r;
	if (k->key >= TYPED_KEYS || k->len > TYPED_KEY_RAW ||
	    k->state > TOKEN_MISSED || !is_lettered(k) ||
	    (token_is_char(k) && k->flags & (TOKEN_END | TOKEN_OPAQUE)))
		return FAIL_FORMAT;
	return 0;
}

static int
tokens_import(struct typed *t, struct span *in)
{
	struct span raw;
	size_t bytes = 0;
	uint32_t n, i;
	int r;

	if ((r = span_u32(in, &n)) != 0)
		return r;
	if (n > TYPED_PENDING_MAX)
		return FAIL_FORMAT;
	if (n > 0 && (t->tokens = calloc(n, sizeof(*t->tokens))) == NULL)
		return FAIL_NOMEM;
	t->cap = n;
	for (i = 0; i < n; i++) {
		if ((r = token_import(&t->tokens[i], in)) != 0)
			return r;
		bytes += t->tokens[i].len;
		t->ends += (t->tokens[i].flags & TOKEN_END) != 0;
	}
	t->n = n;
	typed_wait_settle(t);
	if ((r = span_string(in, &raw)) != 0)
		return r;
	return raw.len == bytes ? buf_put(&t->raw, raw.p, raw.len)
				: FAIL_FORMAT;
}

int
typed_export(const struct typed *t, struct buf *out)
{
	unsigned flags = (t->taint ? TYPED_TAINT : 0U) |
			 (t->quiet ? TYPED_QUIET : 0U) |
			 (t->masking ? TYPED_MASKING : 0U);
	int r;

	if ((r = buf_put_u8(out, STATE_VERSION)) != 0 ||
	    (r = screenline_export(&t->screen, out)) != 0 ||
	    (r = parse_export(&t->parse, out)) != 0 ||
	    (r = typed_line_export(&t->line, out)) != 0 ||
	    (r = tail_export(&t->tail, out)) != 0 ||
	    (r = buf_put_u8(out, (uint8_t)flags)) != 0 ||
	    (r = buf_put_u8(out, t->streak)) != 0 ||
	    (r = buf_put_u64(out, t->hint.line)) != 0 ||
	    (r = buf_put_u32(out, t->hint.off)) != 0 ||
	    (r = buf_put_u64(out, t->taint_line)) != 0 ||
	    (r = buf_put_u64(out, t->taint_erased)) != 0 ||
	    (r = buf_put_u64(out, t->now)) != 0)
		return r;
	return tokens_export(t, out);
}

static int
import(struct typed *t, struct span in)
{
	uint8_t version, flags;
	int r;

	if ((r = span_u8(&in, &version)) != 0)
		return r;
	if (version != STATE_VERSION)
		return FAIL_UNSUPPORTED;
	if ((r = screenline_import(&t->screen, &in)) != 0 ||
	    (r = parse_import(&t->parse, &in)) != 0 ||
	    (r = typed_line_import(&t->line, &in)) != 0 ||
	    (r = tail_import(&t->tail, &in)) != 0 ||
	    (r = span_u8(&in, &flags)) != 0 ||
	    (r = span_u8(&in, &t->streak)) != 0 ||
	    (r = span_u64(&in, &t->hint.line)) != 0 ||
	    (r = span_u32(&in, &t->hint.off)) != 0 ||
	    (r = span_u64(&in, &t->taint_line)) != 0 ||
	    (r = span_u64(&in, &t->taint_erased)) != 0 ||
	    (r = span_u64(&in, &t->now)) != 0 ||
	    (r = tokens_import(t, &in)) != 0)
		return r;
	t->taint = flags & TYPED_TAINT;
	t->quiet = flags & TYPED_QUIET;
	t->masking = flags & TYPED_MASKING;
	return in.len == 0 && t->streak < 8 ? 0 : FAIL_FORMAT;
}

int
typed_import(struct typed **out, const struct typed_opts *o, struct span state)
{
	struct typed *t = typed_new(o);
	int r;

	if (t == NULL)
		return FAIL_NOMEM;
	if ((r = import(t, state)) != 0) {
		typed_free(t);
		return r;
	}
	*out = t;
	return 0;
}
