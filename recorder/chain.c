/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a recording without keys: hash chain, sequence, epochs and the form
 * of every chunk, and composes the chunks that need no key.  Writer, reader,
 * verifier and the recorder process all hold one rcd_chain per recording, so
 * that there is one place that knows what may come next.
 */
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"

#include "recorder/chain.h"

static const uint8_t tag_header[1] = {0}, tag_chunk[1] = {1},
		     tag_trailer[1] = {2};
static const char sign_text[9] = {'R', 'C', 'D', '1', ' ', 'c', 'k', 'p', 't'};

const char *
rcd_flaw_text(enum rcd_flaw f)
{
	switch (f) {
	case RCD_FLAW_NONE:
		return "none";
#define FLAW(name, num, text)                                                  \
	case RCD_FLAW_##name:                                                  \
		return (text);
#include "recorder/flaw_tbl.h"
#undef FLAW
	}
	return "unknown";
}

int
rcd_chain_start(
    struct rcd_chain *c, struct span header, const struct rcd_header *h)
{
	struct span parts[2] = {SPAN(tag_header, 1), header};

	memset(c, 0, sizeof(*c));
	memcpy(c->rec_id, h->rec_id, RCD_ID_LEN);
	c->off = header.len;
	c->max_chunk = h->max_chunk;
	memcpy(c->salt, h->salt, RCD_SALT_LEN);
	return sha256(c->hash, parts, 2);
}

int
rcd_chain_hash(uint8_t out[RCD_HASH_LEN], const uint8_t prev[RCD_HASH_LEN],
    struct span header_and_body)
{
	struct span parts[3] = {
	    SPAN(tag_chunk, 1), SPAN(prev, RCD_HASH_LEN), header_and_body};

	return sha256(out, parts, 3);
}

int
rcd_chain_trailer_hash(uint8_t out[RCD_HASH_LEN],
    const uint8_t prev[RCD_HASH_LEN], struct span header_and_summary)
{
	struct span parts[3] = {
	    SPAN(tag_trailer, 1), SPAN(prev, RCD_HASH_LEN), header_and_summary};

	return sha256(out, parts, 3);
}

void
rcd_chain_signed(uint8_t out[RCD_SIGNED_LEN], const uint8_t rec_id[RCD_ID_LEN],
    uint64_t seq, const uint8_t hash[RCD_HASH_LEN])
{
	memcpy(out, sign_text, 9);
	memcpy(out + 9, rec_id, RCD_ID_LEN);
	le64_put(out + 25, seq);
	memcpy(out + 33, hash, RCD_HASH_LEN);
}

/* Lengths and flags by type. */
static bool
shape_ok(const struct rcd_chain *c, const struct rcd_chunk *ch)
{
	size_t over = RCD_TAG_LEN;

	switch (ch->type) {
	case RCD_DATA_A:
		if ((ch->flags & ~(RCD_F_GOP | RCD_F_RAW | RCD_F_KEYFRAME)) ||
		    (!(ch->flags & RCD_F_GOP) && !c->gop))
			return false;
		if (ch->flags & RCD_F_GOP)
			over += RCD_ANCHOR_LEN;
		break;
	case RCD_DATA_B:
		if (ch->flags & ~RCD_F_RAW)
			return false;
		break;
	case RCD_INDEX:
		return ch->flags == (RCD_F_GOP | RCD_F_RAW) &&
		       ch->raw_len > 0 && ch->raw_len <= c->max_chunk &&
		       ch->raw_len % RCD_INDEX_ROW == 0 &&
		       ch->body_len == ch->raw_len + over + RCD_ANCHOR_LEN;
	case RCD_CHECKPOINT:
		return ch->flags == 0 && ch->raw_len == RCD_CKPT_BODY &&
		       ch->body_len == RCD_CKPT_BODY;
	case RCD_TRAILER:
		return ch->flags == RCD_F_FINAL && ch->span_us == 0 &&
		       ch->raw_len == RCD_TRAILER_BODY &&
		       ch->body_len == RCD_TRAILER_BODY &&
		       ch->t_us >= c->last_us;
	case RCD_NOTICE:
		return ch->flags == 0 && ch->raw_len == RCD_EPOCH_BODY &&
		       ch->body_len == RCD_EPOCH_BODY;
	default:
		return false;
	}
	if (ch->raw_len == 0 || ch->raw_len > c->max_chunk ||
	    ch->body_len <= over)
		return false;
	return ch->flags & RCD_F_RAW ? ch->body_len == ch->raw_len + over
				     : ch->body_len < ch->raw_len + over;
}

