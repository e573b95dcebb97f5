/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DBSERVER_H
#define CLI_DBSERVER_H

#include <stdbool.h>

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"
#include "sql/db.h"
#include "sql/embedded.h"

/*
 * The database for verbs that work with and without a running node: the one
 * that answers, or in embedded mode a server of our own for as long.
 */

struct dbserver {
	struct db_opts opts;
	struct embedded *own; /* NULL: somebody else's */
};

/* Release with dbserver_close(), also on failure. */
int dbserver_open(
    struct dbserver *s, const struct conf *conf, struct fail *f) MUST_USE;
void dbserver_close(struct dbserver *s);
/* A server answers; it need not have our schema. */
bool dbserver_answers(const struct db_opts *o);

#endif /* CLI_DBSERVER_H */
