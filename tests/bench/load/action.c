/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session of the light client does: type, wait, transfer, run one
 * command.  Everything that comes back is compared with what must.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "stream.h"

enum { LAST_LINE = 16, TICK_MS = 50, CTRL_D = 4 };

static int
nothing(struct sess *s UNUSED)
{
	return 0;
}

/* Words that the target says at the end. */
static int
words(struct sess *s, struct span d)
{
	if (d.len >= WORDS_MAX - s->n_words)
		return sess_wrong(s, "more words than expected");
	memcpy(s->words + s->n_words, d.p, d.len);
	s->n_words += d.len;
	s->words[s->n_words] = '\0';
	return 0;
}

static const char *
verdict_words(const struct sess *s, const char *want)
{
	if (strcmp(s->words, want) != 0)
		return "the output is not what it must be";
	if (!s->got_status || s->status != 0)
		return "no exit status, or not 0";
	return NULL;
}

/* One command. */
static int
once_command(const struct sess *s, char *line, size_t size)
{
	(void)snprintf(line, size, "echo load-%llu", (unsigned long long)s->id);
	return 0;
}

static int
once_data(struct sess *s, struct span d, bool err)
{
	return err ? sess_wrong(s, "words on stderr") : words(s, d);
}

static const char *
once_verdict(const struct sess *s)
{
	char want[WORDS_MAX];

	(void)snprintf(
	    want, sizeof(want), "load-%llu\n", (unsigned long long)s->id);
	return verdict_words(s, want);
}

/* Typing. */
static int
type_key(struct sess *s)
{
	uint8_t key = stream_key(s->id, s->sent);

	if (chan_room(s->w, &s->ch, 1) == 0 ||
	    s->sent - s->got >= KEYS_IN_FLIGHT) {
		s->c->late++;
		return 0;
	}
	if (s->moved_ns == 0)
		sess_moved(s, true);
	s->sent_ns[s->sent % KEYS_IN_FLIGHT] = mono_ns();
	s->sent++;
	s->c->keys++;
	s->c->bytes_up++;
	return chan_data(s->w, &s->ch, SPAN(&key, 1));
}

/* All that was typed has come back: leave. */
static int
log_out(struct sess *s)
{
	uint8_t end = CTRL_D;

	if (s->said || s->got < s->sent || chan_room(s->w, &s->ch, 1) == 0)
		return 0;
	s->said = true;
	sess_moved(s, true);
	return chan_data(s->w, &s->ch, SPAN(&end, 1));
}

/*
 * Each session has its own moment of the interval, whenever it was set up and
 * however late the last key was: else those that were held up together would
 * type together from then on.
 */
static uint64_t
until_key(const struct sess *s)
{
	uint64_t ms = s->c->o->interval_ms;
	uint64_t at = ms * s->place / s->c->o->sessions;
	uint64_t left = (at + ms - mono_ns() / 1000000U % ms) % ms;

	return left != 0 ? left : ms;
}

static void
keys_tick(struct timer *t, void *ctx)
{
	struct sess *s = ctx;

	if (s->finishing || s->state != SESS_RUN)
		return;
	timer_set(t, until_key(s));
	if (type_key(s) != 0)
		(void)sess_wrong(s, "cannot send");
}

static int
keys_start(struct sess *s)
{
	s->timer = timer_new(s->c->loop, keys_tick, s);
	if (s->timer == NULL)
		return FAIL_NOMEM;
	timer_set(s->timer, until_key(s));
	return 0;
}

static void
key_back(struct sess *s)
{
	uint64_t ns = mono_ns() - s->sent_ns[s->got % KEYS_IN_FLIGHT];

	hist_add(&s->c->rtt_now, ns);
	if (s->c->ready && !s->c->ending)
		hist_add(&s->c->rtt, ns);
	s->got++;
	s->half = false;
}

static int
keys_data(struct sess *s, struct span d, bool err)
{
	for (size_t i = 0; i < d.len; i++) {
		uint8_t key = stream_key(s->id, s->got);
		uint8_t want = s->half ? '\n' : key;

		if (err || s->got == s->sent || d.p[i] != want)
			return sess_wrong(s, "the echo is not what was typed");
		if (key == '\r' && !s->half)
			s->half = true;
		else
			key_back(s);
	}
	sess_moved(s, s->got < s->sent);
	return s->finishing ? log_out(s) : 0;
}

static int
keys_finish(struct sess *s)
{
	return log_out(s);
}

static int
keys_room(struct sess *s)
{
	return s->finishing ? log_out(s) : 0;
}

static const char *
keys_verdict(const struct sess *s)
{
	if (!s->said)
		return "the shell ended by itself";
	if (s->got != s->sent)
		return "keys were lost";
	if (!s->got_status || s->status != 0)
		return "no exit status, or not 0";
	return NULL;
}

