/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_CHANNELS_PENDING_H
#define GATEWAY_SSH_CHANNELS_PENDING_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * Requests of one leg that have no answer yet, in the order asked: answers of
 * SSH carry no number, so those that the gateway gives itself have to wait for
 * those that the other leg still owes.
 */

enum pending_kind {
	PENDING_NONE = 0, /* the queue is empty */
	PENDING_OK,	  /* ours: success, when its turn comes */
	PENDING_FAIL,	  /* ours: failure */
	PENDING_RELAYED,  /* the other leg's */
	PENDING_PTY,	  /* likewise, and a terminal hangs on it */
	PENDING_START,	  /* likewise, and what the channel runs */
	PENDING_KIND_COUNT
};

enum { PENDING_MAX = 256 };

/* A ring of kinds, a byte each.  All zero is empty. */
struct pending {
	uint8_t *ring;
	uint16_t cap; /* 0 or a power of two */
	uint16_t head;
	uint16_t n;
};

void pending_fini(struct pending *q);
/* FAIL_FULL beyond PENDING_MAX. */
int pending_push(struct pending *q, enum pending_kind k) MUST_USE;
/* The oldest, which stays, or PENDING_NONE. */
enum pending_kind pending_head(const struct pending *q);
void pending_pop(struct pending *q);

/* For another process. */
int pending_export(const struct pending *q, struct buf *out) MUST_USE;
int pending_import(struct pending *q, struct span *s) MUST_USE;

#endif /* GATEWAY_SSH_CHANNELS_PENDING_H */
