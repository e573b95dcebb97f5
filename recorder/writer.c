/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of one recording.  Events gather in one buffer per class; sealing
 * turns both into chunks.  Everything in a seal is older than everything in
 * the next one, so that a reader can merge the classes two chunks at a time.
 * Export, import and the file header are in writer_state.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"

#include "recorder/writer_int.h"

enum {
	LARGE = 4096,	  /* an event above this asks for a whole buffer */
	TRY_MIN = 64,	  /* bytes below which compressing cannot pay */
	POOR_MIN = 4096,  /* chunks below this say nothing about the data */
	POOR_SKIP = 16,	  /* chunks stored raw after one that did not shrink */
	SPLIT_MIN = 1024, /* less room than this is not worth a split */
};

static int
writer_fail(struct rcd_writer *w, int r)
{
	if (w->dead == 0)
		w->dead = r;
	return r;
}

/* Hand a chunk that is part of the chain now to the sink. */
static int
emit(struct rcd_writer *w, uint64_t seq, struct span chunk)
{
	int r = w->sink(w->sink_ctx, seq, chunk);

	return r == 0 ? 0 : writer_fail(w, r);
}

static int
emit_plain(struct rcd_writer *w, const struct rcd_chunk *ch, struct span body)
{
	uint8_t mem[RCD_TRAILER_LEN];
	uint64_t seq = w->chain.next_seq;
	size_t len;
	int r;

	MUST(body.len <= RCD_TRAILER_BODY);
	if ((r = rcd_chain_put_plain(&w->chain, mem, ch, body, &len)) != 0)
		return writer_fail(w, r);
	return emit(w, seq, SPAN(mem, len));
}

/* The first chunk after an import announces the new epoch. */
static int
epoch_begin(struct rcd_writer *w)
{
	struct rcd_chunk ch = {.type = RCD_NOTICE, .t_us = w->chain.last_us};
	uint8_t body[RCD_EPOCH_BODY] = {RCD_EPOCH_START, RCD_BY_HANDOVER};

	ch.epoch = (uint16_t)(w->chain.epoch + 1);
	memcpy(body + 8, w->salt, RCD_SALT_LEN);
	w->new_epoch = false;
	return emit_plain(w, &ch, SPAN(body, sizeof(body)));
}

/* Every second row goes when the table is full; seeking gets coarser. */
static void
index_thin(struct rcd_writer *w)
{
	size_t i;

	for (i = 0; 2 * i < w->n_rows; i++)
		w->rows[i] = w->rows[2 * i];
	w->n_rows = i;
	w->row_every *= 2;
}

static int
index_add(struct rcd_writer *w, const struct rcd_chunk *ch)
{
	if (w->gops++ % w->row_every != 0)
		return 0;
	if (w->n_rows == RCD_INDEX_MAX)
		index_thin(w);
	if (w->n_rows == w->cap_rows) {
		size_t cap = w->cap_rows == 0 ? 8 : 2 * w->cap_rows;
		struct rcd_index_row *p =
		    realloc(w->rows, cap * sizeof(w->rows[0]));

		if (p == NULL)
			return FAIL_NOMEM;
		w->rows = p;
		w->cap_rows = cap;
	}
	w->rows[w->n_rows++] = (struct rcd_index_row){
	    .seq = ch->seq, .off = w->chain.off, .t_us = ch->t_us};
	return 0;
}

/* Keep the last RCD_PREFIX_LEN bytes of class A for the next chunk. */
static int
prefix_keep(struct rcd_writer *w, struct span raw)
{
	size_t len = buf_len(&w->prefix);

	if (raw.len > RCD_PREFIX_LEN)
		raw = SPAN(raw.p + raw.len - RCD_PREFIX_LEN, RCD_PREFIX_LEN);
	if (len + raw.len > RCD_PREFIX_LEN)
		buf_consume(&w->prefix, len + raw.len - RCD_PREFIX_LEN);
	return buf_put(&w->prefix, raw.p, raw.len);
}

/* Where class A compresses badly, do not try again for a while. */
static void
poor_note(struct rcd_writer *w, const struct rcd_chunk *ch, bool tried)
{
	if (w->poor > 0)
		w->poor--;
	else if (tried && ch->raw_len >= POOR_MIN &&
		 ch->body_len > ch->raw_len - ch->raw_len / 11)
		w->poor = POOR_SKIP;
}

