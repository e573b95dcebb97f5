/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of cells, and the differences between them as bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"

#include "recorder/replay/paint.h"

struct paint {
	struct screen_cell *now;  /* the picture that is being made */
	struct screen_cell *sent; /* what the terminal shows */
	unsigned cols, rows;
	unsigned row, col; /* where the cursor is to be */
	bool cursor;
	bool rgb;
	bool known;	    /* sent is what the terminal shows */
	bool cursor_sent;   /* it is visible */
	unsigned left, top; /* first column and row of the screen seen */
	struct buf *out;
	int err;
	/* What the terminal has, while sending. */
	bool at_known, pen_known;
	unsigned at_row, at_col;
	struct screen_cell pen;
};

static const struct screen_cell blank = {.width = 1};

static void
paint_fini(struct paint *p)
{
	free(p->now);
	free(p->sent);
	free(p);
}

void
paint_free(struct paint *p)
{
	if (p != NULL)
		paint_fini(p);
}

int
paint_new(struct paint **out, bool rgb)
{
	struct paint *p = calloc(1, sizeof(*p));
	int r;

	*out = NULL;
	if (p == NULL)
		return FAIL_NOMEM;
	p->rgb = rgb;
	if ((r = paint_size(p, 80, 24)) != 0) {
		paint_fini(p);
		return r;
	}
	*out = p;
	return 0;
}

int
paint_size(struct paint *p, unsigned cols, unsigned rows)
{
	struct screen_cell *now, *sent;
	size_t n;

	cols = cols == 0 ? 80 : cols < 1000 ? cols : 1000;
	rows = rows == 0 ? 24 : rows < 1000 ? rows : 1000;
	n = (size_t)cols * rows;
	now = calloc(n, sizeof(*now));
	sent = calloc(n, sizeof(*sent));
	if (now == NULL || sent == NULL) {
		free(now);
		free(sent);
		return FAIL_NOMEM;
	}
	free(p->now);
	free(p->sent);
	p->now = now;
	p->sent = sent;
	p->cols = cols;
	p->rows = rows;
	p->left = p->top = 0;
	paint_clear(p);
	paint_forget(p);
	return 0;
}

void
paint_forget(struct paint *p)
{
	p->known = false;
}

void
paint_get_size(const struct paint *p, unsigned *cols, unsigned *rows)
{
	*cols = p->cols;
	*rows = p->rows;
}

static struct screen_cell *
cell_at(struct screen_cell *cells, const struct paint *p, unsigned row,
    unsigned col)
{
	return &cells[(size_t)row * p->cols + col];
}

void
paint_clear(struct paint *p)
{
	size_t i, n = (size_t)p->cols * p->rows;

	for (i = 0; i < n; i++)
		p->now[i] = blank;
	p->cursor = false;
}

/* The first of `seen` of `all` columns or rows, so that at is among them. */
static unsigned
follow(unsigned first, unsigned at, unsigned seen, unsigned all)
{
	if (seen >= all)
		return 0;
	if (at < first)
		first = at;
	if (at >= first + seen)
		first = at - seen + 1;
	return first + seen > all ? all - seen : first;
}

/* Wide characters whose other half is not seen are blanks. */
static void
halves_mend(struct paint *p, unsigned row, unsigned cols)
{
	struct screen_cell *c = cell_at(p->now, p, row, cols - 1);

	if (c->width == 2) {
		c->chars[0] = 0;
		c->width = 1;
	}
}

int
paint_screen(struct paint *p, struct screen *s, unsigned rows)
{
	unsigned all_cols, all_rows, cols, row, col, at_row, at_col;
	bool visible = screen_cursor(s, &at_row, &at_col);
	int r;

	paint_clear(p);
	rows = rows < p->rows ? rows : p->rows;
	screen_size(s, &all_cols, &all_rows);
	cols = all_cols < p->cols ? all_cols : p->cols;
	p->left = follow(p->left, at_col, cols, all_cols);
	rows = all_rows < rows ? all_rows : rows;
	p->top = follow(p->top, at_row, rows, all_rows);
	for (row = 0; row < rows; row++) {
		for (col = 0; col < cols; col++) {
			r = screen_cell(s, p->top + row, p->left + col,
			    cell_at(p->now, p, row, col));
			if (r != 0)
				return r;
		}
		halves_mend(p, row, cols);
	}
	paint_cursor(p, at_row - p->top, at_col - p->left, visible);
	return 0;
}

