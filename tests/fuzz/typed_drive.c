/* SPDX-License-Identifier: Apache-2.0 */
/* User and target in turns: see typed_drive.h. */
#include <string.h>

#include "base/utf8.h"

#include "typed_drive.h"

struct drive {
	struct typed_tally *tally;
	const struct typed_opts *o;
	struct typed *t;
	uint64_t now_ns;
	size_t typed;
};

static void
wait(struct drive *d, uint64_t ns)
{
	uint64_t due, until = d->now_ns + ns;
	unsigned n = 0;

	while ((due = typed_due_ns(d->t)) != 0 && due <= until) {
		/* Each tick settles something. */
		MUST(n++ < 2 * TYPED_PENDING_MAX);
		typed_tick(d->t, due);
	}
	d->now_ns = until;
}

struct typed *
typed_drive_move(struct typed *t, const struct typed_opts *o)
{
	struct buf state, again;
	struct typed *next;

	buf_init_secret(&state, TYPED_STATE_MAX);
	buf_init_secret(&again, TYPED_STATE_MAX);
	MUST(typed_export(t, &state) == 0);
	MUST(typed_import(&next, o, buf_span(&state)) == 0);
	MUST(typed_export(next, &again) == 0);
	MUST(buf_len(&again) == buf_len(&state) &&
	     memcmp(buf_head(&again), buf_head(&state), buf_len(&state)) == 0);
	MUST(typed_due_ns(next) == typed_due_ns(t));
	buf_fini(&state);
	buf_fini(&again);
	typed_free(t);
	return next;
}

void
typed_drive_line(const char *text, size_t len)
{
	uint32_t cp;
	size_t n;

	MUST(text != NULL && len > 0 && len < TYPED_LINE_MAX + 64);
	for (; len > 0; text += n, len -= n) {
		n = utf8_get((const uint8_t *)text, len, &cp);
		MUST(n > 0 && utf8_printable(cp));
	}
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9');
}

/* A letter in plain was on the screen, each time anew. */
static void
on_in(void *ctx, uint64_t mono_ns, const uint8_t *p, size_t len)
{
	struct typed_tally *t = ctx;

	(void)mono_ns;
	MUST(p != NULL && len > 0);
	t->out += len;
	for (size_t i = 0; i < len && t->judged; i++)
		MUST(!is_letter(p[i]) || ++t->given[p[i]] <= t->shown[p[i]]);
}

static void
on_noecho(void *ctx, uint64_t mono_ns, uint32_t count)
{
	(void)mono_ns;
	MUST(count == 1);
	((struct typed_tally *)ctx)->out += count;
}

static void
on_line(void *ctx, uint64_t mono_ns, const char *text, size_t len)
{
	(void)ctx;
	(void)mono_ns;
	typed_drive_line(text, len);
}

const struct typed_ops typed_drive_ops = {on_in, on_noecho, on_line};

/* Keys have letters in them, and REP shows one that was not sent again. */
static void
tally(struct typed_tally *t, bool output, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == (output ? 'b' : 0x1b))
			t->judged = false;
		if (output && s.p[i] < 128)
			t->shown[s.p[i]]++;
	}
}

static void
step(struct drive *d, uint8_t what, uint8_t n, struct span *s)
{
	struct span bytes = SPAN(s->p, n < s->len ? n : s->len);

	what %= TYPED_STEPS;
	if (what <= TYPED_STEP_ECHO) {
		s->p += bytes.len;
		s->len -= bytes.len;
	}
	if (what == TYPED_STEP_INPUT || what == TYPED_STEP_ECHO) {
		tally(d->tally, false, bytes);
		typed_input(d->t, d->now_ns, bytes.p, bytes.len);
		d->typed += bytes.len;
	}
	if (what == TYPED_STEP_OUTPUT || what == TYPED_STEP_ECHO) {
		tally(d->tally, true, bytes);
		typed_output(d->t, d->now_ns, bytes.p, bytes.len);
	}
	if (what == TYPED_STEP_WAIT)
		wait(d, (uint64_t)n * 10000000);
	if (what == TYPED_STEP_RESIZE)
		typed_resize(d->t, n);
	if (what == TYPED_STEP_MOVE)
		d->t = typed_drive_move(d->t, d->o);
}

size_t
typed_drive(
    const struct typed_opts *o, struct typed_tally *tally, struct span steps)
{
	struct drive d = {
	    .tally = tally, .o = o, .t = typed_new(o), .now_ns = 1};
	uint8_t what, n;

	MUST(d.t != NULL);
	while (span_u8(&steps, &what) == 0 && span_u8(&steps, &n) == 0)
		step(&d, what, n, &steps);
	typed_flush(d.t);
	MUST(typed_due_ns(d.t) == 0);
	typed_free(d.t);
	return d.typed;
}
