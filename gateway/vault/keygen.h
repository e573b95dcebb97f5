/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_KEYGEN_H
#define GATEWAY_VAULT_KEYGEN_H

#include <stdint.h>

#include "base/cdefs.h"
#include "base/crypt.h"
#include "base/fail.h"

#include "vault/keyring.h"

/*
 * New keys for a keyring.  Host keys are PKCS#8 DER by the names ed25519,
 * ecdsa-p256 and rsa-3072; the node key is a u32 key id (big endian) and an
 * Ed25519 seed.
 */

#define KEYGEN_NODE "node"

struct keygen_node {
	uint32_t id; /* first bytes of the SHA-256 of pub, never 0 */
	uint8_t pub[ED25519_KEY_LEN];
};

/* The next version of one host key; name as above. */
int keygen_hostkey(
    struct keyring *k, const char *name, struct fail *f) MUST_USE;
/* The next version of the node's signing key. */
int keygen_node(struct keyring *k, struct fail *f) MUST_USE;
/* The next version of a 32-byte key. */
int keygen_kek(struct keyring *k, enum keyring_kind kind, const char *name,
    struct fail *f) MUST_USE;
/* One of each: what a new node has. */
int keygen_all(struct keyring *k, struct fail *f) MUST_USE;

/* The public side of the current node key, and a signature with it. */
int keygen_node_get(const struct keyring *k, struct keygen_node *n) MUST_USE;
int keygen_node_sign(const struct keyring *k, uint8_t sig[ED25519_SIG_LEN],
    struct span msg) MUST_USE;

#endif /* GATEWAY_VAULT_KEYGEN_H */
