/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_DEK_H
#define GATEWAY_VAULT_DEK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/secret.h"
#include "base/uuid.h"

#include "vault/keyring.h"

/*
 * The data key of a recording, wrapped under the keyring's recording key.
 * Whoever deletes the wrapped key erases the recording everywhere.
 *
 *	u8 1, u32 version of the key, 16 bytes dek_id, 12 bytes nonce,
 *	32 bytes ciphertext, 16 bytes tag
 *	associated data: rec_id || dek_id
 */

/* Name of the recording key in the keyring. */
#define DEK_KEK "recordings"

enum { DEK_LEN = 32, DEK_WRAPPED_LEN = 1 + 4 + 16 + 12 + 32 + 16 };

int dek_wrap(const struct keyring *k, const uint8_t rec_id[UUID_LEN],
    const uint8_t dek_id[UUID_LEN], const uint8_t dek[DEK_LEN],
    uint8_t wrapped[DEK_WRAPPED_LEN]) MUST_USE;

/*
 * dek_id (may be NULL) gets the id that the wrapped key carries.  FAIL_FORMAT,
 * FAIL_NOTFOUND or FAIL_MAC as for an envelope.  Gives *dek.
 */
int dek_unwrap(const struct keyring *k, const uint8_t rec_id[UUID_LEN],
    struct span wrapped, uint8_t dek_id[UUID_LEN],
    struct secret **dek) MUST_USE;

#endif /* GATEWAY_VAULT_DEK_H */
