/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows terminal output: the parser of ECMA-48 sequences as far as they move
 * the cursor or write and erase cells of its line.  What is not known is
 * skipped; strings (OSC, DCS and the like) are skipped up to a bound.
 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "session/screenline.h"

enum {
	GROUND,
	ESC,
	ESC_SKIP, /* ESC and intermediate bytes */
	CSI,
	CSI_SKIP,
	STRING,
	STRING_ESC, /* the last: SCREENLINE_STATES - 1 */
};

enum { STRING_MAX = 65536 };

/* Set in the number of a line that was addressed by its row. */
static const uint64_t by_row = 1ULL << 63;

/* ---- lines */

static struct screenline_cells *
cells(struct screenline *s)
{
	return &s->lines[s->cur];
}

static void
line_use(struct screenline *s, uint64_t line)
{
	unsigned i, oldest = 0;

	if (cells(s)->line == line)
		return;
	for (i = 0; i < SCREENLINE_LINES; i++) {
		if (s->lines[i].line == line)
			break;
		if (s->lines[i].used < s->lines[oldest].used)
			oldest = i;
	}
	if (i == SCREENLINE_LINES) {
		i = oldest;
		memset(&s->lines[i], 0, sizeof(s->lines[i]));
		s->lines[i].line = line;
	}
	s->cur = i;
	s->lines[i].used = ++s->fresh;
}

static void
go(struct screenline *s, uint64_t line, uint32_t off)
{
	if (off > SCREENLINE_OFF_MAX + SCREENLINE_COLUMNS_MAX) {
		line = ++s->fresh;
		off %= s->columns;
	}
	s->at.line = line;
	s->at.off = off;
	s->wrap = false;
	line_use(s, line);
}

static void
go_fresh(struct screenline *s, uint32_t off)
{
	go(s, ++s->fresh, off);
}

static uint32_t
column(const struct screenline *s)
{
	return s->at.off % s->columns;
}

static uint32_t
row_start(const struct screenline *s)
{
	return s->at.off - column(s);
}

static void
go_column(struct screenline *s, uint32_t col)
{
	if (col >= s->columns)
		col = s->columns - 1;
	go(s, s->at.line, row_start(s) + col);
}

static void
go_up(struct screenline *s, uint32_t n)
{
	if (n <= s->at.off / s->columns)
		go(s, s->at.line, s->at.off - n * s->columns);
	else
		go_fresh(s, column(s));
}

static void
go_down(struct screenline *s, uint32_t n)
{
	uint32_t to = s->at.off + n * s->columns;

	/* Within text that wrapped, or to a line that nobody knows. */
	if (to < cells(s)->extent)
		go(s, s->at.line, to);
	else
		go_fresh(s, column(s));
}

static void
erase(struct screenline *s, uint32_t from, uint32_t to)
{
	struct screenline_cells *c = cells(s);

	if (to > c->extent)
		to = c->extent;
	if (to == c->extent && from < c->extent)
		c->extent = from;
	for (; from < to && from < SCREENLINE_CELLS; from++)
		c->cp[from] = 0;
}

static void
erase_all(struct screenline *s)
{
	erase(s, 0, UINT32_MAX);
	s->erased++;
}

/* Move the cells from at on by n to the right, or to the left. */
static void
shift(struct screenline *s, uint32_t n, bool right)
{
	struct screenline_cells *c = cells(s);
	uint32_t at = s->at.off, rest;

	if (at >= SCREENLINE_CELLS)
		return;
	rest = SCREENLINE_CELLS - at;
	if (n > rest)
		n = rest;
	if (right) {
		memmove(
		    &c->cp[at + n], &c->cp[at], (rest - n) * sizeof(c->cp[0]));
		memset(&c->cp[at], 0, n * sizeof(c->cp[0]));
		if (c->extent > at && c->extent <= SCREENLINE_OFF_MAX)
			c->extent += n;
	} else {
		memmove(
		    &c->cp[at], &c->cp[at + n], (rest - n) * sizeof(c->cp[0]));
		memset(&c->cp[SCREENLINE_CELLS - n], 0, n * sizeof(c->cp[0]));
	}
}

static void
write_cell(struct screenline *s, uint32_t cp)
{
	uint32_t width = cp > 0x10ffff ? 1 : utf8_width(cp);
	struct screenline_cells *c;

	if (width == 0) {
		s->put(s->ctx, cp, screenline_next(s));
		return;
	}
	if (s->wrap)
		go(s, s->at.line, s->at.off + 1);
	if (column(s) + width > s->columns && !s->no_wrap)
		go(s, s->at.line, row_start(s) + s->columns);
	if (s->at.off >= SCREENLINE_OFF_MAX)
		go_fresh(s, 0);
	c = cells(s);
	if (s->at.off < SCREENLINE_CELLS)
		c->cp[s->at.off] = (uint16_t)(cp > 0xffff ? UTF8_BAD : cp);
	if (c->extent < s->at.off + width)
		c->extent = s->at.off + width;
	s->put(s->ctx, cp, s->at);
	s->last_cp = cp;
	if (column(s) + width < s->columns) {
		s->at.off += width;
	} else {
		s->at.off = row_start(s) + s->columns - 1;
		s->wrap = !s->no_wrap;
	}
}

