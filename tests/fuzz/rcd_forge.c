/* SPDX-License-Identifier: Apache-2.0 */
/* See rcd_forge.h. */
#include <string.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "recorder/chain.h"
#include "recorder/codec.h"

#include "rcd_forge.h"

/* Where the keys of an epoch are among those of a recording. */
enum { EPOCH_A = 2 * RCD_KEY_LEN, EPOCH_B = 3 * RCD_KEY_LEN };
/* One commitment, and zeros up to a multiple of eight. */
enum { TLVS = 4 + RCD_HASH_LEN + 4 };
enum { BODY_MAX = 65536 + RCD_ANCHOR_LEN + RCD_TAG_LEN, TYPES = 8 };

const uint8_t rcd_forge_dek[32] = {7};
static const uint8_t seed[ED25519_KEY_LEN] = {9};

struct forge {
	struct rcd_chain c;
	struct rcd_header h;
	struct rcd_keys keys;
	struct aead *aead;
	struct rcd_chunk ch;
	uint8_t flags;
	uint8_t body[BODY_MAX];
	uint64_t t_us;
	struct buf *out;
};

static void
sign(const struct forge *f, uint64_t seq, const uint8_t *hash, uint8_t *sig)
{
	uint8_t text[RCD_SIGNED_LEN];

	rcd_chain_signed(text, f->h.rec_id, seq, hash);
	if ((f->flags & FORGE_UNSIGNED) != 0)
		text[0] ^= 1;
	MUST(ed25519_sign(sig, seed, SPAN(text, sizeof(text))) == 0);
}

/* Anchor, ciphertext, tag; aad is of the header as it will be. */
static void
data(struct forge *f, struct span raw)
{
	struct rcd_chunk *ch = &f->ch;
	bool b = ch->type == RCD_DATA_B;
	uint8_t nonce[AEAD_NONCE_LEN], header[RCD_CHUNK_HEADER];
	size_t lead = ch->flags & RCD_F_GOP ? RCD_ANCHOR_LEN : 0;
	uint16_t raw_len = (uint16_t)raw.len;
	struct span aad[2];

	/* A frame says in front how long it will have been. */
	if ((ch->flags & RCD_F_RAW) == 0)
		IGNORE(span_u16(&raw, &raw_len));
	ch->raw_len = raw_len;
	ch->body_len = (uint32_t)(lead + raw.len + RCD_TAG_LEN);
	if (lead > 0) {
		memcpy(f->body, f->c.hash, RCD_HASH_LEN);
		memcpy(f->body + RCD_HASH_LEN, f->c.salt, RCD_SALT_LEN);
	}
	rcd_chunk_encode(header, ch);
	be32_put(nonce, ch->epoch);
	be32_put(nonce + 4, (uint32_t)(ch->seq >> 32));
	be32_put(nonce + 8, (uint32_t)ch->seq);
	aad[0] = SPAN(f->c.hash, RCD_HASH_LEN);
	aad[1] = SPAN(header, sizeof(header));
	MUST(aead_seal(f->aead,
		 secret_show(f->keys.mem).p + (b ? EPOCH_B : EPOCH_A), nonce,
		 aad, 2, raw, f->body + lead) == 0);
}

static void
plain(struct forge *f, struct span raw, size_t len)
{
	memset(f->body, 0, len);
	if (raw.len > 0)
		memcpy(f->body, raw.p, raw.len < len ? raw.len : len);
	f->ch.raw_len = f->ch.body_len = (uint32_t)len;
}

static void
checkpoint(struct forge *f, struct span raw)
{
	uint64_t seq = f->c.next_seq - (f->c.next_seq > 0);

	plain(f, raw, RCD_CKPT_BODY);
	le64_put(f->body, seq);
	memcpy(f->body + 8, f->c.hash, RCD_HASH_LEN);
	sign(f, seq, f->c.hash, f->body + 8 + RCD_HASH_LEN);
}

static void
trailer(struct forge *f, struct span raw)
{
	uint8_t head[RCD_CHUNK_HEADER + RCD_SUMMARY_LEN], hash[RCD_HASH_LEN];
	struct rcd_summary s = {0};

	plain(f, raw, RCD_TRAILER_BODY);
	f->ch.flags = RCD_F_FINAL;
	rcd_summary_decode(f->body, &s);
	s.chunks = f->ch.seq + 1;
	s.raw_a = f->c.raw_a;
	s.raw_b = f->c.raw_b;
	f->ch.t_us = s.duration_us = f->c.last_us;
	s.index_off = f->c.off > 0 ? s.index_off % f->c.off : 0;
	s.flags &= RCD_S_TRUNCATED;
	rcd_summary_encode(f->body, &s);
	rcd_chunk_encode(head, &f->ch);
	memcpy(head + RCD_CHUNK_HEADER, f->body, RCD_SUMMARY_LEN);
	MUST(rcd_chain_trailer_hash(
		 hash, f->c.hash, SPAN(head, sizeof(head))) == 0);
	sign(f, f->ch.seq, hash, f->body + RCD_SUMMARY_LEN);
}

