/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks in what the target writes for the echo of what was typed: of each
 * character by itself where an editor may take it for a command, otherwise of a
 * line, all or nothing, also of one that was typed ahead.
 */
#include "session/typed_impl.h"

enum {
	CELL_LOOK_AHEAD = 16, /* characters whose echo is looked for at once */
	AHEAD_LINE_MAX = 512, /* of a line typed ahead that is looked for */
};

static bool
same(struct screenline_at a, struct screenline_at b)
{
	return a.line == b.line && a.off == b.off;
}

void
typed_wait_settle(struct typed *t)
{
	const struct token *k;

	for (; t->wait < t->n; t->wait++) {
		k = typed_token(t, t->wait);
		if (token_is_char(k) && k->state == TOKEN_WAITING)
			break;
	}
}

static bool
is_waiting_cell(const struct token *k)
{
	return token_is_char(k) && k->state == TOKEN_WAITING &&
	       k->flags & TOKEN_CELLWISE;
}

/*
 * Of characters that are judged by themselves some are commands, which leave
 * no trace: the echo of the j-th is in one of j + 1 cells, or where the cursor
 * was left, and those before it are known not to come.
 */
static bool
match_cells(struct typed *t, uint32_t cp, struct screenline_at at)
{
	struct token *k;
	size_t i, j;

	for (j = 0; j < CELL_LOOK_AHEAD && t->wait + j < t->n; j++) {
		k = typed_token(t, t->wait + j);
		if (!is_waiting_cell(k))
			return false;
		if (k->cp != cp)
			continue;
		if ((k->line == at.line && at.off >= k->off &&
			at.off <= k->off + j) ||
		    same(at, t->hint))
			break;
	}
	if (j == CELL_LOOK_AHEAD || t->wait + j >= t->n)
		return false;
	for (i = 0; i < j; i++)
		typed_token(t, t->wait + i)->state = TOKEN_MISSED;
	typed_token(t, t->wait + j)->state = TOKEN_ECHOED;
	for (i = t->wait + j + 1;
	     i < t->n && is_waiting_cell(typed_token(t, i)); i++) {
		k = typed_token(t, i);
		k->line = at.line;
		k->off = at.off + typed_width(cp);
	}
	typed_wait_settle(t);
	return true;
}

/* Is it the character at i, in the very cell where its echo must appear? */
static bool
is_echo(const struct typed *t, size_t i, uint32_t cp, struct screenline_at at)
{
	const struct token *k = typed_token(t, i);

	return k->cp == cp && k->line == at.line && k->off == at.off;
}

/* The character at i, of a line that is all or nothing. */
static bool
match_line(struct typed *t, size_t i, uint32_t cp, struct screenline_at at)
{
	struct token *k = typed_token(t, i);
	struct token *next;

	if (k->cp != cp)
		return false;
	if (!is_echo(t, i, cp, at) && !same(at, t->hint) &&
	    !(k->flags & TOKEN_ANYWHERE))
		return false;
	k->state = TOKEN_ECHOED;
	k->line = at.line;
	k->off = at.off;
	if (i + 1 < t->n) {
		next = typed_token(t, i + 1);
		if (token_is_char(next) && next->flags & TOKEN_NEXT) {
			next->line = at.line;
			next->off = at.off + typed_width(cp);
		}
	}
	typed_wait_settle(t);
	return true;
}

/*
 * A line that was ended and is not echoed does not keep the next one from being
 * so: the first waiting character of that, or t->n.
 */
static size_t
wait_behind(const struct typed *t)
{
	const struct token *k;
	bool behind = false;
	size_t i;

	for (i = t->wait; i < t->n && i < t->wait + AHEAD_LINE_MAX; i++) {
		k = typed_token(t, i);
		if (k->flags & TOKEN_END)
			behind = true;
		else if (behind && token_is_char(k) &&
			 k->state == TOKEN_WAITING)
			return k->flags & (TOKEN_CELLWISE | TOKEN_SUSPECT)
				   ? t->n
				   : i;
	}
	return t->n;
}

/* The first token of the line that the waiting character at i belongs to. */
static bool
ahead_line(const struct typed *t, size_t i, size_t *first)
{
	size_t from = i;

	if (i >= t->n || !(typed_token(t, i)->flags & TOKEN_AHEAD))
		return false;
	while (i > 0 && !(typed_token(t, i - 1)->flags & TOKEN_END))
		if (from - --i > AHEAD_LINE_MAX)
			return false;
	*first = i;
	return true;
}

