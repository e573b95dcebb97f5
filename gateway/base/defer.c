/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred calls of an event loop: added once, made in order, forgotten by
 * context.  When they are made is the loop's business.
 */
#include <stdlib.h>
#include <string.h>

#include "base/defer.h"
#include "base/fail.h"

enum { DEFER_MIN = 64 };

void
defer_init(struct defer *d)
{
	*d = (struct defer){0};
}

void
defer_fini(struct defer *d)
{
	free(d->calls);
	free(d->buckets);
	defer_init(d);
}

static uint32_t *
bucket(const struct defer *d, const void *ctx)
{
	uint64_t h = (uint64_t)(uintptr_t)ctx * 0x9e3779b97f4a7c15U;

	return &d->buckets[(h >> 32) & (d->cap - 1)];
}

static void
rehash(struct defer *d)
{
	memset(d->buckets, 0, d->cap * sizeof(d->buckets[0]));
	for (uint32_t i = 0; i < d->n; i++) {
		uint32_t *b = bucket(d, d->calls[i].ctx);

		d->calls[i].next = *b;
		*b = i + 1;
	}
}

static int
grow(struct defer *d)
{
	uint32_t cap = d->cap == 0 ? DEFER_MIN : d->cap * 2;
	struct defer_call *calls;
	uint32_t *buckets;

	if (cap > UINT32_MAX / 4)
		return FAIL_FULL;
	buckets = calloc(cap, sizeof(*buckets));
	if (buckets == NULL)
		return FAIL_NOMEM;
	calls = reallocarray(d->calls, cap, sizeof(*calls));
	if (calls == NULL) {
		free(buckets);
		return FAIL_NOMEM;
	}
	free(d->buckets);
	d->calls = calls;
	d->buckets = buckets;
	d->cap = cap;
	rehash(d);
	return 0;
}

int
defer_add(struct defer *d, defer_fn *fn, void *ctx)
{
	uint32_t *b;
	int r;

	if (d->cap > 0) {
		for (uint32_t i = *bucket(d, ctx); i != 0;
		     i = d->calls[i - 1].next)
			if (d->calls[i - 1].fn == fn &&
			    d->calls[i - 1].ctx == ctx)
				return 0;
	}
	if (d->n == d->cap) {
		r = grow(d);
		if (r != 0)
			return r;
	}
	b = bucket(d, ctx);
	d->calls[d->n] = (struct defer_call){.fn = fn, .ctx = ctx, .next = *b};
	*b = ++d->n;
	return 0;
}

void
defer_remove(struct defer *d, const void *ctx)
{
	if (d->cap == 0)
		return;
	for (uint32_t i = *bucket(d, ctx); i != 0; i = d->calls[i - 1].next)
		if (d->calls[i - 1].ctx == ctx)
			d->calls[i - 1].fn = NULL;
}

void
defer_run(struct defer *d)
{
	uint32_t end = d->n;

	if (end == 0)
		return;
	for (uint32_t i = 0; i < end; i++) {
		/* By value and marked made first: the array may move. */
		struct defer_call c = d->calls[i];

		d->calls[i].fn = NULL;
		if (c.fn != NULL)
			c.fn(c.ctx);
	}
	d->n -= end;
	memmove(d->calls, d->calls + end, d->n * sizeof(d->calls[0]));
	rehash(d);
}

bool
defer_waiting(const struct defer *d)
{
	return d->n > 0;
}
