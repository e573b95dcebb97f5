/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_CHANNELS_CHANNEL_H
#define GATEWAY_SSH_CHANNELS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "ssh/channels/pending.h"
#include "ssh/channels/relay.h"

/*
 * The channels of a relay.  A channel is known to both legs by the same number
 * of ours, its slot; each leg has a number of its own for it.
 */

/*
 * What goes to one leg.  The window has two ends:
 *
 *	room	bytes that the receiving leg will still take
 *	given	bytes that the sending leg may still send
 *
 * They are equal until a notice takes of room what the sender has been given
 * (given > room: that is the debt).  Returned credit pays the debt first.
 */
struct channel_half {
	uint32_t id;	     /* the receiving leg's own number */
	uint32_t max_packet; /* most data in one packet for it */
	uint64_t room;
	uint64_t given;
	uint64_t bytes;	 /* sent so far */
	uint32_t resume; /* bytes of a held packet that were sent already */
	uint32_t held;	 /* length of the chunk that the chain holds; 0: none */
	bool flows;	 /* data may pass: open, no EOF, nobody closed */
	bool eof;	 /* the sending leg will send no more data */
};

struct channel {
	struct ssh_relay_channel info;
	uint32_t slot;
	struct channel_half to[2]; /* by receiving leg */
	bool closed[2];		   /* the leg has sent CLOSE */
	struct pending asked[2];   /* by asking leg */
};

struct channel_table {
	struct channel **slot;
	uint32_t cap; /* entries of slot */
	uint32_t n;   /* channels */
	uint32_t max; /* that may be open */
};

void channel_table_fini(struct channel_table *t);

/* A new channel in the lowest free slot.  FAIL_FULL when there are max. */
int channel_add(struct channel_table *t, struct channel **out) MUST_USE;
/* The same in a given free slot, for import. */
int channel_add_at(
    struct channel_table *t, uint32_t slot, struct channel **out) MUST_USE;
void channel_remove(struct channel_table *t, struct channel *ch);

/* Does leg already use this number of its own for a channel? */
bool channel_id_used(const struct channel_table *t, enum leg leg, uint32_t id);

/* Set flows of both halves from the rest. */
void channel_update(struct channel *ch);

static inline struct channel *
channel_get(const struct channel_table *t, uint32_t slot)
{
	return slot < t->cap ? t->slot[slot] : NULL;
}

#endif /* GATEWAY_SSH_CHANNELS_CHANNEL_H */
