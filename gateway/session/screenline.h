/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_SCREENLINE_H
#define GATEWAY_SESSION_SCREENLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * The line of a terminal that its cursor is on: follows the bytes that are
 * shown just closely enough to say where the next character will appear, and
 * what stands left of it.  It is not an emulator: it knows neither the height
 * of the screen nor any line but the last three that were written to.
 *
 * A line is a logical one: text that wraps at the right margin goes on in the
 * same line, at offset columns and up.
 */

enum {
	SCREENLINE_COLUMNS_MAX = 1024,
	SCREENLINE_CELLS = 256, /* of a line that are remembered */
	SCREENLINE_LINES = 3,
	SCREENLINE_PARAMS = 8,
	SCREENLINE_PARAM_MAX = 9999,
	SCREENLINE_OFF_MAX = 1 << 20, /* beyond it a new line begins */
	SCREENLINE_STATES = 7,	      /* of the parser */
};

/* A place.  Two places are the same cell when both members are equal. */
struct screenline_at {
	uint64_t line; /* never used again, except for absolute addresses */
	uint32_t off;
};

/* Code point cp was written at a place. */
typedef void screenline_put_fn(void *ctx, uint32_t cp, struct screenline_at at);
/* The cursor went on to the next line. */
typedef void screenline_feed_fn(void *ctx);

struct screenline_cells {
	uint64_t line;
	uint64_t used;		       /* for taking the one unused longest */
	uint32_t extent;	       /* one past the last cell written */
	uint16_t cp[SCREENLINE_CELLS]; /* 0: blank */
};

struct screenline {
	screenline_put_fn *put;
	screenline_feed_fn *feed;
	void *ctx;
	struct screenline_at at;
	struct screenline_at saved;
	struct screenline_cells lines[SCREENLINE_LINES];
	unsigned cur; /* of lines */
	uint64_t fresh;
	uint64_t erased; /* times that the cursor's line was wiped clean */
	uint32_t columns;
	uint32_t last_cp;
	bool wrap; /* the next character goes to the next row */
	bool no_wrap;
	bool alt; /* the alternate screen is shown */
	/* the parser */
	uint8_t state;
	uint8_t private_mark;
	uint8_t n_params;
	uint8_t n_utf8;
	uint8_t utf8[4];
	uint32_t params[SCREENLINE_PARAMS];
	uint32_t string_len;
};

/* ctx is kept a pointer to.  columns 0: 80. */
void screenline_init(struct screenline *s, uint32_t columns,
    screenline_put_fn *put, screenline_feed_fn *feed, void *ctx);
void screenline_resize(struct screenline *s, uint32_t columns);
void screenline_output(struct screenline *s, const uint8_t *p, size_t len);

/* Where the next character would be written. */
struct screenline_at screenline_next(const struct screenline *s);
/* The cells left of the cursor; at most SCREENLINE_CELLS. */
const uint16_t *screenline_left(const struct screenline *s, size_t *n);

/* Everything but the callbacks, for another process. */
int screenline_export(const struct screenline *s, struct buf *out) MUST_USE;
int screenline_import(struct screenline *s, struct span *in) MUST_USE;

/*
 * A code point for a byte that is not UTF-8, so that it is compared as what
 * it is.
 */
static inline uint32_t
screenline_raw_byte(uint8_t byte)
{
	return 0x110000U | byte;
}

#endif /* GATEWAY_SESSION_SCREENLINE_H */
