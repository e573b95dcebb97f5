/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_WRITER_H
#define RECORDER_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/secret.h"
#include "recorder/codec.h"
#include "recorder/event.h"
#include "recorder/rcd.h"

/*
 * Writes one recording: events in, sealed chunks out.  No I/O, no clock: the
 * caller gives times and decides when to seal, to ask for a signature and to
 * end.  Times are microseconds since the start of the recording; one that
 * runs backwards is taken as the last one.
 *
 * Life of a recording:
 *	rcd_writer_new, rcd_writer_header -> recorder
 *	rcd_writer_event ...; rcd_writer_seal every flush interval
 *	rcd_writer_checkpoint_due? _hash -> keeper signs -> _checkpoint
 *	rcd_writer_end -> keeper signs -> rcd_writer_trailer
 *
 * A failure of the sink is final: every later call returns the same code.
 */

struct rcd_writer;

/* Takes one sealed chunk, whole; bytes are lent for the length of the call. */
typedef int rcd_sink_fn(void *ctx, uint64_t seq, struct span chunk);

struct rcd_writer_opts {
	struct rcd_codec *codec; /* kept a pointer to; shared by all writers */
	rcd_sink_fn *sink;
	void *sink_ctx;
	uint8_t rec_id[RCD_ID_LEN];
	const struct secret *dek; /* RCD_KEY_LEN bytes; lent */
	uint8_t dek_id[RCD_ID_LEN];
	uint32_t node_key_id;
	uint8_t node_key[RCD_KEY_LEN]; /* public key of checkpoints */
	uint64_t node_seq;
	uint32_t protocol;
	uint32_t flags;
	uint64_t start_unix_us;
	uint64_t start_boot_us;
	uint32_t max_chunk;	  /* raw bytes of a chunk; 0 = 64 KiB */
	struct span session_json; /* at most 8 KiB; sealed into the header */
};

void rcd_writer_free(struct rcd_writer *w);
int rcd_writer_new(
    struct rcd_writer **out, const struct rcd_writer_opts *o) MUST_USE;
/* The file header, lent. */
struct span rcd_writer_header(const struct rcd_writer *w);

/*
 * Append one event.  stream is ignored for events that have none.  OUT, ERR
 * and IN of any length are split; another event over the chunk size is
 * FAIL_RANGE.  Calls the sink when a chunk is full.
 */
int rcd_writer_event(struct rcd_writer *w, uint64_t t_us, enum rcd_event type,
    uint32_t stream, struct span payload) MUST_USE;
/* Time of the oldest event that is not sealed; UINT64_MAX: none. */
uint64_t rcd_writer_pending_since(const struct rcd_writer *w);
/* Seal what is pending, class A then class B.  Nothing pending: nothing. */
int rcd_writer_seal(struct rcd_writer *w) MUST_USE;
/* Give back memory that is of no use at t_us; call now and then. */
void rcd_writer_idle(struct rcd_writer *w, uint64_t t_us);

/* The sequence number that the next chunk will have. */
uint64_t rcd_writer_next_seq(const struct rcd_writer *w);

/* A checkpoint is wanted: 60 s or 16 MiB since the last one, new chunks. */
bool rcd_writer_checkpoint_due(const struct rcd_writer *w, uint64_t t_us);
/* What is to be signed: (*seq, hash).  Remembered until the next call. */
int rcd_writer_checkpoint_hash(
    struct rcd_writer *w, uint64_t *seq, uint8_t hash[RCD_HASH_LEN]) MUST_USE;
/*
 * The signature came: write the checkpoint.  FAIL_STATE, and nothing written,
 * when seq is not the one asked for last; a checkpoint that has come too late
 * to be used is forgotten and due again.
 */
int rcd_writer_checkpoint(struct rcd_writer *w, uint64_t seq,
    const uint8_t sig[RCD_SIG_LEN]) MUST_USE;

/*
 * Seal what is pending, write the index and compose the trailer: (*seq, hash)
 * is to be signed.  After it only rcd_writer_trailer() may be called.  why:
 * number of session/why_tbl.h.
 */
int rcd_writer_end(struct rcd_writer *w, uint64_t t_us, uint64_t end_unix_us,
    uint32_t why, uint64_t *seq, uint8_t hash[RCD_HASH_LEN]) MUST_USE;
/* Write the trailer.  sig NULL: unsigned, and marked so. */
int rcd_writer_trailer(
    struct rcd_writer *w, const uint8_t sig[RCD_SIG_LEN]) MUST_USE;

/*
 * Hand-over to another process.  Export seals first, then appends the state,
 * keys included, to out (a secret buf, at most RCD_STATE_MAX bytes) and ends
 * this writer.  Import goes on in a new epoch with a fresh salt; of opts it
 * uses codec, sink, sink_ctx.
 */
enum { RCD_STATE_MAX = 32768 };
int rcd_writer_export(struct rcd_writer *w, struct buf *out) MUST_USE;
int rcd_writer_import(struct rcd_writer **out, const struct rcd_writer_opts *o,
    struct span state) MUST_USE;

#endif /* RECORDER_WRITER_H */
