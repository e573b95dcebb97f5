/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parser of control sequences (ECMA-48, as terminals do it) that passes on
 * what draws.  One byte at a time but for text, which passes in runs.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#include "recorder/replay/vtclean.h"

enum state {
	GROUND,
	ESCAPE,	     /* behind ESC */
	ESCAPE_MORE, /* and an intermediate byte */
	CSI,
	CSI_IGNORE, /* too long */
	STRING,
	STRING_ESCAPE, /* ESC within one: perhaps its end */
};

enum { BEL = 7, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, REPEAT_MAX = 1024 };

/* Where the bytes go. */
struct sink {
	vtclean_fn *fn;
	void *ctx;
};

static const uint8_t bad[3] = {0xef, 0xbf, 0xbd};

static void
put(const struct sink *s, const uint8_t *p, size_t n)
{
	if (n > 0)
		s->fn(s->ctx, p, n);
}

/* Controls that move the cursor or change the charset. */
static void
control(struct vtclean *c, uint8_t b, const struct sink *s)
{
	if ((b >= 0x08 && b <= 0x0f) || b == BEL)
		put(s, &b, 1);
	c->last = 0;
}

static void
seq_start(struct vtclean *c, enum state st)
{
	c->state = (uint8_t)st;
	c->len = 0;
}

/* False: it is too long to mean anything. */
static bool
seq_add(struct vtclean *c, uint8_t b)
{
	if (c->len == sizeof(c->seq))
		return false;
	c->seq[c->len++] = b;
	return true;
}

static bool
is_one_of(uint8_t b, const char *set)
{
	return b != 0 && strchr(set, b) != NULL;
}

/* ESC, intermediates, final. */
static void
escape_end(struct vtclean *c, uint8_t final, const struct sink *s)
{
	static const uint8_t esc = ESC;
	bool ok;

	c->state = GROUND;
	c->last = 0;
	if (c->len == 0)
		ok = is_one_of(final, "78cDEMHNOno|}~=>");
	else if (c->seq[0] == '#')
		ok = c->len == 1 && final == '8';
	else
		ok = c->len == 1 && is_one_of(c->seq[0], "()*+");
	if (!ok)
		return;
	put(s, &esc, 1);
	put(s, c->seq, c->len);
	put(s, &final, 1);
}

/* Does a sequence with these parameters and this final draw? */
static bool
csi_draws(const struct vtclean *c, uint8_t final)
{
	uint8_t leader = c->len > 0 ? c->seq[0] : 0;
	uint8_t inter = c->len > 0 ? c->seq[c->len - 1] : 0;

	if (inter < 0x20 || inter > 0x2f)
		inter = 0;
	if (is_one_of(leader, "<=>"))
		return false;
	switch (inter) {
	case 0:
		if (leader == '?')
			return is_one_of(final, "hlJK");
		return is_one_of(final, "@ABCDEFGHIJKLMPSTXZ`adefghjklmrsu");
	case '!':
		return final == 'p';
	case '"':
		return final == 'q';
	case '\'':
		return is_one_of(final, "}~");
	case ' ':
		return is_one_of(final, "q@A");
	default:
		return false;
	}
}

static void
repeat(struct vtclean *c, const struct sink *s)
{
	uint8_t text[UTF8_MAX];
	unsigned n = 0;
	size_t i, len;

	for (i = 0; i < c->len && n < REPEAT_MAX; i++) {
		if (c->seq[i] < '0' || c->seq[i] > '9')
			return;
		n = n * 10 + (c->seq[i] - '0');
	}
	if (c->last == 0)
		return;
	n = n == 0 ? 1 : n < REPEAT_MAX ? n : REPEAT_MAX;
	len = utf8_put(text, c->last);
	while (n-- > 0)
		put(s, text, len);
}

/* The sequence, with numbers that are not absurd. */
static void
csi_put(const struct vtclean *c, uint8_t final, const struct sink *s)
{
	uint8_t text[VTCLEAN_SEQ + 3] = {ESC, '['};
	size_t n = 2, i;

	for (i = 0; i < c->len;) {
		unsigned v = 0;
		size_t from = i;

		for (; i < c->len && c->seq[i] >= '0' && c->seq[i] <= '9'; i++)
			v = v <= VTCLEAN_NUMBER ? v * 10 + (c->seq[i] - '0')
						: v;
		if (i == from) {
			text[n++] = c->seq[i++];
			continue;
		}
		/* Never longer than what was read. */
		if (v > VTCLEAN_NUMBER)
			v = VTCLEAN_NUMBER;
		n += (size_t)snprintf(
		    (char *)text + n, sizeof(text) - n, "%u", v);
	}
	text[n++] = final;
	put(s, text, n);
}

