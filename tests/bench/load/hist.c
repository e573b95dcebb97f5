/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A histogram of durations with steps that grow with them.
 */
#include "hist.h"

enum { UNIT_NS = 100, STEP_BITS = 5 };

static unsigned
index_of(uint64_t v)
{
	unsigned top, i;

	if (v < 2 * HIST_STEPS)
		return (unsigned)v;
	top = 63U - (unsigned)__builtin_clzll(v);
	i = (top - STEP_BITS) * HIST_STEPS + (unsigned)(v >> (top - STEP_BITS));
	return i < HIST_SIZE ? i : HIST_SIZE - 1;
}

/* The greatest value of a place. */
static uint64_t
value_of(unsigned i)
{
	unsigned shift;

	if (i < 2 * HIST_STEPS)
		return i;
	shift = i / HIST_STEPS - 1;
	return ((uint64_t)(i % HIST_STEPS + HIST_STEPS + 1) << shift) - 1;
}

void
hist_add(struct hist *h, uint64_t ns)
{
	h->count++;
	if (ns > h->most_ns)
		h->most_ns = ns;
	h->at[index_of(ns / UNIT_NS)]++;
}

double
hist_ms(const struct hist *h, double q)
{
	uint64_t below = 0, want = (uint64_t)((double)h->count * q);

	if (h->count == 0)
		return 0;
	for (unsigned i = 0; i < HIST_SIZE; i++) {
		below += h->at[i];
		if (below > want || below == h->count)
			return (double)value_of(i) * UNIT_NS / 1e6;
	}
	return hist_max_ms(h);
}

double
hist_max_ms(const struct hist *h)
{
	return (double)h->most_ns / 1e6;
}
