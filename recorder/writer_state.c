/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a writer begins and how it moves to another process: the file header,
 * and the state that export and import carry.  An importing writer starts a
 * new epoch, hence new keys: whatever the exporting one still did, no key and
 * nonce are used twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"

#include "recorder/writer_int.h"

enum { STATE_VERSION = 1, JSON_MAX = 8192 };

static void
writer_fini(struct rcd_writer *w)
{
	size_t i;

	for (i = 0; i < RCD_CLASSES; i++)
		buf_fini(&w->pending[i].raw);
	buf_fini(&w->prefix);
	free(w->rows);
	free(w->header);
	rcd_keys_fini(&w->keys);
	free(w);
}

void
rcd_writer_free(struct rcd_writer *w)
{
	if (w != NULL)
		writer_fini(w);
}

static struct rcd_writer *
writer_alloc(const struct rcd_writer_opts *o)
{
	struct rcd_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->codec = o->codec;
	w->sink = o->sink;
	w->sink_ctx = o->sink_ctx;
	w->row_every = 1;
	buf_init_secret(&w->prefix, RCD_PREFIX_LEN);
	return w;
}

static void
pending_init(struct rcd_writer *w)
{
	size_t i;

	for (i = 0; i < RCD_CLASSES; i++)
		buf_init_secret(&w->pending[i].raw, w->max_chunk);
}

static uint8_t *
tlv_head(uint8_t *p, enum rcd_tlv type, size_t len)
{
	le16_put(p, (uint16_t)type);
	le16_put(p + 2, (uint16_t)len);
	return p + 4;
}

/* Compose the header and start the chain with it. */
static int
header_make(struct rcd_writer *w, const struct rcd_writer_opts *o)
{
	struct rcd_header h = {.start_unix_us = o->start_unix_us,
	    .start_boot_us = o->start_boot_us,
	    .protocol = o->protocol,
	    .flags = o->flags,
	    .gop_s = RCD_GOP_S,
	    .prefix_kib = RCD_PREFIX_LEN / 1024,
	    .max_chunk = w->max_chunk,
	    .node_key_id = o->node_key_id,
	    .node_seq = o->node_seq};
	size_t json = o->session_json.len;
	size_t len = RCD_HEADER_FIXED + 4 + RCD_HASH_LEN +
		     (json > 0 ? 4 + json + RCD_TAG_LEN : 0);
	uint8_t *p;
	int r;

	len = (len + 7) / 8 * 8;
	if ((w->header = calloc(1, len)) == NULL)
		return FAIL_NOMEM;
	w->header_len = len;
	h.len = (uint16_t)len;
	memcpy(h.rec_id, o->rec_id, RCD_ID_LEN);
	memcpy(h.node_key, o->node_key, RCD_KEY_LEN);
	memcpy(h.dek_id, o->dek_id, RCD_ID_LEN);
	random_bytes(h.salt, RCD_SALT_LEN);
	r = rcd_keys_epoch(&w->keys, h.rec_id, h.salt);
	if (r == 0)
		r = rcd_keys_commit(
		    h.key_commit, h.rec_id, secret_show(o->dek));
	if (r != 0)
		return r;
	rcd_header_encode(w->header, &h);
	p = tlv_head(
	    w->header + RCD_HEADER_FIXED, RCD_TLV_COMMIT_A, RCD_HASH_LEN);
	r = rcd_keys_commit(
	    p, h.rec_id, SPAN(rcd_keys_classes(&w->keys).p, RCD_KEY_LEN));
	p += RCD_HASH_LEN;
	if (r == 0 && json > 0) {
		p = tlv_head(p, RCD_TLV_SESSION, json + RCD_TAG_LEN);
		r = rcd_codec_meta_seal(
		    w->codec, &w->keys, &h, o->session_json, p);
	}
	if (r != 0)
		return r;
	return rcd_chain_start(&w->chain, SPAN(w->header, len), &h);
}

int
rcd_writer_new(struct rcd_writer **out, const struct rcd_writer_opts *o)
{
	struct rcd_writer *w;
	int r;

	if (o->max_chunk > RCD_CHUNK_RAW_MAX ||
	    (o->max_chunk != 0 && o->max_chunk < 4096) ||
	    o->session_json.len > JSON_MAX)
		return FAIL_RANGE;
	if ((w = writer_alloc(o)) == NULL)
		return FAIL_NOMEM;
	w->max_chunk = o->max_chunk != 0 ? o->max_chunk : RCD_CHUNK_RAW;
	pending_init(w);
	r = rcd_keys_init(&w->keys, o->rec_id, secret_show(o->dek));
	if (r == 0)
		r = header_make(w, o);
	if (r != 0) {
		writer_fini(w);
		return r;
	}
	*out = w;
	return 0;
}

struct span
rcd_writer_header(const struct rcd_writer *w)
{
	return SPAN(w->header, w->header_len);
}

static int
chain_put(struct buf *b, const struct rcd_chain *c)
{
	int r = buf_put(b, c->rec_id, RCD_ID_LEN);

	r = r ? r : buf_put(b, c->hash, RCD_HASH_LEN);
	r = r ? r : buf_put_u64(b, c->next_seq);
	r = r ? r : buf_put_u64(b, c->off);
	r = r ? r : buf_put_u64(b, c->last_us);
	r = r ? r : buf_put_u64(b, c->raw_a);
	r = r ? r : buf_put_u64(b, c->raw_b);
	r = r ? r : buf_put(b, c->salt, RCD_SALT_LEN);
	r = r ? r : buf_put_u32(b, c->max_chunk);
	return r ? r : buf_put_u16(b, c->epoch);
}

