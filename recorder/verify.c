/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of a recording without keys.  Every chunk is checked against
 * the chain; checkpoints and the trailer against the signing key.  The hashes
 * of the last chunks are kept, because a checkpoint speaks of an earlier one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/fail.h"

#include "recorder/verify.h"
#include "recorder/window.h"

struct verify {
	struct rcd_window win;
	struct rcd_chain chain;
	struct rcd_verdict *v;
	const uint8_t *node_key;
	uint8_t (*ring)[RCD_HASH_LEN]; /* H_i at [i % RCD_CKPT_BACK] */
};

static int
bad(struct verify *x, int code, enum rcd_flaw flaw)
{
	x->v->code = code;
	x->v->flaw = flaw;
	x->v->bad_seq = x->chain.next_seq;
	x->v->bad_off = x->chain.off;
	return code;
}

static int
signature_check(struct verify *x, uint64_t seq, const uint8_t *hash,
    const uint8_t sig[RCD_SIG_LEN])
{
	uint8_t text[RCD_SIGNED_LEN];
	int r;

	rcd_chain_signed(text, x->chain.rec_id, seq, hash);
	r = ed25519_verify(x->node_key, sig, SPAN(text, sizeof(text)));
	if (r != 0)
		return r;
	x->v->signatures++;
	x->v->signed_chunks = seq + 1;
	return 0;
}

/* prev: the chain before the trailer. */
static int
trailer_check(struct verify *x, struct span chunk, const uint8_t *prev,
    const struct rcd_chunk *ch)
{
	const uint8_t *sig = chunk.p + RCD_CHUNK_HEADER + RCD_SUMMARY_LEN;
	uint8_t hash[RCD_HASH_LEN];
	struct rcd_summary s;
	int r;

	rcd_summary_decode(chunk.p + RCD_CHUNK_HEADER, &s);
	x->v->complete = true;
	x->v->truncated = s.flags & RCD_S_TRUNCATED;
	x->v->unsigned_end = s.flags & RCD_S_UNSIGNED;
	if (x->v->unsigned_end)
		return 0;
	r = rcd_chain_trailer_hash(
	    hash, prev, SPAN(chunk.p, RCD_CHUNK_HEADER + RCD_SUMMARY_LEN));
	return r != 0 ? r : signature_check(x, ch->seq, hash, sig);
}

static int
checkpoint_check(struct verify *x, const uint8_t *body)
{
	uint64_t seq = le64_get(body);
	const uint8_t *hash = x->ring[seq % RCD_CKPT_BACK];

	if (memcmp(hash, body + 8, RCD_HASH_LEN) != 0)
		return FAIL_CHAIN;
	return signature_check(x, seq, hash, body + 8 + RCD_HASH_LEN);
}

/* What only whole knowledge can tell of a chunk; c is the chain after it. */
static int
content_check(struct verify *x, const struct rcd_chain *c, struct span chunk,
    const struct rcd_chunk *ch)
{
	int r = 0;

	switch (ch->type) {
	case RCD_CHECKPOINT:
		r = checkpoint_check(x, chunk.p + RCD_CHUNK_HEADER);
		break;
	case RCD_TRAILER:
		r = trailer_check(x, chunk, x->chain.hash, ch);
		break;
	case RCD_NOTICE:
		if (c->epoch != x->chain.epoch)
			x->v->epochs++;
		else
			x->v->gaps++;
		break;
	default:
		break;
	}
	if (r == FAIL_CHAIN)
		return bad(x, r, RCD_FLAW_CHAIN);
	return r != 0 ? bad(x, r, RCD_FLAW_SIGNATURE) : 0;
}

static int
chunk_check(struct verify *x)
{
	struct rcd_chain c = x->chain;
	struct rcd_chunk ch;
	enum rcd_flaw flaw;
	struct span p;
	int r;

	r = rcd_window_at(&x->win, c.off, RCD_CHUNK_HEADER, &p);
	if (r != 0)
		return r;
	if (p.len == 0)
		return c.ended ? 0 : bad(x, FAIL_TRUNCATED, RCD_FLAW_TRUNCATED);
	if (p.len == RCD_CHUNK_HEADER && rcd_chunk_decode(p.p, &ch) == 0) {
		r = rcd_window_at(&x->win, c.off, rcd_chunk_size(&ch), &p);
		if (r != 0)
			return r;
	}
	if (c.ended)
		return bad(x, FAIL_FORMAT, RCD_FLAW_EXTRA);
	if ((r = rcd_chain_take(&c, p, &ch, &flaw)) != 0)
		return flaw != RCD_FLAW_NONE ? bad(x, r, flaw) : r;
	if ((r = content_check(x, &c, p, &ch)) != 0)
		return r;
	memcpy(x->ring[ch.seq % RCD_CKPT_BACK], c.hash, RCD_HASH_LEN);
	x->chain = c;
	x->v->chunks = c.next_seq;
	x->v->bytes = c.off;
	x->v->duration_us = c.last_us;
	memcpy(x->v->hash, c.hash, RCD_HASH_LEN);
	return 1;
}

static int
header_check(struct verify *x, const uint8_t *node_key)
{
	struct rcd_header *h = &x->v->header;
	struct span p;
	size_t len;
	int r;

	if ((r = rcd_window_at(&x->win, 0, 8, &p)) != 0)
		return r;
	if (p.len < 8)
		return bad(x, FAIL_TRUNCATED, RCD_FLAW_TRUNCATED);
	if ((r = rcd_header_len(p.p, &len)) != 0)
		return bad(x, r, RCD_FLAW_HEADER);
	if ((r = rcd_window_at(&x->win, 0, len, &p)) != 0)
		return r;
	if (p.len < len)
		return bad(x, FAIL_TRUNCATED, RCD_FLAW_TRUNCATED);
	if ((r = rcd_header_decode(p, h)) != 0)
		return bad(x, r, RCD_FLAW_HEADER);
	if ((r = rcd_chain_start(&x->chain, p, h)) != 0)
		return r;
	h->tlvs = SPAN(NULL, 0);
	x->v->bytes = len;
	memcpy(x->v->hash, x->chain.hash, RCD_HASH_LEN);
	if (node_key != NULL && memcmp(node_key, h->node_key, RCD_KEY_LEN) != 0)
		return bad(x, FAIL_SIGNATURE, RCD_FLAW_KEY);
	x->node_key = h->node_key;
	return 0;
}

int
rcd_verify(int fd, const uint8_t *node_key, struct rcd_verdict *v)
{
	struct verify x = {.v = v};
	int r;

	memset(v, 0, sizeof(*v));
	x.ring = calloc(RCD_CKPT_BACK, sizeof(x.ring[0]));
	if (x.ring == NULL)
		return FAIL_NOMEM;
	rcd_window_init(&x.win, fd);
	if ((r = header_check(&x, node_key)) == 0)
		do
			r = chunk_check(&x);
		while (r == 1);
	v->code = r;
	rcd_window_fini(&x.win);
	free(x.ring);
	return r;
}
