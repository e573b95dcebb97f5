/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_JUDGE_H
#define BROKER_JUDGE_H

#include <stdbool.h>

#include "base/cdefs.h"
#include "broker/throttle.h"
#include "sql/pool.h"

/*
 * Whose password is hashed next.  A hash costs tens of milliseconds on
 * purpose, so that whoever sends many passwords could keep all others waiting:
 * therefore classes, served in their order, each with a queue; what finds its
 * queue full is not judged at all.  All but those who are known leave one
 * thread free, and with it a processor for what else the node does.
 */

struct judge;

/*
 * How many may wait in a class: a program that logs in a thousand times at
 * once where it is known, or a few guesses.
 */
enum { JUDGE_KNOWN = 1024, JUDGE_NEW = 256, JUDGE_SUSPECTS = 64 };

/* The pool is kept a pointer to, and is used for nothing else meanwhile. */
void judge_free(struct judge *j);
struct judge *judge_new(struct pool *p, unsigned threads)
    OWNED_BY(judge_free) MUST_USE;

/* Is there room for one more of this class? */
bool judge_room(const struct judge *j, enum throttle_class class);
/*
 * work and done as for pool_post().  FAIL_FULL: done will not be called.
 */
int judge_post(struct judge *j, enum throttle_class class, pool_work_fn *work,
    pool_done_fn *done, void *ctx) MUST_USE;

#endif /* BROKER_JUDGE_H */
