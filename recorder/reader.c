/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: chunks with their chain checked, and the events in them, merged
 * in order of time.  Opening a file, its keys and its index are here too;
 * where to go when seeking is decided in reader_seek.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#include "recorder/reader_int.h"

static void
reader_fini(struct rcd_reader *r)
{
	size_t i;

	for (i = 0; i < RCD_CLASSES; i++)
		buf_fini(&r->lane[i].raw);
	rcd_window_fini(&r->win);
	rcd_keys_fini(&r->keys);
	rcd_codec_free(r->codec);
	wipe(r->prefix, sizeof(r->prefix));
	if (r->json != NULL)
		wipe(r->json, r->json_len);
	free(r->json);
	free(r->rows);
	free(r->header);
	free(r);
}

void
rcd_reader_free(struct rcd_reader *r)
{
	if (r != NULL)
		reader_fini(r);
}

static int
header_read(struct rcd_reader *r, struct fail *f)
{
	struct span s;
	size_t len;
	int e;

	if ((e = rcd_window_at(&r->win, 0, 8, &s)) != 0)
		return fail_set(f, e, "the file cannot be read");
	if (s.len < 8)
		return fail_set(f, FAIL_TRUNCATED, "no file header");
	if ((e = rcd_header_len(s.p, &len)) != 0)
		return fail_set(f, e, "not an RCD1 recording");
	if ((e = rcd_window_at(&r->win, 0, len, &s)) != 0)
		return fail_set(f, e, "the file cannot be read");
	if (s.len < len)
		return fail_set(f, FAIL_TRUNCATED, "the file header is cut");
	if ((r->header = malloc(len)) == NULL)
		return fail_set(f, FAIL_NOMEM, "file header");
	memcpy(r->header, s.p, len);
	if ((e = rcd_header_decode(SPAN(r->header, len), &r->hdr)) != 0)
		return fail_set(f, e, "the file header is damaged");
	return rcd_chain_start(&r->chain, SPAN(r->header, len), &r->hdr);
}

/* The key is of this recording, and gives the class keys. */
static int
keys_take(struct rcd_reader *r, enum rcd_key_kind kind,
    const struct secret *key, struct fail *f)
{
	struct span have = SPAN(r->hdr.key_commit, RCD_HASH_LEN);
	uint8_t commit[RCD_HASH_LEN];
	int e;

	if (kind == RCD_KEY_NONE)
		return 0;
	if (secret_len(key) != RCD_KEY_LEN)
		return fail_set(
		    f, FAIL_RANGE, "a key has %d bytes", (int)RCD_KEY_LEN);
	if (kind == RCD_KEY_CLASS_A &&
	    rcd_header_tlv(&r->hdr, RCD_TLV_COMMIT_A, &have) != 0)
		return fail_set(f, FAIL_DENIED, "no class A key");
	e = rcd_keys_commit(commit, r->hdr.rec_id, secret_show(key));
	if (e != 0)
		return fail_set(f, e, "key");
	if (have.len != RCD_HASH_LEN ||
	    secret_cmp(commit, have.p, RCD_HASH_LEN) != 0)
		return fail_set(
		    f, FAIL_DENIED, "the key is not this recording's");
	e = kind == RCD_KEY_DEK
		? rcd_keys_init(&r->keys, r->hdr.rec_id, secret_show(key))
		: rcd_keys_init_a(&r->keys, secret_show(key));
	if (e == 0)
		e = rcd_reader_epoch(r);
	return e == 0 ? 0 : fail_set(f, e, "key");
}

int
rcd_reader_open(struct rcd_reader **out, int fd, enum rcd_key_kind kind,
    const struct secret *key, struct fail *f)
{
	struct rcd_reader *r = calloc(1, sizeof(*r));
	size_t i;
	int e;

	if (r == NULL)
		return fail_set(f, FAIL_NOMEM, "reader");
	rcd_window_init(&r->win, fd);
	for (i = 0; i < RCD_CLASSES; i++)
		buf_init_secret(&r->lane[i].raw, RCD_CHUNK_RAW_MAX);
	e = FAIL_NOMEM;
	if ((r->codec = rcd_codec_new()) == NULL) {
		(void)fail_set(f, e, "codec");
		goto fail;
	}
	if ((e = header_read(r, f)) != 0 ||
	    (e = keys_take(r, kind, key, f)) != 0)
		goto fail;
	*out = r;
	return 0;
fail:
	reader_fini(r);
	return e;
}

