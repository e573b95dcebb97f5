/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PACE_H
#define REPLAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When what is to be shown: recorded time against the time of who watches, with
 * speed, pause and shortened idle times.  Pure; now_ns is a monotonic clock.
 */

struct pace {
	uint64_t speed_milli; /* 1000: as it was */
	uint64_t max_idle_us; /* 0: pauses are as long as they were */
	bool paused;
	uint64_t base_us; /* recorded time at base_ns */
	uint64_t base_ns;
};

enum { PACE_SPEED_MIN = 10, PACE_SPEED_MAX = 10000000 };

/* It stands at at_us and runs from now on. */
void pace_init(struct pace *p, uint64_t speed_milli, uint64_t max_idle_us,
    uint64_t at_us, uint64_t now_ns);
/* The recorded time that it is now; never beyond next_us. */
uint64_t pace_at(const struct pace *p, uint64_t next_us, uint64_t now_ns);
/*
 * Nanoseconds until next_us is due, where at_us is what is shown now; 0: it is
 * due.  UINT64_MAX: paused.  Moves on over what is more than max_idle_us.
 */
uint64_t pace_wait(
    struct pace *p, uint64_t at_us, uint64_t next_us, uint64_t now_ns);
/* Go on from another place; paused or not stays as it is. */
void pace_to(struct pace *p, uint64_t at_us, uint64_t now_ns);
void pace_pause(struct pace *p, bool paused, uint64_t next_us, uint64_t now_ns);
/* Twice or half as fast. */
void pace_faster(
    struct pace *p, bool faster, uint64_t next_us, uint64_t now_ns);

#endif /* REPLAY_PACE_H */
