/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a cell of the emulator, and how it looks.  Where the cell is,
 * and what else is in its row, is up to screen.c.
 */
#include <string.h>

#include "base/utf8.h"

#include "recorder/replay/cell.h"

_Static_assert(
    SCREEN_CHARS == VTERM_MAX_CHARS_PER_CELL, "cells of another size");

/* Private use is what prompts draw their arrows with. */
static bool
is_shown(uint32_t cp)
{
	return utf8_printable(cp) || (cp >= 0xe000 && cp <= 0xf8ff);
}

/*
 * The characters of a cell; returns how many.  What must not be printed is
 * U+FFFD; but what would only be combined with it is left out, because U+FFFD
 * would take a column of its own.
 */
static size_t
shown(uint32_t out[SCREEN_CHARS], const VTermScreenCell *v)
{
	size_t n = 0, i;

	for (i = 0; i < SCREEN_CHARS && v->chars[i] != 0; i++)
		if (is_shown(v->chars[i]))
			out[n++] = v->chars[i];
		else if (i == 0)
			out[n++] = UTF8_BAD;
	return n;
}

bool
cell_is_blank(const VTermScreenCell *v)
{
	return v->chars[0] == 0 || v->chars[0] == ' ';
}

/* Is the cell the right half of a wide character? */
static bool
is_half(const VTermScreenCell *v)
{
	return v->chars[0] == (uint32_t)-1;
}

size_t
cell_text(char *dst, const VTermScreenCell *v)
{
	uint32_t chars[SCREEN_CHARS];
	size_t len = 0, n, i;

	if (is_half(v))
		return 0;
	if (v->chars[0] < 0x7f && v->chars[1] == 0) {
		dst[0] = v->chars[0] < ' ' ? ' ' : (char)v->chars[0];
		return 1;
	}
	n = shown(chars, v);
	for (i = 0; i < n; i++)
		len += utf8_put((uint8_t *)dst + len, chars[i]);
	return len;
}

static uint32_t
color(const VTermColor *c, bool is_default)
{
	if (is_default)
		return COLOR_DEFAULT;
	if (VTERM_COLOR_IS_INDEXED(c))
		return (uint32_t)COLOR_INDEX << 24 | c->indexed.idx;
	return (uint32_t)COLOR_RGB << 24 | (uint32_t)c->rgb.red << 16 |
	       (uint32_t)c->rgb.green << 8 | c->rgb.blue;
}

static uint8_t
attrs(const VTermScreenCell *v)
{
	return (uint8_t)((v->attrs.bold ? SCREEN_BOLD : 0) |
			 (v->attrs.underline ? SCREEN_UNDERLINE : 0) |
			 (v->attrs.italic ? SCREEN_ITALIC : 0) |
			 (v->attrs.blink ? SCREEN_BLINK : 0) |
			 (v->attrs.reverse ? SCREEN_REVERSE : 0) |
			 (v->attrs.strike ? SCREEN_STRIKE : 0));
}

void
cell_get(struct screen_cell *c, const VTermScreenCell *v)
{
	memset(c, 0, sizeof(*c));
	c->width = 1;
	c->fg = color(&v->fg, VTERM_COLOR_IS_DEFAULT_FG(&v->fg));
	c->bg = color(&v->bg, VTERM_COLOR_IS_DEFAULT_BG(&v->bg));
	c->attrs = attrs(v);
	if (is_half(v) || v->chars[0] == 0)
		return;
	if (utf8_width(v->chars[0]) == 2) {
		/* What is left when half of it was written over. */
		if (v->width != 2)
			return;
		c->width = 2;
	}
	(void)shown(c->chars, v);
}
