/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_JOURNAL_H
#define BROKER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * A queue of records on disk: appended at one end, read in order at the other.
 * Files in one folder:
 *
 *	NNNNNNNNNNNNNNNN.jnl	a segment, its number in hex
 *		"SPJ1", u32 0, u64 number
 *		records: u32 length, u32 CRC-32C of length and data, data
 *	cursor			where reading goes on: u64 segment, u64 offset,
 *				u32 CRC-32C of both
 *	lock			held by the process that has it open
 *
 * all big endian.  The cursor is a hint: when it is lost, reading begins at the
 * oldest segment, and who reads must stand the same record again.
 *
 * One thread appends, one commits, one reads; they may be three.
 */

struct journal;

enum {
	JOURNAL_RECORD_MAX = 64 * 1024,
	JOURNAL_HEADER_LEN = 16,
	JOURNAL_FRAME_LEN = 8,
};

struct journal_opts {
	const char *dir;       /* made when it is missing */
	uint64_t max_bytes;    /* of records that have not been read */
	uint64_t segment_size; /* 0: 8 MiB */
	size_t max_pending;    /* bytes appended and not committed; 0: 32 MiB */
};

struct journal_stat {
	uint64_t rows;	    /* records that have not been consumed */
	uint64_t bytes;	    /* of them, frames included */
	uint64_t committed; /* records committed since it was opened */
	uint64_t appended;  /* records appended since it was opened */
	uint64_t damaged;   /* bytes of segments that did not read back */
};

void journal_free(struct journal *j);
/*
 * Open the folder; what a crash left half written at the end of a segment is
 * cut off.  FAIL_BUSY: another process has it open.
 */
int journal_open(struct journal **out, const struct journal_opts *o,
    struct fail *f) MUST_USE;

/*
 * Append one record; it is on disk after the next journal_commit().  FAIL_FULL:
 * the bound is reached, nothing was appended.
 */
int journal_append(struct journal *j, struct span rec) MUST_USE;
/*
 * Write and fdatasync all that was appended before the call.  After a failure
 * (disk full) everything is kept and written by the next call.
 */
int journal_commit(struct journal *j, struct fail *f) MUST_USE;

/*
 * Call fn for up to max committed records from the cursor on; stops before a
 * negative result of fn, which is not an error here.  Returns the number of
 * records given, or a FAIL_* code.
 */
typedef int journal_fn(struct span rec, void *ctx);
int journal_peek(struct journal *j, size_t max, journal_fn *fn, void *ctx,
    struct fail *f) MUST_USE;
/* Forget what the last journal_peek() gave. */
void journal_consume(struct journal *j);

void journal_stat(struct journal *j, struct journal_stat *st);

/*
 * The records of one segment's bytes: calls fn (may be NULL) for each whole
 * one.  Returns the length of the sound part; 0: not even the header is.
 */
size_t journal_scan(struct span segment, journal_fn *fn, void *ctx);

#endif /* BROKER_JOURNAL_H */
