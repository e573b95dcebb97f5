/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's messages.  Responsible for their order and for whose they are;
 * what is done with them is in the ops.  Rows are made fit for the database
 * here: text is UTF-8, and times lie within a session's possible life, so that
 * no row can block those behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "session/audit.h"
#include "session/why.h"

#include "broker/idmap.h"
#include "broker/wlink.h"
#include "broker/wlink_row.h"

enum { WHYS = 64 };

struct wlink {
	const struct wlink_ops *ops;
	void *ctx;
	struct sessions *sessions;
	uint64_t number;
	uint32_t worker;
	uint64_t born_ms;
	struct idmap *conns;
	struct wlink_row *row;	/* room for one row made fit */
	uint16_t refused[WHYS]; /* our refusals that it will tell us of */
};

static void
conn_key(uint8_t key[16], uint64_t conn)
{
	memset(key, 0, 16);
	memcpy(key, &conn, sizeof(conn));
}

static struct wconn *
conn_find(const struct wlink *w, uint64_t conn)
{
	uint8_t key[16];

	conn_key(key, conn);
	return idmap_get(w->conns, key);
}

/* Whoever is logged in or gone leaves room for another. */
static void
conn_leave(struct wlink *w, struct wconn *c)
{
	if (!c->inside)
		return;
	c->inside = false;
	w->ops->left(w->ctx, c);
}

static void
conn_drop(struct wlink *w, struct wconn *c)
{
	uint8_t key[16];

	conn_leave(w, c);
	conn_key(key, c->conn);
	(void)idmap_del(w->conns, key);
	free(c);
}

static void
release(struct wlink *w)
{
	struct wconn *c;
	size_t pos = 0;

	if (w->conns != NULL)
		while ((c = idmap_next(w->conns, &pos)) != NULL) {
			conn_leave(w, c);
			free(c);
		}
	idmap_free(w->conns);
	wlink_row_free(w->row);
	free(w);
}

void
wlink_free(struct wlink *w)
{
	if (w != NULL)
		release(w);
}

struct wlink *
wlink_new(const struct wlink_ops *ops, void *ctx, struct sessions *sessions,
    uint64_t number, uint32_t worker)
{
	struct wlink *w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return NULL;
	w->ops = ops;
	w->ctx = ctx;
	w->sessions = sessions;
	w->number = number;
	w->worker = worker;
	w->born_ms = ops->now_ms(ctx);
	w->conns = idmap_new();
	w->row = wlink_row_new();
	if (w->conns == NULL || w->row == NULL) {
		release(w);
		return NULL;
	}
	return w;
}

uint64_t
wlink_number(const struct wlink *w)
{
	return w->number;
}

uint32_t
wlink_worker(const struct wlink *w)
{
	return w->worker;
}

/* ---- connections */

static int
conn_get(struct wlink *w, uint64_t conn, struct wconn **out)
{
	uint8_t key[16];
	struct wconn *c;
	int r;

	if ((*out = conn_find(w, conn)) != NULL)
		return 0;
	if (idmap_count(w->conns) >= WLINK_CONNS)
		return FAIL_FULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return FAIL_NOMEM;
	c->conn = conn;
	conn_key(key, conn);
	if ((r = idmap_put(w->conns, key, c)) != 0) {
		free(c);
		return r;
	}
	*out = c;
	return 0;
}

static int
on_knock(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_knock m;
	struct wconn *c;
	int r;

	if ((r = bm_knock_get(body, &m)) != 0)
		return fail_set(f, r, "knock");
	if (conn_find(w, m.conn) != NULL)
		return fail_set(f, FAIL_STATE, "knock is out of order");
	if ((r = conn_get(w, m.conn, &c)) != 0)
		return fail_set(f, r, "knock: too many connections");
	c->inside = w->ops->knock(w->ctx, w, id, c, &m);
	if (!c->inside)
		conn_drop(w, c);
	return 0;
}

static int
on_auth(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_auth m;
	struct wconn *c;
	int r;

	if ((r = bm_auth_get(body, &m)) != 0)
		return fail_set(f, r, "auth");
	if (m.method < 1 || m.method > 3)
		return fail_set(f, FAIL_FORMAT, "auth: method %u", m.method);
	if ((r = conn_get(w, m.conn, &c)) != 0)
		return fail_set(f, r, "auth: too many connections");
	if (c->gone || (r = order_conn(&c->state, CONN_EV_AUTH)) != 0)
		return fail_set(f, FAIL_STATE, "auth is out of order");
	if (++c->tries > WLINK_TRIES)
		return fail_set(f, FAIL_RANGE, "auth: too many attempts");
	return w->ops->auth(w->ctx, w, id, &m);
}

