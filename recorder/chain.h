/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_CHAIN_H
#define RECORDER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/rcd.h"

/*
 * The hash chain of a recording, and what of its state anybody can follow
 * without a key: where the next chunk goes and how it must look.
 *
 *	H_0 = SHA-256(0x00 || file header)
 *	H_i = SHA-256(0x01 || H_(i-1) || chunk header || body)
 */

struct rcd_chain {
	uint8_t rec_id[RCD_ID_LEN];
	uint8_t hash[RCD_HASH_LEN]; /* of the last chunk, or H_0 */
	uint64_t next_seq;
	uint64_t off;	  /* where the next chunk begins in the file */
	uint64_t last_us; /* end of the latest chunk */
	uint64_t raw_a;
	uint64_t raw_b;
	uint32_t max_chunk;
	uint8_t salt[RCD_SALT_LEN]; /* of the epoch */
	uint16_t epoch;
	bool gop;     /* the epoch has begun a GOP */
	bool partial; /* begun in the middle: raw_a, raw_b are not known */
	bool ended;   /* the trailer was seen */
};

/* What is wrong with a chunk. */
enum rcd_flaw {
	RCD_FLAW_NONE = 0,
#define FLAW(name, num, text) RCD_FLAW_##name = (num),
#include "recorder/flaw_tbl.h"
#undef FLAW
};

const char *rcd_flaw_text(enum rcd_flaw f);

int rcd_chain_start(struct rcd_chain *c, struct span header,
    const struct rcd_header *h) MUST_USE;

/* H_i from H_(i-1); both may be the same array. */
int rcd_chain_hash(uint8_t out[RCD_HASH_LEN], const uint8_t prev[RCD_HASH_LEN],
    struct span header_and_body) MUST_USE;
/* What is signed for a trailer: header and summary, not the signature. */
int rcd_chain_trailer_hash(uint8_t out[RCD_HASH_LEN],
    const uint8_t prev[RCD_HASH_LEN], struct span header_and_summary) MUST_USE;
/* The text that a checkpoint's or trailer's signature covers. */
enum { RCD_SIGNED_LEN = 9 + RCD_ID_LEN + 8 + RCD_HASH_LEN };
void rcd_chain_signed(uint8_t out[RCD_SIGNED_LEN],
    const uint8_t rec_id[RCD_ID_LEN], uint64_t seq,
    const uint8_t hash[RCD_HASH_LEN]);

/* Does a chunk with this header fit here?  Looks at no body. */
enum rcd_flaw rcd_chain_fits(
    const struct rcd_chain *c, const struct rcd_chunk *ch);
/*
 * Check one whole chunk and move on.  0, or a FAIL_* code with *flaw set and
 * the chain as it was; FAIL_TRUNCATED: chunk is shorter than it says.
 */
int rcd_chain_take(struct rcd_chain *c, struct span chunk, struct rcd_chunk *ch,
    enum rcd_flaw *flaw) MUST_USE;

/*
 * Compose a chunk that needs no key (checkpoint, trailer, notice) in p and move
 * on.  Of ch type, flags, t_us and, unless 0, epoch count.  p has room for
 * RCD_CHUNK_HEADER + body.len + RCD_LINK_LEN bytes; *len is that.
 */
int rcd_chain_put_plain(struct rcd_chain *c, uint8_t *p,
    const struct rcd_chunk *ch, struct span body, size_t *len) MUST_USE;
/* ch, sealed for the chain's next place, has hash h. */
void rcd_chain_sealed(struct rcd_chain *c, const struct rcd_chunk *ch,
    const uint8_t h[RCD_HASH_LEN]);

/*
 * The end.  Of s, duration, index, time, reason and flags are the caller's;
 * the counts are filled in.  What is to be signed: (*seq, hash).
 */
int rcd_chain_end_hash(const struct rcd_chain *c, struct rcd_summary *s,
    uint64_t *seq, uint8_t hash[RCD_HASH_LEN]) MUST_USE;
/* Compose the trailer; sig NULL: unsigned, and marked so. */
int rcd_chain_end_put(struct rcd_chain *c, const struct rcd_summary *s,
    const uint8_t *sig, uint8_t p[RCD_TRAILER_LEN]) MUST_USE;

#endif /* RECORDER_CHAIN_H */
