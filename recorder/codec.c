/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw bytes of a chunk to its body and back, and the keys of a recording.  The
 * only user of zstd.  Compression comes first, then AES-256-GCM with the chain
 * so far and the chunk header as associated data; what does not shrink is
 * stored as it is.
 */
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/crypt.h"
#include "base/fail.h"
#include "base/hash.h"

#include "recorder/chain.h"
#include "recorder/codec.h"

enum {
	LEVEL = 1,
	HASH_LOG = 13, /* a larger table costs more to clear than it finds */
	KEY_A = 0,
	KEY_B = RCD_KEY_LEN,
	KEY_EPOCH_A = 2 * RCD_KEY_LEN,
	KEY_EPOCH_B = 3 * RCD_KEY_LEN,
	KEYS_LEN = 4 * RCD_KEY_LEN,
};

struct rcd_codec {
	struct aead *aead;
	ZSTD_CCtx *cctx;
	ZSTD_DCtx *dctx;
	uint8_t *mem; /* one chunk */
	size_t cap;
};

static void
codec_fini(struct rcd_codec *c)
{
	if (c->mem != NULL)
		wipe(c->mem, c->cap);
	free(c->mem);
	aead_free(c->aead);
	ZSTD_freeCCtx(c->cctx);
	ZSTD_freeDCtx(c->dctx);
	free(c);
}

void
rcd_codec_free(struct rcd_codec *c)
{
	if (c != NULL)
		codec_fini(c);
}