void
wlink_auth_done(struct wlink *w, uint64_t conn, const struct wlink_user *user)
{
	struct wconn *c = conn_find(w, conn);

	if (c == NULL)
		return;
	MUST(order_conn(&c->state, user != NULL ? CONN_EV_YES : CONN_EV_NO) ==
	     0);
	if (c->gone) {
		conn_drop(w, c);
		return;
	}
	if (user == NULL)
		return;
	conn_leave(w, c);
	memcpy(c->user_id, user->id, 16);
	wlink_row_text(c->user, sizeof(c->user), user->name);
	wlink_row_text(c->peer, sizeof(c->peer), user->peer);
	c->must_change = user->must_change;
	c->in_ms = w->ops->now_ms(w->ctx);
}

static int
on_want(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_want m;
	struct wconn *c;
	int r;

	if ((r = bm_want_get(body, &m)) != 0)
		return fail_set(f, r, "want");
	c = conn_find(w, m.conn);
	if (c == NULL && w->ops->now_ms(w->ctx) - w->born_ms < WLINK_CLAIM_MS)
		/* It may have logged in before we were restarted. */
		return w->ops->want(w->ctx, w, id, NULL, &m);
	if (c == NULL || c->gone || order_conn(&c->state, CONN_EV_WANT) != 0)
		return fail_set(f, FAIL_STATE, "want is out of order");
	return w->ops->want(w->ctx, w, id, c, &m);
}

bool
wlink_want_done(struct wlink *w, uint64_t conn, const uint8_t *session)
{
	struct wconn *c = conn_find(w, conn);
	bool there;

	if (c == NULL)
		return false;
	MUST(order_conn(
		 &c->state, session != NULL ? CONN_EV_YES : CONN_EV_NO) == 0);
	there = !c->gone;
	if (c->gone)
		conn_drop(w, c);
	else if (session != NULL)
		memcpy(c->session_id, session, 16);
	return there;
}

bool
wlink_awaits(const struct wlink *w, uint64_t now_ms)
{
	const struct wconn *c;
	size_t pos = 0;

	while ((c = idmap_next(w->conns, &pos)) != NULL)
		if (!c->gone && (c->state == CONN_WANTED ||
				    (c->state == CONN_IN &&
					now_ms < c->in_ms + WLINK_WANT_MS)))
			return true;
	return false;
}

void
wlink_refused(struct wlink *w, uint32_t why)
{
	if (why < WHYS && w->refused[why] < UINT16_MAX)
		w->refused[why]++;
}

static int
on_conn_end(struct wlink *w, struct span body, struct fail *f)
{
	struct session_ent *e;
	struct bm_conn_end m;
	struct wconn *c;
	int r;

	if ((r = bm_conn_end_get(body, &m)) != 0)
		return fail_set(f, r, "conn_end");
	if ((c = conn_find(w, m.conn)) == NULL)
		return 0;
	if (c->state == CONN_ASKED || c->state == CONN_WANTED) {
		c->gone = true; /* goes when the answer comes */
		return 0;
	}
	/* A session that never began ends with its connection. */
	if (c->state == CONN_GRANTED &&
	    (e = sessions_find(w->sessions, c->session_id)) != NULL &&
	    e->state == SESS_GRANTED && e->link == w->number) {
		e->due_ms = w->ops->now_ms(w->ctx) + 10000;
		e->why = WHY_USER_LEFT;
	}
	conn_drop(w, c);
	return 0;
}

/* ---- sessions */

static int
on_session_here(struct wlink *w, struct span body, struct fail *f)
{
	struct bm_session_here m;
	struct session_ent *e;
	bool known;
	int r;

	if ((r = bm_session_here_get(body, &m)) != 0)
		return fail_set(f, r, "session_here");
	known = sessions_find(w->sessions, m.session_id) != NULL;
	e = sessions_claim(w->sessions, m.session_id, w->number);
	if (e == NULL)
		return fail_set(f, FAIL_NOMEM, "session_here");
	if (!known)
		w->ops->claimed(w->ctx, w, m.session_id);
	return 0;
}

/* The session of a row, which moves it on. */
static int
session_row(struct wlink *w, const uint8_t id[16], enum sess_event ev,
    struct session_ent **out, struct fail *f)
{
	uint64_t now = w->ops->now_ms(w->ctx);
	struct session_ent *e = sessions_find(w->sessions, id);
	int r;

	/* Rows without an answer come again after a break, also those of
	 * sessions that have ended and are claimed by nobody. */
	if ((e == NULL || (e->link == 0 && e->former == 0)) &&
	    now - w->born_ms < WLINK_CLAIM_MS) {
		bool known = e != NULL;

		e = sessions_claim(w->sessions, id, w->number);
		if (e == NULL)
			return fail_set(f, FAIL_NOMEM, "session");
		if (!known)
			w->ops->claimed(w->ctx, w, id);
	}
	if (e == NULL)
		return fail_set(f, FAIL_DENIED, "a row of an unknown session");
	if ((r = sessions_event(w->sessions, e, w->number, ev, now)) != 0)
		return fail_set(f, r,
		    "a row is out of order or of a session"
		    " of another worker");
	*out = e;
	return 0;
}

static int
on_start(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_session_start m;
	struct session_ent *e;
	int r;

	if ((r = bm_session_start_get(body, &m)) != 0)
		return fail_set(f, r, "session_start");
	if ((r = session_row(w, m.session_id, SESS_EV_START, &e, f)) != 0)
		return r;
	return w->ops->row(w->ctx, w, id, wlink_row_start(w->row, &m), 0);
}

