/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_GRANTER_H
#define BROKER_GRANTER_H

#include "base/cdefs.h"
#include "base/fail.h"
#include "broker/query.h"
#include "sql/pool.h"

/*
 * Stores the rows of new sessions, many at a time: what comes while the
 * database is busy with others shares one transaction, and its one write to
 * disk.  Alone, a session waits for nobody.
 */

struct granter;

/* In the loop, as pool_done_fn. */
typedef void granter_done_fn(void *ctx, int r, const struct fail *f, bool away);

/*
 * The pool is kept a pointer to.  Release after the pool: that answers what it
 * still has; what has not begun is answered here, with FAIL_CLOSED.
 */
void granter_free(struct granter *g);
struct granter *granter_new(struct pool *p) OWNED_BY(granter_free) MUST_USE;

/* rows must stay until done is called.  FAIL_FULL, FAIL_NOMEM: it will not. */
int granter_add(struct granter *g, const struct query_grant *rows,
    granter_done_fn *done, void *ctx) MUST_USE;

#endif /* BROKER_GRANTER_H */
