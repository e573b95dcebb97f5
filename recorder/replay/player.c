/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of the player: time, keys, signals. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"

#include "recorder/replay/pick.h"
#include "recorder/replay/player_int.h"

enum {
	PORTION_NS = 25000000, /* of work between two looks at the keys */
	FRAME_NS = 16000000,   /* between two pictures */
	CLOCK_NS = 200000000,  /* between two pictures of the clock */
	FOLLOW_MS = 300,       /* between two looks whether a file has grown */
	ESCAPE_MS = 50,	       /* a key's bytes come within it */
};

uint64_t
player_next_us(struct player *p)
{
	uint64_t us;

	return tape_next(p->tape, &us) == 0 ? us : UINT64_MAX;
}

uint64_t
player_at_us(struct player *p, uint64_t now_ns)
{
	uint64_t next = player_next_us(p);

	if (p->mode == PLAYER_WIND || p->mode == PLAYER_SEARCH || p->end != 0)
		return tape_at(p->tape);
	/* Behind the last event time goes on to the end of the recording. */
	if (next == UINT64_MAX)
		next = p->length_us;
	return pace_at(&p->pace, next, now_ns);
}

void
player_wind(struct player *p, uint64_t t_us)
{
	int r = tape_wind(p->tape, t_us);

	if (r != 0)
		p->code = r;
	p->goal_us = t_us;
	p->mode = PLAYER_WIND;
}

void
player_find(struct player *p)
{
	int r;

	if (p->search[0] == '\0') {
		(void)snprintf(p->message, sizeof(p->message),
		    "nothing to search: / asks for a text");
		return;
	}
	p->from_us = tape_at(p->tape);
	if ((r = tape_search_start(p->tape, p->search)) != 0)
		p->code = r;
	p->mode = PLAYER_SEARCH;
}

/* Reading answered r where it had to go on: the end, or a failure. */
static void
end_set(struct player *p, int r)
{
	struct rcd_info info;

	if (r == FAIL_NOMEM) {
		p->code = r;
		return;
	}
	p->dirty = p->dirty || p->end != r;
	p->end = r;
	if (r == RCD_MORE && source_info(p->source, &info) == 0)
		p->length_us = info.duration_us;
	if (r < 0)
		(void)snprintf(p->message, sizeof(p->message), "damaged: %s",
		    fail_why(source_fail(p->source), r));
}

static void
play(struct player *p, uint64_t now_ns)
{
	uint64_t next;
	int r = tape_next(p->tape, &next);

	if (r != 0) {
		end_set(p, r);
		return;
	}
	p->end = 0;
	if (p->pace.paused ||
	    pace_wait(&p->pace, tape_at(p->tape), next, now_ns) != 0)
		return;
	r = tape_run(p->tape, pace_at(&p->pace, UINT64_MAX, now_ns),
	    now_ns + PORTION_NS);
	p->dirty = true;
	if (r != 0 && r != TAPE_BUSY)
		end_set(p, r);
}

static void
wind(struct player *p, uint64_t now_ns)
{
	int r = tape_run(p->tape, p->goal_us, now_ns + PORTION_NS);
	uint64_t at;

	p->dirty = true;
	if (r == TAPE_BUSY)
		return;
	p->mode = PLAYER_PLAY;
	p->end = 0;
	at = p->goal_us;
	if (r != 0) {
		end_set(p, r);
		at = tape_at(p->tape);
	}
	pace_to(&p->pace, at, now_ns);
}

static void
search(struct player *p, uint64_t now_ns)
{
	int r = tape_search(p->tape, now_ns + PORTION_NS);

	p->dirty = true;
	if (r == TAPE_BUSY)
		return;
	tape_search_cancel(p->tape);
	p->mode = PLAYER_PLAY;
	if (r == TAPE_FOUND) {
		p->end = 0;
		pace_to(&p->pace, tape_at(p->tape), now_ns);
		p->pace.paused = true;
		(void)snprintf(p->message, sizeof(p->message),
		    "found; n: next, space: go on");
		return;
	}
	player_wind(p, p->from_us);
	(void)snprintf(p->message, sizeof(p->message), "not found further on");
	if (r != RCD_END && r != RCD_MORE)
		end_set(p, r);
}

static void
advance(struct player *p, uint64_t now_ns)
{
	switch (p->mode) {
	case PLAYER_WIND:
		wind(p, now_ns);
		break;
	case PLAYER_SEARCH:
		search(p, now_ns);
		break;
	default:
		play(p, now_ns);
		break;
	}
	/* Nobody waits at the end who did not touch anything. */
	if (p->end != 0 && p->mode == PLAYER_PLAY && !p->used)
		p->quit = true;
}

/* Milliseconds until there is something to do by itself; -1: nothing. */
static int
wait_ms(struct player *p, uint64_t now_ns)
{
	uint64_t next, ns, since = now_ns - p->painted_ns;

	if (p->mode == PLAYER_WIND || p->mode == PLAYER_SEARCH)
		return 0;
	if (buf_len(&p->keys) > 0)
		return ESCAPE_MS;
	if (p->dirty)
		return since >= FRAME_NS ? 0
					 : (int)(FRAME_NS - since) / 1000000;
	if (p->end == RCD_MORE)
		return FOLLOW_MS;
	if (p->pace.paused || p->end != 0 || tape_next(p->tape, &next) != 0)
		return -1;
	ns = pace_wait(&p->pace, tape_at(p->tape), next, now_ns);
	ns = ns < CLOCK_NS ? ns : CLOCK_NS;
	return (int)((ns + 999999) / 1000000);
}

