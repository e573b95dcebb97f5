/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_ENVELOPE_H
#define GATEWAY_VAULT_ENVELOPE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/secret.h"
#include "base/uuid.h"

#include "vault/keyring.h"

/*
 * A credential sealed for one row of the database: a blob that was moved to
 * another row, another version or another kind does not open.
 *
 *	u8 1, u32 version of the key, 12 bytes nonce, ciphertext, 16 bytes tag
 *	associated data: "SPV1" || row_id || u32 version || u8 kind
 */

/* Name of the credential key in the keyring. */
#define ENVELOPE_KEK "credentials"

enum { ENVELOPE_OVERHEAD = 1 + 4 + 12 + 16, ENVELOPE_PLAIN_MAX = 65536 };

/* What a blob is sealed for. */
struct envelope_row {
	uint8_t id[UUID_LEN];
	uint32_t version;
	uint8_t kind;
};

/* Append the blob to out; *kek_version (may be NULL): the key it is under. */
int envelope_seal(const struct keyring *k, const struct envelope_row *row,
    struct span plain, struct buf *out, uint32_t *kek_version) MUST_USE;

/*
 * FAIL_FORMAT: not a blob.  FAIL_NOTFOUND: its key is not in the keyring.
 * FAIL_MAC: changed, or sealed for another row.  Gives *plain.
 */
int envelope_open(const struct keyring *k, const struct envelope_row *row,
    struct span blob, struct secret **plain) MUST_USE;

#endif /* GATEWAY_VAULT_ENVELOPE_H */
