/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the places of a text on a screen and in what left it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/hits.h"

enum { LINE_MAX_BYTES = 256 * 1024 }; /* a joined line; beyond it is cut */

struct hits {
	struct screen *screen;
	char text[HITS_TEXT];
	size_t len;
	bool fold;		       /* capitals are as good */
	uint64_t gone;		       /* hits in lines that left the screen */
	uint64_t before;	       /* all hits at the last call */
	uint32_t row[SCREEN_ROWS_MAX]; /* of the line that begins there */
	size_t n_out; /* bytes of a line whose begin has left */
	size_t n;     /* bytes in line */
	char out[LINE_MAX_BYTES];
	char line[LINE_MAX_BYTES + SCREEN_ROW_SIZE];
};

static char
low(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_at(const struct hits *h, const char *p)
{
	size_t i;

	if (!h->fold)
		return memcmp(p, h->text, h->len) == 0;
	for (i = 0; i < h->len; i++)
		if (low(p[i]) != h->text[i])
			return false;
	return true;
}

static uint32_t
count(const struct hits *h, const char *p, size_t len)
{
	uint32_t n = 0;
	size_t i;

	if (h->len == 0)
		return 0;
	for (i = 0; i + h->len <= len; i++)
		if (is_at(h, p + i)) {
			n++;
			i += h->len - 1;
		}
	return n;
}

static void
on_scrolled(void *ctx, struct span text, bool wraps)
{
	struct hits *h = ctx;
	size_t room = sizeof(h->out) - h->n_out;
	size_t n = text.len < room ? text.len : room;

	memcpy(h->out + h->n_out, text.p, n);
	h->n_out += n;
	if (wraps && n == text.len)
		return;
	h->gone += count(h, h->out, h->n_out);
	h->n_out = 0;
}

/* The line of the rows from row to end. */
static void
line_read(struct hits *h, unsigned row, unsigned end)
{
	h->n = 0;
	if (row == 0) {
		memcpy(h->line, h->out, h->n_out);
		h->n = h->n_out;
	}
	for (; row <= end && h->n <= LINE_MAX_BYTES; row++)
		h->n += screen_row(h->screen, row, h->line + h->n);
}

/* All hits that are on the screen; all: also in lines that did not change. */
static uint64_t
on_screen(struct hits *h, bool all)
{
	unsigned cols, rows, row, end;
	uint64_t sum = 0;
	bool changed;

	screen_size(h->screen, &cols, &rows);
	for (row = 0; row < rows; row = end + 1) {
		changed = all || (row == 0 && h->n_out > 0);
		for (end = row; end + 1 < rows; end++) {
			changed |= screen_changed(h->screen, end);
			if (!screen_wraps(h->screen, end))
				break;
		}
		if (changed || screen_changed(h->screen, end)) {
			line_read(h, row, end);
			h->row[row] = count(h, h->line, h->n);
		}
		sum += h->row[row];
	}
	screen_seen(h->screen);
	return sum;
}

bool
hits_more(struct hits *h)
{
	uint64_t now = h->gone + on_screen(h, false);
	bool more = now > h->before;

	h->before = now;
	return more;
}

void
hits_free(struct hits *h)
{
	if (h == NULL)
		return;
	screen_listen(h->screen, NULL, NULL);
	free(h);
}

int
hits_new(struct hits **out, struct screen *screen, const char *text)
{
	struct hits *h = calloc(1, sizeof(*h));
	size_t k;

	*out = NULL;
	if (h == NULL)
		return FAIL_NOMEM;
	h->screen = screen;
	h->len = strlen(text) < HITS_TEXT ? strlen(text) : HITS_TEXT - 1;
	memcpy(h->text, text, h->len);
	h->fold = true;
	for (k = 0; k < h->len; k++)
		if (isupper((unsigned char)text[k]))
			h->fold = false;
	screen_listen(screen, on_scrolled, h);
	h->before = on_screen(h, true);
	*out = h;
	return 0;
}
