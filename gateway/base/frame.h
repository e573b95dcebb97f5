/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/* The framing of base/ipc.h on bytes alone, without a socket. */

enum { FRAME_HEADER_LEN = 12, FRAME_FD = 1 /* flag: a descriptor comes */ };

struct frame {
	uint16_t type;
	uint16_t flags;
	uint32_t id;
	struct span body; /* lent from the input */
};

/*
 * Take one frame of at most max bytes, header included, from the front of in.
 * 1: taken, in has moved on.  0: not all there yet; *need is how many bytes
 * the whole frame has, or 0 when that is not known yet.  FAIL_PROTO: the peer
 * broke the framing; f says how.
 */
int frame_next(struct span *in, size_t max, struct frame *fr, size_t *need,
    struct fail *f) MUST_USE;

void frame_header(uint8_t h[FRAME_HEADER_LEN], const struct frame *fr);

#endif /* BASE_FRAME_H */
