/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_CABLE_H
#define TESTS_UNIT_GATEWAY_SSH_CABLE_H

#include "base/buf.h"

#include "whole.h"

/* One direction of a connection, with the damage that is done to it. */
struct cable {
	enum whole_damage damage; /* NONE once it is done */
	size_t at;
	size_t bytes, segments; /* that went in */
	size_t clear_bytes;	/* of them before there were keys */
	struct buf queue;	/* on the way */
	bool done;		/* the damage */
	bool harmless;
	bool cut; /* nothing comes any more */
	/* Where the clear part of the stream stands. */
	struct {
		bool over, in_packet;
		uint8_t head[6]; /* length, padding length, message */
		uint32_t n;	 /* bytes of this packet so far */
	} clear;
};

void cable_init(struct cable *w, enum whole_damage damage, size_t at);
void cable_fini(struct cable *w);
/* One segment; it is taken from the front of out. */
void cable_put(struct cable *w, struct buf *out);
/* Deliver at most step bytes (0: all) into in.  How many. */
size_t cable_deliver(struct cable *w, struct buf *in, size_t step);

#endif /* TESTS_UNIT_GATEWAY_SSH_CABLE_H */
