/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_STORE_H
#define BROKER_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "broker/row.h"
#include "sql/db.h"

/*
 * Rows into the database: one batch is one transaction, and storing the same
 * batch again does nothing.  Audit events get their place in the node's hash
 * chain here, so the chain is whole whatever way an event came.  The events
 * session.start, session.end, session.refuse (a session that never started) and
 * recording.truncated are made here from the rows of the session.
 *
 * Belongs to one thread.
 */

struct store;

void store_free(struct store *s);
/* o is kept a pointer to. */
struct store *store_new(const struct db_opts *o, const uint8_t node_id[16])
    OWNED_BY(store_free) MUST_USE;

/* A drain_store_fn; ctx is the struct store. */
int store_batch(
    const struct row *rows, size_t n, void *ctx, struct fail *f) MUST_USE;

#endif /* BROKER_STORE_H */
