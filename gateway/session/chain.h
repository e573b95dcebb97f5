/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_CHAIN_H
#define GATEWAY_SESSION_CHAIN_H

#include "base/cdefs.h"
#include "base/fail.h"
#include "session/chunk.h"

/*
 * Filter chain: every byte of a session goes through one, once, before it is
 * sent on.
 */

struct chain;

/*
 * What a filter answers.  A negative FAIL_* code is an error and ends the
 * session; a filter never lets bytes through by failing.
 */
enum chain_verdict {
	CHAIN_PASS = 0,
	CHAIN_DROP = 1, /* swallow this chunk, the session goes on */
	CHAIN_HOLD = 2, /* sink is full: stop reading, push the same again */
};

struct chain_filter {
	const char *name;
	int (*push)(void *priv, const struct chunk *c);
};

void chain_free(struct chain *ch);
struct chain *chain_new(void) OWNED_BY(chain_free) MUST_USE;

/* Add a filter at the end; f and priv are kept pointers to. */
int chain_add(struct chain *ch, const struct chain_filter *f,
    void *priv) MUST_USE;

/*
 * Run c down the chain.  After CHAIN_HOLD, pushing the same chunk goes on at
 * the filter that held it.  Returns a verdict or a negative FAIL_* code, which
 * is final: every later push returns it.
 */
int chain_push(struct chain *ch, const struct chunk *c) MUST_USE;

#endif /* GATEWAY_SESSION_CHAIN_H */
