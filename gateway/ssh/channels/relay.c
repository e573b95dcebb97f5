/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay: which message goes to which handler, and what the handlers share:
 * the first error, the order of what the chain is given, sending.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/channels/relay_priv.h"

void
ssh_relay_free(struct ssh_relay *r)
{
	if (r == NULL)
		return;
	channel_table_fini(&r->table);
	pending_fini(&r->asked[LEG_USER]);
	pending_fini(&r->asked[LEG_TARGET]);
	buf_fini(&r->note);
	buf_fini(&r->scratch);
	buf_fini(&r->json);
	free(r);
}

struct ssh_relay *
ssh_relay_new(const struct ssh_relay_opts *o)
{
	struct ssh_relay *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->ops = o->ops;
	r->ctx = o->ctx;
	r->metadata = o->metadata;
	r->holder = HOLDER_NONE;
	r->table.max = o->max_channels > 0 ? o->max_channels : RELAY_CHANNELS;
	buf_init(&r->note, RELAY_NOTE_MAX);
	buf_init(&r->scratch, RELAY_SCRATCH_MAX);
	buf_init(&r->json, RELAY_JSON_MAX);
	return r;
}

int
relay_broken(struct ssh_relay *r, enum leg leg, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (r->fail.code == 0)
		r->culprit = leg;
	return fail_set(&r->fail, FAIL_PROTO, "%s broke the protocol: %s",
	    leg == LEG_USER ? "the user's side" : "the target", what);
}

int
relay_error(struct ssh_relay *r, int code, const char *what)
{
	return fail_set(&r->fail, code, "%s: %s", what, fail_text(code));
}

/* Does c look like the chunk that the chain has in hand? */
static bool
is_held(const struct ssh_relay *r, const struct chunk *c)
{
	return c->channel == r->held.channel && c->kind == r->held.kind &&
	       c->type == r->held.type && c->flow == r->held.flow &&
	       c->len == r->held.len;
}

static int
push_one(struct ssh_relay *r, enum relay_holder who, const struct chunk *c)
{
	int v;

	if (r->holder == who && !is_held(r, c))
		return relay_error(
		    r, FAIL_STATE, "another chunk than the one that was held");
	v = r->ops->push(r->ctx, c);
	if (v == CHAIN_HOLD) {
		r->holder = who;
		r->held = *c;
		return v;
	}
	r->holder = HOLDER_NONE;
	if (v == CHAIN_PASS || v == CHAIN_DROP)
		return v;
	return relay_error(r, v < 0 ? v : FAIL_STATE, "filter chain");
}

int
relay_push_note(struct ssh_relay *r, uint64_t mono_ns)
{
	const struct chunk c = {
	    .mono_ns = mono_ns,
	    .flow = FLOW_TO_USER,
	    .kind = CHUNK_EVENT,
	    .type = RCD_EV_NOTE,
	    .data = buf_head(&r->note),
	    .len = buf_len(&r->note),
	};
	int v;

	if (c.len == 0)
		return CHAIN_PASS;
	if (r->holder != HOLDER_NONE && r->holder != HOLDER_NOTE)
		return CHAIN_HOLD;
	if ((v = push_one(r, HOLDER_NOTE, &c)) == CHAIN_HOLD || v < 0)
		return v;
	buf_reset(&r->note);
	return CHAIN_PASS;
}

int
relay_push(struct ssh_relay *r, enum relay_holder who, const struct chunk *c)
{
	int v;

	if (r->holder != HOLDER_NONE && r->holder != who &&
	    r->holder != HOLDER_NOTE)
		return CHAIN_HOLD;
	if (r->holder != who && buf_len(&r->note) > 0 &&
	    (v = relay_push_note(r, c->mono_ns)) != CHAIN_PASS)
		return v;
	return push_one(r, who, c);
}

int
relay_event(struct ssh_relay *r, const struct relay_packet *k, uint32_t number,
    uint8_t type, struct span payload)
{
	const struct chunk c = {
	    .mono_ns = k->mono_ns,
	    .channel = number,
	    .flow = relay_flow(k->from),
	    .kind = CHUNK_EVENT,
	    .type = type,
	    .data = payload.p,
	    .len = payload.len,
	};

	return relay_push(r, (enum relay_holder)k->from, &c);
}

int
relay_send(struct ssh_relay *r, enum leg to, struct span head, struct span tail)
{
	int v = r->ops->send(r->ctx, to, head, tail);

	if (v != 0)
		return relay_error(r, v,
		    to == LEG_USER ? "sending to the user"
				   : "sending to the target");
	return 0;
}

int
relay_send_short(struct ssh_relay *r, enum leg to, uint8_t msg, uint32_t id)
{
	uint8_t p[5];

	p[0] = msg;
	be32_put(p + 1, id);
	return relay_send(r, to, SPAN(p, sizeof(p)), SPAN(NULL, 0));
}

int
relay_drop(struct ssh_relay *r, struct channel *ch, enum relay_holder who,
    uint64_t mono_ns)
{
	uint8_t payload[16];
	const struct chunk c = {
	    .mono_ns = mono_ns,
	    .channel = ch->info.number,
	    .flow = FLOW_TO_USER,
	    .kind = CHUNK_EVENT,
	    .type = RCD_EV_CH_CLOSE,
	    .data = payload,
	    .len = sizeof(payload),
	};
	struct relay_count *n = &r->count[ch->info.kind];
	int v;

	le64_put(payload, ch->to[LEG_TARGET].bytes);
	le64_put(payload + 8, ch->to[LEG_USER].bytes);
	if ((v = relay_push(r, who, &c)) == CHAIN_HOLD || v < 0)
		return v;
	ch->info.bytes_up = ch->to[LEG_TARGET].bytes;
	ch->info.bytes_down = ch->to[LEG_USER].bytes;
	n->opened++;
	n->bytes[LEG_TARGET] += ch->info.bytes_up;
	n->bytes[LEG_USER] += ch->info.bytes_down;
	r->ops->channel(r->ctx, &ch->info, RELAY_CH_CLOSE);
	channel_remove(&r->table, ch);
	return 0;
}

