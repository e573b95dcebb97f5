/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_RELAY_MODEL_H
#define TESTS_FUZZ_RELAY_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "session/chain.h"
#include "ssh/channels/relay.h"
#include "ssh/transport/numbers.h"

/*
 * What a leg knows of its own channel numbers, kept apart from the relay: which
 * it announced, and which are over.  A packet to a number that the leg does not
 * have, or one byte more than it takes, is an abort.
 */

enum { MODEL_CHANNELS = 4096 };
#define MODEL_NO_SLOT UINT64_MAX

struct model_channel {
	uint32_t id;   /* the leg's own */
	uint64_t slot; /* the relay's */
	uint64_t room; /* data that the leg still takes */
	bool sent_close, got_close;
};

struct model_leg {
	struct model_channel ch[MODEL_CHANNELS];
	unsigned n;
};

/* The channel with this id, confirmed or not, or NULL. */
static inline struct model_channel *
model_find(struct model_leg *l, uint32_t id, bool confirmed)
{
	for (unsigned i = l->n; i-- > 0;)
		if (l->ch[i].id == id &&
		    (l->ch[i].slot != MODEL_NO_SLOT) == confirmed)
			return &l->ch[i];
	return NULL;
}

static inline struct model_channel *
model_at(struct model_leg *l, uint64_t slot)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->ch[i].slot == slot)
			return &l->ch[i];
	return NULL;
}

static inline void
model_close(struct model_leg *l, struct model_channel *c)
{
	if (c->sent_close && c->got_close)
		*c = l->ch[--l->n];
}

static inline void
model_announce(struct model_leg *l, uint32_t id, uint64_t slot, uint32_t window)
{
	if (l->n == MODEL_CHANNELS)
		abort();
	l->ch[l->n++] =
	    (struct model_channel){.id = id, .slot = slot, .room = window};
}

/* The leg is about to send p for the first time. */
static inline void
model_sends(struct model_leg *l, const uint8_t *p, size_t len)
{
	struct span s = SPAN(p, len), type;
	struct model_channel *c;
	uint32_t a, b, window;
	uint8_t msg;

	if (span_u8(&s, &msg) != 0)
		return;
	if (msg == SSH_MSG_CHANNEL_OPEN && span_string(&s, &type) == 0 &&
	    span_u32(&s, &a) == 0 && span_u32(&s, &window) == 0)
		model_announce(l, a, MODEL_NO_SLOT, window);
	if (span_u32(&s, &a) != 0 || span_u32(&s, &b) != 0)
		return;
	if (msg == SSH_MSG_CHANNEL_OPEN_CONFIRMATION &&
	    span_u32(&s, &window) == 0)
		model_announce(l, b, a, window);
	if (msg == SSH_MSG_CHANNEL_WINDOW_ADJUST &&
	    (c = model_at(l, a)) != NULL)
		c->room += b;
}

/* The relay has taken p from the leg. */
static inline void
model_sent(struct model_leg *l, const uint8_t *p, size_t len, uint32_t slot)
{
	struct model_channel *c;

	if (len != 5 || p[0] != SSH_MSG_CHANNEL_CLOSE ||
	    (c = model_at(l, slot)) == NULL)
		return;
	c->sent_close = true;
	model_close(l, c);
}

/* The relay sends p to the leg. */
static inline void
model_receives(struct model_leg *l, const uint8_t *p, size_t len)
{
	size_t head = p[0] == SSH_MSG_CHANNEL_DATA ? 9 : 13;
	bool confirmed = p[0] > SSH_MSG_CHANNEL_OPEN_FAILURE;
	struct model_channel *c;

	if (p[0] <= SSH_MSG_CHANNEL_OPEN || p[0] > SSH_MSG_CHANNEL_FAILURE)
		return;
	if (len < 5 ||
	    (c = model_find(l, be32_get(p + 1), confirmed)) == NULL ||
	    c->got_close)
		abort();
	if (p[0] == SSH_MSG_CHANNEL_OPEN_CONFIRMATION)
		c->slot = be32_get(p + 5);
	if (p[0] == SSH_MSG_CHANNEL_OPEN_FAILURE)
		*c = l->ch[--l->n];
	if (p[0] == SSH_MSG_CHANNEL_DATA ||
	    p[0] == SSH_MSG_CHANNEL_EXTENDED_DATA) {
		if (len < head || len - head > c->room)
			abort();
		c->room -= len - head;
	}
	if (p[0] == SSH_MSG_CHANNEL_CLOSE) {
		c->got_close = true;
		model_close(l, c);
	}
}

#endif /* TESTS_FUZZ_RELAY_MODEL_H */