/* ---- control characters and sequences */

static void
line_feed(struct screenline *s)
{
	if (s->at.off + s->columns < cells(s)->extent)
		go(s, s->at.line, s->at.off + s->columns);
	else
		go_fresh(s, column(s));
	s->feed(s->ctx);
}

static void
control(struct screenline *s, uint8_t c)
{
	switch (c) {
	case '\b':
		if (column(s) > 0)
			go(s, s->at.line, s->at.off - 1);
		break;
	case '\t':
		go_column(s, (column(s) | 7) + 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		line_feed(s);
		break;
	case '\r':
		go_column(s, 0);
		break;
	case 0x18: /* CAN */
	case 0x1a: /* SUB */
		s->state = GROUND;
		break;
	case 0x1b:
		s->state = ESC;
		break;
	default:
		break;
	}
}

/* Parameter i, or def when it is absent or 0. */
static uint32_t
param(const struct screenline *s, unsigned i, uint32_t def)
{
	return i < s->n_params && s->params[i] > 0 ? s->params[i] : def;
}

static void
erase_in_line(struct screenline *s, uint32_t how)
{
	if (how == 0) {
		if (s->at.off == 0)
			s->erased++;
		erase(s, s->at.off, UINT32_MAX);
	} else if (how == 1) {
		erase(s, row_start(s), s->at.off + 1);
	} else {
		erase_all(s);
	}
}

static void
set_mode(struct screenline *s, bool on)
{
	unsigned i;

	if (s->private_mark != '?')
		return;
	for (i = 0; i < s->n_params; i++) {
		if (s->params[i] == 7)
			s->no_wrap = !on;
		if (s->params[i] != 47 && s->params[i] != 1047 &&
		    s->params[i] != 1049)
			continue;
		if (s->alt != on)
			go_fresh(s, column(s));
		s->alt = on;
	}
}

static void
repeat(struct screenline *s, uint32_t n)
{
	if (s->last_cp == 0)
		return;
	if (n > SCREENLINE_COLUMNS_MAX)
		n = SCREENLINE_COLUMNS_MAX;
	for (; n > 0; n--)
		write_cell(s, s->last_cp);
}

static void
csi_cursor(struct screenline *s, uint8_t final)
{
	uint32_t n = param(s, 0, 1);

	switch (final) {
	case 'A': /* CUU */
		go_up(s, n);
		break;
	case 'B': /* CUD */
	case 'e':
		go_down(s, n);
		break;
	case 'C': /* CUF */
	case 'a':
		go_column(s, column(s) + n);
		break;
	case 'D': /* CUB */
		go_column(s, column(s) > n ? column(s) - n : 0);
		break;
	case 'E': /* CNL */
		go_down(s, n);
		go_column(s, 0);
		break;
	case 'F': /* CPL */
		go_up(s, n);
		go_column(s, 0);
		break;
	case 'G': /* CHA */
	case '`':
		go_column(s, n - 1);
		break;
	case 'd': /* VPA */
		go(s, by_row | n, column(s));
		break;
	case 'H': /* CUP */
	case 'f':
		go(s, by_row | n, 0);
		go_column(s, param(s, 1, 1) - 1);
		break;
	default:
		break;
	}
}

static void
csi_edit(struct screenline *s, uint8_t final)
{
	switch (final) {
	case '@': /* ICH */
		shift(s, param(s, 0, 1), true);
		break;
	case 'P': /* DCH */
		shift(s, param(s, 0, 1), false);
		break;
	case 'X': /* ECH */
		erase(s, s->at.off, s->at.off + param(s, 0, 1));
		break;
	case 'K': /* EL */
		erase_in_line(s, param(s, 0, 0));
		break;
	case 'J': /* ED */
		erase_in_line(s, param(s, 0, 0));
		break;
	case 'L': /* IL */
	case 'M': /* DL */
		erase_all(s);
		break;
	case 'b': /* REP */
		repeat(s, param(s, 0, 1));
		break;
	case 'r': /* DECSTBM */
		go(s, by_row | 1, 0);
		break;
	case 's':
		s->saved = s->at;
		break;
	case 'u':
		go(s, s->saved.line, s->saved.off);
		break;
	case 'h':
		set_mode(s, true);
		break;
	case 'l':
		set_mode(s, false);
		break;
	default:
		break;
	}
}

static void
csi_final(struct screenline *s, uint8_t final)
{
	s->state = GROUND;
	/* A private sequence is another one, but for the modes. */
	if (s->private_mark != 0 && final != 'h' && final != 'l' &&
	    final != 'J' && final != 'K')
		return;
	if (strchr("ABCDEFG`aedHf", final) != NULL)
		csi_cursor(s, final);
	else
		csi_edit(s, final);
}

static void
csi_byte(struct screenline *s, uint8_t c)
{
	uint32_t *p;

	if (c >= 0x40 && c <= 0x7e) {
		if (s->state == CSI)
			csi_final(s, c);
		s->state = GROUND;
	} else if (c >= '0' && c <= '9') {
		if (s->n_params == 0)
			s->n_params = 1;
		p = &s->params[s->n_params - 1];
		*p = *p * 10 + (uint32_t)(c - '0');
		if (*p > SCREENLINE_PARAM_MAX)
			*p = SCREENLINE_PARAM_MAX;
	} else if (c == ';' || c == ':') {
		if (s->n_params == 0)
			s->n_params = 1;
		if (s->n_params == SCREENLINE_PARAMS)
			s->state = CSI_SKIP;
		else
			s->n_params++;
	} else if (c >= '<' && c <= '?' && s->n_params == 0) {
		s->private_mark = c;
	} else {
		s->state = CSI_SKIP;
	}
}

static void
esc_byte(struct screenline *s, uint8_t c)
{
	s->state = GROUND;
	switch (c) {
	case '[':
		s->state = CSI;
		s->n_params = 0;
		s->private_mark = 0;
		memset(s->params, 0, sizeof(s->params));
		break;
	case ']': /* OSC */
	case 'P': /* DCS */
	case 'X': /* SOS */
	case '^': /* PM */
	case '_': /* APC */
		s->state = STRING;
		s->string_len = 0;
		break;
	case '7':
		s->saved = s->at;
		break;
	case '8':
		go(s, s->saved.line, s->saved.off);
		break;
	case 'D': /* IND */
	case 'E': /* NEL */
		if (c == 'E')
			go_column(s, 0);
		line_feed(s);
		break;
	case 'M': /* RI */
		go_up(s, 1);
		break;
	case 'c': /* RIS */
		s->alt = false;
		s->no_wrap = false;
		go_fresh(s, 0);
		s->erased++;
		break;
	default:
		if (c >= 0x20 && c <= 0x2f)
			s->state = ESC_SKIP;
		break;
	}
}

static void
string_byte(struct screenline *s, uint8_t c)
{
	if (c == 0x07 || c == 0x18 || c == 0x1a ||
	    (s->state == STRING_ESC && c == '\\') ||
	    ++s->string_len > STRING_MAX) {
		s->state = GROUND;
		return;
	}
	if (s->state == STRING_ESC && c != 0x1b) {
		/* The string was cut short by another sequence. */
		esc_byte(s, c);
		return;
	}
	s->state = c == 0x1b ? STRING_ESC : STRING;
}

static void
text_byte(struct screenline *s, uint8_t c)
{
	uint32_t cp;
	size_t n;

	s->utf8[s->n_utf8++] = c;
	while (s->n_utf8 > 0 && (n = utf8_get(s->utf8, s->n_utf8, &cp)) != 0) {
		if (n == 1 && cp == UTF8_BAD)
			cp = screenline_raw_byte(s->utf8[0]);
		memmove(s->utf8, s->utf8 + n, sizeof(s->utf8) - n);
		s->n_utf8 = (uint8_t)(s->n_utf8 - n);
		write_cell(s, cp);
	}
}

static void
byte(struct screenline *s, uint8_t c)
{
	if (s->state == STRING || s->state == STRING_ESC) {
		string_byte(s, c);
		return;
	}
	if (c < 0x20) {
		/* Half of a character is lost, as it is on a screen. */
		s->n_utf8 = 0;
		control(s, c);
		return;
	}
	switch (s->state) {
	case ESC:
		esc_byte(s, c);
		break;
	case ESC_SKIP:
		if (c >= 0x30)
			s->state = GROUND;
		break;
	case CSI:
	case CSI_SKIP:
		csi_byte(s, c);
		break;
	default:
		if (c != 0x7f)
			text_byte(s, c);
		break;
	}
}

/* ---- what others use */

void
screenline_init(struct screenline *s, uint32_t columns, screenline_put_fn *put,
    screenline_feed_fn *feed, void *ctx)
{
	memset(s, 0, sizeof(*s));
	s->put = put;
	s->feed = feed;
	s->ctx = ctx;
	s->columns = 80;
	go_fresh(s, 0);
	screenline_resize(s, columns);
}

void
screenline_resize(struct screenline *s, uint32_t columns)
{
	if (columns == 0)
		columns = 80;
	if (columns > SCREENLINE_COLUMNS_MAX)
		columns = SCREENLINE_COLUMNS_MAX;
	s->columns = columns;
	s->wrap = false;
}

void
screenline_output(struct screenline *s, const uint8_t *p, size_t len)
{
	for (; len > 0; len--)
		byte(s, *p++);
}

struct screenline_at
screenline_next(const struct screenline *s)
{
	struct screenline_at at = s->at;

	if (s->wrap)
		at.off++;
	return at;
}

const uint16_t *
screenline_left(const struct screenline *s, size_t *n)
{
	*n = s->at.off < SCREENLINE_CELLS ? s->at.off : SCREENLINE_CELLS;
	return s->lines[s->cur].cp;
}
