/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that the target runs: a shell that echoes, cat, echo, exit,
 * source and sink.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seat.h"
#include "stream.h"

enum {
	OUT_MAX = 2 * CHAN_WINDOW + 4096,
	TICK_MS = 50,
	CTRL_D = 4,
};

static int
say(struct seat *s, const char *text)
{
	return buf_put(&s->out, text, strlen(text));
}

static int
finish(struct seat *s, uint32_t status)
{
	s->ending = true;
	s->status = status;
	return 0;
}

/* cat, and a shell: with a terminal as its echo would show it. */
static int
cat_data(struct seat *s, struct span d)
{
	int r = 0;

	s->owed += d.len;
	if (!s->pty)
		return buf_put(&s->out, d.p, d.len);
	for (size_t i = 0; r == 0 && i < d.len && !s->ending; i++) {
		if (d.p[i] == CTRL_D)
			return finish(s, 0);
		r = buf_put_u8(&s->out, d.p[i]);
		if (r == 0 && d.p[i] == '\r')
			r = buf_put_u8(&s->out, '\n');
	}
	return r;
}

static int
cat_eof(struct seat *s)
{
	return finish(s, 0);
}

static int
no_data(struct seat *s, struct span d)
{
	s->owed += d.len;
	return 0;
}

static int
no_eof(struct seat *s UNUSED)
{
	return 0;
}

static int
echo_start(struct seat *s, const char *args)
{
	int r = say(s, args);

	if (r == 0)
		r = say(s, "\n");
	return r != 0 ? r : finish(s, 0);
}

static int
exit_start(struct seat *s, const char *args)
{
	return finish(s, (uint32_t)strtoul(args, NULL, 10));
}

static int
true_start(struct seat *s, const char *args UNUSED)
{
	return finish(s, 0);
}

/* sink SEED: says at the end how much came, and whether it was right. */
static int
sink_start(struct seat *s, const char *args)
{
	s->seed = strtoull(args, NULL, 10);
	return 0;
}

static int
sink_data(struct seat *s, struct span d)
{
	if (!stream_same(s->seed, s->at, d.p, d.len))
		s->wrong = true;
	s->at += d.len;
	return chan_took(s->w, &s->ch, d.len);
}

static int
sink_eof(struct seat *s)
{
	char line[64];
	int r;

	(void)snprintf(line, sizeof(line), "got %llu %s\n",
	    (unsigned long long)s->at, s->wrong ? "wrong" : "right");
	r = say(s, line);
	return r != 0 ? r : finish(s, s->wrong ? 1 : 0);
}

/* source BYTES SEED PACE: BYTES 0 is until the input ends. */
static uint64_t
source_allowed(const struct seat *s)
{
	uint64_t ms;

	if (s->pace == 0)
		return s->end;
	ms = (mono_ns() - s->began_ns) / 1000000 + TICK_MS;
	ms = ms * s->pace / 1000;
	return ms < s->end ? ms : s->end;
}

static void
source_tick(struct timer *t, void *ctx)
{
	struct seat *s = ctx;

	timer_set(t, TICK_MS);
	if (verb_push(s) != 0)
		timer_clear(t);
}

static int
source_start(struct seat *s, const char *args)
{
	char *p;

	s->end = strtoull(args, &p, 10);
	s->seed = strtoull(p, &p, 10);
	s->pace = strtoull(p, &p, 10);
	s->began_ns = mono_ns();
	if (s->end == 0)
		s->end = UINT64_MAX;
	if (s->pace == 0)
		return 0;
	s->timer = timer_new(s->loop, source_tick, s);
	if (s->timer == NULL)
		return FAIL_NOMEM;
	timer_set(s->timer, TICK_MS);
	return 0;
}

