/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WHERE_H
#define CLI_WHERE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "cli/cli.h"

/*
 * A SELECT with conditions that options add.  All SQL text comes from the
 * program; what the person typed is only ever a parameter.
 */

enum { WHERE_SQL_SIZE = 2048, WHERE_PARAMS = 16 };

struct where {
	char sql[WHERE_SQL_SIZE];
	size_t len;
	bool any; /* a condition is there */
	struct db_val p[WHERE_PARAMS];
	size_t n;
	int err;
};

void where_init(struct where *w, const char *select);
/* AND cond; cond has one question mark, for val. */
void where_add(struct where *w, const char *cond, struct db_val val);
/* Text behind the conditions: ORDER BY and the like. */
void where_tail(struct where *w, const char *tail);
/* A parameter of the tail. */
void where_param(struct where *w, struct db_val val);
int where_query(
    struct cli *c, struct where *w, db_row_fn *fn, void *ctx) MUST_USE;
/* What it selects, as answer_list(). */
int where_list(struct cli *c, struct where *w, db_row_fn *fn) MUST_USE;

/* The options --since, --until (of a column in us) and --limit. */
int where_times(struct cli *c, struct where *w, const char *since_cond,
    const char *until_cond, const char *since_default) MUST_USE;
int where_limit(struct cli *c, uint64_t *limit) MUST_USE;
/* For LIKE: %text% with its own wildcards escaped by !. */
int where_like(
    struct cli *c, char *dst, size_t size, const char *text) MUST_USE;

#endif /* CLI_WHERE_H */
