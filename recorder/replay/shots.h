/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_SHOTS_H
#define REPLAY_SHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * What was saved at some moments of a recording, compressed, so that one can go
 * back to the nearest and play on from there.  At most SHOTS_MAX of them and
 * SHOTS_BYTES together: when there is no room, every second one goes and they
 * are taken half as often.  So any recording costs the same memory, and going
 * back in it costs at most 1/SHOTS_MAX or so of playing it through.
 */

enum {
	SHOTS_MAX = 256,
	SHOTS_BYTES = 32 * 1024 * 1024,
	SHOTS_WORK = 512 * 1024, /* between two of them, at first */
};

struct shot {
	uint64_t t_us;
	uint64_t work; /* bytes that had been shown by then */
	uint8_t *z;    /* compressed */
	size_t z_len;
	size_t len; /* of what it is */
};

struct shots {
	struct shot tab[SHOTS_MAX]; /* ascending in time and work */
	size_t n;
	size_t bytes;
	uint64_t every; /* work between two */
};

void shots_init(struct shots *s);
void shots_fini(struct shots *s);

/* Is a new one worth its price here? */
bool shots_want(const struct shots *s, uint64_t t_us, uint64_t work);
/*
 * Keep image as that of t_us.  FAIL_NOMEM: it is not kept, which harms nobody.
 */
int shots_add(
    struct shots *s, uint64_t t_us, uint64_t work, struct span image) MUST_USE;
/* The last one at or before t_us, lent until the next call; NULL: none. */
const struct shot *shots_find(const struct shots *s, uint64_t t_us);
/* What it is, into out, which is reset first. */
int shots_open(const struct shot *shot, struct buf *out) MUST_USE;

#endif /* REPLAY_SHOTS_H */
