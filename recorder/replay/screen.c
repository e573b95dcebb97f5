/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded output to cells, by libvterm.  The library does not cope with a
 * failing allocation; so its memory comes from an arena whose end leaves the
 * library by longjmp, and the arena is then thrown away as a whole.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vterm.h>

#include "base/fail.h"

#include "recorder/replay/arena.h"
#include "recorder/replay/cell.h"
#include "recorder/replay/screen.h"
#include "recorder/replay/vtclean.h"

/* What is not in the arena, and saved beside it. */
struct side {
	VTerm *vt;
	VTermState *state;
	VTermScreen *vs;
	uint32_t cols, rows;
	bool newline;
	bool alt;
	bool cursor;
	bool dead;
	struct vtclean clean;
	/* The last glyph reached the right margin, in this row. */
	bool edge;
	uint32_t edge_row, edge_end;
	uint32_t pushed; /* rows scrolled out by the scroll that is under way */
	bool wraps[SCREEN_ROWS_MAX];
};

struct screen {
	struct side side;
	struct arena *arena;
	screen_scrolled_fn *scrolled;
	void *ctx;
	jmp_buf *full; /* where to go when the arena is full */
	bool changed[SCREEN_ROWS_MAX];
	char text[SCREEN_ROW_SIZE];
};

/* ---- memory of the library */

static void *
vt_malloc(size_t n, void *ctx)
{
	struct screen *s = ctx;
	void *p = arena_get(s->arena, n);

	if (p == NULL) {
		MUST(s->full != NULL);
		longjmp(*s->full, 1);
	}
	return p;
}

static void
vt_free(void *p, void *ctx)
{
	struct screen *s = ctx;

	arena_put(s->arena, p);
}

static VTermAllocatorFunctions allocator = {
    .malloc = vt_malloc, .free = vt_free};

/* ---- what the library reports */

/* n cells to s->text. */
static struct span
cells_text(struct screen *s, const VTermScreenCell *cells, size_t n, bool all)
{
	size_t len = 0, i;

	while (!all && n > 0 && cell_is_blank(&cells[n - 1]))
		n--;
	for (i = 0; i < n; i++)
		len += cell_text(s->text + len, &cells[i]);
	s->text[len] = '\0';
	return SPAN(s->text, len);
}

static void
mark(struct screen *s, int from, int to)
{
	for (; from < to && from < (int)s->side.rows; from++)
		if (from >= 0)
			s->changed[from] = true;
}

/* Has this glyph, the first of its row, come there by running over? */
static void
wrap_check(struct side *x, VTermRect r)
{
	uint32_t row = (uint32_t)r.start_row;

	if (!x->edge || r.start_col != 0 || row == 0)
		return;
	if (row != x->edge_row && row != x->edge_row + 1)
		return;
	/* One column is left empty only by a wide character. */
	if (x->edge_end < x->cols && r.end_col - r.start_col < 2)
		return;
	x->wraps[row - 1] = true;
}

static int
on_damage(VTermRect r, void *ctx)
{
	struct screen *s = ctx;
	struct side *x = &s->side;
	int row;

	mark(s, r.start_row, r.end_row);
	if (r.start_row < 0 || r.end_row > (int)x->rows)
		return 1;
	if (r.end_row - r.start_row != 1 || r.end_col - r.start_col > 2) {
		if (r.end_col >= (int)x->cols)
			for (row = r.start_row; row < r.end_row; row++)
				x->wraps[row] = false;
		return 1;
	}
	wrap_check(x, r);
	if (r.end_col >= (int)x->cols)
		x->wraps[r.start_row] = false;
	x->edge = r.end_col + 1 >= (int)x->cols;
	x->edge_row = (uint32_t)r.start_row;
	x->edge_end = (uint32_t)r.end_col;
	return 1;
}

static int
on_moverect(VTermRect dest, VTermRect src, void *ctx)
{
	struct side *x = &((struct screen *)ctx)->side;
	int n = dest.end_row - dest.start_row;

	x->pushed = 0;
	if (dest.start_row < 0 || src.start_row < 0 || n <= 0 ||
	    dest.end_row > (int)x->rows || src.end_row > (int)x->rows)
		return 0;
	memmove(&x->wraps[dest.start_row], &x->wraps[src.start_row],
	    (size_t)n * sizeof(x->wraps[0]));
	/* Not taken: the library then reports the rows as changed; what it
	 * says of whole rows must not undo what was just moved. */
	mark(ctx, dest.start_row, dest.end_row);
	return 1;
}

static int
on_movecursor(VTermPos pos, VTermPos old, int visible, void *ctx)
{
	struct side *x = &((struct screen *)ctx)->side;

	(void)old;
	(void)visible;
	if (pos.row != (int)x->edge_row || pos.col + 1 < (int)x->cols)
		x->edge = false;
	return 1;
}

static int
on_settermprop(VTermProp prop, VTermValue *val, void *ctx)
{
	struct screen *s = ctx;

	if (prop == VTERM_PROP_ALTSCREEN)
		s->side.alt = val->boolean != 0;
	else if (prop == VTERM_PROP_CURSORVISIBLE)
		s->side.cursor = val->boolean != 0;
	else if (prop == VTERM_PROP_REVERSE)
		mark(s, 0, (int)s->side.rows);
	return 1;
}

