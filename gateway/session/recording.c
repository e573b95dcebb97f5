/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording of one session: events into the writer, sealed chunks to the
 * recorder process, and the account of what is on disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "keeper/keeper_msg.h"
#include "recorder/recorder_msg.h"
#include "session/recording_impl.h"

enum { AGAIN_MS = 100 }; /* after the link to the recorder was full */

uint64_t
recording_us(const struct recording *r, uint64_t mono)
{
	return mono > r->start_ns ? (mono - r->start_ns) / 1000U : 0;
}

static void
send_chunk(struct recording *r, const struct unsafe *u)
{
	struct rm_chunk m = {.seq = u->seq, .data = SPAN(u->data, u->len)};
	struct ipc *ipc = peers_ipc(r->peers, PEER_RECORDER);

	memcpy(m.rec_id, r->rec_id, UUID_LEN);
	if (ipc != NULL && rm_chunk_send(ipc, 0, &m) == 0)
		return;
	/* Sent again when the recorder has said from where. */
	r->unsent = true;
	if (ipc != NULL)
		timer_set(r->again, AGAIN_MS);
}

int
recording_on_chunk(void *ctx, uint64_t seq, struct span chunk)
{
	struct recording *r = ctx;
	struct unsafe *u;

	if ((u = malloc(sizeof(*u) + chunk.len)) == NULL)
		return FAIL_NOMEM;
	u->next = NULL;
	u->seq = seq;
	u->since_ns = r->pending_ns != 0 ? r->pending_ns : mono_ns();
	u->len = chunk.len;
	memcpy(u->data, chunk.p, chunk.len);
	if (r->last == NULL)
		r->first = u;
	else
		r->last->next = u;
	r->last = u;
	r->unsafe_bytes += u->len;
	r->chunks++;
	if (!r->unsent)
		send_chunk(r, u);
	return 0;
}

void
recording_tell(struct recording *r, uint16_t type)
{
	/* resume, close and handover are one UUID each. */
	int code = peers_tell(
	    r->peers, PEER_RECORDER, type, SPAN(r->rec_id, UUID_LEN));

	/* When there is no link, the next one begins with a resume. */
	if (code != 0 && code != FAIL_CLOSED)
		timer_set(r->again, AGAIN_MS);
}

/* The link was full: what the recorder lacks follows its answer. */
static void
on_again(struct timer *t, void *ctx)
{
	struct recording *r = ctx;

	(void)t;
	if (r->opened && r->code == 0)
		recording_tell(r, rm_resume_type);
}

static bool
is_ahead(const struct recording *r, uint64_t now)
{
	uint64_t since = r->first != NULL ? r->first->since_ns : r->pending_ns;

	return r->trouble || r->unsafe_bytes > RECORDING_AHEAD_BYTES ||
	       (since != 0 && now > since &&
		   now - since > (uint64_t)RECORDING_AHEAD_MS * 1000000U);
}

static void
maybe_resume(struct recording *r)
{
	if (!r->held || is_ahead(r, mono_ns()))
		return;
	r->held = false;
	r->ops->resume(r->ctx);
}

int
recording_failed(struct recording *r, int code)
{
	if (r->code == 0) {
		r->code = code;
		log_err(NULL, "a recording cannot go on: %s", fail_text(code));
		if (!r->closing)
			r->ops->trouble(r->ctx, code, fail_text(code));
	}
	return code;
}

/* ---- time */

void
recording_arm(struct recording *r)
{
	uint64_t now = mono_ns(), due = recording_channels_due(r), at;

	if (r->closing)
		return;
	if (rcd_writer_pending_since(r->writer) != UINT64_MAX) {
		if (r->pending_ns == 0)
			r->pending_ns = now;
		at = r->pending_ns + r->flush_ns;
		if (at < due)
			due = at;
	} else {
		r->pending_ns = 0;
	}
	if (due == UINT64_MAX) {
		if (r->unsealed_checks > 0)
			return;
		/* Once more after the last event: a checkpoint may be due. */
		r->unsealed_checks = 1;
		due = now + (uint64_t)RCD_GOP_S * 1000000000U;
	}
	if (timer_armed(r->timer) && r->due_ns <= due)
		return;
	r->due_ns = due;
	timer_set(r->timer, due > now ? (due - now) / 1000000U + 1 : 0);
}

static void
seal(struct recording *r)
{
	int code;

	if ((code = rcd_writer_seal(r->writer)) != 0)
		(void)recording_failed(r, code);
	r->pending_ns = 0;
}

static void
on_timer(struct timer *t, void *ctx)
{
	struct recording *r = ctx;
	uint64_t now = mono_ns();

	(void)t;
	if (r->closing || r->code != 0)
		return;
	recording_channels_tick(r, now);
	if (r->pending_ns != 0 && now >= r->pending_ns + r->flush_ns)
		seal(r);
	recording_checkpoint(r, recording_us(r, now));
	if (r->unsealed_checks == 1)
		r->unsealed_checks = 2;
	rcd_writer_idle(r->writer, recording_us(r, now));
	recording_arm(r);
}

