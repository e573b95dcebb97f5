/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a restart, and how many workers there should be. */
#include "daemon/plan.h"

enum { PLAN_SPARE = 8, PLAN_BURST = 8 };

uint32_t
plan_backoff(struct plan_backoff *b, uint64_t lived_ms)
{
	if (b->delay_ms == 0 || lived_ms >= PLAN_STABLE_MS)
		b->delay_ms = PLAN_BACKOFF_MIN_MS;
	else if (b->delay_ms < PLAN_BACKOFF_MAX_MS / 2)
		b->delay_ms *= 2;
	else
		b->delay_ms = PLAN_BACKOFF_MAX_MS;
	return b->delay_ms;
}

/* Free slots below which one more worker is wanted. */
static uint64_t
spare(const struct plan_limits *l)
{
	uint64_t quarter = l->slots / 4;

	return quarter > PLAN_SPARE ? quarter : PLAN_SPARE;
}

static uint64_t
most(const struct plan_limits *l)
{
	uint64_t n =
	    l->max_sessions / l->slots + (l->max_sessions % l->slots != 0) + 1;

	return n > l->min ? n : l->min;
}

static uint64_t
free_slots(const struct plan_limits *l, const struct plan_worker *w, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (w[i].load < l->slots)
			sum += l->slots - w[i].load;
	return sum;
}

struct plan
plan_workers(const struct plan_limits *l, const struct plan_worker *w, size_t n)
{
	struct plan p = {0};
	uint64_t room = free_slots(l, w, n);
	uint64_t idle = 0;

	while (p.start < PLAN_BURST && n + p.start < most(l) &&
	       (n + p.start < l->min || room < spare(l))) {
		p.start++;
		room += l->slots;
	}
	if (p.start > 0 || n <= l->min || room < spare(l) + l->slots)
		return p;
	/* Without the one that is idle longest there would still be room. */
	for (size_t i = 0; i < n; i++) {
		if (w[i].load > 0 || w[i].idle_ms < idle)
			continue;
		idle = w[i].idle_ms;
		p.which = i;
		p.again_ms = 1;
	}
	if (p.again_ms == 0)
		return p;
	p.drain = idle >= PLAN_IDLE_MS;
	p.again_ms = p.drain ? 0 : PLAN_IDLE_MS - idle;
	return p;
}
