/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A typed line as units: a code point, a masked run, or the mark of a key.
 * Editing stays within what was typed: where history or completion may have
 * put text, an editing key becomes a mark.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "session/typed.h"
#include "session/typed_line.h"

enum {
	UNIT_KEY = 0x200000,  /* | enum typed_key */
	UNIT_CTRL = 0x300000, /* | the letter */
	UNIT_META = 0x400000, /* | the character */
	UNIT_MASK = 0x500000,
	UNIT_VALUE = 0xfffff,
};

static const char mask_text[] = "****";
static const char cut_text[] = " [cut]";

void
typed_line_init(struct typed_line *l)
{
	memset(l, 0, sizeof(*l));
}

void
typed_line_fini(struct typed_line *l)
{
	free(l->units);
	memset(l, 0, sizeof(*l));
}

void
typed_line_reset(struct typed_line *l)
{
	if (l->cap > 256) {
		typed_line_fini(l);
		return;
	}
	l->n = l->cursor = 0;
	l->cut = l->unknown = false;
}

static bool
is_char(uint32_t unit)
{
	return unit < UNIT_KEY;
}

static void
insert(struct typed_line *l, uint64_t ns, uint32_t unit)
{
	uint32_t *units;
	size_t cap;

	if (l->n == 0)
		l->first_ns = ns;
	if (l->n == l->cap && l->cap < TYPED_LINE_MAX) {
		cap = l->cap == 0 ? 64 : 2 * l->cap;
		if (cap > TYPED_LINE_MAX)
			cap = TYPED_LINE_MAX;
		units = realloc(l->units, cap * sizeof(*units));
		if (units != NULL) {
			l->units = units;
			l->cap = cap;
		}
	}
	if (l->n == l->cap) {
		l->cut = true;
		return;
	}
	memmove(&l->units[l->cursor + 1], &l->units[l->cursor],
	    (l->n - l->cursor) * sizeof(l->units[0]));
	l->units[l->cursor++] = unit;
	l->n++;
}

/* Remove the units from .. to. */
static void
cut(struct typed_line *l, size_t from, size_t to)
{
	if (from == to)
		return; /* of a line that is empty there may be no units */
	memmove(
	    &l->units[from], &l->units[to], (l->n - to) * sizeof(l->units[0]));
	l->n -= to - from;
	if (l->cursor >= to)
		l->cursor -= to - from;
	else if (l->cursor > from)
		l->cursor = from;
}

void
typed_line_char(struct typed_line *l, uint64_t ns, uint32_t cp)
{
	insert(l, ns, cp < UNIT_KEY ? cp : UTF8_BAD);
}

void
typed_line_mask(struct typed_line *l, uint64_t ns)
{
	if (l->cursor > 0 && l->units[l->cursor - 1] == UNIT_MASK)
		return;
	insert(l, ns, UNIT_MASK);
}

static void
mark(struct typed_line *l, uint64_t ns, enum typed_key key, uint32_t cp)
{
	if (key == TYPED_KEY_CTRL || key == TYPED_KEY_BREAK)
		insert(l, ns, UNIT_CTRL | (cp & UNIT_VALUE));
	else if (key == TYPED_KEY_META)
		insert(l, ns, UNIT_META | (cp & UNIT_VALUE));
	else if (typed_key_text(key)[0] != '\0')
		insert(l, ns, UNIT_KEY | (uint32_t)key);
	else
		return;
	l->unknown = true;
}

static void
kill_word(struct typed_line *l)
{
	size_t at = l->cursor;

	while (at > 0 && l->units[at - 1] == ' ')
		at--;
	while (at > 0 && is_char(l->units[at - 1]) && l->units[at - 1] != ' ')
		at--;
	if (at < l->cursor)
		cut(l, at, l->cursor);
}

/* Control characters that edit; false: it is some other one. */
static bool
edit_ctrl(struct typed_line *l, uint32_t letter)
{
	switch (letter) {
	case 'U':
		cut(l, 0, l->cursor);
		l->unknown = l->unknown && l->n > 0;
		return true;
	case 'K':
		cut(l, l->cursor, l->n);
		return true;
	case 'W':
		if (l->cursor > 0 && !is_char(l->units[l->cursor - 1]))
			return false;
		kill_word(l);
		return true;
	case 'D':
		if (l->cursor == l->n || !is_char(l->units[l->cursor]))
			return false;
		cut(l, l->cursor, l->cursor + 1);
		return true;
	case 'L':
		return true;
	default:
		return false;
	}
}

