/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

/* Passwords of users: hashed with yescrypt, and made at random. */

enum { PASSWORD_HASH_SIZE = 256, PASSWORD_LEAST = 8 };

/* The form in the database, "$y$...".  FAIL_RANGE: too short, or a zero. */
int password_hash(char dst[PASSWORD_HASH_SIZE], const struct secret *password,
    struct fail *f) MUST_USE;
/*
 * 20 letters and digits that are not mistaken for another, each equally
 * likely (116 bits).  Gives *out.
 */
int password_generate(struct secret **out, struct fail *f) MUST_USE;

#endif /* CLI_PASSWORD_H */
