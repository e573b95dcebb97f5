/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target of one sentence.  Takes session channels, says the sentence on
 * whatever the client runs, and ends it with status 255, so that people read
 * why and scripts see a failure.
 */
#include <stdlib.h>
#include <string.h>

#include "ssh/channels/refusal.h"
#include "ssh/transport/numbers.h"

enum {
	CHANNELS = 10,
	SENTENCE_MAX = 1000,
	PACKET_MAX = 4096,
	REFUSED_MAX = 1000, /* packets that are answered, in all */
	STATUS = 255,
};

struct refusal_channel {
	uint32_t id;	 /* the user's number */
	uint32_t window; /* bytes that the user takes */
	uint32_t max_packet;
	bool used;
	bool pty;
	bool said;
	bool closed; /* we have sent CLOSE */
};

struct refusal {
	int (*send)(void *ctx, struct span head, struct span tail);
	void *ctx;
	struct fail fail;
	char *sentence;
	struct buf out;
	unsigned answers;
	bool shown;
	struct refusal_channel channel[CHANNELS];
};

void
refusal_free(struct refusal *r)
{
	if (r == NULL)
		return;
	buf_fini(&r->out);
	free(r->sentence);
	free(r);
}

struct refusal *
refusal_new(const struct refusal_opts *o)
{
	struct refusal *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->send = o->send;
	r->ctx = o->ctx;
	buf_init(&r->out, PACKET_MAX);
	if ((r->sentence = strndup(o->sentence, SENTENCE_MAX)) == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

static int
broken(struct refusal *r, const char *why)
{
	return fail_set(&r->fail, FAIL_PROTO,
	    "the user's side broke the protocol: %s", why);
}

/* Send out; v is the outcome of filling it. */
static int
flush(struct refusal *r, int v)
{
	if (v == 0)
		v = r->send(r->ctx, buf_span(&r->out), SPAN(NULL, 0));
	buf_reset(&r->out);
	return v == 0 ? 0 : fail_set(&r->fail, v, "%s", fail_text(v));
}

static int
send_short(struct refusal *r, uint8_t msg, uint32_t id)
{
	int v;

	(void)((v = buf_put_u8(&r->out, msg)) != 0 ||
	       (v = buf_put_u32(&r->out, id)) != 0);
	return flush(r, v);
}

/* Not for ever: a client that never stops asking is sent away. */
static int
count(struct refusal *r)
{
	return ++r->answers > REFUSED_MAX ? broken(r, "too many requests") : 0;
}

static int
send_sentence(struct refusal *r, const struct refusal_channel *ch)
{
	const char *end = ch->pty ? "\r\n" : "\n";
	size_t len = strlen(r->sentence) + strlen(end);
	int v;

	if (len > ch->window || len > ch->max_packet)
		return 0;
	(void)((v = buf_put_u8(&r->out, SSH_MSG_CHANNEL_EXTENDED_DATA)) != 0 ||
	       (v = buf_put_u32(&r->out, ch->id)) != 0 ||
	       (v = buf_put_u32(&r->out, SSH_EXTENDED_DATA_STDERR)) != 0 ||
	       (v = buf_put_u32(&r->out, (uint32_t)len)) != 0 ||
	       (v = buf_put(&r->out, r->sentence, strlen(r->sentence))) != 0 ||
	       (v = buf_put(&r->out, end, strlen(end))) != 0);
	return flush(r, v);
}

/* The sentence, the status, the end. */
static int
say(struct refusal *r, struct refusal_channel *ch)
{
	int v;

	ch->said = ch->closed = true;
	if ((v = send_sentence(r, ch)) != 0)
		return v;
	(void)((v = buf_put_u8(&r->out, SSH_MSG_CHANNEL_REQUEST)) != 0 ||
	       (v = buf_put_u32(&r->out, ch->id)) != 0 ||
	       (v = buf_put_cstring(&r->out, "exit-status")) != 0 ||
	       (v = buf_put_u8(&r->out, 0)) != 0 ||
	       (v = buf_put_u32(&r->out, STATUS)) != 0);
	if ((v = flush(r, v)) != 0 ||
	    (v = send_short(r, SSH_MSG_CHANNEL_EOF, ch->id)) != 0)
		return v;
	return send_short(r, SSH_MSG_CHANNEL_CLOSE, ch->id);
}

static int
on_open(struct refusal *r, struct span s)
{
	struct refusal_channel *ch = NULL;
	uint32_t id, window, max_packet, slot = 0;
	struct span type;
	int v;

	if (span_string(&s, &type) != 0 || span_u32(&s, &id) != 0 ||
	    span_u32(&s, &window) != 0 || span_u32(&s, &max_packet) != 0)
		return broken(r, "malformed channel open");
	for (uint32_t i = 0; ch == NULL && i < CHANNELS; i++)
		if (!r->channel[i].used)
			ch = &r->channel[slot = i];
	if (!span_eq(type, "session") || ch == NULL) {
		(void)((v = buf_put_u8(
			    &r->out, SSH_MSG_CHANNEL_OPEN_FAILURE)) != 0 ||
		       (v = buf_put_u32(&r->out, id)) != 0 ||
		       (v = buf_put_u32(&r->out,
			    SSH_OPEN_ADMINISTRATIVELY_PROHIBITED)) != 0 ||
		       (v = buf_put_cstring(&r->out, r->sentence)) != 0 ||
		       (v = buf_put_cstring(&r->out, "")) != 0);
		return flush(r, v);
	}
	*ch = (struct refusal_channel){
	    .id = id, .window = window, .max_packet = max_packet, .used = true};
	(void)((v = buf_put_u8(&r->out, SSH_MSG_CHANNEL_OPEN_CONFIRMATION)) !=
		   0 ||
	       (v = buf_put_u32(&r->out, id)) != 0 ||
	       (v = buf_put_u32(&r->out, slot)) != 0 ||
	       (v = buf_put_u32(&r->out, 0)) != 0 ||
	       (v = buf_put_u32(&r->out, PACKET_MAX)) != 0);
	return flush(r, v);
}

static bool
starts(struct span name)
{
	return span_eq(name, "shell") || span_eq(name, "exec") ||
	       span_eq(name, "subsystem");
}

static int
on_request(struct refusal *r, struct refusal_channel *ch, struct span s)
{
	struct span name;
	bool want, ok;
	int v;

	if (span_string(&s, &name) != 0 || span_bool(&s, &want) != 0)
		return broken(r, "malformed channel request");
	if (ch->closed)
		return REFUSAL_MORE;
	ok = starts(name) || span_eq(name, "pty-req") || span_eq(name, "env");
	if (span_eq(name, "pty-req"))
		ch->pty = true;
	if (want) {
		v = send_short(r,
		    ok ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE,
		    ch->id);
		if (v != 0)
			return v;
	}
	return starts(name) ? say(r, ch) : REFUSAL_MORE;
}

static int
on_adjust(struct refusal *r, struct refusal_channel *ch, struct span s)
{
	uint32_t n;

	if (span_u32(&s, &n) != 0)
		return broken(r, "malformed window adjust");
	ch->window = n > UINT32_MAX - ch->window ? UINT32_MAX : ch->window + n;
	return REFUSAL_MORE;
}

static int
on_close(struct refusal *r, struct refusal_channel *ch)
{
	bool closed = ch->closed;
	uint32_t id = ch->id;

	r->shown = r->shown || ch->said;
	*ch = (struct refusal_channel){0};
	if (!closed)
		return send_short(r, SSH_MSG_CHANNEL_CLOSE, id);
	return r->shown ? REFUSAL_SHOWN : REFUSAL_MORE;
}

static int
on_global(struct refusal *r, struct span s)
{
	const uint8_t failure = SSH_MSG_REQUEST_FAILURE;
	struct span name;
	bool want;
	int v;

	if (span_string(&s, &name) != 0 || span_bool(&s, &want) != 0)
		return broken(r, "malformed global request");
	if (!want)
		return REFUSAL_MORE;
	v = buf_put_u8(&r->out, failure);
	return flush(r, v);
}

static int
on_channel(struct refusal *r, uint8_t type, struct span s)
{
	struct refusal_channel *ch;
	uint32_t slot;

	if (span_u32(&s, &slot) != 0)
		return broken(r, "a message that is too short");
	if (slot >= CHANNELS || !r->channel[slot].used)
		return type == SSH_MSG_CHANNEL_WINDOW_ADJUST
			   ? REFUSAL_MORE
			   : broken(r, "a message for an unknown channel");
	ch = &r->channel[slot];
	switch (type) {
	case SSH_MSG_CHANNEL_REQUEST:
		return on_request(r, ch, s);
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		return on_adjust(r, ch, s);
	case SSH_MSG_CHANNEL_CLOSE:
		return on_close(r, ch);
	case SSH_MSG_CHANNEL_DATA:
	case SSH_MSG_CHANNEL_EXTENDED_DATA:
		/* No window was ever given. */
		return s.len > 8 ? broken(r, "data without a window")
				 : REFUSAL_MORE;
	default:
		return REFUSAL_MORE;
	}
}

int
refusal_packet(struct refusal *r, const uint8_t *p, size_t len)
{
	struct span s = SPAN(p, len);
	uint8_t type;
	int v;

	if (r->fail.code != 0)
		return r->fail.code;
	if (span_u8(&s, &type) != 0)
		return broken(r, "an empty packet");
	if ((v = count(r)) != 0)
		return v;
	switch (type) {
	case SSH_MSG_CHANNEL_OPEN:
		return on_open(r, s);
	case SSH_MSG_GLOBAL_REQUEST:
		return on_global(r, s);
	case SSH_MSG_CHANNEL_REQUEST:
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
	case SSH_MSG_CHANNEL_CLOSE:
	case SSH_MSG_CHANNEL_DATA:
	case SSH_MSG_CHANNEL_EXTENDED_DATA:
	case SSH_MSG_CHANNEL_EOF:
	case SSH_MSG_CHANNEL_SUCCESS:
	case SSH_MSG_CHANNEL_FAILURE:
		return on_channel(r, type, s);
	case SSH_MSG_REQUEST_SUCCESS:
	case SSH_MSG_REQUEST_FAILURE:
		return REFUSAL_MORE;
	default:
		return REFUSAL_UNIMPLEMENTED;
	}
}

const struct fail *
refusal_fail(const struct refusal *r)
{
	return &r->fail;
}
