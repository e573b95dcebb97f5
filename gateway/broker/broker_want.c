/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wish: may this user use this account, where is its asset, and what does the
 * worker need to begin.  In order: the database is asked (pool), the name is
 * resolved (its own threads), the keeper makes the grant, the rows of session
 * and recording are stored, the worker is answered.  Whatever fails on the way
 * ends in one plain sentence, with the cause in the audit.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "keeper/keeper_msg.h"
#include "session/audit.h"
#include "session/why.h"
#include "sql/bulk.h"

#include "broker/broker_int.h"
#include "broker/query.h"

enum {
	ADDRS_SIZE = 1025,
	GRANT_TTL_S = 120,
	SENTENCE_SIZE = 256,
	ADDRS_MAX = 8
};

struct wish {
	struct broker *b;
	uint64_t link;
	uint32_t id;
	uint64_t conn;
	bool known; /* the connection is one that we know */
	uint32_t worker;
	char user[256];
	char peer[65];
	struct query_want q;
	struct query_grant rows;
	char addrs[ADDRS_SIZE];
	uint8_t grant_id[16];
	bool granted; /* the keeper holds a grant */
	uint32_t keeper;
	uint8_t wrapped[256];
};

static void
wish_free(struct wish *w)
{
	query_want_fini(&w->q);
	free(w);
}

/* Forget a grant that nobody will use. */
static void
revoke_id(struct broker *b, const uint8_t grant_id[16])
{
	struct km_revoke m;
	struct buf body;

	memcpy(m.grant_id, grant_id, 16);
	buf_init(&body, 64);
	if (km_revoke_put(&body, &m) == 0)
		kask_tell(b->keeper, km_revoke_type, buf_span(&body));
	buf_fini(&body);
}

void
broker_revoke(struct broker *b, const struct session_ent *e)
{
	if (e->has_grant)
		revoke_id(b, e->grant_id);
}

/* ---- refusal */

/* What the user is told: the same for what is not there and not permitted. */
static void
sentence(const struct wish *w, int why, char *dst, size_t size)
{
	if (why == WHY_NO_ASSET || why == WHY_NO_POLICY)
		(void)snprintf(dst, size, "%s: %s@%s", why_text(why),
		    w->q.account, w->q.asset);
	else if (why == WHY_TARGET_NAME)
		(void)snprintf(
		    dst, size, "%s: %s", why_text(why), w->q.address);
	else
		(void)snprintf(dst, size, "%s", why_text(why));
}

/* Names come from the user: nothing that a terminal would act on. */
static struct span
printable(char dst[SENTENCE_SIZE], const char *text)
{
	uint8_t *p = (uint8_t *)dst;
	size_t len = bulk_utf8(dst, SENTENCE_SIZE, SPAN(text, strlen(text)));
	size_t i, n;
	uint32_t cp;

	for (i = 0; i < len; i += n) {
		n = utf8_get(p + i, len - i, &cp);
		if (n == 0)
			break;
		if (!utf8_printable(cp))
			memset(p + i, '?', n);
	}
	return SPAN(dst, i);
}

static void
audit_refusal(struct wish *w, int why, const char *detail)
{
	struct broker_audit a;

	broker_audit_begin(&a, AUDIT_SESSION_REFUSE, NULL);
	json_str(&a.j, "user", w->user);
	json_str(&a.j, "account", w->q.account);
	json_str(&a.j, "asset", w->q.asset);
	json_str(&a.j, "peer", w->peer);
	json_str(&a.j, "why", why_name(why));
	json_str(&a.j, "detail", detail);
	broker_audit_end(w->b, &a);
}

static void
refuse(struct wish *w, int why, const char *detail)
{
	struct blink *l = broker_blink(w->b, w->link);
	struct bm_refuse m = {.conn = w->conn, .why_code = (uint32_t)why};
	char text[640], shown[SENTENCE_SIZE];
	struct buf body;

	sentence(w, why, text, sizeof(text));
	m.sentence = printable(shown, text);
	audit_refusal(w, why, detail);
	if (w->granted)
		revoke_id(w->b, w->grant_id);
	if (l != NULL) {
		if (w->known)
			(void)wlink_want_done(l->w, w->conn, NULL);
		wlink_refused(l->w, (uint32_t)why);
		buf_init(&body, 1024);
		if (bm_refuse_put(&body, &m) == 0)
			broker_answer(w->b, w->link, bm_refuse_type, w->id,
			    buf_span(&body));
		buf_fini(&body);
	}
	wish_free(w);
}

/* ---- the last step: rows are stored, the worker is answered */

