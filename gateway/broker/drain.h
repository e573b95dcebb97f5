/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_DRAIN_H
#define BROKER_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/loop.h"
#include "broker/journal.h"
#include "broker/row.h"

/*
 * The way of rows out of the journal: a thread takes them in batches, in order,
 * and gives them to a store; a batch that fails is tried again until it is
 * stored.  The store may block for as long as it likes.
 */

struct drain;

enum {
	DRAIN_BATCH = 1000,   /* rows at most */
	DRAIN_SMALL = 100,    /* a batch this large does not wait for more */
	DRAIN_WAIT_MS = 100,  /* a smaller one does, that long */
	DRAIN_RETRY_MS = 250, /* after a failure, doubled up to ... */
	DRAIN_RETRY_MAX_MS = 2000,
	DRAIN_SLOW_MS = 1000, /* a batch that takes longer: away */
};

/*
 * In the thread.  All or nothing; the same rows may come again although they
 * were stored.  rows and what they lend are valid for the call.
 */
typedef int drain_store_fn(
    const struct row *rows, size_t n, void *ctx, struct fail *f);

struct drain_opts {
	struct loop *loop;
	struct journal *journal; /* kept a pointer to; only this reads it */
	drain_store_fn *store;
	void *store_ctx;
	/* In the loop: drain_stat() has something new.  May be NULL. */
	void (*changed)(void *ctx);
	void *ctx;
};

struct drain_stat {
	bool away;	   /* the last batch failed, or one takes long */
	uint64_t stored;   /* rows */
	uint64_t rejected; /* records that are no rows */
	struct fail why;   /* of the last failure; stays after it is over */
};

/* Waits for the batch that is on its way; the rest stays in the journal. */
void drain_free(struct drain *d);
int drain_new(
    struct drain **out, const struct drain_opts *o, struct fail *f) MUST_USE;

/* Any thread: there is something in the journal. */
void drain_ring(struct drain *d);
void drain_stat(struct drain *d, struct drain_stat *st);
/* At the end of a node: how long to go on until the journal is empty. */
bool drain_finish(struct drain *d, unsigned max_ms);

#endif /* BROKER_DRAIN_H */
