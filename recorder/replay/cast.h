/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_CAST_H
#define REPLAY_CAST_H

#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "recorder/replay/source.h"

/*
 * A session as an asciicast, version 2 or 3: what asciinema and its players
 * read.  One channel, see pick.h; where another one is taken, a marker says so
 * and the screen is reset.  Bookmarks become markers.
 *
 * The bytes are those that the target sent, control sequences and all, except
 * that what is no UTF-8 becomes U+FFFD, because JSON holds nothing else.
 * Characters that were cut between two chunks are whole.
 */

struct cast_opts {
	int64_t channel;      /* or PICK_AUTO */
	int version;	      /* 2 or 3 */
	uint64_t max_idle_us; /* advice to the player; 0: none */
};

/* Answers as text_print() does. */
int cast_print(
    struct source *source, FILE *to, const struct cast_opts *o) MUST_USE;

#endif /* REPLAY_CAST_H */