int
rcd_reader_epoch(struct rcd_reader *r)
{
	if (r->keys.mem == NULL)
		return 0;
	return rcd_keys_epoch(&r->keys, r->hdr.rec_id, r->chain.salt);
}

const struct rcd_header *
rcd_reader_header(const struct rcd_reader *r)
{
	return &r->hdr;
}

int
rcd_reader_session(struct rcd_reader *r, struct span *json)
{
	struct span v;
	int e;

	*json = SPAN(r->json, r->json_len);
	if (r->json != NULL)
		return 0;
	if (r->keys.mem == NULL)
		return FAIL_DENIED;
	e = rcd_header_tlv(&r->hdr, RCD_TLV_SESSION, &v);
	if (e == FAIL_NOTFOUND)
		return 0;
	if (e != 0 || v.len <= RCD_TAG_LEN)
		return FAIL_FORMAT;
	if ((r->json = malloc(v.len)) == NULL)
		return FAIL_NOMEM;
	e = rcd_codec_meta_open(r->codec, &r->keys, &r->hdr, v, r->json);
	if (e != 0) {
		free(r->json);
		r->json = NULL;
		return e;
	}
	r->json_len = v.len - RCD_TAG_LEN;
	*json = SPAN(r->json, r->json_len);
	return 0;
}

/*
 * The next whole chunk, not yet part of the chain: header decoded, all bytes
 * in *all.
 */
static int
chunk_peek(struct rcd_reader *r, struct rcd_chunk *ch, struct span *all)
{
	uint64_t off = r->chain.off;
	size_t size;
	int e;

	if (r->chain.ended)
		return RCD_END;
	if ((e = rcd_window_at(&r->win, off, RCD_CHUNK_HEADER, all)) != 0)
		return fail_set(&r->fail, e, "the file cannot be read");
	if (all->len < RCD_CHUNK_HEADER)
		return RCD_MORE;
	/* A bad header is named by rcd_chain_take(). */
	if (rcd_chunk_decode(all->p, ch) != 0)
		return 0;
	size = rcd_chunk_size(ch);
	if ((e = rcd_window_at(&r->win, off, size, all)) != 0)
		return fail_set(&r->fail, e, "the file cannot be read");
	return all->len < size ? RCD_MORE : 0;
}

/* Accept what chunk_peek() gave. */
static int
chunk_take(struct rcd_reader *r, struct rcd_chunk *ch, struct span all)
{
	enum rcd_flaw flaw;
	uint16_t epoch = r->chain.epoch;
	int e = rcd_chain_take(&r->chain, all, ch, &flaw);

	if (e != 0)
		return fail_set(&r->fail, e,
		    "chunk %" PRIu64 " at offset %" PRIu64 ": %s",
		    r->chain.next_seq, r->chain.off, rcd_flaw_text(flaw));
	if (r->chain.epoch != epoch && (e = rcd_reader_epoch(r)) != 0)
		return fail_set(
		    &r->fail, e, "key of epoch %u", (unsigned)r->chain.epoch);
	return 0;
}

int
rcd_reader_chunk(struct rcd_reader *r, struct rcd_chunk *ch, struct span *body)
{
	struct span all;
	int e;

	if (r->fail.code != 0)
		return r->fail.code;
	if ((e = chunk_peek(r, ch, &all)) != 0 ||
	    (e = chunk_take(r, ch, all)) != 0)
		return e;
	*body = SPAN(all.p + RCD_CHUNK_HEADER, ch->body_len);
	return 0;
}

/* The last RCD_PREFIX_LEN bytes of class A in this GOP. */
static void
prefix_keep(struct rcd_reader *r, struct span raw)
{
	size_t old;

	if (raw.len > RCD_PREFIX_LEN)
		raw = SPAN(raw.p + raw.len - RCD_PREFIX_LEN, RCD_PREFIX_LEN);
	old = RCD_PREFIX_LEN - raw.len;
	if (r->prefix_len > old) {
		memmove(r->prefix, r->prefix + r->prefix_len - old, old);
		r->prefix_len = old;
	}
	memcpy(r->prefix + r->prefix_len, raw.p, raw.len);
	r->prefix_len += raw.len;
}

