/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_H
#define GATEWAY_VAULT_H

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"

#include "vault/keyring.h"

/*
 * The vault of a node as files: the master key and the keyring sealed under
 * it, where [vault] master_key and keyring of the configuration say.
 */

/*
 * Make what is missing: folders (0700), the master key (0400), the keyring
 * (0600) with the first version of every key.  A master key that is already
 * there is used; a keyring that is already there is FAIL_EXISTS and nothing is
 * changed.  Started by root, the files are given to [node] user.
 */
int vault_init(const struct conf *c, struct fail *f) MUST_USE;

/*
 * Open the keyring.  The files must belong to the user that this runs as, or,
 * for root, to [node] user.  The master key is wiped before this returns.  Gives
 * *ring, released with keyring_free().
 */
int vault_open(
    const struct conf *c, struct keyring **ring, struct fail *f) MUST_USE;

#endif /* GATEWAY_VAULT_H */