int
recording_event(struct recording *r, uint64_t mono, uint8_t type,
    uint32_t channel, struct span payload)
{
	int code;

	if (r->code != 0)
		return r->code;
	/* Not mono: what was typed is an event only when its echo comes. */
	if (r->pending_ns == 0)
		r->pending_ns = mono_ns();
	r->unsealed_checks = 0;
	code = rcd_writer_event(r->writer, recording_us(r, mono),
	    (enum rcd_event)type, channel, payload);
	if (code != 0)
		return recording_failed(r, code);
	if (rcd_writer_pending_since(r->writer) == UINT64_MAX)
		r->pending_ns = 0;
	recording_checkpoint(r, recording_us(r, mono));
	recording_arm(r);
	return 0;
}

int
recording_say(struct recording *r, uint8_t type, const char *text)
{
	return recording_event(r, mono_ns(), type, 0, SPAN(text, strlen(text)));
}

static int
on_push(void *priv, const struct chunk *c)
{
	struct recording *r = priv;

	if (r->code != 0)
		return FAIL_RECORDING;
	if (is_ahead(r, c->mono_ns)) {
		r->held = true;
		return CHAIN_HOLD;
	}
	return recording_chunk(r, c);
}

const struct chain_filter recording_filter = {
    .name = "record",
    .push = on_push,
};

/* ---- what the recorder says */

static void
committed(struct recording *r, uint64_t next_seq)
{
	struct unsafe *u;

	while ((u = r->first) != NULL && u->seq < next_seq) {
		r->first = u->next;
		if (r->first == NULL)
			r->last = NULL;
		r->unsafe_bytes -= u->len;
		free(u);
	}
	maybe_resume(r);
}

/* The recorder has what is before next_seq: the rest, and the end. */
static void
send_rest(struct recording *r, uint64_t next_seq)
{
	const struct unsafe *u;

	r->unsent = false;
	for (u = r->first; u != NULL && !r->unsent; u = u->next)
		if (u->seq >= next_seq)
			send_chunk(r, u);
	if (r->trailed)
		recording_tell(r, rm_close_type);
}

static void
on_state(struct recording *r, const struct rm_state *m)
{
	if (!r->opened) {
		r->opened = m->code == 0;
		if (r->opened && r->unsent)
			send_rest(r, m->next_seq);
		r->ops->opened(r->ctx, -(int)m->code, fail_text(-(int)m->code));
		return;
	}
	if (m->code != 0) {
		(void)recording_failed(r, -(int)m->code);
		return;
	}
	if (r->trouble) {
		r->trouble = false;
		r->ops->trouble(r->ctx, 0, "");
	}
	send_rest(r, m->next_seq);
	maybe_resume(r);
}

static void
on_error(struct recording *r, const struct rm_error *m)
{
	char why[256];

	if (r->trouble)
		return;
	r->trouble = true;
	(void)snprintf(
	    why, sizeof(why), "%.*s", (int)m->why.len, (const char *)m->why.p);
	r->ops->trouble(r->ctx, -(int)m->code, why);
}

bool
recording_lost(const struct recording *r)
{
	return r->code != 0;
}

int
recording_message(struct recording *r, const struct ipc_msg *m)
{
	struct rm_committed commit;
	struct rm_closed closed;
	struct rm_state state;
	struct rm_error error;
	int code;

	switch (m->type) {
	case rm_state_type:
		if ((code = rm_state_get(m->body, &state)) == 0)
			on_state(r, &state);
		return code;
	case rm_committed_type:
		if ((code = rm_committed_get(m->body, &commit)) == 0)
			committed(r, commit.next_seq);
		return code;
	case rm_error_type:
		if ((code = rm_error_get(m->body, &error)) == 0)
			on_error(r, &error);
		return code;
	case rm_closed_type:
		if ((code = rm_closed_get(m->body, &closed)) == 0)
			r->ops->closed(r->ctx, -(int)closed.code);
		return code;
	default:
		return FAIL_PROTO;
	}
}

void
recording_ready(struct recording *r)
{
	if (!r->trouble)
		return;
	/* Ask where it stands: the answer sends what is missing. */
	recording_tell(r, rm_resume_type);
}

static void
on_resumed(void *ctx, int code, const struct ipc_msg *m)
{
	(void)ctx;
	if (code != 0 || m->type != km_resumed_type)
		log_warn(NULL, "the keeper does not know a recording again");
}

