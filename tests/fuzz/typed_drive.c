/* SPDX-License-Identifier: Apache-2.0 */
/* User and target in turns: see typed_drive.h. */
#include "typed_drive.h"

struct drive {
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

static void
move(struct drive *d)
{
	struct buf state;
	struct typed *next;

	buf_init_secret(&state, TYPED_STATE_MAX);
	MUST(typed_export(d->t, &state) == 0);
	MUST(typed_import(&next, d->o, buf_span(&state)) == 0);
	buf_fini(&state);
	typed_free(d->t);
	d->t = next;
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
		typed_input(d->t, d->now_ns, bytes.p, bytes.len);
		d->typed += bytes.len;
	}
	if (what == TYPED_STEP_OUTPUT || what == TYPED_STEP_ECHO)
		typed_output(d->t, d->now_ns, bytes.p, bytes.len);
	if (what == TYPED_STEP_WAIT)
		wait(d, (uint64_t)n * 10000000);
	if (what == TYPED_STEP_RESIZE)
		typed_resize(d->t, n);
	if (what == TYPED_STEP_MOVE)
		move(d);
}

size_t
typed_drive(const struct typed_opts *o, struct span steps)
{
	struct drive d = {.o = o, .t = typed_new(o), .now_ns = 1};
	uint8_t what, n;

	MUST(d.t != NULL);
	while (span_u8(&steps, &what) == 0 && span_u8(&steps, &n) == 0)
		step(&d, what, n, &steps);
	typed_flush(d.t);
	MUST(typed_due_ns(d.t) == 0);
	typed_free(d.t);
	return d.typed;
}
