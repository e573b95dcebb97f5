/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_CHANNELS_REFUSAL_H
#define GATEWAY_SSH_CHANNELS_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Stands in for the target when a session was refused after the login: takes
 * the user's session channel, says the sentence on stderr, ends with status
 * 255.  So every client shows why, and scripts see a failure.
 */

struct refusal;

struct refusal_opts {
	/* head and tail are one payload.  0, or a FAIL_* code. */
	int (*send)(void *ctx, struct span head, struct span tail);
	void *ctx;
	const char *sentence; /* copied; without a newline */
};

enum refusal_next {
	REFUSAL_MORE = 0,	   /* feed the next packet */
	REFUSAL_SHOWN = 1,	   /* it was shown and closed: disconnect */
	REFUSAL_UNIMPLEMENTED = 2, /* answer ssh_transport_unimplemented() */
};

void refusal_free(struct refusal *r);
struct refusal *refusal_new(const struct refusal_opts *o)
    OWNED_BY(refusal_free) MUST_USE;

/* One packet (number >= 80) of the user: enum refusal_next, or FAIL_*. */
int refusal_packet(struct refusal *r, const uint8_t *p, size_t len) MUST_USE;
const struct fail *refusal_fail(const struct refusal *r);

#endif /* GATEWAY_SSH_CHANNELS_REFUSAL_H */
