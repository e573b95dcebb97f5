/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* Digests, key derivation, random bytes: all from OpenSSL. */

enum { SHA256_LEN = 32 };

/* Digest of the n parts one after the other. */
int sha256(uint8_t out[SHA256_LEN], const struct span *parts, size_t n)
    MUST_USE;

/* A running digest. */
struct sha256;
void sha256_free(struct sha256 *h);
struct sha256 *sha256_new(void) OWNED_BY(sha256_free) MUST_USE;
int sha256_add(struct sha256 *h, const void *p, size_t len) MUST_USE;
/* Gives the digest and starts anew. */
int sha256_done(struct sha256 *h, uint8_t out[SHA256_LEN]) MUST_USE;

/* HKDF-SHA256 (RFC 5869): extract with salt (may be empty), expand by info. */
int hkdf(uint8_t *out, size_t out_len, struct span key, struct span salt,
    struct span info) MUST_USE;
/* HKDF-Expand only: key is already uniformly random. */
int hkdf_expand(uint8_t *out, size_t out_len, struct span key,
    struct span info) MUST_USE;

/* From getrandom(2) by way of OpenSSL; ends the process when it fails. */
void random_bytes(void *p, size_t len);

/* CRC-32C (Castagnoli), start with crc = 0. */
uint32_t crc32c(uint32_t crc, const void *p, size_t len);
/* The same without the CPU's instruction, for the test that compares them. */
uint32_t crc32c_by_table(uint32_t crc, const void *p, size_t len);

/* dst holds 2 * n + 1 chars. */
void hex_encode(char *dst, const uint8_t *p, size_t n);
int hex_decode(uint8_t *dst, size_t n, const char *hex) MUST_USE;

#endif /* BASE_HASH_H */
