/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PICK_H
#define REPLAY_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/event.h"
#include "recorder/replay/chans.h"

/*
 * Which channel is seen where only one can be: that of a number, or by itself
 * the one that a person looked at.  By itself it takes the first channel with
 * output for eyes, leaves one without terminal for one with, and goes on to the
 * next when the one it shows is closed.  So a session of one shell is that
 * shell, and one of many commands shows them in the order of time.
 *
 * A plain value: copying it is saving it.
 */

enum { PICK_AUTO = -1 };

struct pick {
	int64_t want; /* a channel's number, or PICK_AUTO */
	bool has;     /* one was taken */
	bool pty;
	bool open;
	uint32_t number; /* of the one that is seen */
};

enum pick_news {
	PICK_OTHER, /* the event is of another channel */
	PICK_SEEN,  /* it is of the one that is seen */
	PICK_TAKEN, /* the same, and it was just taken: begin anew */
};

void pick_init(struct pick *p, int64_t want);
/* ch: the event's channel, which has learned of it already; NULL: none. */
enum pick_news pick_event(
    struct pick *p, const struct rcd_event_view *e, const struct chan *ch);

#endif /* REPLAY_PICK_H */
