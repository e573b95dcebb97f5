/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open hashing with linear probing.  A deleted slot keeps a tombstone, so that
 * a walk may delete as it goes; the table is rebuilt when live entries and
 * tombstones fill half of it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"

#include "broker/idmap.h"

enum { SLOTS_MIN = 64 };

struct slot {
	uint8_t key[16];
	void *val;
	bool dead;
};

struct idmap {
	struct slot *slots;
	size_t size; /* a power of two */
	size_t live;
	size_t dead;
	uint64_t seed[2];
};

void
idmap_free(struct idmap *m)
{
	if (m == NULL)
		return;
	free(m->slots);
	free(m);
}

struct idmap *
idmap_new(void)
{
	struct idmap *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	m->size = SLOTS_MIN;
	if ((m->slots = calloc(m->size, sizeof(*m->slots))) == NULL) {
		free(m);
		return NULL;
	}
	random_bytes(m->seed, sizeof(m->seed));
	return m;
}

static size_t
slot_of(const struct idmap *m, const uint8_t key[16])
{
	uint64_t w[2], h;

	memcpy(w, key, 16);
	h = (w[0] ^ m->seed[0]) * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 29;
	h = (h ^ w[1] ^ m->seed[1]) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= h >> 32;
	return (size_t)h & (m->size - 1);
}

static struct slot *
find(const struct idmap *m, const uint8_t key[16])
{
	size_t i = slot_of(m, key);
	struct slot *s;

	for (;; i = (i + 1) & (m->size - 1)) {
		s = &m->slots[i];
		if (s->val == NULL && !s->dead)
			return NULL;
		if (s->val != NULL && memcmp(s->key, key, 16) == 0)
			return s;
	}
}

/* Into a table that has room and does not hold the key. */
static void
insert(struct idmap *m, const uint8_t key[16], void *val)
{
	size_t i = slot_of(m, key);

	while (m->slots[i].val != NULL)
		i = (i + 1) & (m->size - 1);
	if (m->slots[i].dead)
		m->dead--;
	m->slots[i].dead = false;
	m->slots[i].val = val;
	memcpy(m->slots[i].key, key, 16);
	m->live++;
}

static int
rebuild(struct idmap *m)
{
	struct slot *old = m->slots;
	size_t old_size = m->size, i, size = SLOTS_MIN;

	while (size < m->live * 4)
		size *= 2;
	if ((m->slots = calloc(size, sizeof(*m->slots))) == NULL) {
		m->slots = old;
		return FAIL_NOMEM;
	}
	m->size = size;
	m->live = 0;
	m->dead = 0;
	for (i = 0; i < old_size; i++)
		if (old[i].val != NULL)
			insert(m, old[i].key, old[i].val);
	free(old);
	return 0;
}

int
idmap_put(struct idmap *m, const uint8_t key[16], void *val)
{
	int r;

	MUST(val != NULL);
	if (find(m, key) != NULL)
		return FAIL_EXISTS;
	if ((m->live + m->dead + 1) * 2 > m->size && (r = rebuild(m)) != 0)
		return r;
	insert(m, key, val);
	return 0;
}

void *
idmap_get(const struct idmap *m, const uint8_t key[16])
{
	struct slot *s = find(m, key);

	return s != NULL ? s->val : NULL;
}

void *
idmap_del(struct idmap *m, const uint8_t key[16])
{
	struct slot *s = find(m, key);
	void *val;

	if (s == NULL)
		return NULL;
	val = s->val;
	s->val = NULL;
	s->dead = true;
	m->live--;
	m->dead++;
	return val;
}

size_t
idmap_count(const struct idmap *m)
{
	return m->live;
}

void *
idmap_next(const struct idmap *m, size_t *pos)
{
	void *val;

	while (*pos < m->size)
		if ((val = m->slots[(*pos)++].val) != NULL)
			return val;
	return NULL;
}
