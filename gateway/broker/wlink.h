/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_WLINK_H
#define BROKER_WLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "broker/broker_msg.h"
#include "broker/order.h"
#include "broker/row.h"
#include "broker/sessions.h"
#include "broker/throttle.h"

/*
 * What one worker says: decoded, held against the order of its connections and
 * sessions, and passed on.  The worker may be hostile: any negative result
 * closes its link.  Knows no socket.
 */

struct wlink;

enum {
	WLINK_CONNS = 8192,	/* at one time */
	WLINK_TRIES = 64,	/* logins on one connection */
	WLINK_CLAIM_MS = 60000, /* rows of unknown sessions: this long */
	WLINK_WANT_MS = 1000,	/* from the login to the wish */
};

/* A connection of the worker; valid until conn_end or the end of the link. */
struct wconn {
	uint64_t conn;
	enum conn_state state;
	bool gone;   /* it ended while a question was open */
	bool inside; /* it counts as one that has not logged in */
	uint8_t source[THROTTLE_SOURCE_LEN]; /* what it is counted by */
	unsigned tries;
	uint8_t user_id[16];
	char user[256];
	char peer[65];
	bool must_change;
	uint64_t in_ms;		/* when the user logged in */
	uint8_t session_id[16]; /* CONN_GRANTED */
};

struct wlink_ops {
	/* Somebody is at the door: answers id; fills c->source when c is let
	 * in, which must be counted off by left(). */
	bool (*knock)(void *ctx, struct wlink *w, uint32_t id, struct wconn *c,
	    const struct bm_knock *m);
	/* c has logged in, or has left without. */
	void (*left)(void *ctx, const struct wconn *c);
	/* A login attempt; answered by wlink_auth_done(). */
	int (*auth)(
	    void *ctx, struct wlink *w, uint32_t id, const struct bm_auth *m);
	/* A wish of a user who is in; answered by wlink_want_done().  c NULL:
	 * the connection may be one of before we were restarted. */
	int (*want)(void *ctx, struct wlink *w, uint32_t id,
	    const struct wconn *c, const struct bm_want *m);
	/* A row to be stored; seq is for the answer. */
	int (*row)(void *ctx, struct wlink *w, uint32_t id, const struct row *r,
	    uint32_t seq);
	/* A row that needs no storing: answer `stored`. */
	void (*skip)(
	    void *ctx, struct wlink *w, uint32_t id, const uint8_t session[16]);
	/* A session was claimed that was not known: is it of this node? */
	void (*claimed)(void *ctx, struct wlink *w, const uint8_t session[16]);
	/* The session ended: what was kept for it can go. */
	void (*ended)(void *ctx, const struct session_ent *e);
	int (*controlled)(void *ctx, struct wlink *w, uint32_t id,
	    const struct bm_controlled *m);
	uint64_t (*now_ms)(void *ctx);	/* monotonic */
	uint64_t (*unix_us)(void *ctx); /* Unix time */
};

void wlink_free(struct wlink *w);
/*
 * number: of the link, never used again; worker: the supervisor's number of
 * the process.  ops, ctx and sessions are kept pointers to.
 */
struct wlink *wlink_new(const struct wlink_ops *ops, void *ctx,
    struct sessions *sessions, uint64_t number, uint32_t worker)
    OWNED_BY(wlink_free) MUST_USE;
uint64_t wlink_number(const struct wlink *w);
uint32_t wlink_worker(const struct wlink *w);

/* One message; 0, or a FAIL_* code: f says what was wrong. */
int wlink_message(struct wlink *w, uint16_t type, uint32_t id, struct span body,
    struct fail *f) MUST_USE;

/* The answer to auth: who is in on conn; NULL: nobody (or it was a probe). */
struct wlink_user {
	uint8_t id[16];
	const char *name;
	const char *peer;
	bool must_change;
};
void wlink_auth_done(
    struct wlink *w, uint64_t conn, const struct wlink_user *user);
/*
 * The answer to want; session NULL: refused.  False: the connection is gone
 * meanwhile, there is nobody to take the session.  Not for a wish that came
 * with no connection.
 */
bool wlink_want_done(struct wlink *w, uint64_t conn, const uint8_t *session);
/* Somebody has logged in and is yet to get what he came for. */
bool wlink_awaits(const struct wlink *w, uint64_t now_ms);
/* The worker is told of a refusal for the reason why, which we have noted. */
void wlink_refused(struct wlink *w, uint32_t why);

#endif /* BROKER_WLINK_H */
