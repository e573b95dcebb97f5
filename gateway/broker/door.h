/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_DOOR_H
#define BROKER_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "broker/throttle.h"

/*
 * How many may be logging in to the node at one time, all workers together,
 * and who comes first when there are more.  Below DOOR_FREE all are let in,
 * but a single source holds no more than DOOR_SOURCE places, and one that
 * fails DOOR_SUSPECT.  Above it, those who fail are refused, and of those of
 * whom nothing is known ever more, until at DOOR_FULL all are (what OpenSSH
 * calls random early drop).  Whoever logged in from his address before is
 * always let in.
 */

enum {
	DOOR_FREE = 100,
	DOOR_FULL = 300,
	DOOR_SOURCE = 100,
	DOOR_SUSPECT = 10,
};

struct door;

void door_free(struct door *d);
struct door *door_new(void) OWNED_BY(door_free) MUST_USE;

/*
 * Is one more let in?  Then door_left() must follow.  source: of
 * throttle_source(); chance: a random number.
 */
bool door_ask(struct door *d, const uint8_t source[THROTTLE_SOURCE_LEN],
    enum throttle_class class, uint32_t chance);
void door_left(struct door *d, const uint8_t source[THROTTLE_SOURCE_LEN]);
unsigned door_inside(const struct door *d);

#endif /* BROKER_DOOR_H */