static int
put_grant(const struct wish *w, struct buf *body)
{
	const struct query_want *q = &w->q;
	const struct policy_rules *rules = &q->policy.rules;
	struct bm_grant m = {
	    .conn = w->conn,
	    .node_seq = w->rows.node_seq,
	    .user = SPAN(w->user, strlen(w->user)),
	    .account = SPAN(q->account, strlen(q->account)),
	    .asset = SPAN(q->asset, strlen(q->asset)),
	    .login = SPAN(q->login, strlen(q->login)),
	    .addrs = SPAN(w->addrs, strlen(w->addrs)),
	    .port = q->port,
	    .pins = buf_span(&q->pins),
	    .legacy = q->legacy,
	    .record_shell = rules->record_shell,
	    .record_exec = rules->record_exec,
	    .record_sftp = rules->record_sftp,
	    .on_fail = rules->on_fail,
	    .idle_s = rules->idle_s,
	    .length_s = rules->length_s,
	    .admin = q->admin,
	    .wrapped = w->rows.wrapped,
	    .keeper = w->keeper,
	};

	memcpy(m.session_id, w->rows.session_id, 16);
	memcpy(m.rec_id, w->rows.rec_id, 16);
	memcpy(m.grant_id, w->grant_id, 16);
	memcpy(m.dek_id, w->rows.dek_id, 16);
	return bm_grant_put(body, &m);
}

static void
audit_credential(struct wish *w)
{
	struct broker_audit a;

	broker_audit_begin(&a, AUDIT_CREDENTIAL_USE, w->rows.session_id);
	json_str(&a.j, "user", w->user);
	json_str(&a.j, "account", w->q.account);
	json_str(&a.j, "asset", w->q.asset);
	broker_audit_end(w->b, &a);
}

/* The rows are there; if the worker is not, the session ends unbegun. */
static void
hand_out(struct wish *w)
{
	struct broker *b = w->b;
	struct blink *l = broker_blink(b, w->link);
	struct session_ent *e;
	struct buf body;

	/* A look for open sessions may have found its row already. */
	if ((e = sessions_find(b->sessions, w->rows.session_id)) == NULL)
		e = sessions_add(
		    b->sessions, w->rows.session_id, SESS_GRANTED, 0);
	if (e == NULL) {
		refuse(w, WHY_INTERNAL, "out of memory");
		return;
	}
	e->state = SESS_GRANTED;
	e->link = l != NULL ? w->link : 0;
	e->due_ms = 0;
	memcpy(e->grant_id, w->grant_id, 16);
	e->has_grant = true;
	e->checked = true;
	if (l == NULL || !wlink_want_done(l->w, w->conn, w->rows.session_id)) {
		e->due_ms = broker_now_ms(b);
		e->why = l == NULL ? WHY_WORKER_DIED : WHY_USER_LEFT;
		wish_free(w);
		return;
	}
	audit_credential(w);
	buf_init(&body, IPC_BODY_MAX);
	if (put_grant(w, &body) == 0)
		broker_answer(
		    b, w->link, bm_grant_type, w->id, buf_span(&body));
	buf_fini(&body);
	wish_free(w);
}

static void
on_rows(void *ctx, int r, const struct fail *f, bool away)
{
	struct session_ent e = {.why = WHY_BROKER};
	struct wish *w = ctx;

	if (r != 0)
		broker_db_seen(w->b, !away, fail_why(f, r));
	if (r == 0) {
		hand_out(w);
		return;
	}
	/* They may be there all the same: then they end with this. */
	memcpy(e.id, w->rows.session_id, 16);
	broker_close_session(w->b, &e);
	refuse(w, WHY_BROKER, fail_why(f, r));
}

/* ---- the keeper */

static void
on_granted(void *ctx, int code, const struct ipc_msg *m)
{
	struct wish *w = ctx;
	struct km_granted granted;
	struct km_error error;
	char why[256];

	if (code != 0) {
		refuse(w, WHY_KEEPER, fail_text(code));
		return;
	}
	if (m->type != km_granted_type ||
	    km_granted_get(m->body, &granted) != 0 ||
	    memcmp(granted.grant_id, w->grant_id, 16) != 0) {
		(void)snprintf(why, sizeof(why), "malformed answer");
		if (m->type == km_error_type &&
		    km_error_get(m->body, &error) == 0)
			(void)bulk_utf8(why, sizeof(why), error.why);
		refuse(w, WHY_KEEPER, why);
		return;
	}
	w->granted = true;
	memcpy(w->rows.dek_id, granted.dek_id, 16);
	if (granted.wrapped.len > 0)
		memcpy(w->wrapped, granted.wrapped.p, granted.wrapped.len);
	w->rows.wrapped = SPAN(w->wrapped, granted.wrapped.len);
	w->rows.node_seq = ++w->b->node.seq;
	w->rows.at_us = unix_us();
	if (granter_add(w->b->granter, &w->rows, on_rows, w) != 0)
		refuse(w, WHY_BROKER, "too many jobs");
}

static void
ask_keeper(struct wish *w)
{
	const struct query_want *q = &w->q;
	struct km_grant m = {
	    .worker = w->worker,
	    .version = q->cred_version,
	    .kind = q->cred_kind,
	    .ttl_s = GRANT_TTL_S,
	    .sealed = buf_span(&q->sealed),
	};
	struct buf body;
	int r;

	uuid_new(w->rows.session_id);
	uuid_new(w->rows.rec_id);
	uuid_new(w->grant_id);
	memcpy(m.grant_id, w->grant_id, 16);
	memcpy(m.rec_id, w->rows.rec_id, 16);
	memcpy(m.row_id, q->cred_id, 16);
	w->keeper = kask_keeper(w->b->keeper);
	buf_init(&body, IPC_BODY_MAX);
	if ((r = km_grant_put(&body, &m)) == 0)
		r = kask_ask(w->b->keeper, km_grant_type, buf_span(&body),
		    on_granted, w);
	buf_fini(&body);
	if (r != 0)
		refuse(w, WHY_KEEPER, fail_text(r));
}

