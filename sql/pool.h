/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_POOL_H
#define SQL_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/loop.h"
#include "sql/db.h"

/*
 * Database work beside an event loop: a few threads, each with its own
 * connection.  Jobs are posted from the loop's thread, run in a thread, and
 * are answered in the loop's thread.  Jobs run side by side in no order: post
 * the next one from the answer when order matters.
 */

struct pool;

struct pool_opts {
	const struct db_opts *db; /* kept a pointer to */
	unsigned threads;	  /* 1 to 64 */
	size_t max_jobs;	  /* waiting, running and not yet answered */
};

/* In a thread: ctx is this job's alone until it is answered. */
typedef int pool_work_fn(struct db *db, void *ctx, struct fail *f);
/*
 * In the loop: what the work returned.  away: no database server answered,
 * so the work was not done (or its commit is unknown).  FAIL_CLOSED: the pool
 * was freed before the work began.
 */
typedef void pool_done_fn(void *ctx, int r, const struct fail *f, bool away);

/* Waits for the jobs that run, then answers all. */
void pool_free(struct pool *p);
struct pool *pool_new(struct loop *l, const struct pool_opts *o)
    OWNED_BY(pool_free) MUST_USE;

/* FAIL_FULL: max_jobs are on their way; done will not be called. */
int pool_post(
    struct pool *p, pool_work_fn *work, pool_done_fn *done, void *ctx) MUST_USE;
size_t pool_jobs(const struct pool *p);

#endif /* SQL_POOL_H */
