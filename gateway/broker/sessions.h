/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_SESSIONS_H
#define BROKER_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "broker/order.h"

/*
 * The sessions of this node that have not ended, and which worker link has
 * each.  Memory only.  A session's id is random and told to nobody but its
 * worker, so who names it may claim it: after a hand-over the new worker does,
 * while the link of the old one may still be there.
 *
 * A session without a link, or whose connection ended before it began, has a
 * deadline; when it passes, the session is closed for its worker.  One that has
 * ended is remembered for a while, for rows that come late.
 */

struct sessions;

enum { SESSIONS_LINGER_MS = 60000 };

struct session_ent {
	uint8_t id[16];
	uint8_t grant_id[16];
	bool has_grant;
	bool checked; /* it is known to be of this node */
	enum sess_state state;
	uint64_t link;	    /* that has it, 0: none */
	uint64_t former;    /* link that had it: its rows may still come */
	uint32_t worker;    /* whose link it was, when that is gone */
	uint64_t due_ms;    /* 0: none */
	int why;	    /* to close it with when due */
	uint64_t paused_at; /* loop time in ms, 0: not paused */
};

void sessions_free(struct sessions *s);
struct sessions *sessions_new(void) OWNED_BY(sessions_free) MUST_USE;

struct session_ent *sessions_find(
    const struct sessions *s, const uint8_t id[16]);
/* A new one; NULL: no memory, or it is there already. */
struct session_ent *sessions_add(struct sessions *s, const uint8_t id[16],
    enum sess_state state, uint64_t link);
/* link says that it has the session; makes it when it is unknown. */
struct session_ent *sessions_claim(
    struct sessions *s, const uint8_t id[16], uint64_t link);
/*
 * A message about e came over link.  FAIL_DENIED: it is not its session;
 * FAIL_STATE: out of order.
 */
int sessions_event(struct sessions *s, struct session_ent *e, uint64_t link,
    enum sess_event ev, uint64_t now_ms) MUST_USE;
/* Its sessions wait for a claim until due_ms; then they end with why. */
void sessions_link_gone(struct sessions *s, uint64_t link, uint32_t worker,
    uint64_t due_ms, int why);
/* The worker died after its link: they wait no longer than until due_ms. */
void sessions_worker_gone(struct sessions *s, uint32_t worker, uint64_t due_ms);

/*
 * Call fn for every session that is due, before it is forgotten; not for those
 * that had ended.
 */
typedef void sessions_fn(const struct session_ent *e, void *ctx);
void sessions_expire(
    struct sessions *s, uint64_t now_ms, sessions_fn *fn, void *ctx);

/*
 * The one whose id in text form begins with prefix (at least 6 characters).
 * FAIL_RANGE: too short, or several do; FAIL_NOTFOUND.
 */
int sessions_prefix(const struct sessions *s, const char *prefix,
    struct session_ent **e) MUST_USE;
/* Sessions that have not ended. */
size_t sessions_live(const struct sessions *s);
/* Every session that has not ended and has no check yet. */
void sessions_unchecked(struct sessions *s, sessions_fn *fn, void *ctx);

#endif /* BROKER_SESSIONS_H */
