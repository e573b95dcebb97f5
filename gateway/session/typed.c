/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds what was typed until it has been seen: gives each character the cell
 * in which its echo must appear.  typed_echo.c looks for it there.
 */
#include <stdlib.h>
#include <string.h>

#include "session/prompt.h"
#include "session/typed_impl.h"

enum { RAW_MAX = TYPED_PENDING_MAX * TYPED_KEY_RAW };

/* ---- output */

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
				k->off += typed_width(prev->cp);
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

	if (k != NULL) {
		k->flags = TOKEN_END;
		t->ends++;
		typed_echo_end(t);
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
	screenline_init(&t->screen, o->cols, typed_echo_put, on_feed, t);
	t->hint = screenline_next(&t->screen);
	typed_parse_init(&t->parse);
	typed_line_init(&t->line);
	buf_init_secret(&t->raw, RAW_MAX);
	return t;
}
