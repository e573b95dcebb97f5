/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_KEYIN_H
#define REPLAY_KEYIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "recorder/replay/hits.h"

/* What the person at the player types: keys, and lines of text. */

enum keyin {
	KEYIN_NONE, /* a key that does nothing */
#define KEYIN(name, keys, text) KEYIN_##name,
#define KEYIN_SEQ(name, bytes)
#include "recorder/replay/keyin_tbl.h"
#undef KEYIN
#undef KEYIN_SEQ
};

/*
 * Take one key from the front of in.  False: nothing is there, or the begin of
 * a sequence whose rest may come; flush: it will not.
 */
bool keyin_take(struct span *in, bool flush, enum keyin *key);

/* The keys for people: the i-th row, false behind the last one. */
bool keyin_help(size_t i, const char **keys, const char **text);

/* A line that is being typed. */
struct keyin_line {
	char text[HITS_TEXT];
	size_t len;
};

enum keyin_end {
	KEYIN_GOING, /* not ended */
	KEYIN_DONE,
	KEYIN_LEFT, /* given up */
};

/* Take one character from the front of in, as keyin_take() does. */
bool keyin_line_take(
    struct keyin_line *l, struct span *in, bool flush, enum keyin_end *end);

#endif /* REPLAY_KEYIN_H */
