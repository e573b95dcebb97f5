/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_SCREEN_H
#define REPLAY_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * The screen that the user saw: recorded output goes into a terminal emulator
 * (libvterm), and what comes out are cells.  Nothing that is recorded reaches
 * another terminal but by way of these cells, and answers that the recorded
 * program asked of its terminal go nowhere.
 *
 * A screen can be saved and taken back to what was saved, see arena.h.
 * After FAIL_NOMEM it is dead: every call but _free, _load and _reset answers
 * so.
 */

struct screen;

enum {
	SCREEN_COLS_MIN = 2,	/* a wide character must fit */
	SCREEN_COLS_MAX = 1024, /* larger ones are cut to this */
	SCREEN_ROWS_MAX = 512,
	SCREEN_CHARS = 6,		  /* code points in a cell */
	SCREEN_ARENA = 128 * 1024 * 1024, /* address space, not memory */
	/* Text of a row, in bytes, at most. */
	SCREEN_ROW_SIZE = SCREEN_COLS_MAX * SCREEN_CHARS * 4 + 1,
};

/*
 * A line has scrolled out at the top.  text is lent, UTF-8, only printable
 * characters; wraps: it goes on in the next one.
 */
typedef void screen_scrolled_fn(void *ctx, struct span text, bool wraps);

struct screen_opts {
	unsigned cols, rows;
	bool newline; /* "\n" returns to the first column as well */
	size_t arena; /* bytes; 0: SCREEN_ARENA */
	screen_scrolled_fn *scrolled; /* may be NULL */
	void *ctx;
};

void screen_free(struct screen *s);
int screen_new(struct screen **out, const struct screen_opts *o) MUST_USE;

/* Whom to tell of lines from now on; NULL: nobody. */
void screen_listen(struct screen *s, screen_scrolled_fn *fn, void *ctx);

int screen_feed(struct screen *s, struct span bytes) MUST_USE;
int screen_resize(struct screen *s, unsigned cols, unsigned rows) MUST_USE;
/* As new, of this size. */
int screen_reset(
    struct screen *s, unsigned cols, unsigned rows, bool newline) MUST_USE;

void screen_size(const struct screen *s, unsigned *cols, unsigned *rows);
/* Where the cursor is; false: it is hidden. */
bool screen_cursor(const struct screen *s, unsigned *row, unsigned *col);
/* A full-screen program shows the alternate screen. */
bool screen_is_alt(const struct screen *s);

enum screen_attr {
	SCREEN_BOLD = 1,
	SCREEN_UNDERLINE = 2,
	SCREEN_ITALIC = 4,
	SCREEN_BLINK = 8,
	SCREEN_REVERSE = 16,
	SCREEN_STRIKE = 32,
};

enum screen_color { COLOR_DEFAULT = 0, COLOR_INDEX = 1, COLOR_RGB = 2 };

/* A color: kind << 24, and below it the index or red, green, blue. */
struct screen_cell {
	uint32_t chars[SCREEN_CHARS]; /* zero-terminated unless full */
	uint32_t fg, bg;
	uint8_t attrs;
	uint8_t width; /* 1, or 2; the cell behind a wide one has chars[0] 0 */
};

/* All but blank cells have printable chars. */
int screen_cell(struct screen *s, unsigned row, unsigned col,
    struct screen_cell *c) MUST_USE;
/*
 * The text of a row, without blanks at its end, zero-terminated; returns its
 * length.  dst holds SCREEN_ROW_SIZE bytes.
 */
size_t screen_row(struct screen *s, unsigned row, char *dst);
/* The row goes on in the next one. */
bool screen_wraps(const struct screen *s, unsigned row);
/* Rows that may have changed since the last screen_seen(). */
bool screen_changed(const struct screen *s, unsigned row);
void screen_seen(struct screen *s);

/* All of it to the end of out; and back from the whole of s. */
int screen_save(const struct screen *s, struct buf *out) MUST_USE;
int screen_load(struct screen *s, struct span image) MUST_USE;

#endif /* REPLAY_SCREEN_H */
