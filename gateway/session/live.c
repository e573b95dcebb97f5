/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fans a session's output out to those who watch it.  Each watcher has its own
 * bounded output; what does not fit is counted and said, never waited for.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/io.h"

#include "recorder/event.h"
#include "session/live.h"

enum { LIVE_CHANNELS = 32 };

struct watcher {
	struct watcher *next;
	struct live *owner;
	struct io *io;
	uint64_t skipped;
};

/* What a new watcher is told of a channel. */
struct seen {
	struct seen *next;
	uint32_t channel;
	uint8_t pty[64]; /* PTY_REQ payload's beginning: size and name */
	size_t pty_len;
	uint8_t size[8]; /* RESIZE payload */
	bool sized;
	struct buf tail; /* the last LIVE_TAIL bytes */
};

struct live {
	struct loop *loop;
	struct watcher *watchers;
	unsigned n_watchers;
	struct seen *seen;
	unsigned n_seen;
};

static void
watcher_drop(struct watcher *w)
{
	struct watcher **wp;

	for (wp = &w->owner->watchers; *wp != NULL; wp = &(*wp)->next)
		if (*wp == w) {
			*wp = w->next;
			w->owner->n_watchers--;
			break;
		}
	io_free(w->io);
	free(w);
}

static void
on_io(struct io *io, enum io_event ev, void *ctx)
{
	struct watcher *w = ctx;

	switch (ev) {
	case IO_DATA: /* a watcher has nothing to say */
		buf_reset(io_in(io));
		break;
	case IO_EOF:
	case IO_ERROR:
	case IO_TIMEOUT:
	case IO_GONE:
		watcher_drop(w);
		break;
	case IO_LOWAT:
	case IO_CONNECTED:
		break;
	}
}

static int
frame_put(struct io *io, uint8_t type, uint32_t channel, struct span payload)
{
	uint8_t h[LIVE_HEADER_LEN];
	uint64_t us = unix_us();

	be32_put(h, (uint32_t)(LIVE_HEADER_LEN - 4 + payload.len));
	h[4] = type;
	be32_put(h + 5, channel);
	be32_put(h + 9, (uint32_t)(us >> 32));
	be32_put(h + 13, (uint32_t)us);
	if (buf_len(io_out(io)) + sizeof(h) + payload.len > LIVE_QUEUE)
		return FAIL_FULL;
	if (buf_put(io_out(io), h, sizeof(h)) != 0 ||
	    buf_put(io_out(io), payload.p, payload.len) != 0)
		return FAIL_NOMEM;
	io_flush_soon(io);
	return 0;
}

static void
watcher_frame(
    struct watcher *w, uint8_t type, uint32_t channel, struct span payload)
{
	uint8_t lost[8];

	if (w->skipped > 0) {
		be32_put(lost, (uint32_t)(w->skipped >> 32));
		be32_put(lost + 4, (uint32_t)w->skipped);
		if (frame_put(w->io, LIVE_SKIPPED, channel,
			SPAN(lost, sizeof(lost))) == 0)
			w->skipped = 0;
	}
	if (w->skipped > 0 || frame_put(w->io, type, channel, payload) != 0)
		w->skipped += payload.len;
}

static void
broadcast(struct live *l, uint8_t type, uint32_t channel, struct span payload)
{
	struct watcher *w;

	for (w = l->watchers; w != NULL; w = w->next)
		watcher_frame(w, type, channel, payload);
}

