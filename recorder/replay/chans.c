/* SPDX-License-Identifier: Apache-2.0 */
/* What the events of a recording say of its channels. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/chans.h"
#include "recorder/replay/words.h"

void
chans_init(struct chans *c)
{
	memset(c, 0, sizeof(*c));
}

void
chans_fini(struct chans *c)
{
	free(c->tab);
	memset(c, 0, sizeof(*c));
}

struct chan *
chans_find(const struct chans *c, uint32_t number)
{
	size_t i;

	/* The newest ones are asked for most. */
	for (i = c->n; i > 0; i--)
		if (c->tab[i - 1].number == number)
			return &c->tab[i - 1];
	return NULL;
}

static int
room(struct chans *c, size_t n)
{
	size_t cap = c->cap == 0 ? 8 : c->cap;
	struct chan *tab;

	while (cap < n)
		cap *= 2;
	if (cap == c->cap)
		return 0;
	if ((tab = realloc(c->tab, cap * sizeof(*tab))) == NULL)
		return FAIL_NOMEM;
	c->tab = tab;
	c->cap = cap;
	return 0;
}

/* The oldest closed channel, or else the oldest, makes room. */
static void
forget_one(struct chans *c)
{
	size_t i;

	for (i = 0; i < c->n && c->tab[i].open; i++)
		;
	if (i == c->n)
		i = 0;
	memmove(c->tab + i, c->tab + i + 1, (c->n - i - 1) * sizeof(c->tab[0]));
	c->n--;
	c->forgotten++;
}

static int
add(struct chans *c, uint32_t number, uint64_t t_us, struct chan **out)
{
	int r;

	if (c->n >= CHANS_MAX)
		forget_one(c);
	if ((r = room(c, c->n + 1)) != 0)
		return r;
	*out = &c->tab[c->n++];
	memset(*out, 0, sizeof(**out));
	(*out)->number = number;
	(*out)->opened_us = t_us;
	(*out)->open = true;
	return 0;
}

static void
started(struct chan *ch, enum chan_kind kind, struct span what)
{
	ch->kind = kind;
	(void)words_escape_to(ch->what, sizeof(ch->what), what);
}

static void
size_set(struct chan *ch, struct span p)
{
	if (p.len < 4)
		return;
	ch->cols = le16_get(p.p);
	ch->rows = le16_get(p.p + 2);
}

static void
pty(struct chan *ch, struct span p)
{
	size_t len;

	ch->pty = true;
	size_set(ch, p);
	if (p.len < 10)
		return;
	len = le16_get(p.p + 8);
	if (len <= p.len - 10)
		(void)words_escape_to(
		    ch->term, sizeof(ch->term), SPAN(p.p + 10, len));
}

static void
opened(struct chan *ch, struct span type)
{
	(void)words_escape_to(ch->what, sizeof(ch->what), type);
	if (!span_eq(type, "session"))
		ch->kind = CHAN_FORWARD;
}

static void
learn(struct chan *ch, const struct rcd_event_view *e)
{
	switch (e->type) {
	case RCD_EV_CH_OPEN:
		opened(ch, e->payload);
		break;
	case RCD_EV_PTY_REQ:
		pty(ch, e->payload);
		break;
	case RCD_EV_RESIZE:
		size_set(ch, e->payload);
		break;
	case RCD_EV_SHELL:
		started(ch, CHAN_SHELL, SPAN("", 0));
		break;
	case RCD_EV_EXEC:
		started(ch, CHAN_EXEC, e->payload);
		break;
	case RCD_EV_SUBSYSTEM:
		started(ch, CHAN_SUBSYSTEM, e->payload);
		break;
	case RCD_EV_OUT:
	case RCD_EV_ERR:
		ch->out_bytes += e->payload.len;
		break;
	case RCD_EV_BULK:
		if (e->payload.len >= 9)
			ch->not_kept += le64_get(e->payload.p + 1);
		break;
	case RCD_EV_EXIT:
		ch->has_exit = e->payload.len >= 4;
		ch->exit = ch->has_exit ? le32_get(e->payload.p) : 0;
		break;
	case RCD_EV_EXIT_SIGNAL:
		(void)words_escape_to(
		    ch->signal, sizeof(ch->signal), e->payload);
		break;
	case RCD_EV_CH_CLOSE:
		ch->open = false;
		ch->closed_us = e->t_us;
		break;
	default:
		break;
	}
}

int
chans_event(struct chans *c, const struct rcd_event_view *e, struct chan **ch)
{
	int r;

	*ch = NULL;
	if (!rcd_event_info(e->type).has_stream || e->type == RCD_EV_CH_REFUSE)
		return 0;
	*ch = chans_find(c, e->stream);
	if (*ch == NULL && (r = add(c, e->stream, e->t_us, ch)) != 0)
		return r;
	learn(*ch, e);
	return 0;
}

bool
chan_is_text(const struct chan *ch)
{
	return ch->pty || ch->kind == CHAN_SHELL || ch->kind == CHAN_EXEC ||
	       ch->kind == CHAN_UNKNOWN;
}

const char *
chan_kind_text(enum chan_kind kind)
{
	switch (kind) {
	case CHAN_SHELL:
		return "shell";
	case CHAN_EXEC:
		return "exec";
	case CHAN_SUBSYSTEM:
		return "subsystem";
	case CHAN_FORWARD:
		return "forward";
	case CHAN_UNKNOWN:
		break;
	}
	return "session";
}

char *
chan_title(char dst[CHAN_TITLE], const struct chan *ch)
{
	bool named = ch->kind != CHAN_SHELL && ch->kind != CHAN_UNKNOWN &&
		     ch->what[0] != '\0';

	(void)snprintf(dst, CHAN_TITLE, "channel %" PRIu32 ": %s%s%s",
	    ch->number, chan_kind_text(ch->kind), named ? " " : "",
	    named ? ch->what : "");
	return dst;
}

int
chans_save(const struct chans *c, struct buf *out)
{
	int r = buf_put_u32(out, (uint32_t)c->n);

	if (r == 0)
		r = buf_put_u64(out, c->forgotten);
	return r != 0 || c->n == 0
		   ? r
		   : buf_put(out, c->tab, c->n * sizeof(c->tab[0]));
}

int
chans_load(struct chans *c, struct span *s)
{
	const uint8_t *p;
	uint32_t n;
	int r;

	if ((r = span_u32(s, &n)) != 0 ||
	    (r = span_u64(s, &c->forgotten)) != 0 ||
	    (r = span_take(s, n * sizeof(c->tab[0]), &p)) != 0 ||
	    (r = room(c, n)) != 0)
		return r;
	if (n > 0)
		memcpy(c->tab, p, n * sizeof(c->tab[0]));
	c->n = n;
	return 0;
}
