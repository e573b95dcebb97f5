/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording of one session: events into the writer, sealed chunks to the
 * recorder process, and the account of what is on disk.  What becomes of each
 * channel's bytes is in recording_channel.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "keeper/keeper_msg.h"
#include "recorder/recorder_msg.h"
#include "session/recording_impl.h"

/* A chunk that the recorder has not yet said to be on disk. */
struct unsafe {
	struct unsafe *next;
	uint64_t seq;
	uint64_t since_ns; /* its oldest event */
	size_t len;
	uint8_t data[];
};

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
	if (ipc == NULL || rm_chunk_send(ipc, 0, &m) != 0)
		r->unsent = true; /* sent again after a resume */
}

static int
on_chunk(void *ctx, uint64_t seq, struct span chunk)
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

static void
tell_id(struct recording *r, uint16_t type)
{
	/* resume, close and handover are one UUID each. */
	IGNORE(peers_tell(
	    r->peers, PEER_RECORDER, type, SPAN(r->rec_id, UUID_LEN)));
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

static int
failed(struct recording *r, int code)
{
	if (r->code == 0) {
		r->code = code;
		log_err(NULL, "a recording cannot go on: %s", fail_text(code));
		if (!r->closing)
			r->ops->trouble(r->ctx, code, fail_text(code));
	}
	return code;
}

/* ---- checkpoints and the trailer */

/* The signature of an answer, lent from it; NULL: there is none. */
static const uint8_t *
signature_of(int code, const struct ipc_msg *m)
{
	struct km_signature sig;

	if (code != 0 || m->type != km_signature_type ||
	    km_signature_get(m->body, &sig) != 0 || sig.blob.len != RCD_SIG_LEN)
		return NULL;
	return sig.blob.p;
}

static void
on_checkpoint(void *ctx, int code, const struct ipc_msg *m)
{
	struct recording *r = ctx;
	const uint8_t *sig = signature_of(code, m);

	r->asked = false;
	if (r->code != 0 || r->ended)
		return; /* the end has a signature of its own */
	if (sig == NULL) {
		log_warn(NULL, "the keeper did not sign a checkpoint");
		return;
	}
	code = rcd_writer_checkpoint(r->writer, r->asked_seq, sig);
	if (code != 0 && code != FAIL_STATE)
		(void)failed(r, code);
}

static void
on_end(void *ctx, int code, const struct ipc_msg *m)
{
	struct recording *r = ctx;

	if (r->code == 0)
		recording_trailer(r, signature_of(code, m));
}

static int
ask(struct recording *r, uint64_t seq, const uint8_t *hash, bool end)
{
	struct km_checkpoint_sign m = {
	    .seq = seq,
	    .hash = SPAN(hash, RCD_HASH_LEN),
	    .final = end,
	};
	struct buf b;
	int code;

	memcpy(m.rec_id, r->rec_id, UUID_LEN);
	buf_init(&b, 256);
	if ((code = km_checkpoint_sign_put(&b, &m)) == 0)
		code = peers_ask(r->peers, PEER_KEEPER, km_checkpoint_sign_type,
		    buf_span(&b), end ? on_end : on_checkpoint, r);
	buf_fini(&b);
	return code;
}

static void
maybe_checkpoint(struct recording *r, uint64_t t_us)
{
	uint8_t hash[RCD_HASH_LEN];

	if (r->asked || r->ended ||
	    !rcd_writer_checkpoint_due(r->writer, t_us) ||
	    rcd_writer_checkpoint_hash(r->writer, &r->asked_seq, hash) != 0)
		return;
	r->asked = ask(r, r->asked_seq, hash, false) == 0;
}

void
recording_trailer(struct recording *r, const uint8_t *sig)
{
	int code;

	timer_clear(r->sign_timer);
	if (r->trailed)
		return;
	r->trailed = true;
	if ((code = rcd_writer_trailer(r->writer, sig)) != 0) {
		r->code = code;
		r->ops->closed(r->ctx, code);
		return;
	}
	tell_id(r, rm_close_type);
}

static void
on_sign_late(struct timer *t, void *ctx)
{
	(void)t;
	log_warn(NULL, "a recording ends without a signature");
	recording_trailer(ctx, NULL);
}

void
recording_close(struct recording *r, uint32_t why_code, const char *detail)
{
	uint8_t hash[RCD_HASH_LEN], end[4 + 200];
	uint64_t now = mono_ns(), seq;
	size_t len = strlen(detail);
	int code;

	if (r->closing)
		return;
	r->closing = true;
	timer_clear(r->timer);
	recording_channels_flush(r);
	if (len > sizeof(end) - 4)
		len = sizeof(end) - 4;
	le32_put(end, why_code);
	memcpy(end + 4, detail, len);
	if ((code = r->code) != 0 ||
	    (code = rcd_writer_event(r->writer, recording_us(r, now),
		 RCD_EV_END, 0, SPAN(end, 4 + len))) != 0 ||
	    (code = rcd_writer_end(r->writer, recording_us(r, now), unix_us(),
		 why_code, &seq, hash)) != 0) {
		r->code = code;
		r->ops->closed(r->ctx, code);
		return;
	}
	r->ended = true;
	if (ask(r, seq, hash, true) != 0)
		recording_trailer(r, NULL);
	else
		timer_set(r->sign_timer, RECORDING_SIGN_MS);
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
		(void)failed(r, code);
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
	maybe_checkpoint(r, recording_us(r, now));
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
	if (r->pending_ns == 0)
		r->pending_ns = mono;
	r->unsealed_checks = 0;
	code = rcd_writer_event(r->writer, recording_us(r, mono),
	    (enum rcd_event)type, channel, payload);
	if (code != 0)
		return failed(r, code);
	if (rcd_writer_pending_since(r->writer) == UINT64_MAX)
		r->pending_ns = 0;
	maybe_checkpoint(r, recording_us(r, mono));
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

static void
on_state(struct recording *r, const struct rm_state *m)
{
	const struct unsafe *u;

	if (!r->opened) {
		r->opened = m->code == 0;
		r->ops->opened(r->ctx, -(int)m->code, fail_text(-(int)m->code));
		return;
	}
	if (m->code != 0) {
		(void)failed(r, -(int)m->code);
		return;
	}
	if (r->trouble) {
		r->trouble = false;
		r->ops->trouble(r->ctx, 0, "");
	}
	r->unsent = false;
	for (u = r->first; u != NULL && !r->unsent; u = u->next)
		if (u->seq >= m->next_seq)
			send_chunk(r, u);
	if (r->trailed)
		tell_id(r, rm_close_type);
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
	tell_id(r, rm_resume_type);
}

static void
on_resumed(void *ctx, int code, const struct ipc_msg *m)
{
	(void)ctx;
	if (code != 0 || m->type != km_resumed_type)
		log_warn(NULL, "the keeper does not know a recording again");
}

void
recording_peer_up(struct recording *r, enum peer p)
{
	struct km_resume m = {.wrapped = buf_span(&r->wrapped)};
	struct buf b;

	if (p == PEER_RECORDER && !r->opened) {
		IGNORE(recording_open(r));
	} else if (p == PEER_RECORDER) {
		r->unsent = true; /* until the recorder says from where */
		tell_id(r, rm_resume_type);
	} else if (p == PEER_KEEPER && r->opened) {
		memcpy(m.rec_id, r->rec_id, UUID_LEN);
		buf_init(&b, 1024);
		if (km_resume_put(&b, &m) == 0)
			IGNORE(peers_ask(r->peers, PEER_KEEPER, km_resume_type,
			    buf_span(&b), on_resumed, r));
		buf_fini(&b);
	}
}

void
recording_leave(struct recording *r)
{
	tell_id(r, rm_handover_type);
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
	buf_fini(&r->wrapped);
	free(r);
}

/* All but the writer. */
static struct recording *
recording_alloc(const struct recording_opts *o)
{
	struct recording *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->peers = o->peers;
	r->ops = o->ops;
	r->ctx = o->ctx;
	r->flush_ns = o->flush_ms * 1000000U;
	r->rules[RULE_SHELL] = o->shell;
	r->rules[RULE_EXEC] = o->exec;
	r->rules[RULE_SFTP] = o->sftp;
	memcpy(r->rec_id, o->rec_id, UUID_LEN);
	buf_init(&r->wrapped, 1024);
	r->timer = timer_new(o->loop, on_timer, r);
	r->sign_timer = timer_new(o->loop, on_sign_late, r);
	if (r->timer == NULL || r->sign_timer == NULL ||
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
	    .sink = on_chunk,
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

static int
export_unsafe(const struct recording *r, struct buf *out)
{
	const struct unsafe *u;
	uint32_t n = 0;
	int code;

	for (u = r->first; u != NULL; u = u->next)
		n++;
	if ((code = buf_put_u32(out, n)) != 0)
		return code;
	for (u = r->first; u != NULL; u = u->next)
		if ((code = buf_put_u64(out, u->seq)) != 0 ||
		    (code = buf_put_u64(out, u->since_ns)) != 0 ||
		    (code = buf_put_string(out, u->data, u->len)) != 0)
			return code;
	return 0;
}

int
recording_export(struct recording *r, struct buf *out)
{
	struct buf state;
	int code;

	if (r->closing || r->code != 0)
		return FAIL_STATE;
	buf_init_secret(&state, RCD_STATE_MAX);
	if ((code = recording_channels_export(r, out)) == 0 &&
	    (code = rcd_writer_export(r->writer, &state)) == 0 &&
	    (code = buf_put_string(out, buf_head(&state), buf_len(&state))) ==
		0 &&
	    (code = buf_put_u64(out, r->start_ns)) == 0 &&
	    (code = buf_put_u64(out, r->chunks)) == 0)
		code = export_unsafe(r, out);
	buf_fini(&state);
	return code;
}

static int
import_unsafe(struct recording *r, struct span *s)
{
	struct span data;
	uint64_t seq, since;
	uint32_t n;
	int code;

	if ((code = span_u32(s, &n)) != 0)
		return code;
	while (n-- > 0) {
		if ((code = span_u64(s, &seq)) != 0 ||
		    (code = span_u64(s, &since)) != 0 ||
		    (code = span_string(s, &data)) != 0)
			return code;
		r->pending_ns = since;
		if ((code = on_chunk(r, seq, data)) != 0)
			return code;
	}
	r->pending_ns = 0;
	return 0;
}

int
recording_import(const struct recording_opts *o, struct span state,
    struct recording **out, struct fail *f)
{
	struct rcd_writer_opts w = {.codec = o->codec, .sink = on_chunk};
	struct recording *r;
	struct span writer;
	uint64_t chunks;
	int code;

	if ((r = recording_alloc(o)) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a recording");
	r->opened = true;
	r->unsent = true;
	w.sink_ctx = r;
	if ((code = recording_channels_import(r, &state)) != 0 ||
	    (code = span_string(&state, &writer)) != 0 ||
	    (code = span_u64(&state, &r->start_ns)) != 0 ||
	    (code = span_u64(&state, &chunks)) != 0 ||
	    (code = import_unsafe(r, &state)) != 0 ||
	    (code = state.len == 0 ? 0 : FAIL_FORMAT) != 0 ||
	    (code = rcd_writer_import(&r->writer, &w, writer)) != 0) {
		recording_free(r);
		return fail_set(f, code, "a recording's state does not read");
	}
	r->chunks = chunks;
	recording_arm(r);
	*out = r;
	return 0;
}
