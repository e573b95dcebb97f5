/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_STAGE_H
#define REPLAY_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/event.h"
#include "recorder/replay/chans.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/screen.h"

/*
 * What is seen of a session at one moment: one channel (see pick.h) on its
 * screen, and what the gateway said last.  Made by applying events in order;
 * can be saved whole, and taken back to what was saved.
 */

enum { STAGE_NOTE = 160 };

struct stage {
	struct screen *screen;
	struct chans chans;
	struct pick pick;
	uint64_t work;	       /* bytes of output that were applied */
	uint64_t note_us;      /* when note was said; 0: nothing was */
	char note[STAGE_NOTE]; /* escaped: "pause: by an auditor" */
	/* Of what has no terminal. */
	unsigned cols, rows;
};

void stage_free(struct stage *s);
int stage_new(
    struct stage **out, int64_t channel, unsigned cols, unsigned rows) MUST_USE;
/* As before the first event. */
int stage_reset(struct stage *s) MUST_USE;

int stage_apply(struct stage *s, const struct rcd_event_view *e) MUST_USE;

int stage_save(const struct stage *s, struct buf *out) MUST_USE;
int stage_load(struct stage *s, struct span image) MUST_USE;

#endif /* REPLAY_STAGE_H */
