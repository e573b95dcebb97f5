/* SPDX-License-Identifier: Apache-2.0 */
/* What the player paints: the screen, its own line, the keys. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "recorder/replay/player_int.h"
#include "recorder/replay/words.h"

enum { NOTE_US = 5000000 }; /* what the gateway said is seen for so long */

static const char *
state_text(const struct player *p)
{
	switch (p->mode) {
	case PLAYER_WIND:
		return "wind ";
	case PLAYER_SEARCH:
		return "find ";
	default:
		break;
	}
	if (p->end == RCD_MORE)
		return "live ";
	if (p->end != 0)
		return "end  ";
	return p->pace.paused ? "pause" : "play ";
}

static size_t
add(char *text, size_t size, size_t len, const char *more)
{
	int n = more[0] != '\0' ? snprintf(text + len, size - len, "  %s", more)
				: 0;

	len += n > 0 ? (size_t)n : 0;
	return len < size ? len : size - 1;
}

/* "80x24": when the viewer's terminal is smaller than that. */
static const char *
cut_text(struct player *p, char text[32])
{
	unsigned all_cols, all_rows, cols, rows;

	screen_size(tape_stage(p->tape)->screen, &all_cols, &all_rows);
	paint_get_size(p->paint, &cols, &rows);
	text[0] = '\0';
	if (all_cols > cols || all_rows > rows)
		(void)snprintf(text, 32, "%ux%u, cut", all_cols, all_rows);
	return text;
}

static const char *
what_to_say(struct player *p, uint64_t at_us)
{
	const struct stage *s = tape_stage(p->tape);

	if (p->message[0] != '\0')
		return p->message;
	if (s->note[0] != '\0' && at_us < s->note_us + NOTE_US)
		return s->note;
	return "";
}

static const char *
channel_text(struct player *p, char text[CHAN_TITLE])
{
	const struct stage *s = tape_stage(p->tape);
	const struct chan *ch =
	    s->pick.has ? chans_find(&s->chans, s->pick.number) : NULL;

	text[0] = '\0';
	/* That there is one shell goes without saying. */
	if (ch != NULL && (s->chans.n > 1 || ch->kind != CHAN_SHELL))
		(void)chan_title(text, ch);
	return text;
}

static void
status(struct player *p, unsigned row, uint64_t now_ns)
{
	char text[512], at[WORDS_SIZE], all[WORDS_SIZE], cut[32];
	char title[CHAN_TITLE];
	uint64_t at_us = player_at_us(p, now_ns);
	size_t len;
	int n;

	n = snprintf(text, sizeof(text), " %s %s/%s  x%g", state_text(p),
	    words_clock(at, at_us),
	    words_clock(all, at_us > p->length_us ? at_us : p->length_us),
	    (double)p->pace.speed_milli / 1000);
	len = (size_t)n;
	len = add(text, sizeof(text), len, what_to_say(p, at_us));
	len = add(text, sizeof(text), len, cut_text(p, cut));
	len = add(text, sizeof(text), len, p->about);
	(void)add(text, sizeof(text), len, channel_text(p, title));
	paint_line(p->paint, row, text, true);
}

static void
typed_line(struct player *p, unsigned row)
{
	char text[HITS_TEXT + 32];

	(void)snprintf(text, sizeof(text), "%s%s",
	    p->line_for == '/' ? "/" : "go to: ", p->line.text);
	paint_line(p->paint, row, text, false);
	paint_cursor(p->paint, row, (unsigned)strlen(text), true);
}

static void
help(struct player *p, unsigned rows)
{
	const char *keys, *text;
	char line[80];
	unsigned i;

	paint_clear(p->paint);
	for (i = 0; i < rows && keyin_help(i, &keys, &text); i++) {
		(void)snprintf(line, sizeof(line), "  %-12s %s", keys, text);
		paint_line(p->paint, i, line, false);
	}
}

int
player_view(struct player *p, uint64_t now_ns)
{
	bool own =
	    !p->no_status || p->mode != PLAYER_PLAY || p->message[0] != '\0';
	unsigned cols, rows;
	int r = 0;

	paint_get_size(p->paint, &cols, &rows);
	if (own && rows > 1)
		rows--;
	else
		own = false;
	if (p->mode == PLAYER_HELP)
		help(p, rows);
	else
		r = paint_screen(p->paint, tape_stage(p->tape)->screen, rows);
	if (r != 0)
		return r;
	if (own && p->mode == PLAYER_LINE)
		typed_line(p, rows);
	else if (own)
		status(p, rows, now_ns);
	buf_reset(&p->out);
	if ((r = paint_send(p->paint, &p->out)) == 0)
		r = tty_write(&p->tty, buf_span(&p->out));
	p->dirty = false;
	p->painted_ns = now_ns;
	return r;
}
