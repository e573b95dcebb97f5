/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what becomes of the characters in doubt, first come first, and gives
 * them out in plain or masked.
 */
#include <stdlib.h>

#include "session/typed_impl.h"

enum {
	LINE_WAIT_MS = 1000,   /* for the echo of a line that was ended */
	AHEAD_WAIT_MS = 10000, /* the same, typed while another was running */
	OPEN_WAIT_MS = 5000,   /* for a character of a line not ended */
	STREAK = 3,	       /* echoes in a row that are no accident */
	TOKENS_KEPT = 64,      /* room that an idle session keeps */
};

static const uint64_t ms = 1000000;

/* ---- giving out */

void
typed_out_flush(struct typed *t)
{
	if (t->out_len > 0)
		t->ops->in(t->ctx, t->out_ns, t->out, t->out_len);
	t->out_len = 0;
}

void
typed_line_out(struct typed *t)
{
	struct buf text;

	if (t->line.n == 0)
		return;
	typed_out_flush(t);
	buf_init(&text, TYPED_LINE_MAX + 64);
	if (typed_line_text(&t->line, TYPED_LINE_MAX, &text) == 0 &&
	    buf_len(&text) > 0)
		t->ops->line(t->ctx, t->line.first_ns,
		    (const char *)buf_head(&text), buf_len(&text));
	buf_fini(&text);
	typed_line_reset(&t->line);
}

static void
pop(struct typed *t)
{
	struct token *k = typed_token(t, 0);

	buf_consume(&t->raw, k->len);
	if (k->flags & TOKEN_END)
		t->ends--;
	k->cp = 0; /* it may have been secret */
	t->head++;
	t->n--;
	t->popped++;
	if (t->n == 0) {
		t->head = 0;
		buf_shrink(&t->raw);
		if (t->cap > TOKENS_KEPT) {
			free(t->tokens);
			t->tokens = NULL;
			t->cap = 0;
		}
	}
	if (t->wait > 0)
		t->wait--;
	typed_wait_settle(t);
}

static void
plain(struct typed *t, const struct token *k)
{
	const uint8_t *p = buf_head(&t->raw);
	uint8_t i;

	if (t->out_len > 0 &&
	    (t->out_ns != k->ns || t->out_len + k->len > sizeof(t->out)))
		typed_out_flush(t);
	t->out_ns = k->ns;
	for (i = 0; i < k->len; i++)
		t->out[t->out_len++] = p[i];
	t->masking = false;
}

static void
give_char(struct typed *t)
{
	const struct token *k = typed_token(t, 0);

	plain(t, k);
	typed_line_char(&t->line, k->ns, k->cp);
	pop(t);
}

static void
give_mask(struct typed *t)
{
	const struct token *k = typed_token(t, 0);

	typed_out_flush(t);
	if (!t->masking)
		t->ops->noecho(t->ctx, k->ns, 1);
	t->masking = true;
	if (!(k->flags & TOKEN_OPAQUE))
		typed_line_mask(&t->line, k->ns);
	pop(t);
}

static void
give_key(struct typed *t)
{
	const struct token *k = typed_token(t, 0);
	bool end = k->flags & TOKEN_END;

	plain(t, k);
	if (k->key != TYPED_KEY_ENTER)
		typed_line_key(&t->line, k->ns, (enum typed_key)k->key, k->cp);
	t->streak = 0;
	if (end) {
		/* An interrupt alone is no line. */
		if (k->key != TYPED_KEY_ENTER && t->line.n <= 1)
			typed_line_reset(&t->line);
		typed_line_out(t);
		t->taint = false;
	}
	pop(t);
}

void
typed_mask_all(struct typed *t)
{
	while (t->n > 0)
		if (token_is_char(typed_token(t, 0)) ||
		    typed_token(t, 0)->flags & TOKEN_OPAQUE)
			give_mask(t);
		else
			give_key(t);
	typed_out_flush(t);
}

/* ---- deciding */

static bool
due(uint64_t since, uint64_t wait_ms, uint64_t now)
{
	return now >= since + wait_ms * ms;
}

static void
taint(struct typed *t)
{
	t->taint = true;
	t->taint_line = t->tail.line;
	t->taint_erased = t->tail.erased;
}

/*
 * Where the line at the head ends: at the token that ends it, at the first
 * character that is judged by itself, or t->n: it has not been ended.
 */
static size_t
line_end(const struct typed *t)
{
	const struct token *last = typed_token(t, t->n - 1);
	const struct token *k;
	size_t i;

	if (t->ends == 0 && !(last->flags & TOKEN_CELLWISE))
		return t->n;
	for (i = 0; i < t->n; i++) {
		k = typed_token(t, i);
		if (k->flags & (TOKEN_END | TOKEN_CELLWISE))
			return i;
	}
	return t->n;
}

