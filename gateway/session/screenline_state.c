/* SPDX-License-Identifier: Apache-2.0 */
/* Carries the model of a terminal's line from one process to another. */
#include <string.h>

#include "base/fail.h"
#include "session/screenline.h"

static int
cells_export(const struct screenline_cells *c, struct buf *out)
{
	size_t i, n = SCREENLINE_CELLS;
	int r;

	while (n > 0 && c->cp[n - 1] == 0)
		n--;
	if ((r = buf_put_u64(out, c->line)) != 0 ||
	    (r = buf_put_u64(out, c->used)) != 0 ||
	    (r = buf_put_u32(out, c->extent)) != 0 ||
	    (r = buf_put_u16(out, (uint16_t)n)) != 0)
		return r;
	for (i = 0; r == 0 && i < n; i++)
		r = buf_put_u16(out, c->cp[i]);
	return r;
}

static int
cells_import(struct screenline_cells *c, struct span *in)
{
	uint16_t n, i;
	int r;

	if ((r = span_u64(in, &c->line)) != 0 ||
	    (r = span_u64(in, &c->used)) != 0 ||
	    (r = span_u32(in, &c->extent)) != 0 || (r = span_u16(in, &n)) != 0)
		return r;
	if (n > SCREENLINE_CELLS)
		return FAIL_FORMAT;
	memset(c->cp, 0, sizeof(c->cp));
	for (i = 0; r == 0 && i < n; i++)
		r = span_u16(in, &c->cp[i]);
	return r;
}

static int
parser_export(const struct screenline *s, struct buf *out)
{
	size_t i;
	int r;

	if ((r = buf_put_u8(out, s->state)) != 0 ||
	    (r = buf_put_u8(out, s->private_mark)) != 0 ||
	    (r = buf_put_u8(out, s->n_params)) != 0 ||
	    (r = buf_put_string(out, s->utf8, s->n_utf8)) != 0 ||
	    (r = buf_put_u32(out, s->string_len)) != 0)
		return r;
	for (i = 0; r == 0 && i < SCREENLINE_PARAMS; i++)
		r = buf_put_u32(out, s->params[i]);
	return r;
}

static int
parser_import(struct screenline *s, struct span *in)
{
	struct span utf8;
	size_t i;
	int r;

	if ((r = span_u8(in, &s->state)) != 0 ||
	    (r = span_u8(in, &s->private_mark)) != 0 ||
	    (r = span_u8(in, &s->n_params)) != 0 ||
	    (r = span_string(in, &utf8)) != 0 ||
	    (r = span_u32(in, &s->string_len)) != 0)
		return r;
	if (s->state >= SCREENLINE_STATES || s->n_params > SCREENLINE_PARAMS ||
	    utf8.len >= sizeof(s->utf8))
		return FAIL_FORMAT;
	s->n_utf8 = (uint8_t)utf8.len;
	if (utf8.len > 0)
		memcpy(s->utf8, utf8.p, utf8.len);
	for (i = 0; r == 0 && i < SCREENLINE_PARAMS; i++) {
		r = span_u32(in, &s->params[i]);
		if (r == 0 && s->params[i] > SCREENLINE_PARAM_MAX)
			r = FAIL_FORMAT;
	}
	return r;
}

int
screenline_export(const struct screenline *s, struct buf *out)
{
	size_t i;
	int r;

	if ((r = buf_put_u32(out, s->columns)) != 0 ||
	    (r = buf_put_u64(out, s->at.line)) != 0 ||
	    (r = buf_put_u32(out, s->at.off)) != 0 ||
	    (r = buf_put_u64(out, s->saved.line)) != 0 ||
	    (r = buf_put_u32(out, s->saved.off)) != 0 ||
	    (r = buf_put_u64(out, s->fresh)) != 0 ||
	    (r = buf_put_u64(out, s->erased)) != 0 ||
	    (r = buf_put_u32(out, s->last_cp)) != 0 ||
	    (r = buf_put_u8(out, (uint8_t)(s->wrap | (unsigned)s->no_wrap << 1 |
					   (unsigned)s->alt << 2))) != 0 ||
	    (r = buf_put_u8(out, (uint8_t)s->cur)) != 0)
		return r;
	for (i = 0; r == 0 && i < SCREENLINE_LINES; i++)
		r = cells_export(&s->lines[i], out);
	return r == 0 ? parser_export(s, out) : r;
}

int
screenline_import(struct screenline *s, struct span *in)
{
	uint8_t flags, cur;
	size_t i;
	int r;

	if ((r = span_u32(in, &s->columns)) != 0 ||
	    (r = span_u64(in, &s->at.line)) != 0 ||
	    (r = span_u32(in, &s->at.off)) != 0 ||
	    (r = span_u64(in, &s->saved.line)) != 0 ||
	    (r = span_u32(in, &s->saved.off)) != 0 ||
	    (r = span_u64(in, &s->fresh)) != 0 ||
	    (r = span_u64(in, &s->erased)) != 0 ||
	    (r = span_u32(in, &s->last_cp)) != 0 ||
	    (r = span_u8(in, &flags)) != 0 || (r = span_u8(in, &cur)) != 0)
		return r;
	if (s->columns == 0 || s->columns > SCREENLINE_COLUMNS_MAX ||
	    s->at.off > 2 * SCREENLINE_OFF_MAX ||
	    s->saved.off > 2 * SCREENLINE_OFF_MAX || cur >= SCREENLINE_LINES)
		return FAIL_FORMAT;
	s->wrap = flags & 1;
	s->no_wrap = flags & 2;
	s->alt = flags & 4;
	s->cur = cur;
	for (i = 0; r == 0 && i < SCREENLINE_LINES; i++)
		r = cells_import(&s->lines[i], in);
	return r == 0 ? parser_import(s, in) : r;
}
