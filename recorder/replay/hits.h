/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_HITS_H
#define REPLAY_HITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "recorder/replay/screen.h"

/*
 * Searches a screen while it changes: does a text appear on it that was not
 * there before?  It counts the lines that hold the text, on the screen and
 * among those that scroll out of it meanwhile, so that one that only moves is
 * not found again.  Lines that were broken by the edge of the terminal are
 * searched as one.
 *
 * A text without capitals matches capitals too; one with them is taken as it
 * is.
 */

struct hits;

enum { HITS_TEXT = 256 };

/* The screen is told to talk to nobody else. */
void hits_free(struct hits *h);
/*
 * What is there now is not found.  screen: kept a pointer to, listened to.
 * text: at most HITS_TEXT - 1 bytes count.
 */
int hits_new(
    struct hits **out, struct screen *screen, const char *text) MUST_USE;

/* Is there more of it than at the last call? */
bool hits_more(struct hits *h);

#endif /* REPLAY_HITS_H */