void
recording_keeper_knows(struct recording *r)
{
	uint64_t link = peers_link_number(r->peers, PEER_KEEPER);
	struct km_resume m = {.wrapped = buf_span(&r->wrapped)};
	struct buf b;

	if (r->keeper_link == link)
		return;
	memcpy(m.rec_id, r->rec_id, UUID_LEN);
	buf_init(&b, 1024);
	if (km_resume_put(&b, &m) == 0 &&
	    peers_ask(r->peers, PEER_KEEPER, km_resume_type, buf_span(&b),
		on_resumed, r) == 0)
		r->keeper_link = link;
	buf_fini(&b);
}

void
recording_peer_up(struct recording *r, enum peer p)
{
	/* Nothing more until the recorder says from where. */
	if (p == PEER_RECORDER)
		r->unsent = true;
	if (p == PEER_RECORDER && !r->opened) {
		IGNORE(recording_open(r));
	} else if (p == PEER_RECORDER) {
		recording_tell(r, rm_resume_type);
	} else if (p == PEER_KEEPER) {
		recording_keeper_knows(r);
	}
}

void
recording_leave(struct recording *r)
{
	recording_tell(r, rm_handover_type);
}

int
recording_open(struct recording *r)
{
	struct rm_open m = {.header = rcd_writer_header(r->writer)};
	struct buf b;
	int code;

	memcpy(m.rec_id, r->rec_id, UUID_LEN);
	buf_init(&b, 32768);
	if ((code = rm_open_put(&b, &m)) == 0) {
		code = peers_tell(
		    r->peers, PEER_RECORDER, rm_open_type, buf_span(&b));
		if (code == FAIL_CLOSED)
			code = 0; /* offered again when it is back */
	}
	buf_fini(&b);
	return code;
}

uint64_t
recording_chunks(const struct recording *r)
{
	return r->chunks;
}

uint64_t
recording_seconds(const struct recording *r)
{
	return recording_us(r, mono_ns()) / 1000000U;
}

/* ---- life */

void
recording_free(struct recording *r)
{
	struct unsafe *u;

	if (r == NULL)
		return;
	peers_forget(r->peers, r);
	recording_channels_fini(r);
	while ((u = r->first) != NULL) {
		r->first = u->next;
		free(u);
	}
	rcd_writer_free(r->writer);
	timer_free(r->timer);
	timer_free(r->sign_timer);
	timer_free(r->again);
	buf_fini(&r->wrapped);
	free(r);
}

struct recording *
recording_alloc(const struct recording_opts *o)
{
	struct recording *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->peers = o->peers;
	r->ops = o->ops;
	r->ctx = o->ctx;
	r->keeper_link = o->keeper_link;
	r->flush_ns = o->flush_ms * 1000000U;
	r->rules[RULE_SHELL] = o->shell;
	r->rules[RULE_EXEC] = o->exec;
	r->rules[RULE_SFTP] = o->sftp;
	memcpy(r->rec_id, o->rec_id, UUID_LEN);
	buf_init(&r->wrapped, 1024);
	r->timer = timer_new(o->loop, on_timer, r);
	r->sign_timer = timer_new(o->loop, recording_on_sign_late, r);
	r->again = timer_new(o->loop, on_again, r);
	if (r->timer == NULL || r->sign_timer == NULL || r->again == NULL ||
	    buf_put(&r->wrapped, o->wrapped.p, o->wrapped.len) != 0) {
		recording_free(r);
		return NULL;
	}
	return r;
}

struct recording *
recording_new(const struct recording_opts *o, struct fail *f)
{
	struct rcd_writer_opts w = {
	    .codec = o->codec,
	    .sink = recording_on_chunk,
	    .node_key_id = o->node_key_id,
	    .node_seq = o->node_seq,
	    .protocol = o->protocol,
	    .start_unix_us = unix_us(),
	    .session_json = SPAN(o->about, strlen(o->about)),
	};
	struct secret *dek;
	struct recording *r;
	int code;

	if (o->dek.len != RCD_KEY_LEN || o->node_key.len != RCD_KEY_LEN) {
		(void)fail_set(f, FAIL_FORMAT, "the recording's key is short");
		return NULL;
	}
	if ((r = recording_alloc(o)) == NULL ||
	    (dek = secret_from(o->dek.p, o->dek.len)) == NULL) {
		recording_free(r);
		(void)fail_set(f, FAIL_NOMEM, "no memory for a recording");
		return NULL;
	}
	r->start_ns = mono_ns();
	w.start_boot_us = r->start_ns / 1000U;
	w.sink_ctx = r;
	w.dek = dek;
	memcpy(w.rec_id, o->rec_id, UUID_LEN);
	memcpy(w.dek_id, o->dek_id, UUID_LEN);
	memcpy(w.node_key, o->node_key.p, RCD_KEY_LEN);
	code = rcd_writer_new(&r->writer, &w);
	secret_free(dek);
	if (code != 0) {
		(void)fail_set(f, code, "cannot begin a recording");
		recording_free(r);
		return NULL;
	}
	return r;
}
