/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYLINE_H
#define CLI_KEYLINE_H

#include "base/cdefs.h"
#include "base/fail.h"
#include "cli/cli.h"
#include "sshclient/pubkey_line.h"

/* Public keys: from files, and as the verbs show them. */

/* The first line of path ("-": standard input) that is not a comment. */
int keyline_read(
    struct pubkey_line *k, const char *path, struct fail *f) MUST_USE;
/* type, fingerprint, comment as members. */
void keyline_out(struct out *o, const struct pubkey_line *k);
/* Print rows of alg, fingerprint, comment, created_us as a list. */
int keyline_list(struct cli *c, const struct db_stmt *s) MUST_USE;

#endif /* CLI_KEYLINE_H */
