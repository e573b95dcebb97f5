/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_ROWS_H
#define BROKER_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/loop.h"
#include "broker/journal.h"
#include "broker/row.h"

/*
 * The way of rows into the journal.  The loop puts them in; a thread writes and
 * syncs them, those of ROWS_GROUP_MS together; the loop is told which are safe
 * now.  From the journal drain.h takes them to the database.
 */

struct rows;

enum { ROWS_GROUP_MS = 20 };

/* Who waits for a row. */
struct rows_ref {
	uint64_t link;	     /* number of the link, 0: nobody */
	uint32_t id;	     /* of the message */
	uint8_t session[16]; /* what `stored` repeats */
	uint32_t seq;
};

struct rows_opts {
	struct loop *loop;
	struct journal *journal; /* kept a pointer to */
	/* In the loop: the row is on disk. */
	void (*stored)(void *ctx, const struct rows_ref *ref);
	/* In the thread: something was committed. */
	void (*committed)(void *thread_ctx);
	void *ctx;
	void *thread_ctx;
};

/* Commits what was put in, then ends the thread; nobody is told any more. */
void rows_free(struct rows *rs);
int rows_new(
    struct rows **out, const struct rows_opts *o, struct fail *f) MUST_USE;

/* ref is copied, NULL: nobody waits.  FAIL_FULL: not taken. */
int rows_put(
    struct rows *rs, const struct row *r, const struct rows_ref *ref) MUST_USE;

/* Rows put in and not yet on disk. */
uint64_t rows_waiting(const struct rows *rs);
/* The last commit failed: since then nothing was acknowledged. */
bool rows_trouble(struct rows *rs, struct fail *why);

#endif /* BROKER_ROWS_H */
