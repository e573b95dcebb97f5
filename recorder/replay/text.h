/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_TEXT_H
#define REPLAY_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "recorder/replay/source.h"

/*
 * A session as plain text, to be read and searched: every line once, when it
 * has scrolled out of its screen or is about to be wiped, and what the screen
 * shows in the end.  Of full-screen programs it is their last picture.  Lines
 * that were broken by the edge of the terminal are put together again.  Holds
 * only printable characters and newlines.
 *
 * With more than one channel each change of channel is announced by a line
 * "==> channel 1: exec uname -a <==".  Bytes that are no text are counted.
 * At most TEXT_LANES channels are kept on screens at a time: when more are
 * open, that which was silent for longest is given out as it stands.
 */

enum { TEXT_LANES = 16 };

struct text_opts {
	int64_t channel;  /* or PICK_AUTO: all */
	uint64_t from_us; /* nothing that ended before */
};

/*
 * All that source still has.  Answers what ended it: RCD_END, RCD_MORE, or a
 * FAIL_* code (FAIL_SYS: `to` cannot be written).
 */
int text_print(
    struct source *source, FILE *to, const struct text_opts *o) MUST_USE;

#endif /* REPLAY_TEXT_H */
