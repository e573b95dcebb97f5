/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_KEYRING_FILE_H
#define GATEWAY_VAULT_KEYRING_FILE_H

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

#include "vault/keyring.h"

/*
 * The keyring as bytes and as a file, sealed under the master key.  FORMAT.md
 * has every byte.
 */

enum { KEYRING_FILE_MAX = 4 * 1024 * 1024 };

/* Seal everything under master and append it to out. */
int keyring_file_encode(const struct keyring *k, const struct secret *master,
    struct buf *out) MUST_USE;
/*
 * FAIL_FORMAT: not a keyring.  FAIL_DENIED: sealed under another master key.
 * FAIL_MAC: damaged or changed.  Gives *out.
 */
int keyring_file_decode(struct keyring **out, struct span file,
    const struct secret *master, struct fail *f) MUST_USE;

/* FAIL_NOTFOUND: there is no file; else as decode. */
int keyring_file_load(struct keyring **out, const char *path,
    const struct secret *master, struct fail *f) MUST_USE;
/*
 * Written beside path, synced, renamed over it, folder synced: after a crash
 * there is the old file or the new one.  Keeps the owner of the old file.
 */
int keyring_file_store(const struct keyring *k, const char *path,
    const struct secret *master, struct fail *f) MUST_USE;

#endif /* GATEWAY_VAULT_KEYRING_FILE_H */
