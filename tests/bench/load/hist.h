/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_HIST_H
#define TESTS_BENCH_LOAD_HIST_H

#include <stdint.h>

/*
 * How long things took: counts by duration, 32 steps for each doubling, so
 * that a quantile is right within 3 %.  Zero to begin with.
 */

enum { HIST_STEPS = 32, HIST_SIZE = 40 * HIST_STEPS };

struct hist {
	uint64_t count;
	uint64_t most_ns;
	uint64_t at[HIST_SIZE];
};

void hist_add(struct hist *h, uint64_t ns);
/* Milliseconds under which a share q (0 to 1) of them lie; 0 when empty. */
double hist_ms(const struct hist *h, double q);
double hist_max_ms(const struct hist *h);

#endif /* TESTS_BENCH_LOAD_HIST_H */
