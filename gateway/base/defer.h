/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DEFER_H
#define BASE_DEFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/loop.h"

/*
 * The calls that a loop makes once the callbacks of a round have unwound: a
 * list in order of arrival, and a hash by context so that finding one is cheap
 * with thousands waiting.
 */

struct defer_call {
	defer_fn *fn; /* NULL: forgotten */
	void *ctx;
	uint32_t next; /* in the bucket; index + 1, 0 ends */
};

struct defer {
	struct defer_call *calls;
	uint32_t *buckets;
	uint32_t n;
	uint32_t cap; /* a power of two; also the number of buckets */
};

void defer_init(struct defer *d);
void defer_fini(struct defer *d);
int defer_add(struct defer *d, defer_fn *fn, void *ctx) MUST_USE;
void defer_remove(struct defer *d, const void *ctx);
/* Make the calls that wait now; those added meanwhile wait for the next. */
void defer_run(struct defer *d);
bool defer_waiting(const struct defer *d);

#endif /* BASE_DEFER_H */
