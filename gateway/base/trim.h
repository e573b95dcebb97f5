/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TRIM_H
#define BASE_TRIM_H

#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"

/*
 * The memory of a connection's two buffers: kept while much passes through
 * them, given back a second or two after that is over.  Ten thousand idle
 * sessions must cost little; a busy one must not allocate for each packet.
 */

enum {
	TRIM_FAT = 16384, /* a buffer of more bytes than this is looked after */
	TRIM_MS = 1000,
};

struct trim {
	struct loop *loop;
	struct buf *in;
	struct buf *out;
	struct timer *timer; /* NULL while neither is large */
	uint64_t moved;	     /* bytes, of all time */
	uint64_t mark;	     /* the same when the timer was set */
};

/* Keeps pointers to the loop and both buffers. */
void trim_init(struct trim *t, struct loop *l, struct buf *in, struct buf *out);
void trim_fini(struct trim *t);

/* n bytes more have passed, and the buffers may have grown. */
void trim_note(struct trim *t, uint64_t n);

#endif /* BASE_TRIM_H */
