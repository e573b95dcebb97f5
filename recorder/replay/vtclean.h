/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_VTCLEAN_H
#define REPLAY_VTCLEAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "recorder/replay/utf8cut.h"

/*
 * What of a target's output reaches the terminal emulator: text, and those
 * control sequences that draw.  The library that emulates was not made for
 * hostile input (it loops on a repetition of nothing, and writes where it must
 * not behind characters without a width), and much of what a target may send
 * has nothing to draw: strings (OSC, DCS, APC, PM, SOS), questions, modes of
 * keyboards and printers.  Those go here:
 *
 *	text		valid UTF-8; else U+FFFD
 *	numbers		at most VTCLEAN_NUMBER
 *	REP		the character that is repeated
 *	anything else	nothing
 *
 * A string that does not end is given up, at a new line or after
 * VTCLEAN_STRING bytes, so that nothing can be hidden from an auditor by
 * beginning one.  A plain value: copying it is saving it.
 */

enum {
	VTCLEAN_SEQ = 64,
	VTCLEAN_NUMBER = 9999,
	VTCLEAN_STRING = 1024 * 1024, /* of DCS: pictures have many lines */
};

struct vtclean {
	uint8_t state;	/* 0: between sequences */
	uint8_t string; /* the byte that began it */
	uint8_t len;	/* of seq */
	uint8_t seq[VTCLEAN_SEQ];
	uint32_t string_len;
	uint32_t last; /* character that may be repeated; 0: none */
	struct utf8cut cut;
};

typedef void vtclean_fn(void *ctx, const uint8_t *p, size_t n);

/* All of in; what is left of it goes to fn, in order. */
void vtclean_push(struct vtclean *c, struct span in, vtclean_fn *fn, void *ctx);

#endif /* REPLAY_VTCLEAN_H */
