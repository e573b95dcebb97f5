/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_MASTER_H
#define GATEWAY_VAULT_MASTER_H

#include <sys/types.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

/*
 * The master key: 32 random bytes, in a file as 64 hexadecimal digits and a
 * newline.  It seals the keyring and nothing else.
 */

enum { MASTER_KEY_LEN = 32 };

/*
 * Make a new one at path (mode 0400, O_EXCL, synced).  FAIL_EXISTS when there
 * is a file already.  Gives *key.
 */
int master_create(
    const char *path, struct secret **key, struct fail *f) MUST_USE;

/*
 * Read it.  The file must be a regular file of mode 0400 or 0600 that belongs
 * to owner (for a running process: geteuid()).  FAIL_NOTFOUND, FAIL_DENIED or
 * FAIL_FORMAT with a clear cause otherwise.  Gives *key.
 */
int master_load(const char *path, uid_t owner, struct secret **key,
    struct fail *f) MUST_USE;

#endif /* GATEWAY_VAULT_MASTER_H */