/* The same leg, on its own: keeps the timing of keystrokes hidden. */
static int
answer_ping(struct ssh_relay *r, const struct relay_packet *k)
{
	struct span s = SPAN(k->p + 1, k->len - 1), data;

	if (span_string(&s, &data) != 0)
		return relay_broken(r, k->from, "malformed ping");
	k->p[0] = MSG_PONG;
	return relay_send(r, k->from, SPAN(k->p, k->len), SPAN(NULL, 0));
}

static int
dispatch(struct ssh_relay *r, const struct relay_packet *k)
{
	switch (k->p[0]) {
	case SSH_MSG_CHANNEL_DATA:
	case SSH_MSG_CHANNEL_EXTENDED_DATA:
		return flow_data(r, k);
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		return flow_adjust(r, k);
	case SSH_MSG_CHANNEL_REQUEST:
		return request_packet(r, k);
	case SSH_MSG_CHANNEL_SUCCESS:
	case SSH_MSG_CHANNEL_FAILURE:
		return request_reply(r, k);
	case SSH_MSG_CHANNEL_EOF:
		return flow_eof(r, k);
	case SSH_MSG_CHANNEL_CLOSE:
		return flow_close(r, k);
	case SSH_MSG_CHANNEL_OPEN:
		return open_request(r, k);
	case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
		return open_confirmed(r, k);
	case SSH_MSG_CHANNEL_OPEN_FAILURE:
		return open_failed(r, k);
	case SSH_MSG_GLOBAL_REQUEST:
		return global_packet(r, k);
	case SSH_MSG_REQUEST_SUCCESS:
	case SSH_MSG_REQUEST_FAILURE:
		return global_reply(r, k);
	case MSG_PING:
		return answer_ping(r, k);
	default:
		return RELAY_UNIMPLEMENTED;
	}
}

/* May k pass although the relay is paused? */
static bool
passes_paused(const struct relay_packet *k)
{
	struct span s = SPAN(k->p + 1, k->len - 1), name;
	uint32_t id;

	switch (k->p[0]) {
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
	case MSG_PING:
		return true;
	case SSH_MSG_GLOBAL_REQUEST:
		return span_string(&s, &name) == 0 &&
		       request_is_keepalive(name);
	case SSH_MSG_CHANNEL_REQUEST:
		return span_u32(&s, &id) == 0 && span_string(&s, &name) == 0 &&
		       request_is_keepalive(name);
	default:
		return false;
	}
}

int
ssh_relay_packet(struct ssh_relay *r, enum leg from, uint8_t *p, size_t len,
    uint64_t mono_ns)
{
	const struct relay_packet k = {
	    .from = from,
	    .p = p,
	    .len = len,
	    .mono_ns = mono_ns,
	};
	int v;

	if (r->fail.code != 0)
		return r->fail.code;
	if (len == 0)
		return relay_broken(r, from, "an empty packet");
	if (r->paused && !passes_paused(&k))
		return RELAY_HOLD;
	if (r->holder == HOLDER_NOTE && (v = relay_push_note(r, mono_ns)) < 0)
		return v;
	return dispatch(r, &k);
}

void
ssh_relay_pause(struct ssh_relay *r, bool on)
{
	r->paused = on;
}

int
ssh_relay_finish(struct ssh_relay *r, uint64_t mono_ns)
{
	int v;

	/* A held packet is given up: its chunk will not come again. */
	if (r->holder == HOLDER_USER || r->holder == HOLDER_TARGET)
		r->holder = HOLDER_NONE;
	for (uint32_t i = 0; i < r->table.cap; i++) {
		struct channel *ch = r->table.slot[i];

		if (ch == NULL)
			continue;
		v = relay_drop(r, ch, HOLDER_END, mono_ns);
		if (v == CHAIN_HOLD)
			return RELAY_HOLD;
		if (v < 0)
			return v;
	}
	v = relay_push_note(r, mono_ns);
	return v == CHAIN_HOLD ? RELAY_HOLD : v;
}

int
ssh_relay_notice(struct ssh_relay *r, const char *text, uint64_t mono_ns)
{
	char line[RELAY_NOTE_MAX + 1];
	struct span s;
	int v;

	if (r->fail.code != 0)
		return r->fail.code;
	if ((v = relay_push_note(r, mono_ns)) != CHAIN_PASS)
		return v < 0 ? v : FAIL_BUSY;
	relay_printable(line, sizeof(line), SPAN(text, strlen(text)), true);
	s = SPAN(line, strlen(line));
	if ((v = buf_put(&r->note, s.p, s.len)) != 0)
		return relay_error(r, v, "a notice");
	if ((v = relay_push_note(r, mono_ns)) < 0)
		return v;
	return inject_notice(r, s);
}

enum leg
ssh_relay_culprit(const struct ssh_relay *r)
{
	return r->culprit;
}

const struct fail *
ssh_relay_fail(const struct ssh_relay *r)
{
	return &r->fail;
}
