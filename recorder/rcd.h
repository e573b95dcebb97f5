/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_RCD_H
#define RECORDER_RCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * RCD1, the container of a recording: constants, the fixed parts of the file
 * header and of chunks, and their encoding.  Pure.  FORMAT.md says what the
 * bytes mean.
 */

enum {
	RCD_ID_LEN = 16,
	RCD_SALT_LEN = 16,
	RCD_HASH_LEN = 32,
	RCD_SIG_LEN = 64,
	RCD_KEY_LEN = 32,

	RCD_HEADER_FIXED = 176, /* file header up to its TLVs */
	RCD_HEADER_MAX = 16384,
	RCD_CHUNK_HEADER = 40,
	RCD_LINK_LEN = 8,    /* behind the body: first bytes of H_i */
	RCD_ANCHOR_LEN = 48, /* H_(i-1) and the epoch's salt */
	RCD_TAG_LEN = 16,
	RCD_CHUNK_RAW_MAX = 1024 * 1024,
	/* What a whole chunk has at most. */
	RCD_CHUNK_MAX = RCD_CHUNK_HEADER + RCD_ANCHOR_LEN + RCD_CHUNK_RAW_MAX +
			RCD_TAG_LEN + RCD_LINK_LEN,
	RCD_PREFIX_LEN = 16384,
	RCD_GOP_S = 60,
	RCD_GOP_BYTES = 1024 * 1024,
	RCD_CKPT_BYTES = 16 * 1024 * 1024, /* plaintext between checkpoints */
	RCD_CKPT_BACK = 4096, /* chunks that a checkpoint may lie behind */

	RCD_CKPT_BODY = 8 + RCD_HASH_LEN + RCD_SIG_LEN,
	RCD_SUMMARY_LEN = 56,
	RCD_TRAILER_BODY = RCD_SUMMARY_LEN + RCD_SIG_LEN,
	RCD_TRAILER_LEN = RCD_CHUNK_HEADER + RCD_TRAILER_BODY + RCD_LINK_LEN,
	RCD_EPOCH_BODY = 24,
	RCD_GAP_BODY = 24,
	RCD_INDEX_ROW = 24,
};

enum rcd_type {
	RCD_DATA_A = 1, /* events that every viewer may see */
	RCD_DATA_B = 2, /* sensitive events */
	RCD_CHECKPOINT = 3,
	RCD_INDEX = 4,
	RCD_TRAILER = 5,
	RCD_NOTICE = 6, /* epoch start or gap */
};

enum rcd_flag {
	RCD_F_GOP = 1,	    /* no prefix; body begins with an anchor: one can
			       begin to read here */
	RCD_F_RAW = 2,	    /* stored, not compressed */
	RCD_F_KEYFRAME = 4, /* has a keyframe event */
	RCD_F_FINAL = 8,    /* trailer */
};

/* First byte of a notice. */
enum rcd_notice { RCD_EPOCH_START = 1, RCD_GAP = 2 };

/* Why an epoch or a gap: second byte of a notice. */
enum rcd_reason {
	RCD_BY_HANDOVER = 1, /* another process goes on writing */
	RCD_BY_DEATH = 2,    /* the writer died: what it held is lost */
};

enum rcd_tlv {
	RCD_TLV_END = 0,
	RCD_TLV_SESSION = 1,  /* JSON, sealed under the meta key */
	RCD_TLV_COMMIT_A = 7, /* commitment to the class A key */
};

enum rcd_summary_flag {
	RCD_S_TRUNCATED = 1, /* closed by the recorder, not by its writer */
	RCD_S_UNSIGNED = 2,  /* nobody could sign: the signature is zero */
};

struct rcd_header {
	uint16_t len; /* of the whole header, TLVs included */
	uint8_t rec_id[RCD_ID_LEN];
	uint64_t start_unix_us;
	uint64_t start_boot_us;
	uint32_t protocol; /* 1 SSH, 2 RDP, ... */
	uint32_t flags;
	uint16_t gop_s;
	uint16_t prefix_kib;
	uint32_t max_chunk; /* bound of raw_len */
	uint32_t node_key_id;
	uint8_t node_key[RCD_KEY_LEN]; /* Ed25519 public key of checkpoints */
	uint8_t key_commit[RCD_HASH_LEN];
	uint8_t dek_id[RCD_ID_LEN];
	uint64_t node_seq;
	uint8_t salt[RCD_SALT_LEN]; /* of epoch 0 */
	struct span tlvs;	    /* lent from what was decoded */
};

struct rcd_chunk {
	uint8_t type;
	uint8_t flags;
	uint16_t epoch;
	uint64_t seq;
	uint64_t t_us; /* of the first event, since the start */
	uint32_t span_us;
	uint32_t raw_len;
	uint32_t body_len; /* between header and link */
};

struct rcd_summary {
	uint64_t chunks; /* the trailer included */
	uint64_t raw_a;
	uint64_t raw_b;
	uint64_t duration_us;
	uint64_t index_off; /* of the index chunk in the file; 0 = none */
	uint64_t end_unix_us;
	uint32_t why;	/* enum why of the session */
	uint32_t flags; /* enum rcd_summary_flag */
};

void rcd_header_encode(uint8_t p[RCD_HEADER_FIXED], const struct rcd_header *h);
/* len of the header that begins so, or FAIL_FORMAT. */
int rcd_header_len(const uint8_t p[8], size_t *len) MUST_USE;
/* s: the whole header. */
int rcd_header_decode(struct span s, struct rcd_header *h) MUST_USE;
/* The value of the first TLV of that type; FAIL_NOTFOUND. */
int rcd_header_tlv(
    const struct rcd_header *h, enum rcd_tlv type, struct span *value) MUST_USE;

void rcd_chunk_encode(uint8_t p[RCD_CHUNK_HEADER], const struct rcd_chunk *c);
/* FAIL_FORMAT: not a chunk header, its CRC is wrong, or a length is absurd. */
int rcd_chunk_decode(
    const uint8_t p[RCD_CHUNK_HEADER], struct rcd_chunk *c) MUST_USE;
bool rcd_chunk_magic(const uint8_t p[RCD_CHUNK_HEADER]);
/* Bytes of the whole chunk in the file. */
size_t rcd_chunk_size(const struct rcd_chunk *c);

void rcd_summary_encode(
    uint8_t p[RCD_SUMMARY_LEN], const struct rcd_summary *s);
void rcd_summary_decode(
    const uint8_t p[RCD_SUMMARY_LEN], struct rcd_summary *s);

#endif /* RECORDER_RCD_H */
