/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_STORE_CHAIN_H
#define BROKER_STORE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "sql/db.h"

/*
 * The audit events of one batch: collected in order, then chained to what the
 * node's chain ends with, in the transaction that stores them.
 */

struct store_chain;

void store_chain_free(struct store_chain *c);
struct store_chain *store_chain_new(const uint8_t node_id[16], size_t max)
    OWNED_BY(store_chain_free) MUST_USE;

void store_chain_clear(struct store_chain *c);

/* One event; fields is copied. */
struct store_event {
	uint8_t row_id[16];
	uint32_t event;
	uint8_t session[16];
	uint64_t at_us;
	struct span fields;
};
int store_chain_add(
    struct store_chain *c, const struct store_event *e) MUST_USE;

/*
 * In a transaction: store those that are not stored yet.  FAIL_CHAIN: the chain
 * is not as its end says.
 */
int store_chain_run(
    struct store_chain *c, struct db *db, struct fail *f) MUST_USE;

#endif /* BROKER_STORE_CHAIN_H */