/* What other lines took of the cells of the one that was just found. */
static void
take_back(struct typed *t, size_t first)
{
	uint32_t cells = 0;
	struct token *k;
	size_t i;

	for (i = first; i < first + t->seq_n; i++)
		cells += typed_width(typed_token(t, i)->cp);
	for (i = 0; i < t->n; i++) {
		k = typed_token(t, i);
		if ((i >= first && i < first + t->seq_n) || !token_is_char(k) ||
		    k->state != TOKEN_ECHOED || k->line != t->seq_next.line ||
		    k->off >= t->seq_next.off ||
		    k->off + cells < t->seq_next.off)
			continue;
		k->state = TOKEN_WAITING;
		if (i < t->wait)
			t->wait = i;
	}
}

/*
 * A line typed ahead counts as echoed when all of it stands in a row.  True:
 * with the last cell it is.
 */
static bool
ahead_done(struct typed *t, size_t first)
{
	size_t i;

	if (t->seq_n < 2 || first + t->seq_n >= t->n ||
	    !(typed_token(t, first + t->seq_n)->flags & TOKEN_END))
		return false;
	for (i = 0; i < t->seq_n; i++)
		typed_token(t, first + i)->state = TOKEN_ECHOED;
	take_back(t, first);
	t->seq_n = 0;
	typed_wait_settle(t);
	return true;
}

void
typed_echo_end(struct typed *t)
{
	size_t first;

	if (t->n > 1 && ahead_line(t, t->n - 2, &first) &&
	    t->seq_run == t->popped + first)
		(void)ahead_done(t, first);
}

/*
 * The cell matched last, written once more with what it holds: line editors do
 * so behind the right margin, to learn where the cursor is.
 */
static bool
is_redrawn(
    const struct typed *t, size_t first, uint32_t cp, struct screenline_at at)
{
	return t->seq_n > 0 && typed_token(t, first + t->seq_n - 1)->cp == cp &&
	       at.line == t->seq_next.line &&
	       at.off + typed_width(cp) == t->seq_next.off;
}

/* True: with this cell the whole line is there. */
static bool
match_ahead(struct typed *t, size_t i, uint32_t cp, struct screenline_at at)
{
	const struct token *k;
	size_t first;

	if (!ahead_line(t, i, &first))
		return false;
	if (t->seq_run != t->popped + first) {
		t->seq_run = t->popped + first;
		t->seq_n = 0;
	}
	if (first + t->seq_n >= t->n || is_redrawn(t, first, cp, at))
		return false;
	k = typed_token(t, first + t->seq_n);
	if (!token_is_char(k) || k->cp != cp ||
	    (t->seq_n > 0 && !same(at, t->seq_next))) {
		t->seq_n = 0;
		k = typed_token(t, first);
		if (!token_is_char(k) || k->cp != cp)
			return false;
	}
	t->seq_n++;
	t->seq_next = at;
	t->seq_next.off += typed_width(cp);
	return ahead_done(t, first);
}

static bool
is_line_char(const struct typed *t, size_t i)
{
	return i < t->n &&
	       !(typed_token(t, i)->flags & (TOKEN_CELLWISE | TOKEN_SUSPECT));
}

/* A cell of a line, or of the one behind it: of which is told by the place. */
static void
match_lines(struct typed *t, uint32_t cp, struct screenline_at at)
{
	size_t behind = t->ends > 0 ? wait_behind(t) : t->n;
	bool head = is_line_char(t, t->wait);
	bool next = is_line_char(t, behind);

	if (next && is_echo(t, behind, cp, at) &&
	    !(head && is_echo(t, t->wait, cp, at)))
		head = false;
	if (head && match_line(t, t->wait, cp, at))
		return;
	if (t->wait < t->n && !(typed_token(t, t->wait)->flags & TOKEN_AHEAD) &&
	    match_ahead(t, behind, cp, at))
		return;
	/* It may have been the last that was missing. */
	if (next && is_line_char(t, behind = wait_behind(t)))
		(void)match_line(t, behind, cp, at);
}

void
typed_echo_put(void *ctx, uint32_t cp, struct screenline_at at)
{
	struct typed *t = ctx;

	if (t->wait >= t->n)
		return;
	if (typed_token(t, t->wait)->flags & TOKEN_CELLWISE) {
		if (match_cells(t, cp, at))
			return;
	} else if (match_ahead(t, t->wait, cp, at)) {
		/* It is not one of the next line as well. */
		return;
	}
	if (t->wait < t->n)
		match_lines(t, cp, at);
}
