/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * A secret: bytes in locked memory, kept out of core dumps, wiped when freed.
 * There is no way to print or copy one; secret_show() lends the bytes.
 */

struct secret;

void secret_free(struct secret *s);
/* len zero bytes, to be filled through secret_fill(). */
struct secret *secret_new(size_t len) OWNED_BY(secret_free) MUST_USE;
/* A secret from bytes; the caller wipes its own copy. */
struct secret *secret_from(const void *p, size_t len)
    OWNED_BY(secret_free) MUST_USE;
struct secret *secret_random(size_t len) OWNED_BY(secret_free) MUST_USE;

/* The bytes, lent until secret_free(). */
struct span secret_show(const struct secret *s);
uint8_t *secret_fill(struct secret *s);
size_t secret_len(const struct secret *s);

/* explicit_bzero by another name, so that lint can find every use. */
void wipe(void *p, size_t len);
/* Constant-time comparison: 0 when equal. */
int secret_cmp(const void *a, const void *b, size_t len);

/* No core dumps, no ptrace by the same user: call first in main(). */
void secret_harden_process(void);

#endif /* BASE_SECRET_H */