static struct seen *
seen_find(struct live *l, uint32_t channel, bool make)
{
	struct seen **sp, *s;

	for (sp = &l->seen; (s = *sp) != NULL; sp = &s->next)
		if (s->channel == channel)
			return s;
	if (!make || l->n_seen >= LIVE_CHANNELS ||
	    (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->channel = channel;
	buf_init(&s->tail, LIVE_TAIL);
	*sp = s;
	l->n_seen++;
	return s;
}

static void
seen_drop(struct live *l, uint32_t channel)
{
	struct seen **sp, *s;

	for (sp = &l->seen; (s = *sp) != NULL; sp = &s->next)
		if (s->channel == channel) {
			*sp = s->next;
			l->n_seen--;
			buf_fini(&s->tail);
			free(s);
			return;
		}
}

/* Only terminals have a tail worth showing to a newcomer. */
static void
tail_add(struct seen *s, const uint8_t *p, size_t len)
{
	size_t kept = buf_len(&s->tail);

	if (s->pty_len == 0 || len == 0)
		return;
	if (len > LIVE_TAIL) {
		p += len - LIVE_TAIL;
		len = LIVE_TAIL;
	}
	if (kept + len > LIVE_TAIL)
		buf_consume(&s->tail, kept + len - LIVE_TAIL);
	IGNORE(buf_put(&s->tail, p, len)); /* without memory: less to show */
}

static void
tail_frames(struct watcher *w, const struct seen *s)
{
	if (buf_len(&s->tail) > 0)
		watcher_frame(w, RCD_EV_OUT, s->channel, buf_span(&s->tail));
}

static void
remember(struct live *l, const struct chunk *c)
{
	struct seen *s;

	switch (c->kind) {
	case CHUNK_DATA:
		if (c->flow == FLOW_TO_USER &&
		    (s = seen_find(l, c->channel, false)) != NULL)
			tail_add(s, c->data, c->len);
		break;
	case CHUNK_EVENT:
		if (c->type == RCD_EV_PTY_REQ &&
		    (s = seen_find(l, c->channel, true)) != NULL) {
			s->pty_len =
			    c->len < sizeof(s->pty) ? c->len : sizeof(s->pty);
			memcpy(s->pty, c->data, s->pty_len);
		} else if (c->type == RCD_EV_RESIZE && c->len == 8 &&
			   (s = seen_find(l, c->channel, false)) != NULL) {
			memcpy(s->size, c->data, 8);
			s->sized = true;
		} else if (c->type == RCD_EV_CH_CLOSE) {
			seen_drop(l, c->channel);
		}
		break;
	case CHUNK_ERR:
		break;
	}
}

void
live_free(struct live *l)
{
	if (l == NULL)
		return;
	while (l->watchers != NULL) {
		io_flush(l->watchers->io);
		watcher_drop(l->watchers);
	}
	while (l->seen != NULL)
		seen_drop(l, l->seen->channel);
	free(l);
}

struct live *
live_new(struct loop *loop)
{
	struct live *l;

	if ((l = calloc(1, sizeof(*l))) != NULL)
		l->loop = loop;
	return l;
}

int
live_watch(struct live *l, int fd)
{
	const struct io_opts o = {
	    .in_max = 4096,
	    .out_max = LIVE_QUEUE + 65536,
	    .read_size = 512,
	};
	const struct seen *s;
	struct watcher *w;

	if (l->n_watchers >= LIVE_WATCHERS ||
	    (w = calloc(1, sizeof(*w))) == NULL) {
		(void)close(fd);
		return l->n_watchers >= LIVE_WATCHERS ? FAIL_FULL : FAIL_NOMEM;
	}
	w->owner = l;
	if ((w->io = io_new(l->loop, fd, &o, on_io, w)) == NULL) {
		(void)close(fd); /* it cannot be watched: a file */
		free(w);
		return FAIL_NOMEM;
	}
	w->next = l->watchers;
	l->watchers = w;
	l->n_watchers++;
	for (s = l->seen; s != NULL; s = s->next) {
		if (s->pty_len > 0)
			watcher_frame(w, RCD_EV_PTY_REQ, s->channel,
			    SPAN(s->pty, s->pty_len));
		if (s->sized)
			watcher_frame(
			    w, RCD_EV_RESIZE, s->channel, SPAN(s->size, 8));
		tail_frames(w, s);
	}
	return 0;
}

unsigned
live_watchers(const struct live *l)
{
	return l->n_watchers;
}

void
live_push(struct live *l, const struct chunk *c)
{
	remember(l, c);
	if (l->watchers == NULL)
		return;
	switch (c->kind) {
	case CHUNK_DATA:
	case CHUNK_ERR:
		if (c->flow == FLOW_TO_USER)
			broadcast(l,
			    c->kind == CHUNK_DATA ? RCD_EV_OUT : RCD_EV_ERR,
			    c->channel, SPAN(c->data, c->len));
		break;
	case CHUNK_EVENT:
		broadcast(l, c->type, c->channel, SPAN(c->data, c->len));
		break;
	}
}

void
live_say(struct live *l, uint8_t type, const char *text)
{
	broadcast(l, type, 0, SPAN(text, strlen(text)));
}

int
live_export(const struct live *l, struct buf *out)
{
	const struct seen *s;
	int r;

	if ((r = buf_put_u32(out, l->n_seen)) != 0)
		return r;
	for (s = l->seen; s != NULL; s = s->next) {
		if ((r = buf_put_u32(out, s->channel)) != 0 ||
		    (r = buf_put_string(out, s->pty, s->pty_len)) != 0 ||
		    (r = buf_put_string(out, s->size, s->sized ? 8 : 0)) != 0 ||
		    (r = buf_put_string(
			 out, buf_head(&s->tail), buf_len(&s->tail))) != 0)
			return r;
	}
	return 0;
}

int
live_import(struct live *l, struct span *state)
{
	uint32_t n, channel;
	struct span pty, size, tail;
	struct seen *s;
	int r;

	if ((r = span_u32(state, &n)) != 0)
		return r;
	if (n > LIVE_CHANNELS)
		return FAIL_FORMAT;
	while (n-- > 0) {
		if ((r = span_u32(state, &channel)) != 0 ||
		    (r = span_string(state, &pty)) != 0 ||
		    (r = span_string(state, &size)) != 0 ||
		    (r = span_string(state, &tail)) != 0)
			return r;
		if (pty.len > sizeof(s->pty) || tail.len > LIVE_TAIL ||
		    (size.len != 0 && size.len != 8) ||
		    seen_find(l, channel, false) != NULL)
			return FAIL_FORMAT;
		if ((s = seen_find(l, channel, true)) == NULL)
			return FAIL_NOMEM;
		memcpy(s->pty, pty.p, pty.len);
		s->pty_len = pty.len;
		s->sized = size.len == 8;
		memcpy(s->size, size.p, size.len);
		tail_add(s, tail.p, tail.len);
	}
	return 0;
}
