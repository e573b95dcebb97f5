/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_TAPE_H
#define REPLAY_TAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "recorder/replay/source.h"
#include "recorder/replay/stage.h"

/*
 * A recording that can be wound to any time, forwards and backwards: the stage
 * at its place, and images of stages on the way here (shots.h).
 *
 * Forwards, events are applied one after the other; every so often the stage is
 * saved.  Backwards, the last image at or before the time is taken, the reader
 * goes to the group of chunks that holds it, and what is between is applied.
 * Images hold the whole state of the emulator, so that it is the same screen
 * whichever way one came.
 *
 * What may take long is done in portions: it answers TAPE_BUSY at a deadline,
 * and is to be called again.  Memory is bounded by that of a screen and of the
 * images, whatever the recording's length.
 */

struct tape;

enum tape_answer {
	/* 0: done.  RCD_END, RCD_MORE: there is nothing further. */
	TAPE_BUSY = 10,
	TAPE_FOUND = 11,
};

void tape_free(struct tape *t);
/* source: kept a pointer to. */
int tape_new(struct tape **out, struct source *source, int64_t channel,
    unsigned cols, unsigned rows) MUST_USE;

/* What is seen now, lent. */
struct stage *tape_stage(struct tape *t);
/* The time of the last event that was applied. */
uint64_t tape_at(const struct tape *t);
/* The time of the next event: 0; RCD_END, RCD_MORE, FAIL_*. */
int tape_next(struct tape *t, uint64_t *next_us) MUST_USE;
/* Apply it. */
int tape_step(struct tape *t) MUST_USE;

/* Apply all events up to t_us; deadline_ns: of mono_ns(). */
int tape_run(struct tape *t, uint64_t t_us, uint64_t deadline_ns) MUST_USE;
/*
 * Be ready to reach t_us by tape_run(): when it lies behind, or when an image
 * saves the way.
 */
int tape_wind(struct tape *t, uint64_t t_us) MUST_USE;
/* From here with this channel, or PICK_AUTO; reached by tape_run(). */
int tape_channel(struct tape *t, int64_t channel) MUST_USE;

/*
 * Search from here on: begin with a text, then tape_search() until it answers
 * TAPE_FOUND, with the place where it is seen first, or the end.
 */
int tape_search_start(struct tape *t, const char *text) MUST_USE;
int tape_search(struct tape *t, uint64_t deadline_ns) MUST_USE;
void tape_search_cancel(struct tape *t);

#endif /* REPLAY_TAPE_H */