static int
source_room(struct seat *s)
{
	uint8_t chunk[CHAN_PACKET];
	uint64_t allowed = source_allowed(s);
	char line[64];
	int r = 0;

	while (r == 0 && s->at < allowed) {
		uint64_t left = allowed - s->at;
		size_t n = chan_room(s->w, &s->ch,
		    left < CHAN_PACKET ? (size_t)left : CHAN_PACKET);

		if (n == 0)
			break;
		stream_make(s->seed, s->at, chunk, n);
		s->at += n;
		r = chan_data(s->w, &s->ch, SPAN(chunk, n));
	}
	if (r != 0 || s->at < s->end || s->told)
		return r;
	/* The total on the other stream, once there is room for it. */
	(void)snprintf(
	    line, sizeof(line), "sent %llu\n", (unsigned long long)s->at);
	if (chan_room(s->w, &s->ch, strlen(line)) < strlen(line))
		return 0;
	s->told = true;
	r = chan_stderr(s->w, &s->ch, SPAN(line, strlen(line)));
	return r != 0 ? r : finish(s, 0);
}

static int
source_eof(struct seat *s)
{
	s->end = s->at;
	return 0;
}

static const struct verb verbs[] = {
    {"", NULL, cat_data, NULL, cat_eof}, /* a shell */
    {"cat", NULL, cat_data, NULL, cat_eof},
    {"echo", echo_start, no_data, NULL, no_eof},
    {"exit", exit_start, no_data, NULL, no_eof},
    {"true", true_start, no_data, NULL, no_eof},
    {"sink", sink_start, sink_data, NULL, sink_eof},
    {"source", source_start, no_data, source_room, source_eof},
};

bool
verb_find(struct seat *s, const char *line)
{
	size_t len = line == NULL ? 0 : strcspn(line, " ");

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strlen(verbs[i].name) == len &&
		    (len == 0 || memcmp(verbs[i].name, line, len) == 0)) {
			s->verb = &verbs[i];
			return true;
		}
	}
	return false;
}

int
verb_start(struct seat *s, const char *line)
{
	size_t len = line == NULL ? 0 : strcspn(line, " ");
	int r = 0;

	buf_init(&s->out, OUT_MAX);
	if (len > 0 && line[len] == ' ')
		len++;
	if (s->verb->start != NULL)
		r = s->verb->start(s, line == NULL ? "" : line + len);
	return r != 0 ? r : verb_push(s);
}

int
verb_data(struct seat *s, struct span d)
{
	int r = 0;

	if (s->verb != NULL && !s->ending)
		r = s->verb->data(s, d);
	return r != 0 ? r : verb_push(s);
}

int
verb_eof(struct seat *s)
{
	int r = 0;

	if (s->verb != NULL && !s->ending)
		r = s->verb->eof(s);
	return r != 0 ? r : verb_push(s);
}

int
verb_push(struct seat *s)
{
	int r = 0;

	if (s->verb == NULL || s->ch.sent_close)
		return 0;
	while (r == 0 && buf_len(&s->out) > 0) {
		size_t n = chan_room(s->w, &s->ch, buf_len(&s->out));

		if (n == 0)
			return 0;
		r = chan_data(s->w, &s->ch, SPAN(buf_head(&s->out), n));
		buf_consume(&s->out, n);
	}
	buf_shrink(&s->out);
	if (r == 0 && s->owed > 0) {
		r = chan_took(s->w, &s->ch, s->owed);
		s->owed = 0;
	}
	if (r == 0 && s->verb->room != NULL && !s->ending)
		r = s->verb->room(s);
	if (r != 0 || !s->ending)
		return r;
	if ((r = chan_exit_status(s->w, &s->ch, s->status)) != 0 ||
	    (r = chan_eof(s->w, &s->ch)) != 0)
		return r;
	return chan_close(s->w, &s->ch);
}

void
verb_fini(struct seat *s)
{
	timer_free(s->timer);
	s->timer = NULL;
	buf_fini(&s->out);
	s->verb = NULL;
	s->pty = s->ending = s->wrong = s->told = false;
	s->owed = 0;
	s->at = s->end = s->pace = 0;
}