/* ---- the name */

/* Each address once, one a line; what does not fit is left out. */
static void
add_addr(struct wish *w, const char *addr)
{
	size_t len = strlen(w->addrs), n = strlen(addr);
	const char *at = w->addrs;

	while ((at = strstr(at, addr)) != NULL) {
		if ((at == w->addrs || at[-1] == '\n') &&
		    (at[n] == '\0' || at[n] == '\n'))
			return;
		at += n;
	}
	if (len + n + 2 > sizeof(w->addrs))
		return;
	if (len > 0)
		w->addrs[len++] = '\n';
	memcpy(w->addrs + len, addr, n + 1);
}

static int
resolve(struct db *db, void *ctx, struct fail *f)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *all = NULL, *ai;
	struct wish *w = ctx;
	char host[NI_MAXHOST];
	unsigned n = 0;
	int e;

	(void)db;
	if ((e = getaddrinfo(w->q.address, NULL, &hints, &all)) != 0)
		return fail_set(f, FAIL_NOTFOUND, "%s", gai_strerror(e));
	for (ai = all; ai != NULL && n < ADDRS_MAX; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof(host),
			NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		add_addr(w, host);
		n++;
	}
	freeaddrinfo(all);
	return w->addrs[0] != '\0' ? 0
				   : fail_set(f, FAIL_NOTFOUND, "no address");
}

static void
on_resolved(void *ctx, int r, const struct fail *f, bool away)
{
	struct wish *w = ctx;

	(void)away;
	if (r == 0)
		ask_keeper(w);
	else
		refuse(w, WHY_TARGET_NAME, fail_why(f, r));
}

static bool
is_numeric(const char *address)
{
	uint8_t raw[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, address, raw) == 1 ||
	       inet_pton(AF_INET6, address, raw) == 1;
}

static void
find_address(struct wish *w)
{
	if (is_numeric(w->q.address)) {
		add_addr(w, w->q.address);
		ask_keeper(w);
	} else if (pool_post(w->b->names, resolve, on_resolved, w) != 0) {
		refuse(w, WHY_TARGET_NAME, "too many names to resolve");
	}
}

/* ---- policy */

static int
look_up(struct db *db, void *ctx, struct fail *f)
{
	struct wish *w = ctx;

	return query_want(db, &w->q, f);
}

static void
on_looked_up(void *ctx, int r, const struct fail *f, bool away)
{
	struct wish *w = ctx;
	struct query_want *q = &w->q;

	if (r != 0)
		broker_db_seen(w->b, !away, fail_why(f, r));
	if (r != 0) {
		refuse(w, WHY_BROKER, fail_why(f, r));
	} else if (q->why != 0) {
		refuse(w, q->why, q->detail);
	} else {
		memcpy(w->rows.node_id, w->b->node.id, 16);
		memcpy(w->rows.user_id, q->user_id, 16);
		memcpy(w->rows.account_id, q->account_id, 16);
		memcpy(w->rows.asset_id, q->asset_id, 16);
		memcpy(w->rows.policy_id, q->policy.policy_id, 16);
		w->rows.worker = w->worker;
		w->rows.protocol = q->protocol;
		w->rows.user = w->user;
		w->rows.account = q->account;
		w->rows.asset = q->asset;
		w->rows.peer = w->peer;
		find_address(w);
	}
}

int
broker_want(struct broker *b, struct wlink *l, uint32_t id,
    const struct wconn *c, const struct bm_want *m)
{
	struct wish *w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return FAIL_NOMEM;
	query_want_init(&w->q);
	w->b = b;
	w->link = wlink_number(l);
	w->worker = wlink_worker(l);
	w->id = id;
	w->conn = m->conn;
	w->known = c != NULL;
	w->q.protocol = m->protocol;
	(void)bulk_utf8(w->q.account, sizeof(w->q.account), m->account);
	(void)bulk_utf8(w->q.asset, sizeof(w->q.asset), m->asset);
	if (c == NULL) {
		refuse(w, WHY_BROKER, "the login was before a restart");
		return 0;
	}
	memcpy(w->q.user_id, c->user_id, 16);
	memcpy(w->user, c->user, sizeof(w->user));
	memcpy(w->peer, c->peer, sizeof(w->peer));
	if (c->must_change)
		refuse(w, WHY_MUST_CHANGE, "logged in by password");
	else if (sessions_live(b->sessions) >= b->conf->gateway_max_sessions)
		refuse(w, WHY_LIMIT, "gateway.max_sessions");
	else if (!broker_ready(b))
		refuse(w, WHY_BROKER, "the database is away");
	else if (pool_post(b->db.pool, look_up, on_looked_up, w) != 0)
		refuse(w, WHY_BROKER, "too many jobs");
	return 0;
}
