/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds what was typed until it has been seen: gives each character the cell
 * in which its echo must appear, and looks for it in what the target writes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "session/prompt.h"
#include "session/typed_impl.h"

enum {
	CELL_LOOK_AHEAD = 16, /* characters whose echo is looked for at once */
	AHEAD_LINE_MAX = 512, /* of a line typed ahead that is looked for */
	RAW_MAX = TYPED_PENDING_MAX * TYPED_KEY_RAW,
};

static bool
same(struct screenline_at a, struct screenline_at b)
{
	return a.line == b.line && a.off == b.off;
}

static uint32_t
width(uint32_t cp)
{
	return cp > 0x10ffff ? 1 : utf8_width(cp);
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

/* ---- output: looking for echoes */

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
		k->off = at.off + width(cp);
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
	if (i + 1 < t->n) {
		next = typed_token(t, i + 1);
		if (token_is_char(next) && next->flags & TOKEN_NEXT) {
			next->line = at.line;
			next->off = at.off + width(cp);
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

/* A line typed ahead counts as echoed when all of it stands in a row. */
static void
ahead_done(struct typed *t, size_t first)
{
	size_t i;

	if (t->seq_n < 2 || first + t->seq_n >= t->n ||
	    !(typed_token(t, first + t->seq_n)->flags & TOKEN_END))
		return;
	for (i = 0; i < t->seq_n; i++)
		typed_token(t, first + i)->state = TOKEN_ECHOED;
	t->seq_n = 0;
	typed_wait_settle(t);
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
	       at.off + width(cp) == t->seq_next.off;
}

static void
match_ahead(struct typed *t, size_t i, uint32_t cp, struct screenline_at at)
{
	const struct token *k;
	size_t first;

	if (!ahead_line(t, i, &first))
		return;
	if (t->seq_run != t->popped + first) {
		t->seq_run = t->popped + first;
		t->seq_n = 0;
	}
	if (first + t->seq_n >= t->n || is_redrawn(t, first, cp, at))
		return;
	k = typed_token(t, first + t->seq_n);
	if (!token_is_char(k) || k->cp != cp ||
	    (t->seq_n > 0 && !same(at, t->seq_next))) {
		t->seq_n = 0;
		k = typed_token(t, first);
		if (!token_is_char(k) || k->cp != cp)
			return;
	}
	t->seq_n++;
	t->seq_next = at;
	t->seq_next.off += width(cp);
	ahead_done(t, first);
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
	if (t->wait < t->n && !(typed_token(t, t->wait)->flags & TOKEN_AHEAD))
		match_ahead(t, behind, cp, at);
	/* It may have been the last that was missing. */
	if (next && is_line_char(t, behind = wait_behind(t)))
		(void)match_line(t, behind, cp, at);
}

static void
on_put(void *ctx, uint32_t cp, struct screenline_at at)
{
	struct typed *t = ctx;

	if (t->wait >= t->n)
		return;
	if (typed_token(t, t->wait)->flags & TOKEN_CELLWISE) {
		if (match_cells(t, cp, at))
			return;
	} else {
		match_ahead(t, t->wait, cp, at);
	}
	if (t->wait < t->n)
		match_lines(t, cp, at);
}

static void
on_feed(void *ctx)
{
	struct typed *t = ctx;

	t->fed = true;
}

void
typed_output(struct typed *t, uint64_t mono_ns, const uint8_t *p, size_t len)
{
	size_t i;

	t->now = mono_ns;
	t->fed = false;
	screenline_output(&t->screen, p, len);
	t->hint = screenline_next(&t->screen);
	t->quiet = false;
	for (i = 0; t->fed && t->ends > 0 && i < t->n; i++)
		if (typed_token(t, i)->flags & TOKEN_END) {
			typed_token(t, i)->flags |= TOKEN_FED;
			break;
		}
	typed_pump(t, mono_ns);
}

/* ---- input */

/* What is in doubt cannot be kept: mask it and the rest of its line. */
static void
lose(struct typed *t)
{
	typed_mask_all(t);
	t->taint = t->tail.open;
	t->taint_line = t->tail.line;
	t->taint_erased = t->tail.erased;
}

static struct token *
push(struct typed *t, const struct typed_unit *u)
{
	struct token *k, *grown;
	size_t cap;

	if (t->n == TYPED_PENDING_MAX)
		lose(t);
	if (t->head + t->n == t->cap && t->head > 0) {
		memmove(
		    t->tokens, typed_token(t, 0), t->n * sizeof(*t->tokens));
		t->head = 0;
	}
	if (t->n == t->cap) {
		cap = t->cap == 0 ? 16 : 2 * t->cap;
		grown = realloc(t->tokens, cap * sizeof(*grown));
		if (grown == NULL) {
			lose(t);
			if (t->cap == 0)
				return NULL;
		} else {
			t->tokens = grown;
			t->cap = cap;
		}
	}
	if (buf_put(&t->raw, u->raw, u->len) != 0) {
		lose(t);
		return NULL;
	}
	k = typed_token(t, t->n++);
	*k = (struct token){.ns = t->now,
	    .cp = u->cp,
	    .key = (uint8_t)u->key,
	    .len = (uint8_t)u->len,
	    .state = TOKEN_ECHOED};
	typed_wait_settle(t);
	return k;
}

/* Has the cursor left the place where the last character was typed? */
static bool
moved_on(const struct typed *t, uint64_t line, uint64_t erased)
{
	return t->screen.at.line != line || t->screen.erased != erased;
}

/*
 * A character that was not echoed, and then the cursor went elsewhere, was a
 * command to a program that is through with it: it does not make a secret of
 * what is typed next.
 */
static void
begin_anew(struct typed *t)
{
	const struct token *k;

	if (t->n == 0) {
		if (t->taint && moved_on(t, t->taint_line, t->taint_erased)) {
			t->taint = false;
			t->tail = (struct typed_tail){0};
		}
		return;
	}
	k = typed_token(t, t->wait < t->n ? t->wait : 0);
	if (t->ends > 0 || k->state != TOKEN_WAITING ||
	    k->flags & TOKEN_CELLWISE ||
	    t->now < k->ns + TYPED_WAIT_MS * 1000000ULL ||
	    !moved_on(t, t->tail.line, t->tail.erased))
		return;
	typed_mask_all(t);
	t->taint = false;
	t->tail = (struct typed_tail){0};
}

static void
look_for_prompt(struct typed *t)
{
	const uint16_t *left;
	size_t n;

	/* What the user has typed in this line is no prompt. */
	if (t->tail.open && !moved_on(t, t->tail.line, t->tail.erased))
		return;
	left = screenline_left(&t->screen, &n);
	if (prompt_is_secret(left, n))
		t->tail.suspect = true;
}

static void
push_char(struct typed *t, const struct typed_unit *u)
{
	struct typed_tail *tail = &t->tail;
	struct screenline_at at;
	struct token *k, *prev;

	begin_anew(t);
	look_for_prompt(t);
	if (!tail->open)
		tail->ahead = t->quiet || t->ends > 0;
	tail->open = true;
	tail->line = t->screen.at.line;
	tail->erased = t->screen.erased;
	if ((k = push(t, u)) == NULL)
		return;
	at = screenline_next(&t->screen);
	k->state = TOKEN_WAITING;
	k->line = at.line;
	k->off = at.off;
	k->flags =
	    (uint8_t)((t->screen.alt || tail->editor ? TOKEN_CELLWISE : 0) |
		      (tail->suspect ? TOKEN_SUSPECT : 0) |
		      (tail->ahead ? TOKEN_AHEAD : 0) |
		      (tail->after_key || tail->search ? TOKEN_ANYWHERE : 0));
	if (t->n > 1) {
		prev = typed_token(t, t->n - 2);
		if (token_is_char(prev) && prev->state == TOKEN_WAITING) {
			k->flags |= TOKEN_NEXT;
			k->line = prev->line;
			k->off = prev->off;
			if (!(k->flags & TOKEN_CELLWISE))
				k->off += width(prev->cp);
		}
	}
	tail->after_key = false;
	/* It may have been passed over before it was a waiting character. */
	if (t->wait == t->n)
		t->wait = t->n - 1;
	typed_wait_settle(t);
}

static void
push_end(struct typed *t, const struct typed_unit *u)
{
	struct token *k = push(t, u);
	size_t first;

	if (k != NULL) {
		k->flags = TOKEN_END;
		t->ends++;
		if (t->n > 1 && ahead_line(t, t->n - 2, &first) &&
		    t->seq_run == t->popped + first)
			ahead_done(t, first);
	}
	t->tail = (struct typed_tail){0};
	t->quiet = true;
}

static void
push_key(struct typed *t, const struct typed_unit *u)
{
	bool settled = t->wait == t->n;
	struct token *k;

	begin_anew(t);
	if ((k = push(t, u)) == NULL)
		return;
	if (u->opaque) {
		k->flags = TOKEN_OPAQUE;
		k->key = TYPED_KEY_REPORT;
		return;
	}
	if (u->key == TYPED_KEY_REPORT)
		return;
	t->tail.after_key = true;
	if (u->key == TYPED_KEY_ESC && settled && !t->taint)
		t->tail.editor = true;
	t->tail.search =
	    u->key == TYPED_KEY_CTRL && (u->cp == 'R' || u->cp == 'S');
}

/*
 * ESC and a character typed at once: a key of the shell's line editor, if the
 * line is one that is being echoed; in doubt the character is one.
 */
static void
push_meta(struct typed *t, const struct typed_unit *u)
{
	struct typed_unit half = {
	    .key = TYPED_KEY_ESC, .raw = u->raw, .len = 1};

	if (t->tail.open && t->wait == t->n && !t->taint && !t->tail.suspect &&
	    !t->screen.alt && !t->tail.editor) {
		push_key(t, u);
		return;
	}
	push_key(t, &half);
	half = (struct typed_unit){.key = TYPED_KEY_NONE,
	    .cp = u->raw[1],
	    .raw = u->raw + 1,
	    .len = 1};
	if (u->raw[1] >= 0x20 && u->raw[1] < 0x7f) {
		push_char(t, &half);
	} else {
		half.key = TYPED_KEY_BS;
		push_key(t, &half);
	}
}

static void
on_unit(void *ctx, const struct typed_unit *u)
{
	struct typed *t = ctx;

	if (u->opaque)
		push_key(t, u);
	else if (u->key == TYPED_KEY_NONE)
		push_char(t, u);
	else if (u->key == TYPED_KEY_META)
		push_meta(t, u);
	else if (u->key == TYPED_KEY_ENTER || u->key == TYPED_KEY_BREAK ||
		 (u->key == TYPED_KEY_CTRL && u->cp == 'D' && !t->tail.open))
		push_end(t, u);
	else
		push_key(t, u);
}

void
typed_input(struct typed *t, uint64_t mono_ns, const uint8_t *p, size_t len)
{
	t->now = mono_ns;
	typed_parse_input(&t->parse, mono_ns, SPAN(p, len), on_unit, t);
	typed_pump(t, mono_ns);
}

/* ---- the rest */

void
typed_resize(struct typed *t, uint32_t cols)
{
	screenline_resize(&t->screen, cols);
}

uint64_t
typed_due_ns(const struct typed *t)
{
	uint64_t parse = typed_parse_due_ns(&t->parse);
	uint64_t pump = typed_pump_due(t);

	if (parse == 0 || pump == 0)
		return parse + pump;
	return parse < pump ? parse : pump;
}

void
typed_tick(struct typed *t, uint64_t now_ns)
{
	uint64_t parse = typed_parse_due_ns(&t->parse);

	t->now = now_ns;
	if (parse != 0 && now_ns >= parse)
		typed_parse_give_up(&t->parse, on_unit, t);
	typed_pump(t, now_ns);
}

void
typed_flush(struct typed *t)
{
	typed_parse_give_up(&t->parse, on_unit, t);
	typed_give_all(t);
	typed_line_out(t);
	t->tail = (struct typed_tail){0};
}

void
typed_free(struct typed *t)
{
	if (t == NULL)
		return;
	if (t->tokens != NULL)
		explicit_bzero(t->tokens, t->cap * sizeof(*t->tokens));
	free(t->tokens);
	buf_fini(&t->raw);
	typed_line_fini(&t->line);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

struct typed *
typed_new(const struct typed_opts *o)
{
	struct typed *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->ops = o->ops;
	t->ctx = o->ctx;
	screenline_init(&t->screen, o->cols, on_put, on_feed, t);
	t->hint = screenline_next(&t->screen);
	typed_parse_init(&t->parse);
	typed_line_init(&t->line);
	buf_init_secret(&t->raw, RAW_MAX);
	return t;
}
