/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_CELL_H
#define REPLAY_CELL_H

#include <stdbool.h>
#include <stddef.h>

#include <vterm.h>

#include "recorder/replay/screen.h"

/*
 * A cell of libvterm as text and as a cell of screen.h.  What must not reach a
 * terminal is replaced here.
 */

/* Nothing, or a blank. */
bool cell_is_blank(const VTermScreenCell *v);

/*
 * Its text to dst, not terminated; returns the length, at most SCREEN_CHARS * 4
 * bytes, and 0 for the right half of a wide character.
 */
size_t cell_text(char *dst, const VTermScreenCell *v);

void cell_get(struct screen_cell *c, const VTermScreenCell *v);

#endif /* REPLAY_CELL_H */
