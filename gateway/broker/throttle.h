/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_THROTTLE_H
#define BROKER_THROTTLE_H

#include <stdint.h>

#include "base/cdefs.h"

/*
 * How long the answer to a login from an address has to wait.  An address may
 * fail 10 times in 60 s; each failure more costs it half a second, up to 8 s.
 * IPv6 is counted by /64.  The table is bounded: the address that has been
 * quiet for longest makes room.
 */

enum {
	THROTTLE_FREE = 10,
	THROTTLE_WINDOW_MS = 60000,
	THROTTLE_STEP_MS = 500,
	THROTTLE_MAX_MS = 8000,
	THROTTLE_SLOTS = 16384,
	THROTTLE_SUSPECT_MS = 600 * 1000,
	THROTTLE_SOURCE_LEN = 16,
	THROTTLE_KNOWN_MS = 7 * 24 * 3600 * 1000,
};

/*
 * Whose password is judged first when there are more than can be: what one has
 * to guess at must not keep out those who know.
 */
enum throttle_class {
	THROTTLE_KNOWN,	  /* the address logged in within a week */
	THROTTLE_NEW,	  /* nothing is known of it */
	THROTTLE_TARGET,  /* nor that, but the user fails a lot, elsewhere */
	THROTTLE_FAILING, /* the address fails */
	THROTTLE_CLASSES,
};

struct throttle;

void throttle_free(struct throttle *t);
struct throttle *throttle_new(void) OWNED_BY(throttle_free) MUST_USE;

/* peer: "192.0.2.1", "192.0.2.1:22", "2001:db8::1" or "[2001:db8::1]:22". */
void throttle_fail(
    struct throttle *t, const char *peer, const char *user, uint64_t now_ms);
void throttle_good(struct throttle *t, const char *peer, uint64_t now_ms);
/* Milliseconds that an answer to peer waits, beyond the ordinary. */
uint32_t throttle_delay(struct throttle *t, const char *peer, uint64_t now_ms);
enum throttle_class throttle_class(
    struct throttle *t, const char *peer, const char *user, uint64_t now_ms);
/*
 * The same of somebody who has named no user yet.  Here an address without a
 * login counts as failing for THROTTLE_SUSPECT_MS after its last failure, and
 * one that has both as new.
 */
enum throttle_class throttle_knock(
    struct throttle *t, const char *peer, uint64_t now_ms);
/* What peer is counted by: the IPv4 address, or the /64 of IPv6. */
void throttle_source(uint8_t source[THROTTLE_SOURCE_LEN], const char *peer);

#endif /* BROKER_THROTTLE_H */
