/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stdint.h>

#include "base/cdefs.h"
#include "cli/cli.h"

/* Names on the command line: which are allowed, and the rows they stand for. */

/*
 * A new name of a user, group, asset, account or policy: printable, without
 * blanks and without the separators of a login (@ # % + :) and slashes.  what
 * stands in the sentence.
 */
int names_check(struct cli *c, const char *what, const char *name) MUST_USE;
/* A login on a target: printable, without blanks at the ends. */
int names_check_login(struct cli *c, const char *login) MUST_USE;

/* Each FAIL_NOTFOUND with "user ana does not exist" and the like. */
int names_user(struct cli *c, const char *name, uint8_t id[16]) MUST_USE;
int names_group(struct cli *c, const char *name, uint8_t id[16]) MUST_USE;
int names_asset(struct cli *c, const char *name, uint8_t id[16]) MUST_USE;
int names_policy(struct cli *c, const char *name, uint8_t id[16]) MUST_USE;
/* "account@asset"; asset_id may be NULL. */
int names_account(struct cli *c, const char *text, uint8_t id[16],
    uint8_t asset_id[16]) MUST_USE;
/*
 * A session's or recording's id: whole, or so many of its first characters
 * that only one begins with them.  For a recording its session's will do.
 */
int names_session(struct cli *c, const char *text, uint8_t id[16]) MUST_USE;
int names_recording(struct cli *c, const char *text, uint8_t id[16]) MUST_USE;

/* "user,auditor" to enum user_role and back. */
int names_roles(struct cli *c, const char *text, unsigned *roles) MUST_USE;
const char *names_roles_text(char dst[64], unsigned roles);

#endif /* CLI_NAMES_H */