/* A new epoch, or a gap. */
static void
notice(struct forge *f, struct span raw)
{
	plain(f, raw, RCD_EPOCH_BODY);
	f->ch.epoch = (uint16_t)(f->c.epoch + (f->body[0] & 1));
	f->body[0] = f->body[0] & 1 ? RCD_EPOCH_START : RCD_GAP;
}

static void
compose(struct forge *f, struct span raw)
{
	switch (f->ch.type) {
	case RCD_DATA_A:
		f->ch.flags = f->flags & (RCD_F_GOP | RCD_F_RAW);
		data(f, raw);
		break;
	case RCD_DATA_B:
		f->ch.flags = f->flags & RCD_F_RAW;
		data(f, raw);
		break;
	case RCD_INDEX:
		f->ch.flags = RCD_F_GOP | RCD_F_RAW;
		data(f, raw);
		break;
	case RCD_CHECKPOINT:
		checkpoint(f, raw);
		break;
	case RCD_TRAILER:
		trailer(f, raw);
		break;
	case RCD_NOTICE:
		notice(f, raw);
		break;
	default:
		plain(f, raw, raw.len);
		break;
	}
}

/* Encode, link, and move the chain on. */
static void
put(struct forge *f)
{
	uint8_t header[RCD_CHUNK_HEADER], hash[RCD_HASH_LEN];
	struct buf *o = f->out;
	size_t at = buf_len(o);

	if ((f->flags & FORGE_ODD) != 0)
		f->ch.raw_len ^= 1U << (f->flags >> FORGE_STEP);
	rcd_chunk_encode(header, &f->ch);
	MUST(buf_put(o, header, sizeof(header)) == 0 &&
	     buf_put(o, f->body, f->ch.body_len) == 0);
	MUST(rcd_chain_hash(hash, f->c.hash,
		 SPAN(buf_head(o) + at, buf_len(o) - at)) == 0);
	MUST(buf_put(o, hash, RCD_LINK_LEN) == 0);
	if (f->ch.epoch != f->c.epoch) {
		memcpy(f->c.salt, f->body + 8, RCD_SALT_LEN);
		MUST(rcd_keys_epoch(&f->keys, f->h.rec_id, f->c.salt) == 0);
	}
	rcd_chain_sealed(&f->c, &f->ch, hash);
}

static void
begin(struct forge *f, struct buf *out)
{
	uint8_t header[RCD_HEADER_FIXED + TLVS] = {0};
	uint8_t *tlv = header + RCD_HEADER_FIXED;
	struct span dek = SPAN(rcd_forge_dek, sizeof(rcd_forge_dek));

	f->h = (struct rcd_header){
	    .len = sizeof(header),
	    .rec_id = {3},
	    .protocol = 1,
	    .gop_s = RCD_GOP_S,
	    .prefix_kib = RCD_PREFIX_LEN / 1024,
	    .max_chunk = RCD_CHUNK_RAW_MAX,
	    .salt = {4},
	};
	MUST(ed25519_public(f->h.node_key, seed) == 0);
	MUST(rcd_keys_commit(f->h.key_commit, f->h.rec_id, dek) == 0);
	MUST(rcd_keys_init(&f->keys, f->h.rec_id, dek) == 0);
	MUST(rcd_keys_epoch(&f->keys, f->h.rec_id, f->h.salt) == 0);
	rcd_header_encode(header, &f->h);
	le16_put(tlv, RCD_TLV_COMMIT_A);
	le16_put(tlv + 2, RCD_HASH_LEN);
	MUST(rcd_keys_commit(tlv + 4, f->h.rec_id,
		 SPAN(rcd_keys_classes(&f->keys).p, RCD_KEY_LEN)) == 0);
	MUST(buf_put(out, header, sizeof(header)) == 0);
	MUST(rcd_chain_start(&f->c, buf_span(out), &f->h) == 0);
	f->out = out;
}

void
rcd_forge(struct span steps, struct buf *out)
{
	static struct forge f;
	uint16_t len;

	if (f.aead == NULL)
		MUST((f.aead = aead_new()) != NULL);
	f.t_us = 0;
	begin(&f, out);
	f.ch = (struct rcd_chunk){0};
	while (span_u8(&steps, &f.ch.type) == 0 &&
	       span_u8(&steps, &f.flags) == 0 && span_u16(&steps, &len) == 0) {
		struct span raw =
		    SPAN(steps.p, len < steps.len ? len : steps.len);

		steps.p += raw.len;
		steps.len -= raw.len;
		f.t_us += (uint64_t)(f.flags >> FORGE_STEP) * 4000000;
		f.ch = (struct rcd_chunk){.type = f.ch.type % TYPES,
		    .epoch = f.c.epoch,
		    .seq = f.c.next_seq,
		    .t_us = f.t_us};
		compose(&f, raw);
		put(&f);
	}
	rcd_keys_fini(&f.keys);
}
