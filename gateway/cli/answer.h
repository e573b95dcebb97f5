/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include "base/cdefs.h"
#include "cli/cli.h"

/* What verbs of all nouns answer in the same way. */

/* Only whom it was about. */
int answer_name(struct cli *c, const char *name) MUST_USE;
/* name has changed in the database: see link_changed(), and answer_name(). */
int answer_changed(
    struct cli *c, const char *name, const char *detail) MUST_USE;

/* A list with what fn makes of each row; its ctx is &c->out. */
int answer_list(struct cli *c, const struct db_stmt *s, db_row_fn *fn) MUST_USE;
/* One object: its id, and what fn makes of its row; ctx as above. */
int answer_one(struct cli *c, const uint8_t id[16], const struct db_stmt *s,
    db_row_fn *fn) MUST_USE;
/* A member of the object under way: the first column as words. */
int answer_words(
    struct cli *c, const char *key, const struct db_stmt *s) MUST_USE;

#endif /* CLI_ANSWER_H */
