/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_READER_H
#define RECORDER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"
#include "recorder/chain.h"
#include "recorder/event.h"
#include "recorder/rcd.h"

/*
 * Reads a recording from a file descriptor by pread, in constant memory, with
 * or without a key.  Reads a file that is still being written as well: after
 * RCD_MORE the same call may be made again when the file has grown.
 */

struct rcd_reader;

enum rcd_key_kind {
	RCD_KEY_NONE,	 /* chunks only */
	RCD_KEY_DEK,	 /* everything */
	RCD_KEY_CLASS_A, /* everything but class B */
};

/* What the readers below answer besides 0 and FAIL_* codes. */
enum rcd_read {
	RCD_END = 1,  /* the trailer was read: this is all */
	RCD_MORE = 2, /* the file ends here without a trailer */
};

void rcd_reader_free(struct rcd_reader *r);
/*
 * fd must stay open and stays the caller's.  key: RCD_KEY_LEN bytes, lent; NULL
 * for RCD_KEY_NONE.  FAIL_DENIED: the key is not this recording's.
 * FAIL_TRUNCATED: the file is shorter than its header.
 */
int rcd_reader_open(struct rcd_reader **out, int fd, enum rcd_key_kind kind,
    const struct secret *key, struct fail *f) MUST_USE;

const struct rcd_header *rcd_reader_header(const struct rcd_reader *r);
/* The session's JSON, lent.  Needs a key; empty when there is none. */
int rcd_reader_session(struct rcd_reader *r, struct span *json) MUST_USE;

/* What can be known at once, from the end of the file or its chunk headers. */
struct rcd_info {
	bool complete;	/* has a trailer, in summary */
	bool truncated; /* it says that the writer died */
	bool unsigned_end;
	uint64_t chunks;
	uint64_t duration_us;
	uint64_t valid_bytes; /* of whole chunks with good headers */
	uint64_t file_bytes;
	struct rcd_summary summary;
};
int rcd_reader_info(struct rcd_reader *r, struct rcd_info *info) MUST_USE;

/*
 * The next chunk, hash chain checked; body lent until the next call.  0,
 * RCD_END, RCD_MORE, or FAIL_* with the place and flaw in f.
 */
int rcd_reader_chunk(
    struct rcd_reader *r, struct rcd_chunk *ch, struct span *body) MUST_USE;

/*
 * The next event in order of time; payload lent until the next call.  Same
 * answers.  Class B is passed over by a reader with the class A key.  Do not
 * mix with rcd_reader_chunk() on one reader.
 */
int rcd_reader_event(struct rcd_reader *r, struct rcd_event_view *e) MUST_USE;

/*
 * Go to the last GOP that begins at or before t_us (the start of the file for
 * 0): the next event is its first one.  Uses the index, or else the chunk
 * headers.  Works after a failure too, which is then forgotten.
 */
int rcd_reader_seek(struct rcd_reader *r, uint64_t t_us) MUST_USE;

/* Chunks of class B that could not be opened for lack of a key. */
uint64_t rcd_reader_skipped(const struct rcd_reader *r);
const struct fail *rcd_reader_fail(const struct rcd_reader *r);

/* The key that opens all but class B, derived from the data key. */
int rcd_reader_key_a(struct secret **out, const uint8_t rec_id[RCD_ID_LEN],
    const struct secret *dek) MUST_USE;

#endif /* RECORDER_READER_H */
