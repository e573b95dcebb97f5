/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_TABLE_H
#define GATEWAY_KEEPER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/uuid.h"

/*
 * A bounded set of objects found by a 16-byte id.  The node is the first member
 * of the object; the table owns the buckets and never the objects.
 */

struct table_node {
	struct table_node *next; /* in the bucket */
	struct table_node *older, *newer;
	uint8_t id[UUID_LEN];
};

struct table {
	struct table_node **bucket;
	struct table_node *newest;
	size_t mask;
	size_t n;
	size_t max;
	uint64_t seed; /* a peer cannot choose ids that fall together */
};

/* May take n, and no other node, out of the table and free it. */
typedef void table_fn(struct table_node *n, void *ctx);

/* At most max objects. */
int table_init(struct table *t, size_t max) MUST_USE;
void table_fini(struct table *t);

struct table_node *table_find(
    const struct table *t, const uint8_t id[UUID_LEN]);
/* FAIL_EXISTS, FAIL_FULL; keeps a pointer to n. */
int table_insert(struct table *t, struct table_node *n) MUST_USE;
/* n must be in the table. */
void table_remove(struct table *t, struct table_node *n);
/* Show every node to fn, the newest first. */
void table_each(struct table *t, table_fn *fn, void *ctx);

#endif /* GATEWAY_KEEPER_TABLE_H */
