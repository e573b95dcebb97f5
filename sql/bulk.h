/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_BULK_H
#define SQL_BULK_H

#include <stddef.h>
#include <stdint.h>

#include "sql/db.h"

/*
 * Array-bound insert: many rows in one statement, which is atomic.  A row
 * whose key is there already is left as it is, so sending a batch again is
 * harmless.  Any other fault fails the whole batch; values that could cause
 * one (too long, not UTF-8) are refused by bulk_add().
 *
 * In cluster mode only in a transaction: a Galera member that aborts the
 * insert for another's write may not say so, which db_tx() notices.
 */

struct bulk;

struct bulk_col {
	const char *name;
	enum db_type type;
	size_t max; /* DB_TEXT, DB_BYTES: bytes at most */
};

void bulk_free(struct bulk *b);
/* cols is kept a pointer to; the first must be part of the primary key. */
struct bulk *bulk_new(const char *table, const struct bulk_col *cols,
    size_t n_cols, size_t max_rows) OWNED_BY(bulk_free) MUST_USE;

/*
 * Add a row of n_cols values (copied); DB_NULL is allowed in any column.
 * FAIL_FULL: run it first.  FAIL_RANGE, FAIL_FORMAT: this row can never be
 * stored as it is.
 */
int bulk_add(struct bulk *b, const struct db_val *row) MUST_USE;
size_t bulk_rows(const struct bulk *b);
void bulk_clear(struct bulk *b);
/* Store all rows; keeps them until bulk_clear().  inserted may be NULL. */
int bulk_run(
    struct bulk *b, struct db *db, uint64_t *inserted, struct fail *f) MUST_USE;

/*
 * Copy s to dst with every byte that is not valid UTF-8 replaced by U+FFFD,
 * cut at a character so that it fits size with a zero byte.  Returns the
 * length.
 */
size_t bulk_utf8(char *dst, size_t size, struct span s);

#endif /* SQL_BULK_H */