static bool
gop_over(const struct rcd_writer *w, uint64_t t_us)
{
	return !w->chain.gop || w->gop_raw >= RCD_GOP_BYTES ||
	       t_us - w->gop_us >= RCD_GOP_S * 1000000ULL;
}

static int
seal_class(struct rcd_writer *w, enum rcd_class class)
{
	struct rcd_pending *p = &w->pending[class];
	struct rcd_seal s = {
	    .keys = &w->keys, .raw = buf_span(&p->raw), .salt = w->chain.salt};
	struct rcd_chunk ch = {
	    .type = class == RCD_CLASS_A ? RCD_DATA_A : RCD_DATA_B,
	    .epoch = w->chain.epoch,
	    .seq = w->chain.next_seq,
	    .t_us = p->first_us,
	    .span_us = (uint32_t)(p->pos.t_us - p->first_us)};
	uint8_t hash[RCD_HASH_LEN];
	struct span out;
	int r;

	s.try = s.raw.len >= TRY_MIN;
	if (class == RCD_CLASS_A) {
		if (gop_over(w, ch.t_us))
			ch.flags = RCD_F_GOP;
		else
			s.prefix = buf_span(&w->prefix);
		s.try = s.try && w->poor == 0;
		if ((ch.flags & RCD_F_GOP) && (r = index_add(w, &ch)) != 0)
			return r;
	}
	memcpy(hash, w->chain.hash, RCD_HASH_LEN);
	if ((r = rcd_codec_seal(w->codec, &ch, &s, hash, &out)) != 0)
		return writer_fail(w, r);
	rcd_chain_sealed(&w->chain, &ch, hash);
	if (class == RCD_CLASS_A) {
		if (ch.flags & RCD_F_GOP) {
			w->gop_us = ch.t_us;
			w->gop_raw = 0;
			buf_reset(&w->prefix);
		}
		w->gop_raw += ch.raw_len;
		poor_note(w, &ch, s.try);
		if ((r = prefix_keep(w, s.raw)) != 0)
			return writer_fail(w, r);
	}
	w->ckpt_raw += ch.raw_len;
	buf_reset(&p->raw); /* its memory goes when time passes: see _idle */
	return emit(w, ch.seq, out);
}

int
rcd_writer_seal(struct rcd_writer *w)
{
	int r;

	if (w->dead != 0)
		return w->dead;
	if (rcd_writer_pending_since(w) == UINT64_MAX)
		return 0;
	if (w->new_epoch && (r = epoch_begin(w)) != 0)
		return r;
	if (buf_len(&w->pending[RCD_CLASS_A].raw) > 0 &&
	    (r = seal_class(w, RCD_CLASS_A)) != 0)
		return r;
	if (buf_len(&w->pending[RCD_CLASS_B].raw) > 0)
		return seal_class(w, RCD_CLASS_B);
	return 0;
}

uint64_t
rcd_writer_pending_since(const struct rcd_writer *w)
{
	uint64_t since = UINT64_MAX;
	size_t i;

	for (i = 0; i < RCD_CLASSES; i++)
		if (buf_len(&w->pending[i].raw) > 0 &&
		    w->pending[i].first_us < since)
			since = w->pending[i].first_us;
	return since;
}

/* Append an event that fits, or FAIL_FULL. */
static int
event_append(
    struct rcd_writer *w, struct rcd_pending *p, const struct rcd_event_view *e)
{
	struct rcd_event_pos pos = p->pos;
	uint8_t head[RCD_EVENT_HEAD_MAX];
	uint8_t *dst;
	size_t n, want;
	int r;

	if (buf_len(&p->raw) == 0)
		pos = (struct rcd_event_pos){.t_us = e->t_us};
	n = rcd_event_head(head, &pos, e);
	if (n + e->payload.len > w->max_chunk - buf_len(&p->raw))
		return FAIL_FULL;
	want = n + e->payload.len;
	if (want > LARGE)
		want = w->max_chunk - buf_len(&p->raw);
	if ((r = buf_reserve(&p->raw, want, &dst)) != 0)
		return r;
	if (buf_len(&p->raw) == 0)
		p->first_us = e->t_us;
	memcpy(dst, head, n);
	if (e->payload.len > 0)
		memcpy(dst + n, e->payload.p, e->payload.len);
	buf_commit(&p->raw, n + e->payload.len);
	p->pos = pos;
	return 0;
}