/* Waiting: at the end a line shows that the session works. */
static int
idle_room(struct sess *s)
{
	int r = 0;

	if (!s->finishing)
		return 0;
	while (r == 0 && s->sent < LAST_LINE && chan_room(s->w, &s->ch, 1) > 0)
		r = type_key(s);
	return r != 0 || s->sent < LAST_LINE ? r : log_out(s);
}

/* Down. */
static int
down_command(const struct sess *s, char *line, size_t size)
{
	(void)snprintf(line, size, "source %llu %llu %llu",
	    (unsigned long long)s->c->o->bytes, (unsigned long long)s->id,
	    (unsigned long long)s->c->o->pace);
	return 0;
}

static int
down_data(struct sess *s, struct span d, bool err)
{
	if (err)
		return words(s, d);
	if (!stream_same(s->id, s->got, d.p, d.len))
		return sess_wrong(s, "bytes differ");
	s->got += d.len;
	sess_moved(s, true);
	return 0;
}

static int
down_finish(struct sess *s)
{
	return chan_eof(s->w, &s->ch);
}

static const char *
down_verdict(const struct sess *s)
{
	char want[WORDS_MAX];

	(void)snprintf(
	    want, sizeof(want), "sent %llu\n", (unsigned long long)s->got);
	if (s->c->o->bytes != 0 && !s->finishing && s->got != s->c->o->bytes)
		return "bytes are missing";
	return verdict_words(s, want);
}

/* Up. */
static int
up_command(const struct sess *s, char *line, size_t size)
{
	(void)snprintf(line, size, "sink %llu", (unsigned long long)s->id);
	return 0;
}

static uint64_t
up_allowed(const struct sess *s)
{
	uint64_t end = s->c->o->bytes == 0 ? UINT64_MAX : s->c->o->bytes;
	uint64_t n;

	if (s->c->o->pace == 0)
		return end;
	n = (mono_ns() - s->sent_ns[0]) / 1000000 * s->c->o->pace / 1000;
	return n < end ? n : end;
}

static int
up_room(struct sess *s)
{
	uint8_t chunk[CHAN_PACKET];
	uint64_t allowed = up_allowed(s);
	int r = 0;

	while (r == 0 && !s->finishing && s->sent < allowed) {
		uint64_t left = allowed - s->sent;
		size_t n = chan_room(s->w, &s->ch,
		    left < CHAN_PACKET ? (size_t)left : CHAN_PACKET);

		if (n == 0)
			return 0;
		stream_make(s->id, s->sent, chunk, n);
		s->sent += n;
		s->c->bytes_up += n;
		sess_moved(s, true);
		r = chan_data(s->w, &s->ch, SPAN(chunk, n));
	}
	if (r == 0 && (s->finishing || s->sent == s->c->o->bytes) &&
	    (s->finishing || s->c->o->bytes != 0))
		r = chan_eof(s->w, &s->ch);
	return r;
}

static void
up_tick(struct timer *t, void *ctx)
{
	struct sess *s = ctx;

	if (s->state != SESS_RUN || s->ch.sent_eof)
		return;
	timer_set(t, TICK_MS);
	if (up_room(s) != 0)
		(void)sess_wrong(s, "cannot send");
}

static int
up_start(struct sess *s)
{
	s->sent_ns[0] = mono_ns();
	if (s->c->o->pace != 0) {
		s->timer = timer_new(s->c->loop, up_tick, s);
		if (s->timer == NULL)
			return FAIL_NOMEM;
		timer_set(s->timer, TICK_MS);
	}
	return up_room(s);
}

static const char *
up_verdict(const struct sess *s)
{
	char want[WORDS_MAX];

	(void)snprintf(want, sizeof(want), "got %llu right\n",
	    (unsigned long long)s->sent);
	return verdict_words(s, want);
}

static const struct action actions[] = {
    {.name = "once",
	.command = once_command,
	.start = nothing,
	.data = once_data,
	.room = nothing,
	.finish = nothing,
	.verdict = once_verdict},
    {.name = "keys",
	.start = keys_start,
	.data = keys_data,
	.room = keys_room,
	.finish = keys_finish,
	.verdict = keys_verdict,
	.lasts = true},
    {.name = "idle",
	.start = nothing,
	.data = keys_data,
	.room = idle_room,
	.finish = idle_room,
	.verdict = keys_verdict,
	.lasts = true},
    {.name = "down",
	.command = down_command,
	.start = nothing,
	.data = down_data,
	.room = nothing,
	.finish = down_finish,
	.verdict = down_verdict},
    {.name = "up",
	.command = up_command,
	.start = up_start,
	.data = once_data,
	.room = up_room,
	.finish = up_room,
	.verdict = up_verdict},
    {.name = "login", .login_only = true},
    {.name = "mute", .mute = true, .lasts = true},
};

const struct action *
action_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	}
	return NULL;
}
