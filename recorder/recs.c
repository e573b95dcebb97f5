/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of recordings in hand: a hash table by id, whose last bytes are
 * random, and a list of all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"

#include "recorder/recs.h"

enum { SLOTS = 4096 };

int
recs_init(struct recs *t)
{
	memset(t, 0, sizeof(*t));
	t->n_slots = SLOTS;
	t->slot = calloc(SLOTS, sizeof(t->slot[0]));
	return t->slot != NULL ? 0 : FAIL_NOMEM;
}

void
recs_fini(struct recs *t)
{
	while (t->all != NULL)
		recs_remove(t, t->all);
	free(t->slot);
	memset(t, 0, sizeof(*t));
}

static struct rec **
slot_of(const struct recs *t, const uint8_t id[RCD_ID_LEN])
{
	return &t->slot[le32_get(id + 12) % t->n_slots];
}

struct rec *
recs_find(const struct recs *t, const uint8_t id[RCD_ID_LEN])
{
	struct rec *r = *slot_of(t, id);

	while (r != NULL && memcmp(r->id, id, RCD_ID_LEN) != 0)
		r = r->chain_next;
	return r;
}

struct rec *
recs_add(struct recs *t, const uint8_t id[RCD_ID_LEN])
{
	struct rec **slot = slot_of(t, id);
	struct rec *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	memcpy(r->id, id, RCD_ID_LEN);
	r->chain_next = *slot;
	*slot = r;
	r->next = t->all;
	r->prev = &t->all;
	if (t->all != NULL)
		t->all->prev = &r->next;
	t->all = r;
	t->n++;
	return r;
}

void
recs_remove(struct recs *t, struct rec *r)
{
	struct rec **p = slot_of(t, r->id);

	while (*p != r)
		p = &(*p)->chain_next;
	*p = r->chain_next;
	*r->prev = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	t->n--;
	free(r->ext);
	free(r);
}

int
recs_reserve(struct rec *r, size_t n)
{
	size_t need = r->n_ext + r->pending + n, cap = r->cap_ext;
	struct extent *p;

	if (need <= cap)
		return 0;
	while (cap < need)
		cap = cap == 0 ? 8 : 2 * cap;
	if ((p = realloc(r->ext, cap * sizeof(*p))) == NULL)
		return FAIL_NOMEM;
	r->ext = p;
	r->cap_ext = cap;
	return 0;
}

void
recs_shift(struct rec *r, size_t n)
{
	MUST(n <= r->n_ext);
	if (r->ext == NULL)
		return;
	r->n_ext -= n;
	memmove(r->ext, r->ext + n, r->n_ext * sizeof(r->ext[0]));
	if (r->n_ext == 0 && r->pending == 0) {
		free(r->ext);
		r->ext = NULL;
		r->cap_ext = 0;
	}
}
