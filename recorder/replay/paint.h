/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PAINT_H
#define REPLAY_PAINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/replay/screen.h"

/*
 * Paints on the viewer's terminal.  A picture is made of cells in memory; then
 * only what differs from the picture before is sent.  All that is ever sent are
 * printable characters, absolute cursor positions, colors and attributes: there
 * is no way for anything else to pass.
 *
 * When the picture is larger than the terminal, the part with the cursor in it
 * is seen.
 */

struct paint;

void paint_free(struct paint *p);
/* rgb: the terminal knows more than 256 colors. */
int paint_new(struct paint **out, bool rgb) MUST_USE;

/* The viewer's terminal is so large; all of it is painted anew. */
int paint_size(struct paint *p, unsigned cols, unsigned rows) MUST_USE;
void paint_forget(struct paint *p);
void paint_get_size(const struct paint *p, unsigned *cols, unsigned *rows);

/* The picture: the screen in the upper `rows` rows of the terminal, ... */
int paint_screen(struct paint *p, struct screen *s, unsigned rows) MUST_USE;
/* ... or nothing, ... */
void paint_clear(struct paint *p);
/* ... and over it a line of text, padded to the right if it is reversed. */
void paint_line(struct paint *p, unsigned row, const char *text, bool reversed);
/* Put the cursor there. */
void paint_cursor(struct paint *p, unsigned row, unsigned col, bool visible);

/* Append to out what makes the terminal show the picture. */
int paint_send(struct paint *p, struct buf *out) MUST_USE;

#endif /* REPLAY_PAINT_H */
