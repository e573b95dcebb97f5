/* SPDX-License-Identifier: Apache-2.0 */
/* Winds a recording to and fro. */
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"

#include "recorder/replay/hits.h"
#include "recorder/replay/shots.h"
#include "recorder/replay/tape.h"

enum {
	IMAGE_MAX = 160 * 1024 * 1024,
	LOOK = 64, /* events between two looks at the clock */
};

struct tape {
	struct source *source;
	struct stage *stage;
	struct shots shots;
	struct buf image;
	struct hits *hits;
	struct rcd_event_view next; /* when has_next */
	bool has_next;
	bool any; /* an event was applied */
	uint64_t at_us;
	uint64_t skip_us; /* events at or before it are in the stage */
	bool skip;
};

static void
tape_fini(struct tape *t)
{
	tape_search_cancel(t);
	stage_free(t->stage);
	shots_fini(&t->shots);
	buf_fini(&t->image);
	free(t);
}

void
tape_free(struct tape *t)
{
	if (t != NULL)
		tape_fini(t);
}

int
tape_new(struct tape **out, struct source *source, int64_t channel,
    unsigned cols, unsigned rows)
{
	struct tape *t = calloc(1, sizeof(*t));
	int r;

	*out = NULL;
	if (t == NULL)
		return FAIL_NOMEM;
	t->source = source;
	shots_init(&t->shots);
	buf_init(&t->image, IMAGE_MAX);
	if ((r = stage_new(&t->stage, channel, cols, rows)) != 0) {
		tape_fini(t);
		return r;
	}
	*out = t;
	return 0;
}

struct stage *
tape_stage(struct tape *t)
{
	return t->stage;
}

uint64_t
tape_at(const struct tape *t)
{
	return t->at_us;
}

/* Have an event in next. */
static int
fetch(struct tape *t)
{
	int r = 0;

	while (!t->has_next) {
		if ((r = source_next(t->source, &t->next)) != 0)
			return r;
		t->has_next = !t->skip || t->next.t_us > t->skip_us;
	}
	t->skip = false;
	return 0;
}

int
tape_next(struct tape *t, uint64_t *next_us)
{
	int r = fetch(t);

	if (r == 0)
		*next_us = t->next.t_us;
	return r;
}

/*
 * An image stands for all events at or before its time, so it is only taken
 * where time goes on.
 */
static void
shoot(struct tape *t)
{
	if (!t->any || t->next.t_us <= t->at_us ||
	    !shots_want(&t->shots, t->at_us, t->stage->work))
		return;
	buf_reset(&t->image);
	if (stage_save(t->stage, &t->image) == 0)
		IGNORE(shots_add(
		    &t->shots, t->at_us, t->stage->work, buf_span(&t->image)));
}

int
tape_step(struct tape *t)
{
	int r = fetch(t);

	if (r != 0)
		return r;
	shoot(t);
	t->has_next = false;
	t->any = true;
	t->at_us = t->next.t_us;
	return stage_apply(t->stage, &t->next);
}

int
tape_run(struct tape *t, uint64_t t_us, uint64_t deadline_ns)
{
	unsigned n = 0;
	int r;

	while ((r = fetch(t)) == 0 && t->next.t_us <= t_us) {
		if (++n % LOOK == 0 && mono_ns() >= deadline_ns)
			return TAPE_BUSY;
		if ((r = tape_step(t)) != 0)
			return r;
	}
	return r;
}

static int
to_start(struct tape *t)
{
	int r = source_seek(t->source, 0);

	t->has_next = t->any = t->skip = false;
	t->at_us = 0;
	return r != 0 ? r : stage_reset(t->stage);
}

static int
to_shot(struct tape *t, const struct shot *shot)
{
	int r = shots_open(shot, &t->image);

	if (r == 0)
		r = stage_load(t->stage, buf_span(&t->image));
	if (r == 0)
		r = source_seek(t->source, shot->t_us);
	t->has_next = false;
	t->any = t->skip = true;
	t->at_us = t->skip_us = shot->t_us;
	return r;
}

int
tape_wind(struct tape *t, uint64_t t_us)
{
	const struct shot *shot = shots_find(&t->shots, t_us);

	tape_search_cancel(t);
	if (shot != NULL &&
	    (t_us < t->at_us || shot->work > t->stage->work + SHOTS_WORK))
		return to_shot(t, shot);
	return t_us < t->at_us ? to_start(t) : 0;
}

int
tape_channel(struct tape *t, int64_t channel)
{
	tape_search_cancel(t);
	/* Images are of the other channel. */
	shots_fini(&t->shots);
	shots_init(&t->shots);
	t->stage->pick.want = channel;
	return to_start(t);
}

int
tape_search_start(struct tape *t, const char *text)
{
	tape_search_cancel(t);
	return hits_new(&t->hits, t->stage->screen, text);
}

int
tape_search(struct tape *t, uint64_t deadline_ns)
{
	unsigned n = 0;
	int r;

	while ((r = tape_step(t)) == 0) {
		if (hits_more(t->hits))
			return TAPE_FOUND;
		if (++n % LOOK == 0 && mono_ns() >= deadline_ns)
			return TAPE_BUSY;
	}
	return r;
}

void
tape_search_cancel(struct tape *t)
{
	hits_free(t->hits);
	t->hits = NULL;
}