static int
on_pushline(int cols, const VTermScreenCell *cells, void *ctx)
{
	struct screen *s = ctx;
	uint32_t row = s->side.pushed++;
	bool wraps = row < s->side.rows && s->side.wraps[row];

	if (cols <= 0)
		return 1;
	if (cols > SCREEN_COLS_MAX)
		cols = SCREEN_COLS_MAX;
	s->scrolled(s->ctx, cells_text(s, cells, (size_t)cols, wraps), wraps);
	return 1;
}

static const VTermScreenCallbacks callbacks = {
    .damage = on_damage,
    .moverect = on_moverect,
    .movecursor = on_movecursor,
    .settermprop = on_settermprop,
};

static const VTermScreenCallbacks with_lines = {
    .damage = on_damage,
    .moverect = on_moverect,
    .movecursor = on_movecursor,
    .settermprop = on_settermprop,
    .sb_pushline = on_pushline,
};

/* Lines that scroll out cost a fifth of all: only for whoever listens. */
static void
callbacks_set(struct screen *s)
{
	if (!s->side.dead)
		vterm_screen_set_callbacks(s->side.vs,
		    s->scrolled != NULL ? &with_lines : &callbacks, s);
}

/* The emulated terminal is asked who it is: nobody hears the answer. */
static void
on_answer(const char *p, size_t len, void *ctx)
{
	(void)p;
	(void)len;
	(void)ctx;
}

/* ---- life cycle */

static unsigned
bounded(unsigned v, unsigned min, unsigned max)
{
	return v < min ? min : v > max ? max : v;
}

static void
build(struct screen *s)
{
	struct side *x = &s->side;

	x->vt =
	    vterm_new_with_allocator((int)x->rows, (int)x->cols, &allocator, s);
	vterm_set_utf8(x->vt, 1);
	vterm_output_set_callback(x->vt, on_answer, s);
	x->state = vterm_obtain_state(x->vt);
	x->vs = vterm_obtain_screen(x->vt);
	callbacks_set(s);
	vterm_screen_set_damage_merge(x->vs, VTERM_DAMAGE_CELL);
	vterm_screen_reset(x->vs, 1);
	/* Behind the reset: it is made of the colors that are set by then. */
	vterm_screen_enable_altscreen(x->vs, 1);
}

int
screen_reset(struct screen *s, unsigned cols, unsigned rows, bool newline)
{
	jmp_buf full;

	memset(&s->side, 0, sizeof(s->side));
	s->side.cols = bounded(cols, SCREEN_COLS_MIN, SCREEN_COLS_MAX);
	s->side.rows = bounded(rows, 1, SCREEN_ROWS_MAX);
	s->side.newline = newline;
	s->side.cursor = true;
	arena_reset(s->arena);
	memset(s->changed, 1, sizeof(s->changed));
	s->full = &full;
	if (setjmp(full) != 0) {
		s->side.dead = true;
		s->full = NULL;
		return FAIL_NOMEM;
	}
	build(s);
	s->full = NULL;
	return 0;
}

static void
screen_fini(struct screen *s)
{
	arena_free(s->arena); /* and the emulator with it */
	free(s);
}

void
screen_free(struct screen *s)
{
	if (s != NULL)
		screen_fini(s);
}

int
screen_new(struct screen **out, const struct screen_opts *o)
{
	struct screen *s = calloc(1, sizeof(*s));
	int r = FAIL_NOMEM;

	*out = NULL;
	if (s == NULL)
		return r;
	s->arena = arena_new(o->arena != 0 ? o->arena : SCREEN_ARENA);
	if (s->arena == NULL ||
	    (r = screen_reset(s, o->cols, o->rows, o->newline)) != 0) {
		screen_fini(s);
		return r;
	}
	screen_listen(s, o->scrolled, o->ctx);
	*out = s;
	return 0;
}

void
screen_listen(struct screen *s, screen_scrolled_fn *fn, void *ctx)
{
	s->scrolled = fn;
	s->ctx = ctx;
	callbacks_set(s);
}

/* ---- bytes in */

static void
on_clean(void *ctx, const uint8_t *p, size_t n)
{
	struct screen *s = ctx;

	(void)vterm_input_write(s->side.vt, (const char *)p, n);
}

static void
write_bytes(struct screen *s, struct span in)
{
	vtclean_push(&s->side.clean, in, on_clean, s);
}

static void
write_newlines(struct screen *s, struct span in)
{
	const uint8_t *p = in.p, *end = in.p + in.len, *nl;

	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		if (nl > p)
			write_bytes(s, SPAN(p, (size_t)(nl - p)));
		if (nl < end)
			write_bytes(s, SPAN("\r\n", 2));
		p = nl + 1;
	}
}

/* By pointer, not inlined: what lives across setjmp() must be in memory. */
static NOINLINE void
write_any(struct screen *s, const struct span *in)
{
	if (s->side.newline)
		write_newlines(s, *in);
	else if (in->len > 0)
		write_bytes(s, *in);
}

