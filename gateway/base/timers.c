/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a binary heap by time, then by order of arming. */
#include <stdlib.h>

#include "base/timers.h"

struct timer {
	struct timers *all;
	timer_fn *fn;
	void *ctx;
	size_t pos; /* in the heap + 1; 0 when not armed */
};

void
timers_fini(struct timers *ts)
{
	free(ts->heap);
	ts->heap = NULL;
}

static bool
before(const struct timers_cell *a, const struct timers_cell *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

static void
heap_place(struct timers *ts, size_t i, struct timers_cell c)
{
	ts->heap[i] = c;
	c.t->pos = i + 1;
}

/* Put c where place i is free: there, or where its order wants it. */
static void
heap_put(struct timers *ts, size_t i, struct timers_cell c)
{
	size_t child;

	while (i > 0 && before(&c, &ts->heap[(i - 1) / 2])) {
		heap_place(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	while ((child = 2 * i + 1) < ts->len) {
		if (child + 1 < ts->len &&
		    before(&ts->heap[child + 1], &ts->heap[child]))
			child++;
		if (!before(&ts->heap[child], &c))
			break;
		heap_place(ts, i, ts->heap[child]);
		i = child;
	}
	heap_place(ts, i, c);
}

void
timer_clear(struct timer *t)
{
	struct timers *ts = t->all;
	struct timers_cell last;

	if (t->pos == 0)
		return;
	last = ts->heap[--ts->len];
	if (last.t != t)
		heap_put(ts, t->pos - 1, last);
	t->pos = 0;
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	timer_clear(t);
	t->all->n--;
	free(t);
}

struct timer *
timers_add(struct timers *ts, timer_fn *fn, void *ctx)
{
	struct timer *t;

	/* Room in the heap is made here, so that arming cannot fail. */
	if (ts->n == ts->cap) {
		size_t cap = ts->cap == 0 ? 16 : ts->cap * 2;
		struct timers_cell *heap =
		    reallocarray(ts->heap, cap, sizeof(*heap));

		if (heap == NULL)
			return NULL;
		ts->heap = heap;
		ts->cap = cap;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->all = ts;
	t->fn = fn;
	t->ctx = ctx;
	ts->n++;
	return t;
}

void
timer_set(struct timer *t, uint64_t ms)
{
	struct timers *ts = t->all;
	uint64_t now = mono_ns();

	if (ms > (UINT64_MAX - now) / 1000000U)
		ms = (UINT64_MAX - now) / 1000000U;
	/* One that is armed moves from where it is. */
	heap_put(ts, t->pos != 0 ? t->pos - 1 : ts->len++,
	    (struct timers_cell){
		.due_ns = now + ms * 1000000U, .seq = ts->seq++, .t = t});
}

bool
timer_armed(const struct timer *t)
{
	return t->pos != 0;
}

void
timers_run(struct timers *ts, uint64_t now_ns)
{
	uint64_t end = ts->seq;

	while (ts->len > 0) {
		const struct timers_cell *next = &ts->heap[0];
		struct timer *t = next->t;

		if (next->due_ns > now_ns || next->seq >= end)
			break;
		timer_clear(t);
		t->fn(t, t->ctx);
	}
}

int
timers_wait_ms(const struct timers *ts)
{
	uint64_t now, ms;

	if (ts->len == 0)
		return -1;
	now = mono_ns();
	if (ts->heap[0].due_ns <= now)
		return 0;
	ms = (ts->heap[0].due_ns - now + 999999U) / 1000000U;
	return ms < TIMERS_WAIT_MS ? (int)ms : TIMERS_WAIT_MS;
}
