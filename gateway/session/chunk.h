/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_CHUNK_H
#define GATEWAY_SESSION_CHUNK_H

#include <stddef.h>
#include <stdint.h>

/* What flows through a session's filter chain. */

enum flow {
	FLOW_TO_TARGET, /* typed by the user */
	FLOW_TO_USER,	/* shown to the user */
};

enum chunk_kind {
	CHUNK_DATA,  /* channel bytes */
	CHUNK_ERR,   /* extended data: stderr */
	CHUNK_EVENT, /* a channel event: `type` is an RCD1 event type, data its
			payload as the recording holds it */
};

/* One run of bytes or one event.  Lent to a filter for the length of the call. */
struct chunk {
	uint64_t mono_ns; /* when it was read */
	uint32_t channel; /* number in the session, from 0; never used again */
	enum flow flow;
	enum chunk_kind kind;
	uint8_t type; /* CHUNK_EVENT: enum rcd_event */
	const uint8_t *data;
	size_t len;
};

#endif /* GATEWAY_SESSION_CHUNK_H */