enum rcd_flaw
rcd_chain_fits(const struct rcd_chain *c, const struct rcd_chunk *ch)
{
	if (c->ended)
		return RCD_FLAW_EXTRA;
	if (ch->seq != c->next_seq)
		return RCD_FLAW_SEQUENCE;
	if (ch->epoch != c->epoch &&
	    (ch->type != RCD_NOTICE || ch->epoch != c->epoch + 1))
		return RCD_FLAW_EPOCH;
	if (ch->t_us > INT64_MAX || !shape_ok(c, ch))
		return RCD_FLAW_SHAPE;
	return RCD_FLAW_NONE;
}

static bool
trailer_ok(
    const struct rcd_chain *c, const struct rcd_chunk *ch, const uint8_t *body)
{
	static const uint8_t zero[RCD_SIG_LEN];
	struct rcd_summary s;

	rcd_summary_decode(body, &s);
	if (s.flags & ~(uint32_t)(RCD_S_TRUNCATED | RCD_S_UNSIGNED))
		return false;
	if ((s.flags & RCD_S_UNSIGNED) &&
	    memcmp(body + RCD_SUMMARY_LEN, zero, RCD_SIG_LEN) != 0)
		return false;
	if (!c->partial && (s.raw_a != c->raw_a || s.raw_b != c->raw_b))
		return false;
	return s.chunks == ch->seq + 1 && s.duration_us == ch->t_us &&
	       s.index_off < c->off;
}

/* What the plain bodies say must agree with what is known. */
static enum rcd_flaw
body_fits(
    const struct rcd_chain *c, const struct rcd_chunk *ch, const uint8_t *body)
{
	switch (ch->type) {
	case RCD_DATA_A:
	case RCD_INDEX:
		if (!(ch->flags & RCD_F_GOP))
			break;
		if (memcmp(body, c->hash, RCD_HASH_LEN) != 0)
			return RCD_FLAW_CHAIN;
		if (memcmp(body + RCD_HASH_LEN, c->salt, RCD_SALT_LEN) != 0)
			return RCD_FLAW_EPOCH;
		break;
	case RCD_CHECKPOINT:
		if (le64_get(body) >= ch->seq ||
		    ch->seq - le64_get(body) > RCD_CKPT_BACK)
			return RCD_FLAW_SHAPE;
		break;
	case RCD_TRAILER:
		if (!trailer_ok(c, ch, body))
			return RCD_FLAW_SHAPE;
		break;
	case RCD_NOTICE:
		if (body[0] !=
		    (ch->epoch == c->epoch ? RCD_GAP : RCD_EPOCH_START))
			return RCD_FLAW_EPOCH;
		break;
	default:
		break;
	}
	return RCD_FLAW_NONE;
}

/* A notice was accepted: the epoch that it starts has this salt. */
static void
epoch_move(struct rcd_chain *c, const struct rcd_chunk *ch, const uint8_t *body)
{
	if (ch->type == RCD_NOTICE && ch->epoch != c->epoch)
		memcpy(c->salt, body + 8, RCD_SALT_LEN);
}

void
rcd_chain_sealed(struct rcd_chain *c, const struct rcd_chunk *ch,
    const uint8_t h[RCD_HASH_LEN])
{
	uint64_t end = ch->t_us + ch->span_us;

	memcpy(c->hash, h, RCD_HASH_LEN);
	c->next_seq++;
	c->off += rcd_chunk_size(ch);
	c->last_us = end > c->last_us ? end : c->last_us;
	if (ch->epoch != c->epoch)
		c->gop = false;
	c->epoch = ch->epoch;
	if (ch->type == RCD_DATA_A) {
		c->raw_a += ch->raw_len;
		c->gop = true;
	} else if (ch->type == RCD_DATA_B) {
		c->raw_b += ch->raw_len;
	}
	c->ended = ch->type == RCD_TRAILER;
}

int
rcd_chain_take(struct rcd_chain *c, struct span chunk, struct rcd_chunk *ch,
    enum rcd_flaw *flaw)
{
	uint8_t h[RCD_HASH_LEN];
	size_t len;
	int r;

