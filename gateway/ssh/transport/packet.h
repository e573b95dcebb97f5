/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_PACKET_H
#define GATEWAY_SSH_TRANSPORT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

#include "ssh/transport/box.h"
#include "ssh/transport/transport.h"

/*
 * Binary packets in byte queues: finds the next one in an input and opens it
 * there, seals one into an output.
 */

/* Where an input stands.  Zero to begin with. */
struct packet_reader {
	bool have_len; /* len of the packet in front is known */
	bool doomed;   /* only reads on, to hide what was wrong */
	uint32_t len;
	size_t doom_left; /* bytes until the failure is told */
	size_t drop;	  /* of the packet lent out last */
};

/* Random bytes for padding, fetched many at a time. */
struct packet_pool {
	uint8_t bytes[512];
	size_t left;
};

/* Packets of before the first keys are no longer than this. */
enum { PACKET_CLEAR_MAX = 35000 };

/* The packet lent out last is no longer needed. */
int packet_drop(struct packet_reader *rd, struct buf *in) MUST_USE;

/*
 * 1: *pkt is the next packet, lent from in until packet_drop().  0: not all of
 * it is there.  FAIL_MAC, FAIL_PROTO, or FAIL_RANGE after 2^32 - 1 packets.
 */
int packet_read(struct box *b, struct packet_reader *rd, struct buf *in,
    struct ssh_packet *pkt, struct fail *f) MUST_USE;

/* Can a packet of this box have this length? */
bool packet_len_ok(const struct box *b, uint32_t len);

/* Seal head and tail, together one payload, into out. */
int packet_write(struct box *b, struct packet_pool *pool, struct buf *out,
    struct span head, struct span tail) MUST_USE;

#endif /* GATEWAY_SSH_TRANSPORT_PACKET_H */
