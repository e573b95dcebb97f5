/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_CODEC_H
#define RECORDER_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/secret.h"
#include "recorder/rcd.h"

/*
 * What turns the raw bytes of a chunk into its body and back: zstd, AES-256-GCM
 * and the keys of a recording.  One rcd_codec a process: it holds the contexts
 * and the scratch memory that all writers and readers use in turn.
 */

struct rcd_codec;

void rcd_codec_free(struct rcd_codec *c);
struct rcd_codec *rcd_codec_new(void) OWNED_BY(rcd_codec_free) MUST_USE;

/*
 * The keys that a holder has.  All come from the data key (DEK); the class A
 * key alone opens everything but class B, in every epoch.
 */
struct rcd_keys {
	struct secret *mem; /* class keys A and B, epoch keys A and B */
	bool has_a;
	bool has_b;
};

void rcd_keys_fini(struct rcd_keys *k);
/* From the data key.  k is to be released in any case. */
int rcd_keys_init(struct rcd_keys *k, const uint8_t rec_id[RCD_ID_LEN],
    struct span dek) MUST_USE;
/* Only class A, from its key. */
int rcd_keys_init_a(struct rcd_keys *k, struct span key_a) MUST_USE;
/* Derive the keys of the epoch with that salt. */
int rcd_keys_epoch(struct rcd_keys *k, const uint8_t rec_id[RCD_ID_LEN],
    const uint8_t salt[RCD_SALT_LEN]) MUST_USE;
/* The class keys, lent: RCD_KEY_LEN bytes each, A first. */
struct span rcd_keys_classes(const struct rcd_keys *k);
int rcd_keys_init_classes(struct rcd_keys *k, struct span classes) MUST_USE;
/* What the file header holds about the data key, or about the class A key. */
int rcd_keys_commit(uint8_t out[RCD_HASH_LEN], const uint8_t rec_id[RCD_ID_LEN],
    struct span key) MUST_USE;

/* The session's JSON.  Sealing adds RCD_TAG_LEN bytes, opening takes them. */
int rcd_codec_meta_seal(struct rcd_codec *c, const struct rcd_keys *k,
    const struct rcd_header *h, struct span in, uint8_t *out) MUST_USE;
int rcd_codec_meta_open(struct rcd_codec *c, const struct rcd_keys *k,
    const struct rcd_header *h, struct span in, uint8_t *out) MUST_USE;

/*
 * Compose a whole chunk around raw.  ch has type, epoch, seq, times and
 * RCD_F_GOP set; raw_len, body_len and RCD_F_RAW are filled in.  prev is
 * H_(i-1), replaced by H_i.  prefix may be empty; try: attempt compression.
 * *out is lent until the next call on c.
 */
struct rcd_seal {
	const struct rcd_keys *keys;
	struct span raw;
	struct span prefix;
	const uint8_t *salt; /* of the epoch */
	bool try;
};
int rcd_codec_seal(struct rcd_codec *c, struct rcd_chunk *ch,
    const struct rcd_seal *s, uint8_t prev[RCD_HASH_LEN],
    struct span *out) MUST_USE;

/*
 * Open a chunk's body (anchor, ciphertext, tag) into dst, which is reset
 * first; prev is H_(i-1).  FAIL_MAC, FAIL_FORMAT.
 */
struct rcd_open {
	const struct rcd_keys *keys;
	const uint8_t *header; /* RCD_CHUNK_HEADER bytes */
	const uint8_t *prev;
	struct span body;
	struct span prefix;
};
int rcd_codec_open(struct rcd_codec *c, const struct rcd_chunk *ch,
    const struct rcd_open *o, struct buf *dst) MUST_USE;

#endif /* RECORDER_CODEC_H */
