/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_ENDPOINTS_H
#define SQL_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The database servers of cluster mode and what is known about them.  Shared
 * by all connections of a process; safe in threads.  The one that worked last
 * is preferred; one that failed is left alone for 5 to 10 s (random, so that
 * not all nodes come back to it at once), unless no other is left.
 */

struct endpoints;

enum { ENDPOINTS_MAX = 16, ENDPOINT_HOST_SIZE = 256 };

struct endpoint {
	size_t index; /* for endpoints_good and _bad */
	unsigned faults; /* so often it was bad; for endpoints_stale */
	char host[ENDPOINT_HOST_SIZE];
	uint16_t port;
};

void endpoints_free(struct endpoints *e);
/* list: host[:port] separated by commas; [address]:port for IPv6. */
int endpoints_new(
    struct endpoints **out, const char *list, struct fail *f) MUST_USE;
size_t endpoints_count(const struct endpoints *e);

/*
 * The one to try now.  tried is a set of bits of indexes that this round has
 * tried already.  FAIL_NOTFOUND when all have been.
 */
int endpoints_pick(struct endpoints *e, uint32_t tried, uint64_t now_ns,
    struct endpoint *out) MUST_USE;
void endpoints_good(struct endpoints *e, size_t index);
/* True unless it was in quarantine already: worth a line in the log. */
bool endpoints_bad(struct endpoints *e, size_t index, uint64_t now_ns);
/*
 * Was it bad since it was picked?  Then a connection to it from before is not
 * worth waiting for: who hangs, hangs for all.
 */
bool endpoints_stale(struct endpoints *e, size_t index, unsigned faults);

#endif /* SQL_ENDPOINTS_H */
