/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_KEYRING_H
#define GATEWAY_VAULT_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

/*
 * The keyring: the keys that are sealed under the master key.  Every key has a
 * kind, a name and a version; the newest version of a kind and name is the
 * current one, older ones still open what they once sealed.
 */

struct keyring;

enum keyring_kind {
#define KEYRING(kind, num, text, min, max) KEYRING_##kind = (num),
#include "vault/keyring_tbl.h"
#undef KEYRING
};

enum {
	KEYRING_NAME_MAX = 63,
	KEYRING_ENTRIES_MAX = 4096,
};

struct keyring_entry {
	enum keyring_kind kind;
	uint32_t version; /* from 1 */
	uint64_t created_us;
	char name[KEYRING_NAME_MAX + 1];
	struct secret *key; /* owned by the keyring */
};

void keyring_free(struct keyring *k);
/* An empty one; NULL: out of memory. */
struct keyring *keyring_new(void) OWNED_BY(keyring_free) MUST_USE;

/*
 * Add key as the next version of (kind, name): it becomes the current one.
 * Takes key, also on failure.
 */
int keyring_add(struct keyring *k, enum keyring_kind kind, const char *name,
    struct secret *key) MUST_USE;

/* Lent until the keyring changes; NULL: there is none.  version 0: current. */
const struct keyring_entry *keyring_current(
    const struct keyring *k, enum keyring_kind kind, const char *name);
const struct keyring_entry *keyring_find(const struct keyring *k,
    enum keyring_kind kind, const char *name, uint32_t version);
size_t keyring_count(const struct keyring *k);
const struct keyring_entry *keyring_at(const struct keyring *k, size_t i);

#endif /* GATEWAY_VAULT_KEYRING_H */
