/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"
#include "base/secret.h"
#include "cli/args.h"
#include "cli/out.h"
#include "sql/db.h"

/*
 * What a verb's function gets, and how its result becomes an exit status.
 * It returns 0 or a FAIL_* code with the cause in c->fail, which is printed as
 * one sentence.
 */

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
	const struct args *args;
	struct conf *conf;
	struct out out;
	struct db_opts db_opts;
	struct db *db; /* NEED_DB */
	int broker;    /* NEED_BROKER, else -1: link to the broker */
	int keeper;    /* NEED_KEEPER, else -1 */
	bool usage;    /* the fault is in how it was called */
	struct fail fail;
};

/* The arguments are wrong: exit status 2. */
int cli_usage(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* Statements with c->db and the cause in c->fail. */
int cli_exec(
    struct cli *c, const struct db_stmt *s, uint64_t *affected) MUST_USE;
/* Does it select a row? */
int cli_found(struct cli *c, const struct db_stmt *s, bool *found) MUST_USE;
/* Both or neither. */
int cli_exec_both(struct cli *c, const struct db_stmt *first,
    const struct db_stmt *then) MUST_USE;
int cli_query(
    struct cli *c, const struct db_stmt *s, db_row_fn *fn, void *ctx) MUST_USE;

/*
 * Have what needs says (NEED_*, see args.h), the cause in c->fail; what is
 * there already stays.  And part from all of it.
 */
int cli_reach(struct cli *c, unsigned needs) MUST_USE;
void cli_part(struct cli *c);

/* Parse, prepare what the verb needs, run it.  Returns the exit status. */
int cli_main(int argc, char *const *argv);

#endif /* CLI_CLI_H */
