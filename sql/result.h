/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_RESULT_H
#define SQL_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "sql/conn.h"
#include "sql/db.h"

/* Parameters into a prepared statement, and rows out of it. */

enum { RESULT_PARAMS_MAX = 64, RESULT_COLUMNS_MAX = 64 };

/* Bind p and execute; the result, if any, waits to be read. */
int result_execute(struct conn *c, struct conn_stmt *s, const struct db_stmt *q,
    struct fail *f) MUST_USE;
/*
 * Read all rows into memory, then run fn for each, at most max_rows (0: no
 * limit).  *rows counts those that fn got.  c->fault is set for faults of the
 * database only, not for what fn returned.
 */
struct result_rows {
	db_row_fn *fn;
	void *ctx;
	uint64_t max_rows;
	uint64_t rows;
};
int result_read(struct conn *c, struct conn_stmt *s, struct result_rows *to,
    struct fail *f) MUST_USE;

#endif /* SQL_RESULT_H */