static void
csi_end(struct vtclean *c, uint8_t final, const struct sink *s)
{
	bool ignore = c->state == CSI_IGNORE;

	c->state = GROUND;
	if (!ignore && final == 'b')
		repeat(c, s);
	else if (!ignore && csi_draws(c, final))
		csi_put(c, final, s);
	c->last = 0;
}

static void
escape_byte(struct vtclean *c, uint8_t b, const struct sink *s)
{
	if (b == '[' && c->state == ESCAPE) {
		seq_start(c, CSI);
	} else if (c->state == ESCAPE && is_one_of(b, "]P_^Xk")) {
		c->state = STRING;
		c->string = b;
		c->string_len = 0;
		c->last = 0;
	} else if (b >= 0x20 && b <= 0x2f) {
		c->state = ESCAPE_MORE;
		(void)seq_add(c, b); /* too many: no final fits */
	} else if (b >= 0x30 && b <= 0x7e) {
		escape_end(c, b, s);
	} else {
		c->state = GROUND;
	}
}

static void
csi_byte(struct vtclean *c, uint8_t b, const struct sink *s)
{
	if (b >= 0x40 && b <= 0x7e)
		csi_end(c, b, s);
	else if (b >= 0x20 && b <= 0x3f && !seq_add(c, b))
		c->state = CSI_IGNORE;
	else if (b >= 0x7f)
		c->state = GROUND;
}

/* True: the byte is not part of the string any more. */
static bool
string_byte(struct vtclean *c, uint8_t b)
{
	bool dcs = c->string == 'P';

	if (b == ESC) {
		c->state = STRING_ESCAPE;
		return false;
	}
	if (c->state == STRING_ESCAPE) {
		if (b == '\\') {
			c->state = GROUND;
			return false;
		}
		/* The ESC began something else. */
		seq_start(c, ESCAPE);
		return true;
	}
	if (b == CAN || b == SUB ||
	    (b == BEL && (c->string == ']' || c->string == 'k'))) {
		c->state = GROUND;
		return false;
	}
	if ((b == '\n' && !dcs) || c->string_len++ >= VTCLEAN_STRING) {
		c->state = GROUND;
		return true;
	}
	return false;
}

/* A byte that belongs to a sequence, or begins one. */
static void
sequence_byte(struct vtclean *c, uint8_t b, const struct sink *s)
{
	if (c->state == STRING || c->state == STRING_ESCAPE) {
		if (!string_byte(c, b))
			return;
		if (c->state == GROUND && b != '\n')
			return;
	}
	if (b == ESC)
		seq_start(c, ESCAPE);
	else if (b == CAN || b == SUB)
		c->state = GROUND;
	else if (b < 0x20)
		control(c, b, s);
	else if (c->state == CSI || c->state == CSI_IGNORE)
		csi_byte(c, b, s);
	else if (c->state != GROUND)
		escape_byte(c, b, s);
}

/* Text at the front of in, up to the first control; returns its length. */
static size_t
text_run(struct vtclean *c, struct span in, const struct sink *s)
{
	size_t i = 0, from = 0, n;
	uint32_t cp;

	while (i < in.len && in.p[i] >= 0x20 && in.p[i] != 0x7f) {
		if (in.p[i] < 0x80) {
			c->last = in.p[i++];
			continue;
		}
		n = utf8_get(in.p + i, in.len - i, &cp);
		if (n > 1 && cp >= 0xa0) {
			c->last = utf8_width(cp) > 0 ? cp : 0;
			i += n;
			continue;
		}
		put(s, in.p + from, i - from);
		put(s, bad, sizeof(bad));
		c->last = UTF8_BAD;
		i += n > 0 ? n : in.len - i;
		from = i;
	}
	put(s, in.p + from, i - from);
	return i;
}

static void
push(struct vtclean *c, struct span in, const struct sink *s)
{
	size_t n;

	while (in.len > 0) {
		n = c->state == GROUND ? text_run(c, in, s) : 0;
		if (n == 0) {
			sequence_byte(c, in.p[0], s);
			n = 1;
		}
		in = SPAN(in.p + n, in.len - n);
	}
}

void
vtclean_push(struct vtclean *c, struct span in, vtclean_fn *fn, void *ctx)
{
	const struct sink s = {.fn = fn, .ctx = ctx};
	uint8_t mem[UTF8_MAX];
	struct span head, body;

	utf8cut_take(&c->cut, in, mem, &head, &body);
	push(c, head, &s);
	push(c, body, &s);
}
