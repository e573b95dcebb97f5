/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_RELAY_DRIVE_H
#define TESTS_FUZZ_RELAY_DRIVE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Drives a relay between two hostile legs, each with a model of what it knows:
 * see relay_model.h.
 */

enum drive_step {
	DRIVE_USER,	 /* a packet of the user */
	DRIVE_TARGET,	 /* a packet of the target */
	DRIVE_HOLD,	 /* the next n pushes are held */
	DRIVE_DROP,	 /* the next chunk is dropped */
	DRIVE_NOTICE,	 /* show a notice */
	DRIVE_HAND_OVER, /* go on in another relay */
	DRIVE_PAUSE,	 /* pause (n odd) or go on */
	DRIVE_DENY,	 /* deny eight of the rights by the bits of n */
	DRIVE_STEPS
};

/* -1: no memory. */
int drive_start(void);
/* One step, with n bytes for packets; negative when the relay has ended. */
int drive_step(
    enum drive_step what, unsigned shift, const uint8_t *p, size_t n);
/* End it, and check what is left. */
void drive_end(void);

/* A relay from this state takes a packet of each kind of each leg. */
void drive_import(const uint8_t *p, size_t n);

#endif /* TESTS_FUZZ_RELAY_DRIVE_H */
