/* SPDX-License-Identifier: Apache-2.0 */
/* Applies events to one screen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/stage.h"
#include "recorder/replay/words.h"

static void
stage_fini(struct stage *s)
{
	screen_free(s->screen);
	chans_fini(&s->chans);
	free(s);
}

void
stage_free(struct stage *s)
{
	if (s != NULL)
		stage_fini(s);
}

int
stage_new(struct stage **out, int64_t channel, unsigned cols, unsigned rows)
{
	struct stage *s = calloc(1, sizeof(*s));
	int r;

	*out = NULL;
	if (s == NULL)
		return FAIL_NOMEM;
	s->cols = cols;
	s->rows = rows;
	chans_init(&s->chans);
	pick_init(&s->pick, channel);
	r = screen_new(
	    &s->screen, &(struct screen_opts){.cols = cols, .rows = rows});
	if (r != 0) {
		stage_fini(s);
		return r;
	}
	*out = s;
	return 0;
}

int
stage_reset(struct stage *s)
{
	s->chans.n = 0;
	s->chans.forgotten = 0;
	s->work = 0;
	s->note_us = 0;
	s->note[0] = '\0';
	pick_init(&s->pick, s->pick.want);
	return screen_reset(s->screen, s->cols, s->rows, false);
}

static bool
has_size(const struct chan *ch)
{
	return ch->pty && ch->cols != 0 && ch->rows != 0;
}

static int
taken(struct stage *s, const struct chan *ch)
{
	return screen_reset(s->screen, has_size(ch) ? ch->cols : s->cols,
	    has_size(ch) ? ch->rows : s->rows, !ch->pty);
}

static int
seen(struct stage *s, const struct rcd_event_view *e, const struct chan *ch)
{
	switch (e->type) {
	case RCD_EV_OUT:
	case RCD_EV_ERR:
		return screen_feed(s->screen, e->payload);
	case RCD_EV_RESIZE:
		return has_size(ch)
			   ? screen_resize(s->screen, ch->cols, ch->rows)
			   : 0;
	default:
		return 0;
	}
}

static void
note(struct stage *s, const struct rcd_event_view *e)
{
	int n = snprintf(
	    s->note, sizeof(s->note), "%s: ", rcd_event_info(e->type).name);

	(void)words_escape_to(
	    s->note + n, sizeof(s->note) - (size_t)n, e->payload);
	s->note_us = e->t_us;
}

int
stage_apply(struct stage *s, const struct rcd_event_view *e)
{
	enum pick_news news;
	struct chan *ch;
	int r = chans_event(&s->chans, e, &ch);

	if (r != 0)
		return r;
	if (e->type == RCD_EV_OUT || e->type == RCD_EV_ERR)
		s->work += e->payload.len;
	if (e->type == RCD_EV_NOTE || e->type == RCD_EV_POLICY ||
	    e->type == RCD_EV_MARK || e->type == RCD_EV_GAP)
		note(s, e);
	news = pick_event(&s->pick, e, ch);
	if (news == PICK_TAKEN && (r = taken(s, ch)) != 0)
		return r;
	return news == PICK_OTHER ? 0 : seen(s, e, ch);
}

/* What of the stage is plain bytes. */
struct image {
	struct pick pick;
	uint64_t work;
	uint64_t note_us;
	char note[STAGE_NOTE];
};

int
stage_save(const struct stage *s, struct buf *out)
{
	struct image im = {
	    .pick = s->pick, .work = s->work, .note_us = s->note_us};
	int r;

	memcpy(im.note, s->note, sizeof(im.note));
	if ((r = buf_put(out, &im, sizeof(im))) != 0 ||
	    (r = chans_save(&s->chans, out)) != 0)
		return r;
	return screen_save(s->screen, out);
}

int
stage_load(struct stage *s, struct span image)
{
	const uint8_t *p;
	struct image im;
	int r;

	if ((r = span_take(&image, sizeof(im), &p)) != 0 ||
	    (r = chans_load(&s->chans, &image)) != 0)
		return r;
	memcpy(&im, p, sizeof(im));
	s->pick = im.pick;
	s->work = im.work;
	s->note_us = im.note_us;
	memcpy(s->note, im.note, sizeof(s->note));
	return screen_load(s->screen, image);
}