static bool
splittable(uint8_t type)
{
	return type == RCD_EV_OUT || type == RCD_EV_ERR || type == RCD_EV_IN;
}

/* Append e in as many pieces, and chunks, as it takes. */
static int
event_split(
    struct rcd_writer *w, struct rcd_pending *p, struct rcd_event_view e)
{
	struct span rest = e.payload;
	int r;

	for (;;) {
		size_t room = w->max_chunk - buf_len(&p->raw);

		if (rest.len + RCD_EVENT_HEAD_MAX <= room)
			break;
		if (room >= SPLIT_MIN) {
			e.payload = SPAN(rest.p, room - RCD_EVENT_HEAD_MAX);
			if ((r = event_append(w, p, &e)) != 0)
				return r;
			rest = SPAN(
			    rest.p + e.payload.len, rest.len - e.payload.len);
		}
		if ((r = rcd_writer_seal(w)) != 0)
			return r;
	}
	e.payload = rest;
	return event_append(w, p, &e);
}

int
rcd_writer_event(struct rcd_writer *w, uint64_t t_us, enum rcd_event type,
    uint32_t stream, struct span payload)
{
	struct rcd_event_info info = rcd_event_info((uint8_t)type);
	struct rcd_event_view e = {.type = (uint8_t)type, .payload = payload};
	struct rcd_pending *p;
	uint64_t since;
	int r;

	if (w->dead != 0)
		return w->dead;
	if (w->ending || info.name == NULL)
		return FAIL_STATE;
	if (!splittable(e.type) &&
	    payload.len > w->max_chunk - RCD_EVENT_HEAD_MAX)
		return FAIL_RANGE;
	p = &w->pending[info.class];
	if (t_us > w->now_us)
		w->now_us = t_us;
	e.t_us = w->now_us;
	e.stream = info.has_stream ? stream : 0;
	since = rcd_writer_pending_since(w);
	if (since != UINT64_MAX && e.t_us - since > UINT32_MAX &&
	    (r = rcd_writer_seal(w)) != 0)
		return r;
	if ((r = event_append(w, p, &e)) != FAIL_FULL)
		return r;
	if (splittable(e.type))
		return event_split(w, p, e);
	if ((r = rcd_writer_seal(w)) != 0)
		return r;
	return event_append(w, p, &e);
}

void
rcd_writer_idle(struct rcd_writer *w, uint64_t t_us)
{
	size_t i;

	for (i = 0; i < RCD_CLASSES; i++)
		buf_shrink(&w->pending[i].raw);
	if (w->prefix.data == NULL || t_us < w->gop_us || !gop_over(w, t_us))
		return;
	buf_reset(&w->prefix);
	buf_shrink(&w->prefix);
	w->chain.gop = false; /* the next chunk must not refer to it */
}

uint64_t
rcd_writer_next_seq(const struct rcd_writer *w)
{
	return w->chain.next_seq;
}

bool
rcd_writer_checkpoint_due(const struct rcd_writer *w, uint64_t t_us)
{
	if (w->ending || w->chain.next_seq == w->ckpt_next)
		return false; /* nothing new since the last one */
	return w->ckpt_now || w->ckpt_raw >= RCD_CKPT_BYTES ||
	       (t_us > w->ckpt_us &&
		   t_us - w->ckpt_us >= RCD_GOP_S * 1000000ULL);
}

int
rcd_writer_checkpoint_hash(
    struct rcd_writer *w, uint64_t *seq, uint8_t hash[RCD_HASH_LEN])
{
	if (w->dead != 0)
		return w->dead;
	if (w->ending || w->chain.next_seq == 0)
		return FAIL_STATE;
	w->ckpt_seq = w->chain.next_seq - 1;
	memcpy(w->ckpt_hash, w->chain.hash, RCD_HASH_LEN);
	w->ckpt_asked = true;
	w->ckpt_next = w->chain.next_seq;
	w->ckpt_now = false;
	w->ckpt_raw = 0;
	w->ckpt_us = w->now_us;
	*seq = w->ckpt_seq;
	memcpy(hash, w->ckpt_hash, RCD_HASH_LEN);
	return 0;
}

