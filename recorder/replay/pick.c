/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the channel that is seen. */
#include <string.h>

#include "recorder/replay/pick.h"

void
pick_init(struct pick *p, int64_t want)
{
	memset(p, 0, sizeof(*p));
	p->want = want;
}

/* Does something begin here that one would look at? */
static bool
is_start(const struct rcd_event_view *e, const struct chan *ch)
{
	switch (e->type) {
	case RCD_EV_SHELL:
	case RCD_EV_EXEC:
		return ch->pty;
	case RCD_EV_OUT:
	case RCD_EV_ERR:
		return chan_is_text(ch);
	default:
		return false;
	}
}

/* Does it run?  Before that its terminal may not be known. */
static bool
is_running(const struct rcd_event_view *e)
{
	switch (e->type) {
	case RCD_EV_SHELL:
	case RCD_EV_EXEC:
	case RCD_EV_SUBSYSTEM:
	case RCD_EV_OUT:
	case RCD_EV_ERR:
		return true;
	default:
		return false;
	}
}

static bool
is_better(
    const struct pick *p, const struct rcd_event_view *e, const struct chan *ch)
{
	if (p->want >= 0)
		return ch->number == p->want && is_running(e);
	if (!is_start(e, ch))
		return false;
	return !p->has || !p->open || (ch->pty && !p->pty);
}

enum pick_news
pick_event(
    struct pick *p, const struct rcd_event_view *e, const struct chan *ch)
{
	if (ch == NULL)
		return PICK_OTHER;
	if (p->has && p->number == ch->number) {
		p->open = ch->open;
		p->pty = ch->pty;
		return PICK_SEEN;
	}
	if (!is_better(p, e, ch))
		return PICK_OTHER;
	p->has = true;
	p->number = ch->number;
	p->pty = ch->pty;
	p->open = ch->open;
	return PICK_TAKEN;
}
