/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a binary heap by time, then by order of arming. */
#include <stdlib.h>

#include "base/timers.h"

struct timer {
	struct timers *all;
	timer_fn *fn;
	void *ctx;
	uint64_t due_ns;
	uint64_t seq; /* order of arming */
	size_t pos;   /* in the heap + 1; 0 when not armed */
};

void
timers_fini(struct timers *ts)
{
	free(ts->heap);
	ts->heap = NULL;
}

static bool
before(const struct timer *a, const struct timer *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

static void
heap_place(struct timers *ts, size_t i, struct timer *t)
{
	ts->heap[i] = t;
	t->pos = i + 1;
}

static void
heap_up(struct timers *ts, size_t i, struct timer *t)
{
	while (i > 0 && before(t, ts->heap[(i - 1) / 2])) {
		heap_place(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_place(ts, i, t);
}

static void
heap_down(struct timers *ts, size_t i, struct timer *t)
{
	size_t c;

	while ((c = 2 * i + 1) < ts->len) {
		if (c + 1 < ts->len && before(ts->heap[c + 1], ts->heap[c]))
			c++;
		if (!before(ts->heap[c], t))
			break;
		heap_place(ts, i, ts->heap[c]);
		i = c;
	}
	heap_place(ts, i, t);
}

void
timer_clear(struct timer *t)
{
	struct timers *ts = t->all;
	struct timer *last;
	size_t i;

	if (t->pos == 0)
		return;
	i = t->pos - 1;
	t->pos = 0;
	last = ts->heap[--ts->len];
	if (last == t)
		return;
	if (i > 0 && before(last, ts->heap[(i - 1) / 2]))
		heap_up(ts, i, last);
	else
		heap_down(ts, i, last);
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
		struct timer **heap =
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

	timer_clear(t);
	if (ms > (UINT64_MAX - now) / 1000000U)
		ms = (UINT64_MAX - now) / 1000000U;
	t->due_ns = now + ms * 1000000U;
	t->seq = ts->seq++;
	heap_up(ts, ts->len++, t);
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
		struct timer *t = ts->heap[0];

		if (t->due_ns > now_ns || t->seq >= end)
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
	if (ts->heap[0]->due_ns <= now)
		return 0;
	ms = (ts->heap[0]->due_ns - now + 999999U) / 1000000U;
	return ms < TIMERS_WAIT_MS ? (int)ms : TIMERS_WAIT_MS;
}
