/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys of the player do. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"

#include "recorder/replay/player_int.h"
#include "recorder/replay/words.h"

enum { STEP_US = 10000000, FAR_US = 60000000 };

static void
by(struct player *p, int64_t us)
{
	uint64_t at = player_at_us(p, mono_ns()), back = (uint64_t)-us;

	if (us < 0)
		player_wind(p, at > back ? at - back : 0);
	else
		player_wind(p, at + (uint64_t)us);
}

static void
pause_set(struct player *p, bool paused)
{
	pace_pause(&p->pace, paused, player_next_us(p), mono_ns());
}

static void
line_start(struct player *p, char what)
{
	memset(&p->line, 0, sizeof(p->line));
	p->line_for = what;
	p->mode = PLAYER_LINE;
}

static void
next_channel(struct player *p)
{
	const struct stage *s = tape_stage(p->tape);
	const struct chan *best = NULL, *first = NULL, *ch;
	uint64_t at = player_at_us(p, mono_ns());
	size_t i;
	int r;

	/* The one with the next higher number, or the lowest. */
	for (i = 0; i < s->chans.n; i++) {
		ch = &s->chans.tab[i];
		if (first == NULL || ch->number < first->number)
			first = ch;
		if (s->pick.has && ch->number > s->pick.number &&
		    (best == NULL || ch->number < best->number))
			best = ch;
	}
	best = best != NULL ? best : first;
	if (best == NULL)
		return;
	if ((r = tape_channel(p->tape, best->number)) != 0)
		p->code = r;
	p->goal_us = at;
	p->mode = PLAYER_WIND;
}

static void
suspend(struct player *p)
{
	struct fail f = {0};
	uint64_t at = player_at_us(p, mono_ns());

	p->code = tty_suspend(&p->tty, &f);
	pace_to(&p->pace, at, mono_ns());
	paint_forget(p->paint);
}

static void
act(struct player *p, enum keyin key)
{
	switch (key) {
	case KEYIN_PAUSE:
		pause_set(p, !p->pace.paused);
		break;
	case KEYIN_BACK:
		by(p, -STEP_US);
		break;
	case KEYIN_FORWARD:
		by(p, STEP_US);
		break;
	case KEYIN_FAR_BACK:
		by(p, -FAR_US);
		break;
	case KEYIN_FAR_FORWARD:
		by(p, FAR_US);
		break;
	case KEYIN_START:
		player_wind(p, 0);
		break;
	case KEYIN_END:
		player_wind(p, UINT64_MAX);
		break;
	case KEYIN_GOTO:
		line_start(p, 't');
		break;
	case KEYIN_FASTER:
	case KEYIN_SLOWER:
		pace_faster(&p->pace, key == KEYIN_FASTER, player_next_us(p),
		    mono_ns());
		break;
	case KEYIN_STEP:
		pause_set(p, true);
		if (player_next_us(p) != UINT64_MAX)
			player_wind(p, player_next_us(p));
		break;
	case KEYIN_SEARCH:
		line_start(p, '/');
		break;
	case KEYIN_NEXT:
		player_find(p);
		break;
	case KEYIN_CHANNEL:
		next_channel(p);
		break;
	case KEYIN_STATUS:
		p->no_status = !p->no_status;
		break;
	case KEYIN_HELP:
		p->mode = PLAYER_HELP;
		break;
	case KEYIN_REDRAW:
		paint_forget(p->paint);
		break;
	case KEYIN_SUSPEND:
		suspend(p);
		break;
	case KEYIN_QUIT:
		p->quit = true;
		break;
	case KEYIN_NONE:
		break;
	}
}

static void
line_done(struct player *p)
{
	uint64_t us;

	p->mode = PLAYER_PLAY;
	if (p->line_for == '/') {
		/* An empty one is the last one again. */
		if (p->line.len > 0)
			memcpy(p->search, p->line.text, sizeof(p->search));
		player_find(p);
	} else if (p->line.len > 0) {
		if (words_offset_parse(p->line.text, &us) == 0)
			player_wind(p, us);
		else
			(void)snprintf(p->message, sizeof(p->message),
			    "that is no time: 83.5, 5m, 1:23");
	}
}

/* One key, by what is going on.  False: none is whole. */
static bool
key_take(struct player *p, struct span *in, bool flush)
{
	enum keyin_end end;
	enum keyin key;

	if (p->mode == PLAYER_LINE) {
		if (!keyin_line_take(&p->line, in, flush, &end))
			return false;
		if (end == KEYIN_LEFT)
			p->mode = PLAYER_PLAY;
		else if (end == KEYIN_DONE)
			line_done(p);
		return true;
	}
	if (!keyin_take(in, flush, &key))
		return false;
	if (key == KEYIN_NONE && p->mode == PLAYER_PLAY)
		return true;
	p->used = true;
	p->message[0] = '\0';
	/* Any key leaves the help, a search and the way to somewhere. */
	if (p->mode == PLAYER_HELP) {
		p->mode = PLAYER_PLAY;
		if (key != KEYIN_QUIT)
			return true;
	}
	if (p->mode == PLAYER_SEARCH) {
		tape_search_cancel(p->tape);
		pace_to(&p->pace, tape_at(p->tape), mono_ns());
		p->mode = PLAYER_PLAY;
	}
	act(p, key);
	return true;
}

void
player_keys(struct player *p, bool flush)
{
	struct span in = buf_span(&p->keys);
	size_t before = in.len;

	while (!p->quit && p->code == 0 && key_take(p, &in, flush))
		;
	if (in.len == before)
		return;
	buf_consume(&p->keys, before - in.len);
	p->dirty = true;
}
