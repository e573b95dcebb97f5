/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cdefs.h"
#include "base/fail.h"

/* The command line taken apart, against the table in cli_tbl.h. */

struct cli;
typedef int cli_fn(struct cli *c);

enum {
	NEED_CONF = 1,
	NEED_DB = 2 | NEED_CONF,
	NEED_BROKER = 4 | NEED_CONF,
	NEED_KEEPER = 8 | NEED_CONF,
	CHANGES = NEED_DB | NEED_BROKER,
};

/* One row: a verb (opt NULL), or an option of the verb above it. */
struct args_row {
	const char *noun;
	const char *verb;
	cli_fn *fn;
	const char *synopsis;
	unsigned needs;
	const char *opt;
	const char *value; /* "" for a switch */
	const char *text;
};

extern const struct args_row args_table[];
extern const size_t args_table_len;

enum { ARGS_POS_MAX = 64, ARGS_OPT_MAX = 128 };

struct args {
	const char *file; /* -c; NULL: the default */
	bool json;
	bool help;
	const struct args_row *row; /* the verb; NULL with help only */
	const char *noun;	    /* as typed; NULL: none */
	const char *pos[ARGS_POS_MAX];
	size_t n_pos;
	struct {
		const char *name, *value;
	} opt[ARGS_OPT_MAX];
	size_t n_opt;
};

/* argv is kept a pointer to.  FAIL_FORMAT: f says what is wrong. */
int args_parse(
    struct args *a, int argc, char *const *argv, struct fail *f) MUST_USE;

/* The option's value ("" for a switch); NULL when it was not given. */
const char *args_opt(const struct args *a, const char *name);
/* The i-th of an option that may be repeated; NULL at the end. */
const char *args_opt_at(const struct args *a, const char *name, size_t i);

#endif /* CLI_ARGS_H */
