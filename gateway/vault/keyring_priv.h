/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_VAULT_KEYRING_PRIV_H
#define GATEWAY_VAULT_KEYRING_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/uuid.h"

#include "vault/keyring.h"

/* The inside of a keyring, shared by the list and its file format. */

struct keyring {
	uint8_t id[UUID_LEN]; /* random; part of every seal */
	struct keyring_entry *entry;
	size_t n;
	size_t cap;
};

/*
 * Add an entry as it is; FAIL_EXISTS unless its version is the highest of its
 * name.  Takes e->key on success only.
 */
int keyring_append(struct keyring *k, const struct keyring_entry *e) MUST_USE;

#endif /* GATEWAY_VAULT_KEYRING_PRIV_H */