struct rcd_codec *
rcd_codec_new(void)
{
	struct rcd_codec *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->aead = aead_new();
	c->cctx = ZSTD_createCCtx();
	c->dctx = ZSTD_createDCtx();
	if (c->aead == NULL || c->cctx == NULL || c->dctx == NULL ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(
		c->cctx, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(
		ZSTD_CCtx_setParameter(c->cctx, ZSTD_c_hashLog, HASH_LOG))) {
		codec_fini(c);
		return NULL;
	}
	return c;
}

static int
mem_need(struct rcd_codec *c, size_t n)
{
	uint8_t *p;

	if (n <= c->cap)
		return 0;
	if ((p = malloc(n)) == NULL)
		return FAIL_NOMEM;
	if (c->mem != NULL)
		wipe(c->mem, c->cap);
	free(c->mem);
	c->mem = p;
	c->cap = n;
	return 0;
}

/* info is label, then the recording's id. */
static size_t
key_info(uint8_t info[64], const char *label, const uint8_t rec_id[RCD_ID_LEN])
{
	size_t n = strlen(label);

	memcpy(info, label, n);
	memcpy(info + n, rec_id, RCD_ID_LEN);
	return n + RCD_ID_LEN;
}

static int
key_expand(uint8_t out[RCD_KEY_LEN], struct span key, const char *label,
    const uint8_t rec_id[RCD_ID_LEN])
{
	uint8_t info[64];
	size_t n = key_info(info, label, rec_id);

	return hkdf_expand(out, RCD_KEY_LEN, key, SPAN(info, n));
}

static int
key_epoch(uint8_t out[RCD_KEY_LEN], const uint8_t key[RCD_KEY_LEN],
    const uint8_t rec_id[RCD_ID_LEN], const uint8_t salt[RCD_SALT_LEN])
{
	uint8_t info[64];
	size_t n = key_info(info, "rcd1 epoch", rec_id);

	return hkdf(out, RCD_KEY_LEN, SPAN(key, RCD_KEY_LEN),
	    SPAN(salt, RCD_SALT_LEN), SPAN(info, n));
}

void
rcd_keys_fini(struct rcd_keys *k)
{
	secret_free(k->mem);
	memset(k, 0, sizeof(*k));
}

static int
keys_new(struct rcd_keys *k)
{
	memset(k, 0, sizeof(*k));
	k->mem = secret_new(KEYS_LEN);
	return k->mem != NULL ? 0 : FAIL_NOMEM;
}

int
rcd_keys_init(
    struct rcd_keys *k, const uint8_t rec_id[RCD_ID_LEN], struct span dek)
{
	uint8_t *p;
	int r;

	if ((r = keys_new(k)) != 0)
		return r;
	p = secret_fill(k->mem);
	if (dek.len != RCD_KEY_LEN)
		return FAIL_RANGE;
	r = key_expand(p + KEY_A, dek, "rcd1 class A", rec_id);
	if (r == 0)
		r = key_expand(p + KEY_B, dek, "rcd1 class B", rec_id);
	k->has_a = k->has_b = r == 0;
	return r;
}

int
rcd_keys_init_a(struct rcd_keys *k, struct span key_a)
{
	int r = keys_new(k);

	if (r != 0)
		return r;
	if (key_a.len != RCD_KEY_LEN)
		return FAIL_RANGE;
	memcpy(secret_fill(k->mem) + KEY_A, key_a.p, RCD_KEY_LEN);
	k->has_a = true;
	return 0;
}

struct span
rcd_keys_classes(const struct rcd_keys *k)
{
	return SPAN(secret_show(k->mem).p, 2 * RCD_KEY_LEN);
}

int
rcd_keys_init_classes(struct rcd_keys *k, struct span classes)
{
	int r = keys_new(k);

	if (r != 0)
		return r;
	if (classes.len != 2 * RCD_KEY_LEN)
		return FAIL_RANGE;
	memcpy(secret_fill(k->mem), classes.p, classes.len);
	k->has_a = k->has_b = true;
	return 0;
}

int
rcd_keys_epoch(struct rcd_keys *k, const uint8_t rec_id[RCD_ID_LEN],
    const uint8_t salt[RCD_SALT_LEN])
{
	uint8_t *p = secret_fill(k->mem);
	int r = 0;

	if (k->has_a)
		r = key_epoch(p + KEY_EPOCH_A, p + KEY_A, rec_id, salt);
	if (r == 0 && k->has_b)
		r = key_epoch(p + KEY_EPOCH_B, p + KEY_B, rec_id, salt);
	return r;
}

int
rcd_keys_commit(uint8_t out[RCD_HASH_LEN], const uint8_t rec_id[RCD_ID_LEN],
    struct span key)
{
	return key_expand(out, key, "rcd1 commit", rec_id);
}

/* Its own key for every header: the salt of epoch 0 is random. */
static int
meta_key(
    struct secret **out, const struct rcd_keys *k, const struct rcd_header *h)
{
	uint8_t info[64];
	size_t n = key_info(info, "rcd1 meta", h->rec_id);
	struct secret *s;
	int r;

	if (!k->has_a)
		return FAIL_DENIED;
	if ((s = secret_new(RCD_KEY_LEN)) == NULL)
		return FAIL_NOMEM;
	r = hkdf(secret_fill(s), RCD_KEY_LEN,
	    SPAN(secret_show(k->mem).p + KEY_A, RCD_KEY_LEN),
	    SPAN(h->salt, RCD_SALT_LEN), SPAN(info, n));
	if (r != 0) {
		secret_free(s);
		return r;
	}
	*out = s;
	return 0;
}

int
rcd_codec_meta_seal(struct rcd_codec *c, const struct rcd_keys *k,
    const struct rcd_header *h, struct span in, uint8_t *out)
{
	static const uint8_t nonce[AEAD_NONCE_LEN];
	struct span aad = SPAN(h->rec_id, RCD_ID_LEN);
	struct secret *key;
	int r = meta_key(&key, k, h);

	if (r != 0)
		return r;
	r = aead_seal(c->aead, secret_show(key).p, nonce, &aad, 1, in, out);
	secret_free(key);
	return r;
}

int
rcd_codec_meta_open(struct rcd_codec *c, const struct rcd_keys *k,
    const struct rcd_header *h, struct span in, uint8_t *out)
{
	static const uint8_t nonce[AEAD_NONCE_LEN];
	struct span aad = SPAN(h->rec_id, RCD_ID_LEN);
	struct secret *key;
	int r = meta_key(&key, k, h);

	if (r != 0)
		return r;
	r = aead_open(c->aead, secret_show(key).p, nonce, &aad, 1, in, out);
	secret_free(key);
	return r;
}

static void
chunk_nonce(uint8_t nonce[AEAD_NONCE_LEN], const struct rcd_chunk *ch)
{
	be32_put(nonce, ch->epoch);
	be32_put(nonce + 4, (uint32_t)(ch->seq >> 32));
	be32_put(nonce + 8, (uint32_t)ch->seq);
}

static const uint8_t *
chunk_key(const struct rcd_keys *k, const struct rcd_chunk *ch)
{
	bool b = ch->type == RCD_DATA_B;

	if (b ? !k->has_b : !k->has_a)
		return NULL;
	return secret_show(k->mem).p + (b ? KEY_EPOCH_B : KEY_EPOCH_A);
}

/* Compressed to dst and shorter than raw: its length; else 0. */
static size_t
squeeze(struct rcd_codec *c, uint8_t *dst, const struct rcd_seal *s)
{
	size_t n;

	if (!s->try || s->raw.len < 2)
		return 0;
	if (ZSTD_isError(
		ZSTD_CCtx_refPrefix(c->cctx, s->prefix.p, s->prefix.len)))
		return 0;
	n = ZSTD_compress2(c->cctx, dst, s->raw.len - 1, s->raw.p, s->raw.len);
	if (!ZSTD_isError(n))
		return n;
	(void)ZSTD_CCtx_reset(c->cctx, ZSTD_reset_session_only);
	return 0;
}

int
rcd_codec_seal(struct rcd_codec *c, struct rcd_chunk *ch,
    const struct rcd_seal *s, uint8_t prev[RCD_HASH_LEN], struct span *out)
{
	size_t lead = ch->flags & RCD_F_GOP ? RCD_ANCHOR_LEN : 0, n;
	uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t h[RCD_HASH_LEN];
	const uint8_t *key = chunk_key(s->keys, ch);
	struct span aad[2], in;
	uint8_t *p;
	int r;

	if (key == NULL)
		return FAIL_DENIED;
	if (s->raw.len > RCD_CHUNK_RAW_MAX)
		return FAIL_RANGE;
	if ((r = mem_need(c, RCD_CHUNK_HEADER + lead + s->raw.len +
				 RCD_TAG_LEN + RCD_LINK_LEN)) != 0)
		return r;
	p = c->mem + RCD_CHUNK_HEADER + lead;
	n = squeeze(c, p, s);
	in = n > 0 ? SPAN(p, n) : s->raw;
	ch->flags &= (uint8_t)~RCD_F_RAW;
	if (n == 0)
		ch->flags |= RCD_F_RAW;
	ch->raw_len = (uint32_t)s->raw.len;
	ch->body_len = (uint32_t)(lead + in.len + RCD_TAG_LEN);
	rcd_chunk_encode(c->mem, ch);
	if (lead > 0) {
		memcpy(c->mem + RCD_CHUNK_HEADER, prev, RCD_HASH_LEN);
		memcpy(c->mem + RCD_CHUNK_HEADER + RCD_HASH_LEN, s->salt,
		    RCD_SALT_LEN);
	}
	aad[0] = SPAN(prev, RCD_HASH_LEN);
	aad[1] = SPAN(c->mem, RCD_CHUNK_HEADER);
	chunk_nonce(nonce, ch);
	if ((r = aead_seal(c->aead, key, nonce, aad, 2, in, p)) != 0)
		return r;
	n = rcd_chunk_size(ch);
	if ((r = rcd_chain_hash(h, prev, SPAN(c->mem, n - RCD_LINK_LEN))) != 0)
		return r;
	memcpy(c->mem + n - RCD_LINK_LEN, h, RCD_LINK_LEN);
	memcpy(prev, h, RCD_HASH_LEN);
	*out = SPAN(c->mem, n);
	return 0;
}

/* The frame in c->mem, n bytes, into dst. */
static int
unsqueeze(struct rcd_codec *c, size_t n, struct span prefix, uint8_t *dst,
    size_t raw_len)
{
	size_t got;

	if (ZSTD_isError(ZSTD_DCtx_refPrefix(c->dctx, prefix.p, prefix.len)))
		return FAIL_NOMEM;
	got = ZSTD_decompressDCtx(c->dctx, dst, raw_len, c->mem, n);
	if (ZSTD_isError(got) || got != raw_len) {
		(void)ZSTD_DCtx_reset(c->dctx, ZSTD_reset_session_only);
		return FAIL_FORMAT;
	}
	return 0;
}

int
rcd_codec_open(struct rcd_codec *c, const struct rcd_chunk *ch,
    const struct rcd_open *o, struct buf *dst)
{
	size_t lead = ch->flags & RCD_F_GOP ? RCD_ANCHOR_LEN : 0, n;
	const uint8_t *key = chunk_key(o->keys, ch);
	uint8_t nonce[AEAD_NONCE_LEN];
	struct span aad[2], in;
	uint8_t *p;
	int r;

	if (key == NULL)
		return FAIL_DENIED;
	if (o->body.len < lead + RCD_TAG_LEN)
		return FAIL_FORMAT;
	in = SPAN(o->body.p + lead, o->body.len - lead);
	n = in.len - RCD_TAG_LEN;
	if ((ch->flags & RCD_F_RAW) && n != ch->raw_len)
		return FAIL_FORMAT;
	buf_reset(dst);
	if ((r = mem_need(c, in.len)) != 0 ||
	    (r = buf_reserve(dst, ch->raw_len, &p)) != 0)
		return r;
	aad[0] = SPAN(o->prev, RCD_HASH_LEN);
	aad[1] = SPAN(o->header, RCD_CHUNK_HEADER);
	chunk_nonce(nonce, ch);
	r = aead_open(c->aead, key, nonce, aad, 2, in,
	    ch->flags & RCD_F_RAW ? p : c->mem);
	if (r == 0 && !(ch->flags & RCD_F_RAW))
		r = unsqueeze(c, n, o->prefix, p, ch->raw_len);
	if (r == 0)
		buf_commit(dst, ch->raw_len);
	return r;
}