static uint64_t
line_due(const struct typed *t, size_t end)
{
	const struct token *k;

	if (end == t->n)
		return t->wait < t->n
			   ? typed_token(t, t->wait)->ns + OPEN_WAIT_MS * ms
			   : 0;
	k = typed_token(t, end);
	return k->ns + (typed_token(t, 0)->flags & TOKEN_AHEAD ? AHEAD_WAIT_MS
							       : LINE_WAIT_MS) *
			   ms;
}

static void
give_until(struct typed *t, size_t end, bool mask)
{
	for (; end > 0; end--)
		if (!token_is_char(typed_token(t, 0)))
			give_key(t);
		else if (mask)
			give_mask(t);
		else
			give_char(t);
}

/* Was the line at the head ended, and every character of it seen? */
static bool
is_whole(const struct typed *t)
{
	size_t end = line_end(t), i;
	const struct token *k;

	if (t->taint || end == t->n ||
	    !(typed_token(t, end)->flags & TOKEN_END))
		return false;
	for (i = 0; i < end; i++) {
		k = typed_token(t, i);
		if (token_is_char(k) && k->state != TOKEN_ECHOED)
			return false;
	}
	return true;
}

void
typed_give_all(struct typed *t)
{
	while (t->ends > 0) {
		give_until(t, line_end(t), !is_whole(t));
		/* What ends it, or else the first of those judged singly. */
		if (typed_token(t, 0)->flags & TOKEN_END)
			give_key(t);
		else
			give_mask(t);
	}
	typed_mask_all(t);
}

/* A line at the head, all or nothing.  False: not yet. */
static bool
settle_line(struct typed *t, uint64_t now)
{
	size_t end = line_end(t);
	const struct token *head = typed_token(t, 0);
	bool open = end == t->n;
	bool fed = !open && typed_token(t, end)->flags & TOKEN_FED &&
		   !(head->flags & TOKEN_AHEAD);
	uint64_t at;

	if (t->wait >= end) {
		/* All of it was echoed. */
		if (!open)
			give_until(t, end, false);
		return !open;
	}
	at = line_due(t, end);
	if (!fed && (at == 0 || now < at))
		return false;
	give_until(t, end, true);
	if (open)
		taint(t);
	return true;
}

/* Characters at the head that are judged by themselves.  False: not yet. */
static bool
settle_cells(struct typed *t, uint64_t now)
{
	struct token *k = typed_token(t, 0);
	size_t run;

	if (k->state == TOKEN_WAITING) {
		if (!due(k->ns, TYPED_WAIT_MS, now))
			return false;
		k->state = TOKEN_MISSED;
		typed_wait_settle(t);
	}
	if (k->state == TOKEN_MISSED) {
		t->streak = 0;
		give_mask(t);
		return true;
	}
	/* Echoes in a row from here on. */
	for (run = 1; run < t->n && run + t->streak < STREAK; run++) {
		k = typed_token(t, run);
		if (!token_is_char(k) || k->state != TOKEN_ECHOED)
			break;
	}
	if (run + t->streak >= STREAK || (run < t->n && !token_is_char(k))) {
		t->streak = (uint8_t)(run + t->streak);
		if (t->streak > STREAK)
			t->streak = STREAK;
		give_until(t, run, false);
		return true;
	}
	if (run < t->n && k->state == TOKEN_WAITING &&
	    due(k->ns, TYPED_WAIT_MS, now)) {
		k->state = TOKEN_MISSED;
		typed_wait_settle(t);
	}
	if (run < t->n && k->state == TOKEN_MISSED) {
		t->streak = 0;
		give_until(t, run, true);
		return true;
	}
	return false;
}

void
typed_pump(struct typed *t, uint64_t now)
{
	const struct token *k;

	while (t->n > 0) {
		k = typed_token(t, 0);
		if (!token_is_char(k) && !(k->flags & TOKEN_OPAQUE))
			give_key(t);
		else if (k->flags & (TOKEN_OPAQUE | TOKEN_SUSPECT))
			give_mask(t);
		else if (k->flags & TOKEN_CELLWISE) {
			if (!settle_cells(t, now))
				break;
		} else if (t->taint) {
			give_mask(t);
		} else if (!settle_line(t, now)) {
			break;
		}
	}
	typed_out_flush(t);
}

uint64_t
typed_pump_due(const struct typed *t)
{
	const struct token *head;

	if (t->n == 0)
		return 0;
	head = typed_token(t, 0);
	if (head->flags & TOKEN_CELLWISE)
		return t->wait < t->n
			   ? typed_token(t, t->wait)->ns + TYPED_WAIT_MS * ms
			   : 0;
	return line_due(t, line_end(t));
}