	*flaw = RCD_FLAW_TRUNCATED;
	if (chunk.len < RCD_CHUNK_HEADER)
		return FAIL_TRUNCATED;
	if (rcd_chunk_decode(chunk.p, ch) != 0) {
		*flaw =
		    rcd_chunk_magic(chunk.p) ? RCD_FLAW_CRC : RCD_FLAW_MAGIC;
		return FAIL_FORMAT;
	}
	if ((*flaw = rcd_chain_fits(c, ch)) != RCD_FLAW_NONE)
		return FAIL_FORMAT;
	len = rcd_chunk_size(ch);
	if (chunk.len < len) {
		*flaw = RCD_FLAW_TRUNCATED;
		return FAIL_TRUNCATED;
	}
	r = rcd_chain_hash(h, c->hash, SPAN(chunk.p, len - RCD_LINK_LEN));
	if (r != 0)
		return r;
	if (chunk.len > len) {
		*flaw = RCD_FLAW_SHAPE;
		return FAIL_FORMAT;
	}
	if (memcmp(h, chunk.p + len - RCD_LINK_LEN, RCD_LINK_LEN) != 0) {
		*flaw = RCD_FLAW_CHAIN;
		return FAIL_CHAIN;
	}
	*flaw = body_fits(c, ch, chunk.p + RCD_CHUNK_HEADER);
	if (*flaw != RCD_FLAW_NONE)
		return *flaw == RCD_FLAW_CHAIN ? FAIL_CHAIN : FAIL_FORMAT;
	epoch_move(c, ch, chunk.p + RCD_CHUNK_HEADER);
	rcd_chain_sealed(c, ch, h);
	return 0;
}

/* ch as the chain's next plain chunk. */
static struct rcd_chunk
plain_chunk(
    const struct rcd_chain *c, const struct rcd_chunk *ch, size_t body_len)
{
	struct rcd_chunk x = *ch;

	x.seq = c->next_seq;
	x.raw_len = x.body_len = (uint32_t)body_len;
	x.span_us = 0;
	if (x.epoch == 0)
		x.epoch = c->epoch;
	return x;
}

int
rcd_chain_put_plain(struct rcd_chain *c, uint8_t *p, const struct rcd_chunk *ch,
    struct span body, size_t *len)
{
	struct rcd_chunk x = plain_chunk(c, ch, body.len);
	uint8_t h[RCD_HASH_LEN];
	int r;

	rcd_chunk_encode(p, &x);
	memcpy(p + RCD_CHUNK_HEADER, body.p, body.len);
	r = rcd_chain_hash(h, c->hash, SPAN(p, RCD_CHUNK_HEADER + body.len));
	if (r != 0)
		return r;
	memcpy(p + RCD_CHUNK_HEADER + body.len, h, RCD_LINK_LEN);
	*len = rcd_chunk_size(&x);
	epoch_move(c, &x, body.p);
	rcd_chain_sealed(c, &x, h);
	return 0;
}

static struct rcd_chunk
trailer_chunk(const struct rcd_summary *s)
{
	return (struct rcd_chunk){
	    .type = RCD_TRAILER, .flags = RCD_F_FINAL, .t_us = s->duration_us};
}

int
rcd_chain_end_hash(const struct rcd_chain *c, struct rcd_summary *s,
    uint64_t *seq, uint8_t hash[RCD_HASH_LEN])
{
	uint8_t p[RCD_CHUNK_HEADER + RCD_SUMMARY_LEN];
	struct rcd_chunk t = trailer_chunk(s);
	struct rcd_chunk ch = plain_chunk(c, &t, RCD_TRAILER_BODY);

	s->chunks = c->next_seq + 1;
	s->raw_a = c->raw_a;
	s->raw_b = c->raw_b;
	rcd_chunk_encode(p, &ch);
	rcd_summary_encode(p + RCD_CHUNK_HEADER, s);
	*seq = c->next_seq;
	return rcd_chain_trailer_hash(hash, c->hash, SPAN(p, sizeof(p)));
}

int
rcd_chain_end_put(struct rcd_chain *c, const struct rcd_summary *s,
    const uint8_t *sig, uint8_t p[RCD_TRAILER_LEN])
{
	uint8_t body[RCD_TRAILER_BODY] = {0};
	struct rcd_chunk ch = trailer_chunk(s);
	struct rcd_summary x = *s;
	size_t len;

	if (sig == NULL)
		x.flags |= RCD_S_UNSIGNED;
	else
		memcpy(body + RCD_SUMMARY_LEN, sig, RCD_SIG_LEN);
	rcd_summary_encode(body, &x);
	return rcd_chain_put_plain(c, p, &ch, SPAN(body, sizeof(body)), &len);
}
