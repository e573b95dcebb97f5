/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels to lines, each by way of a screen of its own.  What a screen is is
 * the business of screen.c; here it is decided when its rows are read.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/chans.h"
#include "recorder/replay/list.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/scan.h"
#include "recorder/replay/screen.h"
#include "recorder/replay/text.h"
#include "recorder/replay/words.h"

enum {
	/* The screen of a command without terminal: long lines are joined. */
	PLAIN_COLS = 256,
	PLAIN_ROWS = 4,
};

struct text;

/* A channel on its screen. */
struct lane {
	struct text *text;
	struct screen *screen; /* NULL: the lane is free */
	uint32_t number;
	uint64_t used;	 /* when: a count of uses */
	uint64_t binary; /* bytes that were not shown */
	bool pty;
	bool is_binary;
};

struct text {
	FILE *to;
	const struct text_opts *o;
	struct chans chans;
	struct lane lane[TEXT_LANES];
	char row[SCREEN_ROW_SIZE];
	uint64_t uses;
	uint64_t now_us;
	uint32_t last; /* the channel that was printed last */
	bool titles;   /* changes of channel are announced */
	bool any;      /* something was printed */
	bool mid;      /* in the middle of a line */
};

static void
line_break(struct text *t)
{
	if (t->mid)
		(void)fputc('\n', t->to);
	t->mid = false;
}

static void
announce(struct text *t, uint32_t number)
{
	const struct chan *ch = chans_find(&t->chans, number);
	char title[CHAN_TITLE];

	if (t->any && t->last == number)
		return;
	line_break(t);
	if (t->titles && ch != NULL)
		(void)fprintf(t->to, "%s==> %s <==\n", t->any ? "\n" : "",
		    chan_title(title, ch));
	t->any = true;
	t->last = number;
}

static void
print(struct lane *l, struct span line, bool wraps)
{
	struct text *t = l->text;

	if (t->now_us < t->o->from_us)
		return;
	announce(t, l->number);
	(void)fwrite(line.p, 1, line.len, t->to);
	t->mid = true;
	if (!wraps)
		line_break(t);
}

static void
on_scrolled(void *ctx, struct span line, bool wraps)
{
	print(ctx, line, wraps);
}

/* All rows of the screen down to the last that is not blank. */
static void
print_screen(struct lane *l)
{
	struct text *t = l->text;
	unsigned cols, rows, end = 0, i;
	size_t len;

	screen_size(l->screen, &cols, &rows);
	for (i = 0; i < rows; i++)
		if (screen_row(l->screen, i, t->row) > 0)
			end = i + 1;
	for (i = 0; i < end; i++) {
		len = screen_row(l->screen, i, t->row);
		print(l, SPAN(t->row, len),
		    i + 1 < end && screen_wraps(l->screen, i));
	}
}

static void
lane_close(struct lane *l)
{
	char text[64];
	int n;

	if (l->screen == NULL)
		return;
	print_screen(l);
	if (l->binary > 0) {
		n = snprintf(text, sizeof(text),
		    "[%" PRIu64 " bytes that are not text]", l->binary);
		print(l, SPAN(text, (size_t)n), false);
	}
	screen_free(l->screen);
	memset(l, 0, sizeof(*l));
}

static struct lane *
lane_find(struct text *t, uint32_t number)
{
	size_t i;

	for (i = 0; i < TEXT_LANES; i++)
		if (t->lane[i].screen != NULL && t->lane[i].number == number)
			return &t->lane[i];
	return NULL;
}

static int
lane_open(struct text *t, const struct chan *ch, struct lane **out)
{
	struct screen_opts so = {.cols = ch->pty ? ch->cols : PLAIN_COLS,
	    .rows = ch->pty ? ch->rows : PLAIN_ROWS,
	    .newline = !ch->pty,
	    .scrolled = on_scrolled};
	struct lane *l = &t->lane[0];
	size_t i;

	if (ch->pty && (ch->cols == 0 || ch->rows == 0)) {
		so.cols = 80;
		so.rows = 24;
	}
	for (i = 1; i < TEXT_LANES; i++)
		if (t->lane[i].used < l->used)
			l = &t->lane[i];
	lane_close(l);
	l->text = t;
	l->number = ch->number;
	l->pty = ch->pty;
	so.ctx = l;
	*out = l;
	return screen_new(&l->screen, &so);
}