static int
on_end(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_session_end m;
	struct session_ent *e;
	int r;

	if ((r = bm_session_end_get(body, &m)) != 0)
		return fail_set(f, r, "session_end");
	if ((r = session_row(w, m.session_id, SESS_EV_END, &e, f)) != 0)
		return r;
	r = w->ops->row(w->ctx, w, id, wlink_row_end(w->row, &m), 0);
	w->ops->ended(w->ctx, e);
	return r;
}

static int
on_keys(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_keys m;
	struct session_ent *e;
	int r;

	if ((r = bm_keys_get(body, &m)) != 0)
		return fail_set(f, r, "keys");
	if ((r = session_row(w, m.session_id, SESS_EV_KEYS, &e, f)) != 0)
		return r;
	return w->ops->row(w->ctx, w, id, wlink_row_keys(w->row, &m), m.seq);
}

/* ---- audit */

enum who { WORKER_MAY, BROKER_DOES, NOBODY };

/* Events that the broker makes itself are not taken from a worker. */
static enum who
who_may(uint32_t event)
{
	switch (event) {
	case AUDIT_SESSION_REFUSE:
	case AUDIT_CHANNEL_OPEN:
	case AUDIT_CHANNEL_REFUSE:
	case AUDIT_CHANNEL_EXEC:
	case AUDIT_CHANNEL_SUBSYSTEM:
	case AUDIT_HOSTKEY_CHANGED:
	case AUDIT_RECORDING_FAIL:
		return WORKER_MAY;
	case AUDIT_SESSION_START:
	case AUDIT_SESSION_END:
	case AUDIT_SESSION_PAUSE:
	case AUDIT_SESSION_RESUME:
	case AUDIT_SESSION_MESSAGE:
	case AUDIT_SESSION_TERMINATE:
	case AUDIT_SESSION_WATCH:
	case AUDIT_AUTH_OK:
	case AUDIT_AUTH_FAIL:
	case AUDIT_CREDENTIAL_USE:
		return BROKER_DOES;
	default:
		return NOBODY;
	}
}

/* The worker reports a refusal: is it one that we gave, and noted? */
static bool
refusal_is_ours(struct wlink *w, const struct bm_audit *m, bool of_session)
{
	char name[32];
	size_t i;

	if (of_session)
		return true; /* comes from the row of the session's end */
	if (json_find_str(m->fields, "why", name, sizeof(name)) != 0)
		return false;
	for (i = 0; i < WHYS; i++) {
		if (w->refused[i] == 0 || strcmp(why_name((int)i), name) != 0)
			continue;
		w->refused[i]--;
		return true;
	}
	return false;
}

static int
on_audit(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	static const uint8_t none[16];
	struct session_ent *e;
	struct bm_audit m;
	bool of_session;
	enum who who;
	int r;

	if ((r = bm_audit_get(body, &m)) != 0)
		return fail_set(f, r, "audit");
	of_session = memcmp(m.session_id, none, 16) != 0;
	if (of_session &&
	    (r = session_row(w, m.session_id, SESS_EV_AUDIT, &e, f)) != 0)
		return r;
	if ((who = who_may(m.event)) == NOBODY)
		return fail_set(
		    f, FAIL_DENIED, "audit: event %u of a worker", m.event);
	if (who == BROKER_DOES || (m.event == AUDIT_SESSION_REFUSE &&
				      refusal_is_ours(w, &m, of_session))) {
		w->ops->skip(w->ctx, w, id, m.session_id);
		return 0;
	}
	return w->ops->row(w->ctx, w, id,
	    wlink_row_audit(w->row, &m, w->ops->unix_us(w->ctx)), 0);
}

static int
on_controlled(struct wlink *w, uint32_t id, struct span body, struct fail *f)
{
	struct bm_controlled m;
	int r;

	if ((r = bm_controlled_get(body, &m)) != 0)
		return fail_set(f, r, "controlled");
	return w->ops->controlled(w->ctx, w, id, &m);
}

int
wlink_message(struct wlink *w, uint16_t type, uint32_t id, struct span body,
    struct fail *f)
{
	switch (type) {
	case bm_knock_type:
		return on_knock(w, id, body, f);
	case bm_auth_type:
		return on_auth(w, id, body, f);
	case bm_want_type:
		return on_want(w, id, body, f);
	case bm_conn_end_type:
		return on_conn_end(w, body, f);
	case bm_session_here_type:
		return on_session_here(w, body, f);
	case bm_session_start_type:
		return on_start(w, id, body, f);
	case bm_session_end_type:
		return on_end(w, id, body, f);
	case bm_audit_type:
		return on_audit(w, id, body, f);
	case bm_keys_type:
		return on_keys(w, id, body, f);
	case bm_controlled_type:
		return on_controlled(w, id, body, f);
	default:
		return fail_set(f, FAIL_PROTO, "message %u of a worker", type);
	}
}
