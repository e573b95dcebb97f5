/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_WINDOW_H
#define RECORDER_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/rcd.h"

/* A moving view of a file, read by pread, so that small chunks cost no call. */

enum { RCD_WINDOW_MAX = RCD_CHUNK_MAX + 64 };

struct rcd_window {
	int fd;
	uint8_t *mem;
	size_t cap;
	size_t len;   /* bytes in mem */
	uint64_t off; /* of mem[0] in the file */
};

void rcd_window_init(struct rcd_window *w, int fd);
void rcd_window_fini(struct rcd_window *w);

/*
 * The need bytes at off, lent until the next call; fewer when the file ends
 * before.  need is at most RCD_WINDOW_MAX.
 */
int rcd_window_at(
    struct rcd_window *w, uint64_t off, size_t need, struct span *out) MUST_USE;

#endif /* RECORDER_WINDOW_H */