/* Bytes in the order of time, and a look at the screen before each wiping. */
static int
feed(struct lane *l, struct span s)
{
	struct scan_hit h;
	unsigned row, col;
	int r = 0;

	while (s.len > 0 && r == 0) {
		h = scan_next(s);
		if ((r = screen_feed(l->screen, SPAN(s.p, h.at))) != 0)
			break;
		(void)screen_cursor(l->screen, &row, &col);
		if (h.kind == SCAN_WIPE ||
		    (h.kind == SCAN_BELOW && row == 0 && col == 0) ||
		    (h.kind == SCAN_LEAVE_ALT && screen_is_alt(l->screen)))
			print_screen(l);
		s = SPAN(s.p + h.at, s.len - h.at);
		if (h.kind == SCAN_NONE)
			continue;
		r = screen_feed(l->screen, SPAN(s.p, h.len));
		s = SPAN(s.p + h.len, s.len - h.len);
	}
	return r;
}

static int
output(struct text *t, const struct chan *ch, struct span s)
{
	struct lane *l = lane_find(t, ch->number);
	int r;

	if (l == NULL && (r = lane_open(t, ch, &l)) != 0)
		return r;
	l->used = ++t->uses;
	if (!l->pty && memchr(s.p, 0, s.len) != NULL)
		l->is_binary = true;
	if (l->is_binary) {
		l->binary += s.len;
		return 0;
	}
	return feed(l, s);
}

static void
aside(struct text *t, const char *what, struct span text)
{
	char at[WORDS_SIZE];

	if (t->now_us < t->o->from_us)
		return;
	line_break(t);
	(void)fprintf(t->to, "[%s %s: ", words_offset(at, t->now_us), what);
	words_escape(t->to, text);
	(void)fputs("]\n", t->to);
}

static int
channel_event(
    struct text *t, const struct rcd_event_view *e, const struct chan *ch)
{
	struct lane *l = lane_find(t, ch->number);

	if (t->o->channel >= 0 ? ch->number != t->o->channel
			       : !chan_is_text(ch))
		return 0;
	switch (e->type) {
	case RCD_EV_OUT:
	case RCD_EV_ERR:
		return e->payload.len == 0 ? 0 : output(t, ch, e->payload);
	case RCD_EV_RESIZE:
		return l == NULL || !l->pty || ch->cols == 0 || ch->rows == 0
			   ? 0
			   : screen_resize(l->screen, ch->cols, ch->rows);
	case RCD_EV_CH_CLOSE:
		if (l != NULL)
			lane_close(l);
		return 0;
	default:
		return 0;
	}
}

static int
event(struct text *t, const struct rcd_event_view *e)
{
	struct chan *ch;
	int r = chans_event(&t->chans, e, &ch);

	t->now_us = e->t_us;
	if (r != 0)
		return r;
	switch (e->type) {
	case RCD_EV_NOTE:
	case RCD_EV_POLICY:
	case RCD_EV_MARK:
		aside(t, rcd_event_info(e->type).name, e->payload);
		return 0;
	default:
		return ch == NULL ? 0 : channel_event(t, e, ch);
	}
}

/* Do several channels have something to read?  Leaves source at its start. */
static int
survey(struct source *source, bool *several)
{
	struct rcd_event_view e;
	struct chans chans;
	struct chan *ch;
	size_t n = 0, i;
	int r;

	chans_init(&chans);
	while ((r = source_next(source, &e)) == 0 &&
	       (r = chans_event(&chans, &e, &ch)) == 0)
		;
	for (i = 0; i < chans.n; i++)
		if (chan_is_text(&chans.tab[i]) && chans.tab[i].out_bytes > 0)
			n++;
	*several = n > 1;
	chans_fini(&chans);
	if (r == FAIL_NOMEM)
		return r;
	/* What is damaged is met again, behind what could be read. */
	return 0;
}

int
text_print(struct source *source, FILE *to, const struct text_opts *o)
{
	struct text *t = calloc(1, sizeof(*t));
	struct rcd_event_view e;
	size_t i;
	int r;

	if (t == NULL)
		return FAIL_NOMEM;
	t->to = to;
	t->o = o;
	chans_init(&t->chans);
	if (o->channel >= 0 || (r = survey(source, &t->titles)) == 0)
		r = source_seek(source, 0);
	while (r == 0 && (r = source_next(source, &e)) == 0)
		if ((r = event(t, &e)) == 0 && ferror(to))
			r = FAIL_SYS;
	for (i = 0; i < TEXT_LANES; i++)
		lane_close(&t->lane[i]);
	line_break(t);
	chans_fini(&t->chans);
	free(t);
	return r > 0 && list_flush(to) != 0 ? FAIL_SYS : r;
}
