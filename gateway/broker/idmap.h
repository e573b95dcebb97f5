/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_IDMAP_H
#define BROKER_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"

/*
 * A map from 16-byte keys to pointers.  Keys may come from a hostile process:
 * they are hashed with a random seed.
 */

struct idmap;

void idmap_free(struct idmap *m);
struct idmap *idmap_new(void) OWNED_BY(idmap_free) MUST_USE;

/* FAIL_EXISTS when the key is there, FAIL_NOMEM.  val is kept, not NULL. */
int idmap_put(struct idmap *m, const uint8_t key[16], void *val) MUST_USE;
void *idmap_get(const struct idmap *m, const uint8_t key[16]);
/* Takes the key out; returns its value or NULL. */
void *idmap_del(struct idmap *m, const uint8_t key[16]);
size_t idmap_count(const struct idmap *m);

/*
 * Walk: *pos starts at 0; NULL at the end.  Deleting the entry that was just
 * returned is allowed, adding is not.
 */
void *idmap_next(const struct idmap *m, size_t *pos);

#endif /* BROKER_IDMAP_H */
