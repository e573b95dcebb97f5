/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_SCAN_H
#define REPLAY_SCAN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * Where in a run of output the screen is about to lose what it shows, so that
 * it can be read before.  Knows just these sequences; one that is split between
 * two runs is not found.
 */

enum scan_kind {
	SCAN_NONE,
	SCAN_WIPE,	/* the whole screen is erased, or the terminal reset */
	SCAN_BELOW,	/* erased from the cursor to the end */
	SCAN_LEAVE_ALT, /* back from the alternate screen */
};

struct scan_hit {
	enum scan_kind kind;
	size_t at;  /* bytes before the sequence */
	size_t len; /* of the sequence */
};

struct scan_hit scan_next(struct span bytes);

#endif /* REPLAY_SCAN_H */