/* Keys that move within the line or delete; false: not within what is known. */
static bool
edit_key(struct typed_line *l, enum typed_key key)
{
	bool left = l->cursor > 0 && is_char(l->units[l->cursor - 1]);
	bool right = l->cursor < l->n && is_char(l->units[l->cursor]);

	switch (key) {
	case TYPED_KEY_BS:
		if (left)
			cut(l, l->cursor - 1, l->cursor);
		break;
	case TYPED_KEY_DEL:
		if (right)
			cut(l, l->cursor, l->cursor + 1);
		left = right;
		break;
	case TYPED_KEY_LEFT:
		l->cursor -= left;
		break;
	case TYPED_KEY_RIGHT:
		l->cursor += right;
		left = right;
		break;
	case TYPED_KEY_HOME:
		if (!l->unknown)
			l->cursor = 0;
		left = !l->unknown;
		break;
	case TYPED_KEY_END:
		l->cursor = l->n;
		left = true;
		break;
	default:
		return false;
	}
	return left || !l->unknown;
}

void
typed_line_key(
    struct typed_line *l, uint64_t ns, enum typed_key key, uint32_t cp)
{
	if (key == TYPED_KEY_BREAK)
		l->cursor = l->n;
	else if (key == TYPED_KEY_CTRL ? edit_ctrl(l, cp) : edit_key(l, key))
		return;
	mark(l, ns, key, cp);
}

static int
put_unit(struct buf *out, uint32_t unit)
{
	uint8_t utf8[UTF8_MAX + 8];
	uint32_t value = unit & UNIT_VALUE;
	int n;

	if (unit == UNIT_MASK)
		return buf_put(out, mask_text, sizeof(mask_text) - 1);
	if (unit >= UNIT_META) {
		n = snprintf((char *)utf8, sizeof(utf8), "<M-%c>",
		    value < 0x7f ? (int)value : '?');
		return buf_put(out, utf8, (size_t)n);
	}
	if (unit >= UNIT_CTRL) {
		n = snprintf((char *)utf8, sizeof(utf8), "^%c",
		    value < 0x7f ? (int)value : '?');
		return buf_put(out, utf8, (size_t)n);
	}
	if (unit >= UNIT_KEY) {
		const char *text = typed_key_text((enum typed_key)value);

		return buf_put(out, text, strlen(text));
	}
	if (!utf8_printable(unit))
		unit = UTF8_BAD;
	return buf_put(out, utf8, utf8_put(utf8, unit));
}

int
typed_line_text(const struct typed_line *l, size_t max, struct buf *out)
{
	bool cut_here = l->cut;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < l->n; i++) {
		/* The longest unit is shorter than 16 bytes. */
		if (buf_len(out) + 16 > max) {
			cut_here = true;
			break;
		}
		r = put_unit(out, l->units[i]);
	}
	if (r == 0 && cut_here)
		r = buf_put(out, cut_text, sizeof(cut_text) - 1);
	return r;
}

int
typed_line_export(const struct typed_line *l, struct buf *out)
{
	size_t i;
	int r;

	if ((r = buf_put_u32(out, (uint32_t)l->n)) != 0 ||
	    (r = buf_put_u32(out, (uint32_t)l->cursor)) != 0 ||
	    (r = buf_put_u64(out, l->first_ns)) != 0 ||
	    (r = buf_put_u8(
		 out, (uint8_t)(l->cut | (unsigned)l->unknown << 1))) != 0)
		return r;
	for (i = 0; r == 0 && i < l->n; i++)
		r = buf_put_u32(out, l->units[i]);
	return r;
}

/* Can a line hold it? */
static bool
is_unit(uint32_t unit)
{
	uint32_t value = unit & UNIT_VALUE;

	if (is_char(unit) || unit == UNIT_MASK)
		return true;
	switch (unit & ~(uint32_t)UNIT_VALUE) {
	case UNIT_KEY:
		return typed_key_text((enum typed_key)value)[0] != '\0';
	case UNIT_CTRL:
	case UNIT_META:
		return value >= 0x20 && value < 0x7f;
	default:
		return false;
	}
}

int
typed_line_import(struct typed_line *l, struct span *in)
{
	uint32_t n, cursor, i;
	uint8_t flags;
	int r;

	if ((r = span_u32(in, &n)) != 0 || (r = span_u32(in, &cursor)) != 0 ||
	    (r = span_u64(in, &l->first_ns)) != 0 ||
	    (r = span_u8(in, &flags)) != 0)
		return r;
	if (n > TYPED_LINE_MAX || cursor > n)
		return FAIL_FORMAT;
	if (n > 0) {
		l->units = calloc(n, sizeof(*l->units));
		if (l->units == NULL)
			return FAIL_NOMEM;
		l->cap = n;
	}
	for (i = 0; r == 0 && i < n; i++)
		if ((r = span_u32(in, &l->units[i])) == 0 &&
		    !is_unit(l->units[i]))
			r = FAIL_FORMAT;
	if (r != 0)
		return r;
	l->n = n;
	l->cursor = cursor;
	l->cut = flags & 1;
	l->unknown = flags & 2;
	return 0;
}
