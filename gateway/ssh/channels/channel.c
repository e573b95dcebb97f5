/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of channels: an array of slots that grows to a bound.  Knows
 * nothing of packets.
 */
#include <stdlib.h>

#include "ssh/channels/channel.h"

enum { CAP_FIRST = 4 };

static void
release(struct channel *ch)
{
	pending_fini(&ch->asked[LEG_USER]);
	pending_fini(&ch->asked[LEG_TARGET]);
	free(ch);
}

void
channel_table_fini(struct channel_table *t)
{
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slot[i] != NULL)
			release(t->slot[i]);
	free(t->slot);
	*t = (struct channel_table){0};
}

static int
grow(struct channel_table *t, uint32_t cap)
{
	struct channel **slot;

	slot = reallocarray(t->slot, cap, sizeof(struct channel *));
	if (slot == NULL)
		return FAIL_NOMEM;
	for (uint32_t i = t->cap; i < cap; i++)
		slot[i] = NULL;
	t->slot = slot;
	t->cap = cap;
	return 0;
}

int
channel_add_at(struct channel_table *t, uint32_t slot, struct channel **out)
{
	uint32_t cap = t->cap == 0 ? CAP_FIRST : t->cap;
	struct channel *ch;
	int r;

	if (slot >= t->max || t->n >= t->max)
		return FAIL_FULL;
	while (cap <= slot)
		cap *= 2;
	if (cap > t->cap && (r = grow(t, cap)) != 0)
		return r;
	if (t->slot[slot] != NULL)
		return FAIL_EXISTS;
	if ((ch = calloc(1, sizeof(*ch))) == NULL)
		return FAIL_NOMEM;
	ch->slot = slot;
	t->slot[slot] = ch;
	t->n++;
	*out = ch;
	return 0;
}

int
channel_add(struct channel_table *t, struct channel **out)
{
	uint32_t slot = 0;

	while (slot < t->cap && t->slot[slot] != NULL)
		slot++;
	return channel_add_at(t, slot, out);
}

void
channel_remove(struct channel_table *t, struct channel *ch)
{
	MUST(t->slot[ch->slot] == ch);
	t->slot[ch->slot] = NULL;
	t->n--;
	release(ch);
}

bool
channel_id_used(const struct channel_table *t, enum leg leg, uint32_t id)
{
	for (uint32_t i = 0; i < t->cap; i++) {
		const struct channel *ch = t->slot[i];

		if (ch == NULL || ch->to[leg].id != id)
			continue;
		if (leg == LEG_USER || ch->info.open)
			return true;
	}
	return false;
}

void
channel_update(struct channel *ch)
{
	bool up =
	    ch->info.open && !ch->closed[LEG_USER] && !ch->closed[LEG_TARGET];

	ch->to[LEG_USER].flows = up && !ch->to[LEG_USER].eof;
	ch->to[LEG_TARGET].flows = up && !ch->to[LEG_TARGET].eof;
}
