/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_MIGRATE_H
#define SQL_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "sql/db.h"

/*
 * Numbered, additive changes of the schema.  Each runs once, in order; what
 * ran is in the table `migration`.  Several nodes may start at once: one runs
 * a migration, the others wait for it.
 */

struct migration {
	unsigned version; /* from 1, without gaps */
	const char *name;
	const char *const *statements;
	size_t n;
};

/* Made at build time from sql/schema/. */
extern const struct migration migrate_list[];
extern const size_t migrate_count;

/*
 * Create the schema o->name if it is not there and this user may, and run
 * what has not run yet.  ran (may be NULL): how many ran here.
 */
int migrate_run(
    const struct db_opts *o, unsigned *ran, struct fail *f) MUST_USE;
/* The same with other migrations, for tests. */
int migrate_run_list(const struct db_opts *o, const struct migration *list,
    size_t count, unsigned *ran, struct fail *f) MUST_USE;

/* Per known migration, in order. */
typedef void migrate_fn(const struct migration *m, bool done, void *ctx);
int migrate_status(
    struct db *db, migrate_fn *fn, void *ctx, struct fail *f) MUST_USE;

/*
 * Make the monthly partitions of the event tables up to `months` months after
 * now_us.  To be called every day; does nothing when they are there.
 */
int migrate_partitions(
    struct db *db, uint64_t now_us, unsigned months, struct fail *f) MUST_USE;

#endif /* SQL_MIGRATE_H */
