/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* AES-256-GCM and Ed25519, both from OpenSSL EVP. */

enum {
	AEAD_KEY_LEN = 32,
	AEAD_NONCE_LEN = 12,
	AEAD_TAG_LEN = 16,
	ED25519_KEY_LEN = 32,
	ED25519_SIG_LEN = 64,
};

/* A reusable context: re-keying costs 0.3 us. */
struct aead;
void aead_free(struct aead *a);
struct aead *aead_new(void) OWNED_BY(aead_free) MUST_USE;
/*
 * out: in.len bytes of ciphertext and the tag behind it.  out may be in.p.
 * aad is the parts one after the other.
 */
int aead_seal(struct aead *a, const uint8_t key[AEAD_KEY_LEN],
    const uint8_t nonce[AEAD_NONCE_LEN], const struct span *aad, size_t n_aad,
    struct span in, uint8_t *out) MUST_USE;
/* in: ciphertext and tag; out: in.len - AEAD_TAG_LEN bytes.  FAIL_MAC. */
int aead_open(struct aead *a, const uint8_t key[AEAD_KEY_LEN],
    const uint8_t nonce[AEAD_NONCE_LEN], const struct span *aad, size_t n_aad,
    struct span in, uint8_t *out) MUST_USE;

int ed25519_public(uint8_t pub[ED25519_KEY_LEN],
    const uint8_t seed[ED25519_KEY_LEN]) MUST_USE;
int ed25519_sign(uint8_t sig[ED25519_SIG_LEN],
    const uint8_t seed[ED25519_KEY_LEN], struct span msg) MUST_USE;
/* 0, or FAIL_SIGNATURE. */
int ed25519_verify(const uint8_t pub[ED25519_KEY_LEN],
    const uint8_t sig[ED25519_SIG_LEN], struct span msg) MUST_USE;

#endif /* BASE_CRYPT_H */
