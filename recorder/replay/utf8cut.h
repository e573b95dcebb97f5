/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_UTF8CUT_H
#define REPLAY_UTF8CUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/utf8.h"

/*
 * UTF-8 that comes in runs which may end in the middle of a character: what was
 * cut off is kept for the next run.  A plain value: copying it is saving it.
 */

struct utf8cut {
	uint8_t tail[UTF8_MAX];
	size_t len;
};

/* Bytes at the end of s that begin a character which is not whole. */
size_t utf8cut_len(struct span s);

/*
 * The characters that are whole with in: first *head (in memory of head_mem),
 * then *body, which lies in in; either may be empty.  One that was cut and does
 * not go on is U+FFFD in *head.
 */
void utf8cut_take(struct utf8cut *c, struct span in, uint8_t head_mem[UTF8_MAX],
    struct span *head, struct span *body);

#endif /* REPLAY_UTF8CUT_H */
