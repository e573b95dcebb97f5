/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chained hash table of fixed size, and a list of all that is in it, so that
 * a walk costs what there is and not what there could be.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"

#include "keeper/table.h"

int
table_init(struct table *t, size_t max)
{
	size_t size = 64;

	while (size < max)
		size *= 2;
	*t = (struct table){.max = max, .mask = size - 1};
	random_bytes(&t->seed, sizeof(t->seed));
	t->bucket = calloc(size, sizeof(struct table_node *));
	return t->bucket == NULL ? FAIL_NOMEM : 0;
}

void
table_fini(struct table *t)
{
	free(t->bucket);
	*t = (struct table){0};
}

/* Multiplied by an odd constant, so that every bit reaches the upper ones. */
static struct table_node **
slot(const struct table *t, const uint8_t id[UUID_LEN])
{
	uint64_t h = (le64_get(id) ^ t->seed) * 0x9e3779b97f4a7c15U;

	h = (h ^ h >> 32 ^ le64_get(id + 8)) * 0xd6e8feb86659fd93U;
	return &t->bucket[h >> 32 & t->mask];
}

struct table_node *
table_find(const struct table *t, const uint8_t id[UUID_LEN])
{
	struct table_node *n;

	for (n = *slot(t, id); n != NULL; n = n->next)
		if (memcmp(n->id, id, UUID_LEN) == 0)
			return n;
	return NULL;
}

int
table_insert(struct table *t, struct table_node *n)
{
	struct table_node **at = slot(t, n->id);

	if (table_find(t, n->id) != NULL)
		return FAIL_EXISTS;
	if (t->n >= t->max)
		return FAIL_FULL;
	n->next = *at;
	*at = n;
	n->older = t->newest;
	n->newer = NULL;
	if (t->newest != NULL)
		t->newest->newer = n;
	t->newest = n;
	t->n++;
	return 0;
}

void
table_remove(struct table *t, struct table_node *n)
{
	struct table_node **at = slot(t, n->id);

	while (*at != n) {
		MUST(*at != NULL);
		at = &(*at)->next;
	}
	*at = n->next;
	if (n->older != NULL)
		n->older->newer = n->newer;
	if (n->newer != NULL)
		n->newer->older = n->older;
	else
		t->newest = n->older;
	t->n--;
}

void
table_each(struct table *t, table_fn *fn, void *ctx)
{
	struct table_node *n, *older;

	for (n = t->newest; n != NULL; n = older) {
		older = n->older;
		fn(n, ctx);
	}
}
