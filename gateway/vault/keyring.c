/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring in memory: an array of versioned keys in the order in which they
 * were added, each in locked memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/loop.h"

#include "vault/keyring.h"
#include "vault/keyring_priv.h"

static const struct {
	enum keyring_kind kind;
	size_t min, max;
} kinds[] = {
#define KEYRING(kind, num, text, min, max) {KEYRING_##kind, min, max},
#include "vault/keyring_tbl.h"
#undef KEYRING
};

struct keyring *
keyring_new(void)
{
	struct keyring *k = calloc(1, sizeof(*k));

	if (k != NULL)
		random_bytes(k->id, sizeof(k->id));
	return k;
}

void
keyring_free(struct keyring *k)
{
	size_t i;

	if (k == NULL)
		return;
	for (i = 0; i < k->n; i++)
		secret_free(k->entry[i].key);
	free(k->entry);
	free(k);
}

static int
check_shape(const struct keyring_entry *e)
{
	size_t len = secret_len(e->key);
	size_t i;

	if (e->name[0] == 0 || e->version == 0)
		return FAIL_RANGE;
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].kind == e->kind)
			return len >= kinds[i].min && len <= kinds[i].max
				   ? 0
				   : FAIL_RANGE;
	return FAIL_RANGE;
}

int
keyring_append(struct keyring *k, const struct keyring_entry *e)
{
	const struct keyring_entry *last;
	struct keyring_entry *grown;
	size_t cap;
	int r;

	if ((r = check_shape(e)) != 0)
		return r;
	last = keyring_current(k, e->kind, e->name);
	if (last != NULL && e->version <= last->version)
		return FAIL_EXISTS;
	if (k->n == KEYRING_ENTRIES_MAX)
		return FAIL_FULL;
	if (k->n == k->cap) {
		cap = k->cap == 0 ? 8 : k->cap * 2;
		grown = reallocarray(k->entry, cap, sizeof(*grown));
		if (grown == NULL)
			return FAIL_NOMEM;
		k->entry = grown;
		k->cap = cap;
	}
	k->entry[k->n++] = *e;
	return 0;
}

int
keyring_add(struct keyring *k, enum keyring_kind kind, const char *name,
    struct secret *key)
{
	struct keyring_entry e = {
	    .kind = kind,
	    .version = 1,
	    .created_us = unix_us(),
	    .key = key,
	};
	const struct keyring_entry *last;
	size_t len = strlen(name);
	int r;

	if (len > KEYRING_NAME_MAX) {
		secret_free(key);
		return FAIL_RANGE;
	}
	memcpy(e.name, name, len);
	if ((last = keyring_current(k, kind, name)) != NULL)
		e.version = last->version + 1;
	if ((r = keyring_append(k, &e)) != 0)
		secret_free(key);
	return r;
}

const struct keyring_entry *
keyring_find(const struct keyring *k, enum keyring_kind kind, const char *name,
    uint32_t version)
{
	const struct keyring_entry *e;
	size_t i;

	for (i = k->n; i > 0; i--) {
		e = &k->entry[i - 1];
		if (e->kind == kind &&
		    (version == 0 || e->version == version) &&
		    strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

/* Versions of a name only grow, so that the last one is the newest. */
const struct keyring_entry *
keyring_current(
    const struct keyring *k, enum keyring_kind kind, const char *name)
{
	return keyring_find(k, kind, name, 0);
}

size_t
keyring_count(const struct keyring *k)
{
	return k->n;
}

const struct keyring_entry *
keyring_at(const struct keyring *k, size_t i)
{
	return i < k->n ? &k->entry[i] : NULL;
}
