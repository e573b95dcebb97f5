/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_SEGMENT_H
#define RECORDER_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/rcd.h"
#include "recorder/window.h"

/*
 * A segment: one file of the spool, records one after the other (FORMAT.md,
 * "The spool").  What lies behind the last good record was never committed.
 */

enum {
	SEGMENT_HEADER = 32,
	SEGMENT_RECORD = 25, /* before the bytes: length, CRC, id, kind */
	SEGMENT_BYTES_MAX = RCD_CHUNK_MAX,
};

enum segment_kind {
	SEGMENT_REC_HEADER = 1, /* the file header of a recording */
	SEGMENT_REC_CHUNK = 2,
	SEGMENT_REC_CLOSE = 3, /* the recording is a file and was announced */
};

struct segment_record {
	uint8_t rec_id[RCD_ID_LEN];
	uint8_t kind;
	uint64_t off; /* of bytes in the segment */
	struct span bytes;
};

void segment_header(uint8_t p[SEGMENT_HEADER], uint64_t number);
/* The SEGMENT_RECORD bytes before x->bytes. */
void segment_record(uint8_t p[SEGMENT_RECORD], const struct segment_record *x);

struct segment_scan {
	struct rcd_window win;
	uint64_t off; /* end of the good records */
	uint64_t number;
};

/* FAIL_FORMAT: not a segment.  fd stays the caller's. */
int segment_scan_init(struct segment_scan *s, int fd) MUST_USE;
void segment_scan_fini(struct segment_scan *s);
/* 0: the next record, lent; 1: no more good ones. */
int segment_scan_next(
    struct segment_scan *s, struct segment_record *x) MUST_USE;

#endif /* RECORDER_SEGMENT_H */
