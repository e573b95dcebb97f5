/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_PEERS_H
#define GATEWAY_SESSION_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/ipc.h"
#include "base/loop.h"

/*
 * A worker's links to the keeper, the broker and the recorder: requests with
 * their answers, across a restart of the other side.  A request waits while
 * there is no link, and is sent again on the next one when its link breaks
 * before the answer; after PEERS_WAIT_MS it fails with FAIL_TIMEOUT.
 */

enum peer { PEER_KEEPER, PEER_BROKER, PEER_RECORDER, PEER_COUNT };

enum {
	PEERS_WAIT_MS = 15000,
	PEERS_QUEUE = 16 * 1024 * 1024, /* bytes waiting on one link */
	PEERS_REQUESTS = 4096,		/* outstanding in all */
};

struct peers;

/*
 * An answer: code 0 and m, or a FAIL_* code and m NULL.  An `error` message of
 * the peer arrives as m like any other answer.
 */
typedef void peers_answer_fn(void *ctx, int code, const struct ipc_msg *m);

struct peers_ops {
	/* A message that answers nothing; takes m->fd.  0, or a FAIL_* code to
	 * close the link. */
	int (*message)(void *ctx, enum peer p, const struct ipc_msg *m);
	/* A link is there (again). */
	void (*up)(void *ctx, enum peer p);
	/* There was a link and is none: called again and again. */
	void (*missing)(void *ctx, enum peer p);
};

void peers_free(struct peers *ps);
/* ops and ctx are kept pointers to. */
struct peers *peers_new(struct loop *l, const struct peers_ops *ops, void *ctx)
    OWNED_BY(peers_free) MUST_USE;

/*
 * Takes fd: the link to p from now on; an older one serves its answers out.
 * number: the supervisor's, of the process at the other end.
 */
int peers_link(struct peers *ps, enum peer p, uint32_t number, int fd) MUST_USE;
bool peers_up(const struct peers *ps, enum peer p);
/* How many links to p there have been: which one is the newest. */
uint64_t peers_link_number(const struct peers *ps, enum peer p);
/* The process that the newest link leads to; 0: there is no link. */
uint32_t peers_number(const struct peers *ps, enum peer p);

/*
 * Ask p; fn is called once, later, unless peers_forget(ctx) comes first.
 * body is copied.  FAIL_FULL when too much is outstanding.
 */
int peers_ask(struct peers *ps, enum peer p, uint16_t type, struct span body,
    peers_answer_fn *fn, void *ctx) MUST_USE;
/*
 * Ask that very process, for what no other one has; fn gets FAIL_CLOSED when
 * it goes before it has answered.  FAIL_CLOSED: there is no link to it.
 */
int peers_ask_only(struct peers *ps, enum peer p, uint32_t number,
    uint16_t type, struct span body, peers_answer_fn *fn, void *ctx) MUST_USE;
/* In a peers_answer_fn: the process that answers. */
uint32_t peers_answerer(const struct peers *ps);
/* Ask without end: kept until answered, for rows that must not be lost. */
int peers_post(struct peers *ps, enum peer p, uint16_t type, struct span body,
    peers_answer_fn *fn, void *ctx) MUST_USE;
/* Tell p something that has no answer; FAIL_CLOSED when there is no link. */
int peers_tell(
    struct peers *ps, enum peer p, uint16_t type, struct span body) MUST_USE;
/* The link to p, to compose a message in place; NULL when there is none. */
struct ipc *peers_ipc(const struct peers *ps, enum peer p);
/* Answer a request of p: its id. */
int peers_answer(struct peers *ps, enum peer p, uint16_t type, uint32_t id,
    struct span body) MUST_USE;
/* Drop the requests of ctx: their fn is not called any more.  Posted ones are
 * still delivered. */
void peers_forget(struct peers *ps, void *ctx);
/* Bytes that wait on the link to p. */
size_t peers_queued(const struct peers *ps, enum peer p);
/* Posted requests that have no answer yet. */
unsigned peers_posted(const struct peers *ps);

#endif /* GATEWAY_SESSION_PEERS_H */