static int
chain_get(struct span *s, struct rcd_chain *c)
{
	const uint8_t *id = NULL, *hash = NULL, *salt = NULL;
	int r = span_take(s, RCD_ID_LEN, &id);

	memset(c, 0, sizeof(*c));
	r = r ? r : span_take(s, RCD_HASH_LEN, &hash);
	r = r ? r : span_u64(s, &c->next_seq);
	r = r ? r : span_u64(s, &c->off);
	r = r ? r : span_u64(s, &c->last_us);
	r = r ? r : span_u64(s, &c->raw_a);
	r = r ? r : span_u64(s, &c->raw_b);
	r = r ? r : span_take(s, RCD_SALT_LEN, &salt);
	r = r ? r : span_u32(s, &c->max_chunk);
	r = r ? r : span_u16(s, &c->epoch);
	if (r != 0)
		return r;
	memcpy(c->rec_id, id, RCD_ID_LEN);
	memcpy(c->hash, hash, RCD_HASH_LEN);
	memcpy(c->salt, salt, RCD_SALT_LEN);
	return 0;
}

static int
state_put(struct buf *b, const struct rcd_writer *w)
{
	struct span keys = rcd_keys_classes(&w->keys);
	size_t i;
	int r = buf_put_u32(b, STATE_VERSION);

	r = r ? r : chain_put(b, &w->chain);
	r = r ? r : buf_put_string(b, keys.p, keys.len);
	r = r ? r : buf_put_string(b, w->header, w->header_len);
	r = r ? r : buf_put_u64(b, w->now_us);
	r = r ? r : buf_put_u64(b, w->gops);
	r = r ? r : buf_put_u64(b, w->row_every);
	r = r ? r : buf_put_u32(b, (uint32_t)w->n_rows);
	for (i = 0; r == 0 && i < w->n_rows; i++) {
		r = buf_put_u64(b, w->rows[i].seq);
		r = r ? r : buf_put_u64(b, w->rows[i].off);
		r = r ? r : buf_put_u64(b, w->rows[i].t_us);
	}
	return r;
}

int
rcd_writer_export(struct rcd_writer *w, struct buf *out)
{
	int r;

	if (w->dead != 0)
		return w->dead;
	if (w->ending)
		return FAIL_STATE;
	if ((r = rcd_writer_seal(w)) != 0 || (r = state_put(out, w)) != 0)
		return r;
	w->dead = FAIL_STATE;
	return 0;
}

static int
rows_get(struct rcd_writer *w, struct span *s)
{
	uint32_t n = 0;
	size_t i;
	int r;

	if ((r = span_u32(s, &n)) != 0)
		return r;
	if (n > RCD_INDEX_MAX || w->row_every == 0)
		return FAIL_FORMAT;
	if (n > 0 && (w->rows = calloc(n, sizeof(w->rows[0]))) == NULL)
		return FAIL_NOMEM;
	w->n_rows = w->cap_rows = n;
	for (i = 0; r == 0 && i < n; i++) {
		r = span_u64(s, &w->rows[i].seq);
		r = r ? r : span_u64(s, &w->rows[i].off);
		r = r ? r : span_u64(s, &w->rows[i].t_us);
	}
	if (r != 0)
		return r;
	return s->len == 0 ? 0 : FAIL_FORMAT;
}

static int
state_get(struct rcd_writer *w, struct span s)
{
	struct span keys = SPAN(NULL, 0), header = SPAN(NULL, 0);
	uint32_t version = 0;
	int r = span_u32(&s, &version);

	if (r == 0 && version != STATE_VERSION)
		return FAIL_UNSUPPORTED;
	r = r ? r : chain_get(&s, &w->chain);
	r = r ? r : span_string(&s, &keys);
	r = r ? r : span_string(&s, &header);
	r = r ? r : span_u64(&s, &w->now_us);
	r = r ? r : span_u64(&s, &w->gops);
	r = r ? r : span_u64(&s, &w->row_every);
	r = r ? r : rows_get(w, &s);
	if (r != 0)
		return r;
	if (w->chain.max_chunk < 4096 ||
	    w->chain.max_chunk > RCD_CHUNK_RAW_MAX || header.len == 0 ||
	    header.len > RCD_HEADER_MAX || w->chain.epoch == UINT16_MAX)
		return FAIL_FORMAT;
	w->max_chunk = w->chain.max_chunk;
	if ((w->header = malloc(header.len)) == NULL)
		return FAIL_NOMEM;
	memcpy(w->header, header.p, header.len);
	w->header_len = header.len;
	return rcd_keys_init_classes(&w->keys, keys);
}

int
rcd_writer_import(
    struct rcd_writer **out, const struct rcd_writer_opts *o, struct span state)
{
	struct rcd_writer *w = writer_alloc(o);
	int r;

	if (w == NULL)
		return FAIL_NOMEM;
	if ((r = state_get(w, state)) != 0)
		goto fail;
	pending_init(w);
	random_bytes(w->salt, RCD_SALT_LEN);
	r = rcd_keys_epoch(&w->keys, w->chain.rec_id, w->salt);
	if (r != 0)
		goto fail;
	w->new_epoch = true;
	w->ckpt_now = w->chain.next_seq > 0;
	w->ckpt_next = w->chain.next_seq;
	w->ckpt_us = w->now_us;
	*out = w;
	return 0;
fail:
	writer_fini(w);
	return r;
}