void
paint_line(struct paint *p, unsigned row, const char *text, bool reversed)
{
	size_t len = strlen(text), n;
	struct screen_cell *c;
	unsigned col = 0, width;
	uint32_t cp;

	if (row >= p->rows)
		return;
	for (; len > 0 && col < p->cols; text += n, len -= n) {
		n = utf8_get((const uint8_t *)text, len, &cp);
		n = n == 0 ? len : n;
		width = utf8_printable(cp) ? utf8_width(cp) : 0;
		if (width == 0 || col + width > p->cols)
			continue;
		c = cell_at(p->now, p, row, col);
		*c = blank;
		c->chars[0] = cp;
		c->width = (uint8_t)width;
		c->attrs = reversed ? SCREEN_REVERSE : 0;
		if (width == 2)
			c[1] = blank;
		col += width;
	}
	for (; col < p->cols; col++) {
		c = cell_at(p->now, p, row, col);
		*c = blank;
		c->attrs = reversed ? SCREEN_REVERSE : 0;
	}
}

void
paint_cursor(struct paint *p, unsigned row, unsigned col, bool visible)
{
	p->row = row < p->rows ? row : p->rows - 1;
	p->col = col < p->cols ? col : p->cols - 1;
	p->cursor = visible;
}

/* ---- sending */

static void
put(struct paint *p, const char *text, size_t len)
{
	if (p->err == 0)
		p->err = buf_put(p->out, text, len);
}

static void
put_text(struct paint *p, const char *text)
{
	put(p, text, strlen(text));
}

static void
go(struct paint *p, unsigned row, unsigned col)
{
	char text[32];

	if (p->at_known && p->at_row == row && p->at_col == col)
		return;
	(void)snprintf(text, sizeof(text), "\033[%u;%uH", row + 1, col + 1);
	put_text(p, text);
	p->at_known = true;
	p->at_row = row;
	p->at_col = col;
}

/* The nearest of the 6x6x6 colors. */
static unsigned
cube(uint32_t rgb)
{
	unsigned r = (rgb >> 16 & 0xff), g = (rgb >> 8 & 0xff), b = rgb & 0xff;

#define SIXTH(v) ((v) < 48 ? 0U : (v) < 115 ? 1U : ((v)-35U) / 40U)
	return 16 + 36 * SIXTH(r) + 6 * SIXTH(g) + SIXTH(b);
#undef SIXTH
}

/* base: 30 or 40. */
static void
put_color(struct paint *p, uint32_t color, unsigned base)
{
	unsigned v = color & 0xffffff;
	char text[32];

	switch ((enum screen_color)(color >> 24)) {
	case COLOR_DEFAULT:
		return;
	case COLOR_RGB:
		if (p->rgb) {
			(void)snprintf(text, sizeof(text), ";%u;2;%u;%u;%u",
			    base + 8, v >> 16, v >> 8 & 0xff, v & 0xff);
			break;
		}
		(void)snprintf(
		    text, sizeof(text), ";%u;5;%u", base + 8, cube(v));
		break;
	case COLOR_INDEX:
		if (v < 8)
			(void)snprintf(text, sizeof(text), ";%u", base + v);
		else if (v < 16)
			(void)snprintf(
			    text, sizeof(text), ";%u", base + 60 + v - 8);
		else
			(void)snprintf(
			    text, sizeof(text), ";%u;5;%u", base + 8, v & 0xff);
		break;
	}
	put_text(p, text);
}