int
rcd_writer_checkpoint(
    struct rcd_writer *w, uint64_t seq, const uint8_t sig[RCD_SIG_LEN])
{
	struct rcd_chunk ch = {
	    .type = RCD_CHECKPOINT, .t_us = w->chain.last_us};
	uint8_t body[RCD_CKPT_BODY];
	int r;

	if (w->dead != 0)
		return w->dead;
	if (w->ending || !w->ckpt_asked || seq != w->ckpt_seq)
		return FAIL_STATE;
	w->ckpt_asked = false;
	if (w->new_epoch && (r = epoch_begin(w)) != 0)
		return r;
	if (w->chain.next_seq - seq > RCD_CKPT_BACK) {
		w->ckpt_now = true;
		return 0;
	}
	le64_put(body, seq);
	memcpy(body + 8, w->ckpt_hash, RCD_HASH_LEN);
	memcpy(body + 8 + RCD_HASH_LEN, sig, RCD_SIG_LEN);
	r = emit_plain(w, &ch, SPAN(body, sizeof(body)));
	w->ckpt_next = w->chain.next_seq;
	return r;
}

/* The index of GOPs, sealed with the class A key. */
static int
index_write(struct rcd_writer *w)
{
	struct rcd_chunk ch = {.type = RCD_INDEX,
	    .flags = RCD_F_GOP,
	    .epoch = w->chain.epoch,
	    .seq = w->chain.next_seq,
	    .t_us = w->chain.last_us};
	struct rcd_seal s = {.keys = &w->keys, .salt = w->chain.salt};
	uint8_t hash[RCD_HASH_LEN];
	struct span out;
	uint8_t *rows;
	size_t i;
	int r;

	while (w->n_rows * RCD_INDEX_ROW > w->max_chunk)
		index_thin(w);
	if (w->n_rows == 0)
		return 0;
	if ((rows = malloc(w->n_rows * RCD_INDEX_ROW)) == NULL)
		return FAIL_NOMEM;
	for (i = 0; i < w->n_rows; i++) {
		le64_put(rows + i * RCD_INDEX_ROW, w->rows[i].seq);
		le64_put(rows + i * RCD_INDEX_ROW + 8, w->rows[i].off);
		le64_put(rows + i * RCD_INDEX_ROW + 16, w->rows[i].t_us);
	}
	s.raw = SPAN(rows, w->n_rows * RCD_INDEX_ROW);
	memcpy(hash, w->chain.hash, RCD_HASH_LEN);
	w->summary.index_off = w->chain.off;
	r = rcd_codec_seal(w->codec, &ch, &s, hash, &out);
	free(rows);
	if (r != 0)
		return writer_fail(w, r);
	rcd_chain_sealed(&w->chain, &ch, hash);
	return emit(w, ch.seq, out);
}

int
rcd_writer_end(struct rcd_writer *w, uint64_t t_us, uint64_t end_unix_us,
    uint32_t why, uint64_t *seq, uint8_t hash[RCD_HASH_LEN])
{
	int r;

	if (w->dead != 0)
		return w->dead;
	if (w->ending)
		return FAIL_STATE;
	if ((r = rcd_writer_seal(w)) != 0)
		return r;
	if (w->new_epoch && (r = epoch_begin(w)) != 0)
		return r;
	if ((r = index_write(w)) != 0)
		return r;
	w->ending = true;
	w->summary.why = why;
	w->summary.end_unix_us = end_unix_us;
	w->summary.duration_us =
	    t_us > w->chain.last_us ? t_us : w->chain.last_us;
	return rcd_chain_end_hash(&w->chain, &w->summary, seq, hash);
}

int
rcd_writer_trailer(struct rcd_writer *w, const uint8_t sig[RCD_SIG_LEN])
{
	uint8_t mem[RCD_TRAILER_LEN];
	uint64_t seq = w->chain.next_seq;
	int r;

	if (w->dead != 0)
		return w->dead;
	if (!w->ending || w->chain.ended)
		return FAIL_STATE;
	r = rcd_chain_end_put(&w->chain, &w->summary, sig, mem);
	if (r != 0)
		return writer_fail(w, r);
	return emit(w, seq, SPAN(mem, RCD_TRAILER_LEN));
}
