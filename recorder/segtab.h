/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_SEGTAB_H
#define RECORDER_SEGTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"

/*
 * The spool's segments and how many extents still need each.  A segment before
 * the newest one that nobody needs can go.
 */

struct segtab_row {
	uint32_t number;
	uint32_t users;
};

struct segtab {
	struct segtab_row *rows; /* ascending */
	size_t n;
	size_t cap;
};

void segtab_fini(struct segtab *t);
/* Room for n more: segtab_add() cannot fail so many times. */
int segtab_reserve(struct segtab *t, size_t n) MUST_USE;
/* Know of a segment; numbers never fall.  A known one again is nothing. */
int segtab_add(struct segtab *t, uint32_t number) MUST_USE;
void segtab_use(struct segtab *t, uint32_t number);
void segtab_drop(struct segtab *t, uint32_t number);
/* Forget a segment that can go; all: the newest too.  False: there is none. */
bool segtab_pop(struct segtab *t, bool all, uint32_t *number);
/* The newest; 0 when there is none. */
uint32_t segtab_newest(const struct segtab *t);

#endif /* RECORDER_SEGTAB_H */