static void
pen(struct paint *p, const struct screen_cell *c)
{
	static const struct {
		uint8_t attr;
		const char *sgr;
	} tbl[] = {{SCREEN_BOLD, ";1"}, {SCREEN_ITALIC, ";3"},
	    {SCREEN_UNDERLINE, ";4"}, {SCREEN_BLINK, ";5"},
	    {SCREEN_REVERSE, ";7"}, {SCREEN_STRIKE, ";9"}};
	size_t i;

	if (p->pen_known && p->pen.attrs == c->attrs && p->pen.fg == c->fg &&
	    p->pen.bg == c->bg)
		return;
	put_text(p, "\033[0");
	for (i = 0; i < ARRAY_LEN(tbl); i++)
		if (c->attrs & tbl[i].attr)
			put_text(p, tbl[i].sgr);
	put_color(p, c->fg, 30);
	put_color(p, c->bg, 40);
	put_text(p, "m");
	p->pen_known = true;
	p->pen = *c;
}

static bool
may_pass(uint32_t cp)
{
	return utf8_printable(cp) || (cp >= 0xe000 && cp <= 0xf8ff);
}

static void
glyph(struct paint *p, const struct screen_cell *c)
{
	uint8_t text[UTF8_MAX];
	bool plain = c->chars[0] < 0x80 && c->chars[1] == 0;
	size_t i;

	if (c->chars[0] == 0)
		put(p, " ", 1);
	for (i = 0; i < SCREEN_CHARS && c->chars[i] != 0; i++)
		put(p, (const char *)text,
		    utf8_put(
			text, may_pass(c->chars[i]) ? c->chars[i] : UTF8_BAD));
	p->at_col += c->width;
	/* How wide the terminal takes others to be, only it knows; and what
	 * it does behind its last column. */
	if (!plain || p->at_col >= p->cols)
		p->at_known = false;
}

static bool
is_same(const struct screen_cell *a, const struct screen_cell *b)
{
	return memcmp(a->chars, b->chars, sizeof(a->chars)) == 0 &&
	       a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs &&
	       a->width == b->width;
}

static bool
is_changed(struct paint *p, unsigned row, unsigned col)
{
	return !is_same(
	    cell_at(p->now, p, row, col), cell_at(p->sent, p, row, col));
}

/*
 * All from the first to the last cell that differs: text stays in one piece,
 * which is good for whoever reads along.
 */
static void
row_send(struct paint *p, unsigned row)
{
	const struct screen_cell *c;
	unsigned col = 0, end = p->cols;

	while (end > 0 && !is_changed(p, row, end - 1))
		end--;
	while (col < end && !is_changed(p, row, col))
		col++;
	if (col < end && end < p->cols &&
	    cell_at(p->sent, p, row, end - 1)->width == 2)
		end++;
	/* Not from the middle of a wide character, now or before. */
	if (col > 0 && col < end &&
	    (cell_at(p->now, p, row, col - 1)->width == 2 ||
		cell_at(p->sent, p, row, col - 1)->width == 2))
		col--;
	for (; col < end; col += c->width) {
		c = cell_at(p->now, p, row, col);
		go(p, row, col);
		pen(p, c);
		glyph(p, c);
	}
}

int
paint_send(struct paint *p, struct buf *out)
{
	size_t i, n = (size_t)p->cols * p->rows;
	unsigned row;

	p->out = out;
	p->err = 0;
	p->at_known = p->pen_known = false;
	if (!p->known || p->cursor_sent)
		put_text(p, "\033[?25l");
	if (!p->known) {
		put_text(p, "\033[0m\033[2J");
		for (i = 0; i < n; i++)
			p->sent[i] = blank;
	}
	for (row = 0; row < p->rows; row++)
		row_send(p, row);
	if (p->pen_known)
		put_text(p, "\033[0m");
	p->at_known = false;
	go(p, p->row, p->col);
	if (p->cursor)
		put_text(p, "\033[?25h");
	p->cursor_sent = p->cursor;
	p->known = p->err == 0;
	memcpy(p->sent, p->now, n * sizeof(p->now[0]));
	return p->err;
}