int
screen_feed(struct screen *s, struct span bytes)
{
	jmp_buf full;

	if (s->side.dead)
		return FAIL_NOMEM;
	s->full = &full;
	if (setjmp(full) != 0) {
		s->side.dead = true;
		s->full = NULL;
		return FAIL_NOMEM;
	}
	write_any(s, &bytes);
	s->full = NULL;
	return 0;
}

/*
 * The library takes the cursor up with the rows that it pushes out, if need be
 * beyond the first one, and would write there next.
 */
static void
cursor_down(struct screen *s)
{
	VTermPos pos;
	char seq[16];
	int n;

	vterm_state_get_cursorpos(s->side.state, &pos);
	if (pos.row >= 0)
		return;
	n = snprintf(seq, sizeof(seq), "\033[1;%dH", pos.col + 1);
	(void)vterm_input_write(s->side.vt, seq, (size_t)n);
}

int
screen_resize(struct screen *s, unsigned cols, unsigned rows)
{
	jmp_buf full;

	if (s->side.dead)
		return FAIL_NOMEM;
	cols = bounded(cols, SCREEN_COLS_MIN, SCREEN_COLS_MAX);
	rows = bounded(rows, 1, SCREEN_ROWS_MAX);
	if (cols == s->side.cols && rows == s->side.rows)
		return 0;
	s->full = &full;
	if (setjmp(full) != 0) {
		s->side.dead = true;
		s->full = NULL;
		return FAIL_NOMEM;
	}
	s->side.pushed = 0;
	vterm_set_size(s->side.vt, (int)rows, (int)cols);
	cursor_down(s);
	s->side.cols = cols;
	s->side.rows = rows;
	s->side.edge = false;
	s->side.pushed = 0;
	memset(s->side.wraps, 0, sizeof(s->side.wraps));
	memset(s->changed, 1, sizeof(s->changed));
	s->full = NULL;
	return 0;
}

/* ---- cells out */

void
screen_size(const struct screen *s, unsigned *cols, unsigned *rows)
{
	*cols = s->side.cols;
	*rows = s->side.rows;
}

bool
screen_cursor(const struct screen *s, unsigned *row, unsigned *col)
{
	VTermPos pos = {0};

	if (!s->side.dead)
		vterm_state_get_cursorpos(s->side.state, &pos);
	*row = pos.row < 0 ? 0 : (unsigned)pos.row;
	*col = pos.col < 0 ? 0 : (unsigned)pos.col;
	if (*row >= s->side.rows)
		*row = s->side.rows - 1;
	if (*col >= s->side.cols)
		*col = s->side.cols - 1;
	return s->side.cursor;
}

bool
screen_is_alt(const struct screen *s)
{
	return s->side.alt;
}

int
screen_cell(struct screen *s, unsigned row, unsigned col, struct screen_cell *c)
{
	VTermPos pos = {.row = (int)row, .col = (int)col};
	VTermScreenCell v;

	memset(c, 0, sizeof(*c));
	c->width = 1;
	if (s->side.dead)
		return FAIL_NOMEM;
	memset(&v, 0, sizeof(v));
	if (row >= s->side.rows || col >= s->side.cols ||
	    !vterm_screen_get_cell(s->side.vs, pos, &v))
		return FAIL_RANGE;
	cell_get(c, &v);
	return 0;
}

size_t
screen_row(struct screen *s, unsigned row, char *dst)
{
	size_t len = 0, end = 0;
	VTermScreenCell v;
	VTermPos pos = {.row = (int)row};

	dst[0] = '\0';
	if (s->side.dead || row >= s->side.rows)
		return 0;
	for (; pos.col < (int)s->side.cols; pos.col++) {
		if (!vterm_screen_get_cell(s->side.vs, pos, &v))
			break;
		len += cell_text(dst + len, &v);
		if (!cell_is_blank(&v))
			end = len;
	}
	if (s->side.wraps[row])
		end = len;
	dst[end] = '\0';
	return end;
}

bool
screen_wraps(const struct screen *s, unsigned row)
{
	return row < s->side.rows && s->side.wraps[row];
}

bool
screen_changed(const struct screen *s, unsigned row)
{
	return row < s->side.rows && s->changed[row];
}

void
screen_seen(struct screen *s)
{
	memset(s->changed, 0, sizeof(s->changed));
}

/* ---- back in time */

int
screen_save(const struct screen *s, struct buf *out)
{
	struct span image = arena_image(s->arena);
	int r = buf_put(out, &s->side, sizeof(s->side));

	return r != 0 ? r : buf_put(out, image.p, image.len);
}

int
screen_load(struct screen *s, struct span image)
{
	const uint8_t *p;
	int r;

	if ((r = span_take(&image, sizeof(s->side), &p)) != 0 ||
	    (r = arena_restore(s->arena, image)) != 0)
		return r;
	memcpy(&s->side, p, sizeof(s->side));
	callbacks_set(s);
	memset(s->changed, 1, sizeof(s->changed));
	return 0;
}