/* Open a data chunk into the lane of its class; prev is the hash before it. */
static int
lane_fill(struct rcd_reader *r, const struct rcd_chunk *ch, struct span all,
    const uint8_t *prev)
{
	bool a = ch->type == RCD_DATA_A;
	struct rcd_lane *l = &r->lane[a ? RCD_CLASS_A : RCD_CLASS_B];
	struct rcd_open o = {.keys = &r->keys,
	    .header = all.p,
	    .prev = prev,
	    .body = SPAN(all.p + RCD_CHUNK_HEADER, ch->body_len)};
	int e;

	if (!a && !r->keys.has_b) {
		r->skipped++;
		return 0;
	}
	if (a && (ch->flags & RCD_F_GOP))
		r->prefix_len = 0;
	if (a)
		o.prefix = SPAN(r->prefix, r->prefix_len);
	e = rcd_codec_open(r->codec, ch, &o, &l->raw);
	if (e != 0)
		return fail_set(
		    &r->fail, e, "chunk %" PRIu64 " does not open", ch->seq);
	l->rest = buf_span(&l->raw);
	l->pos = (struct rcd_event_pos){.t_us = ch->t_us};
	if (a)
		prefix_keep(r, l->rest);
	return 0;
}

/* Take the peeked chunk, data or not. */
static int
chunk_use(struct rcd_reader *r, struct rcd_chunk *ch, struct span all)
{
	uint8_t prev[RCD_HASH_LEN];
	int e;

	memcpy(prev, r->chain.hash, RCD_HASH_LEN);
	if ((e = chunk_take(r, ch, all)) != 0)
		return e;
	if (ch->type == RCD_DATA_A || ch->type == RCD_DATA_B)
		return lane_fill(r, ch, all, prev);
	return 0;
}

/* Decode the next event of each lane that has bytes and no event yet. */
static int
lanes_decode(struct rcd_reader *r, bool *any)
{
	size_t i;
	int e;

	*any = false;
	for (i = 0; i < RCD_CLASSES; i++) {
		struct rcd_lane *l = &r->lane[i];

		if (!l->has_event && l->rest.len > 0) {
			e = rcd_event_get(&l->rest, &l->pos, &l->event);
			if (e != 0)
				return fail_set(&r->fail, e,
				    "an event before chunk %" PRIu64
				    " is malformed",
				    r->chain.next_seq);
			l->has_event = true;
		}
		*any = *any || l->has_event;
	}
	return 0;
}

/* Fill the lanes from the next chunk, or the next A and B of one seal. */
static int
lanes_fill(struct rcd_reader *r)
{
	struct rcd_chunk ch = {0};
	struct span all;
	int e;

	if ((e = chunk_peek(r, &ch, &all)) != 0 ||
	    (e = chunk_use(r, &ch, all)) != 0)
		return e;
	if (ch.type != RCD_DATA_A || chunk_peek(r, &ch, &all) != 0 ||
	    ch.type != RCD_DATA_B)
		return r->fail.code;
	return chunk_use(r, &ch, all);
}

int
rcd_reader_event(struct rcd_reader *r, struct rcd_event_view *e)
{
	struct rcd_lane *a = &r->lane[RCD_CLASS_A];
	struct rcd_lane *b = &r->lane[RCD_CLASS_B];
	bool any;
	int x;

	if (r->fail.code != 0)
		return r->fail.code;
	if (r->keys.mem == NULL)
		return FAIL_DENIED;
	for (;;) {
		if ((x = lanes_decode(r, &any)) != 0)
			return x;
		if (any)
			break;
		if ((x = lanes_fill(r)) != 0)
			return x;
	}
	/* What was typed comes before what it brought about. */
	if (b->has_event && (!a->has_event || b->event.t_us <= a->event.t_us))
		a = b;
	*e = a->event;
	a->has_event = false;
	return 0;
}

uint64_t
rcd_reader_skipped(const struct rcd_reader *r)
{
	return r->skipped;
}

const struct fail *
rcd_reader_fail(const struct rcd_reader *r)
{
	return &r->fail;
}

int
rcd_reader_key_a(struct secret **out, const uint8_t rec_id[RCD_ID_LEN],
    const struct secret *dek)
{
	struct rcd_keys k;
	int e = rcd_keys_init(&k, rec_id, secret_show(dek));

	if (e == 0) {
		*out = secret_from(rcd_keys_classes(&k).p, RCD_KEY_LEN);
		e = *out != NULL ? 0 : FAIL_NOMEM;
	}
	rcd_keys_fini(&k);
	return e;
}
