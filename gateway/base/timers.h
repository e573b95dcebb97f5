/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/loop.h"

/*
 * The timers of a loop.  Its users have loop.h, whose timer_set(), _clear(),
 * _armed() and _free() are here too; all zero is a good beginning.
 */

/* What is compared lies in the heap itself: timers are far from one another. */
struct timers_cell {
	uint64_t due_ns;
	uint64_t seq; /* order of arming */
	struct timer *t;
};

struct timers {
	struct timers_cell *heap; /* those that are armed, the next first */
	size_t len;
	size_t cap;
	size_t n; /* in existence; never more than cap */
	uint64_t seq;
};

enum { TIMERS_WAIT_MS = 3600000 };

/* After all timers were freed. */
void timers_fini(struct timers *ts);
/* As timer_new(). */
struct timer *timers_add(struct timers *ts, timer_fn *fn, void *ctx)
    OWNED_BY(timer_free) MUST_USE;
/* Fire what is due, but not what is armed while firing. */
void timers_run(struct timers *ts, uint64_t now_ns);
/* Until the next is due, rounded up, at most TIMERS_WAIT_MS; -1: none is. */
int timers_wait_ms(const struct timers *ts);

#endif /* BASE_TIMERS_H */