/* A signal has come.  Returns it when it is to end the player. */
static int
signalled(struct player *p)
{
	unsigned cols, rows;
	struct fail f = {0};
	int sig = tty_signal(&p->tty);

	switch (sig) {
	case 0:
		return 0;
	case SIGWINCH:
	case SIGCONT:
		tty_size(&p->tty, &cols, &rows);
		p->code = paint_size(p->paint, cols, rows);
		p->dirty = true;
		return 0;
	case SIGTSTP:
		p->code = tty_suspend(&p->tty, &f);
		paint_forget(p->paint);
		p->dirty = true;
		return 0;
	default:
		return sig;
	}
}

static void
keys_read(struct player *p)
{
	uint8_t *mem;
	ssize_t n;
	int r = buf_reserve(&p->keys, 256, &mem);

	if (r != 0) {
		buf_reset(&p->keys);
		return;
	}
	n = read(p->tty.in, mem, 256);
	if (n > 0)
		buf_commit(&p->keys, (size_t)n);
	else if (n == 0 || errno != EINTR)
		p->quit = true; /* the terminal has hung up */
}

/* Returns the signal that ended it. */
static int
loop(struct player *p)
{
	struct pollfd fd[2] = {
	    {.fd = p->tty.in, .events = POLLIN},
	    {.fd = p->tty.signals, .events = POLLIN},
	};
	int sig = 0, n;

	while (!p->quit && p->code == 0 && sig == 0) {
		n = poll(fd, 2, wait_ms(p, mono_ns()));
		if (n < 0 && errno != EINTR)
			return 0;
		if (n > 0 && fd[1].revents != 0)
			sig = signalled(p);
		if (n > 0 && fd[0].revents != 0)
			keys_read(p);
		if (buf_len(&p->keys) > 0)
			player_keys(p, n == 0);
		if (p->quit || p->code != 0 || sig != 0)
			break;
		advance(p, mono_ns());
		if (p->code == 0 &&
		    (p->quit || mono_ns() - p->painted_ns >=
				    (p->dirty ? FRAME_NS : CLOCK_NS)))
			p->code = player_view(p, mono_ns());
	}
	return sig;
}

static void
about(struct player *p)
{
	char user[64], account[64], asset[64];

	(void)source_about(p->source, "user", user, sizeof(user));
	(void)source_about(p->source, "account", account, sizeof(account));
	(void)source_about(p->source, "asset", asset, sizeof(asset));
	(void)snprintf(p->about, sizeof(p->about), "%s%s%s%s%s", user,
	    account[0] != '\0' ? " as " : "", account,
	    asset[0] != '\0' ? " at " : "", asset);
}

static int
open_all(struct player *p, struct fail *f)
{
	const char *term = getenv("COLORTERM");
	struct rcd_info info;
	unsigned cols, rows;
	int r;

	about(p);
	if ((r = source_info(p->source, &info)) != 0)
		return fail_set(f, r, "the recording cannot be read");
	p->length_us = info.duration_us;
	if ((r = tty_open(&p->tty, f)) != 0)
		return r;
	tty_size(&p->tty, &cols, &rows);
	r = paint_new(&p->paint,
	    term != NULL &&
		(strcmp(term, "truecolor") == 0 || strcmp(term, "24bit") == 0));
	if (r == 0)
		r = paint_size(p->paint, cols, rows);
	paint_get_size(p->paint, &cols, &rows);
	if (r == 0)
		r = tape_new(&p->tape, p->source, p->o->channel, cols,
		    rows > 2 ? rows - 1 : rows);
	return r != 0 ? fail_set(f, r, "out of memory") : 0;
}

/* The last picture, for the terminal that was given back. */
static void
leave_picture(struct player *p)
{
	struct screen *s = tape_stage(p->tape)->screen;
	unsigned cols, rows, end = 0, i;
	char *row = malloc(SCREEN_ROW_SIZE);

	if (row == NULL)
		return;
	screen_size(s, &cols, &rows);
	for (i = 0; i < rows; i++)
		if (screen_row(s, i, row) > 0)
			end = i + 1;
	for (i = 0; i < end; i++) {
		(void)screen_row(s, i, row);
		(void)puts(row);
	}
	(void)fflush(stdout);
	free(row);
}

int
player_run(struct source *source, const struct player_opts *o, int *sig,
    struct fail *f)
{
	struct player *p = calloc(1, sizeof(*p));
	int r;

	*sig = 0;
	if (p == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	p->source = source;
	p->o = o;
	p->tty.signals = -1;
	buf_init(&p->keys, 4096);
	buf_init(&p->out, 16 * 1024 * 1024);
	if ((r = open_all(p, f)) == 0) {
		pace_init(
		    &p->pace, o->speed_milli, o->max_idle_us, 0, mono_ns());
		if (o->at_us > 0)
			player_wind(p, o->at_us);
		p->dirty = true;
		*sig = loop(p);
		r = p->code;
	}
	tty_close(&p->tty);
	if (r == 0 && *sig == 0 && p->end != 0 && !p->used)
		leave_picture(p);
	if (r == 0)
		r = p->end;
	tape_free(p->tape);
	paint_free(p->paint);
	buf_fini(&p->out);
	buf_fini(&p->keys);
	free(p);
	return r;
}
