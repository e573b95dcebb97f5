/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_ARENA_H
#define REPLAY_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * Memory for one foreign object that cannot be copied: everything that it
 * allocates lies in one run of addresses, so that the whole of it can be saved
 * and put back later, at the same place, with every pointer in it still true.
 * That is how a terminal emulator without a copy function is taken back in
 * time.  Bounded; guard pages on both sides, so that what runs over it ends
 * this process and harms nothing else.  Pages are only used as they are
 * touched.
 */

struct arena;

void arena_free(struct arena *a);
/* max: bytes.  NULL: out of memory. */
struct arena *arena_new(size_t max) OWNED_BY(arena_free) MUST_USE;

/* n zero bytes, aligned for anything; NULL when the arena is full. */
void *arena_get(struct arena *a, size_t n);
/* p NULL does nothing. */
void arena_put(struct arena *a, void *p);
/* Forget everything that was got. */
void arena_reset(struct arena *a);

/* What has to be saved, lent; and put back: it must be of this arena. */
struct span arena_image(const struct arena *a);
int arena_restore(struct arena *a, struct span image) MUST_USE;

#endif /* REPLAY_ARENA_H */
