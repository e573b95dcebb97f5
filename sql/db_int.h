/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_DB_INT_H
#define SQL_DB_INT_H

#include "sql/conn.h"
#include "sql/db.h"

/* What db.c and bulk.c share: trying again. */

/*
 * One try on the open connection c.  Leaves in c->fault what a failure means;
 * FAULT_NONE: it does not come from the database.
 */
typedef int db_try_fn(struct conn *c, void *ctx, struct fail *f);

/* Run fn until it works, is final, or the budget is spent. */
int db_retry(struct db *db, db_try_fn *fn, void *ctx, bool once,
    struct fail *f) MUST_USE;
const struct db_opts *db_options(const struct db *db);

#endif /* SQL_DB_INT_H */
