/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_CORE_H
#define GATEWAY_KEEPER_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

#include "vault/keyring.h"

/*
 * What the keeper answers to whom, without any socket or clock: a request of a
 * link goes in, an answer comes out.  PROTOCOL.md says the rules,
 * keeper_allow_tbl.h has the rows.
 *
 * The invariant: no credential leaves but by one `open` of a grant, by the
 * worker that the grant names, before it expires; and a private key never.
 */

struct core;
struct core_link;

enum core_kind { CORE_WORKER, CORE_BROKER, CORE_RECORDER, CORE_ADMIN };

enum {
	CORE_GRANTS_MAX = 16384,
	CORE_SEALED_MAX = 16 * 1024 * 1024, /* bytes of all waiting grants */
	CORE_HOLDS_MAX = 65536,
	CORE_DONE_MAX = 65536,
	CORE_TTL_MAX_S = 600,
	CORE_SIGN_S = 60, /* user_sign after open */
	CORE_SIGNS = 4,
	CORE_ORPHAN_S = 600, /* a dead worker's recording is remembered */
	CORE_ANSWER_MAX = 128 * 1024,
};

/* What core_handle() answers. */
enum core_next {
	CORE_GO_ON = 0,
	CORE_CLOSE = 1, /* send the answer, then end the link */
};

/*
 * Takes ring, also on failure; it must have keys of every kind.  Signs once
 * with every key, so that nothing is loaded later.
 */
void core_free(struct core *c);
int core_new(struct core **out, struct keyring *ring, struct fail *f) MUST_USE;

/*
 * A link to a process.  number: the supervisor's, of a worker.  Ending a
 * worker's link forgets its grants and lets go of its recordings.
 */
void core_link_free(struct core_link *l, uint64_t now_ns);
struct core_link *core_link_new(struct core *c, enum core_kind kind,
    uint32_t number, uint64_t now_ns) MUST_USE;

/*
 * One request.  The answer's body is put into out (an empty secret buffer), its
 * type set in *type; 0: there is none.  f is set when the answer is an error.
 */
enum core_next core_handle(struct core_link *l, uint64_t now_ns,
    uint16_t request, struct span body, struct buf *out, uint16_t *type,
    struct fail *f) MUST_USE;

/* Forget what has expired; call every few seconds. */
void core_tick(struct core *c, uint64_t now_ns);

/*
 * A worker has yet to come for what was granted to it, or for the first
 * signature with a key: no other keeper could serve it.
 */
bool core_awaited(struct core *c, uint64_t now_ns);

/* For tests and the log. */
struct core_counts {
	size_t grants;
	size_t holds;
	size_t sealed_bytes;
};
void core_counts_get(const struct core *c, struct core_counts *n);

#endif /* GATEWAY_KEEPER_CORE_H */
