/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins.  One attempt: the user is looked up (pool), the proof is judged in a
 * thread for cryptography, the answer waits for its time, and is given.
 *
 * Nobody can tell from the time whether a user exists: a name that nobody has,
 * a user who is disabled or has no password costs the same questions and the
 * same hash as any other, and every answer "no" leaves FAIL_MS (a probe:
 * PROBE_MS) and a little chance after the attempt came.  An address that fails
 * too often waits longer, for "yes" too.
 *
 * When more passwords come than can be hashed, those of addresses that logged
 * in before go first, those of addresses that fail last (judge.c); what finds
 * no place is answered "no" in its time without being judged.  Signatures are
 * cheap and have a thread of their own.
 */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/secret.h"
#include "session/audit.h"
#include "sql/bulk.h"
#include "ssh/transport/sshkey.h"

#include "broker/authsig.h"
#include "broker/broker_int.h"
#include "broker/query.h"

enum {
	FAIL_MS = 600,
	PROBE_MS = 100,
	CHANCE_MS = 40,
	PASSWORD_MAX = 1024,
	METHOD_PASSWORD = 1,
	METHOD_PROBE = 2,
	METHOD_SIGNATURE = 3,
};

static const char *const method_names[] = {
    "", "password", "publickey-probe", "publickey"};

struct attempt {
	struct attempt *next, **prev; /* of the broker's list */
	struct broker *b;
	uint64_t link;
	uint32_t id;
	uint64_t conn;
	uint8_t method;
	uint64_t came_ms;
	char peer[65];
	char alg[65];
	struct buf blobs; /* key, signed data, signature; secret: password */
	struct span key, signed_data, signature;
	char *password; /* in blobs; NULL: it cannot be one */
	struct query_user user;
	const char *dummy;
	bool early;    /* it waits for the first contact with the database */
	bool proof;    /* the password or the signature is right */
	bool unjudged; /* there was no place for it */
	enum throttle_class class;
	bool ok;
	struct timer *timer;
};

static const char no_database[] = "the node cannot reach its database";

static void
attempt_free(struct attempt *a)
{
	if (a->prev != NULL && (*a->prev = a->next) != NULL)
		a->next->prev = a->prev;
	timer_free(a->timer);
	buf_fini(&a->blobs);
	wipe(a->user.hash, sizeof(a->user.hash));
	free(a);
}

/* ---- the threads' part */

static int
look_up(struct db *db, void *ctx, struct fail *f)
{
	struct attempt *a = ctx;

	return query_user(db, &a->user, f);
}

/* The same work whether or not there is a hash. */
static void
judge_password(struct attempt *a)
{
	const char *hash = a->user.hash;
	bool real = a->user.found && hash[0] != '\0' && a->password != NULL;
	struct crypt_data *data;
	const char *got;
	size_t len;

	if ((data = calloc(1, sizeof(*data))) == NULL)
		return;
	if (!a->user.found || hash[0] == '\0')
		hash = a->dummy;
	len = strlen(hash);
	got = crypt_r(a->password != NULL ? a->password : "", hash, data);
	a->proof = got != NULL && got[0] != '*' && strlen(got) == len &&
		   secret_cmp(got, hash, len) == 0 && real;
	wipe(data, sizeof(*data));
	free(data);
}

static int
judge(struct db *db, void *ctx, struct fail *f)
{
	struct attempt *a = ctx;
	struct span login = SPAN(a->user.name, strlen(a->user.name));
	struct span alg = SPAN(a->alg, strlen(a->alg));
	bool form, sig;

	(void)db;
	(void)f;
	if (a->method == METHOD_PASSWORD) {
		judge_password(a);
		return 0;
	}
	form = authsig_check(a->signed_data, login, alg, a->key) == 0;
	sig = sshkey_verify(a->key, a->alg, a->signed_data, a->signature) == 0;
	a->proof = form && sig && a->user.key_known;
	return 0;
}

/* ---- the loop's part */

static const char *
why_not(const struct attempt *a)
{
	if (a->unjudged)
		return "too many logins at once";
	if (!a->user.found)
		return "no such user";
	if (!a->proof && a->method == METHOD_PASSWORD)
		return a->user.hash[0] == '\0' ? "the user has no password"
					       : "wrong password";
	if (!a->proof)
		return a->user.key_known ? "bad signature"
					 : "not a key of the user";
	return "the user is disabled";
}

static void
audit(struct attempt *a)
{
	struct broker_audit e;

	if (a->method == METHOD_PROBE)
		return;
	broker_audit_begin(&e, a->ok ? AUDIT_AUTH_OK : AUDIT_AUTH_FAIL, NULL);
	json_str(&e.j, "user", a->user.name);
	json_str(&e.j, "peer", a->peer);
	json_str(&e.j, "method", method_names[a->method]);
	if (!a->ok)
		json_str(&e.j, "detail", why_not(a));
	else if (a->method == METHOD_PASSWORD && a->user.must_change)
		json_str(&e.j, "detail", "the password must be changed");
	broker_audit_end(a->b, &e);
}

/* The connection's state moves on, and the worker is told. */
static void
answer(struct attempt *a)
{
	struct blink *l = broker_blink(a->b, a->link);
	struct bm_auth_result m = {.conn = a->conn, .ok = a->ok};
	const struct wlink_user user = {
	    .name = a->user.name,
	    .peer = a->peer,
	    .must_change = a->method == METHOD_PASSWORD && a->user.must_change,
	};
	struct wlink_user in = user;
	struct buf body;

	if (l != NULL) {
		memcpy(in.id, a->user.id, 16);
		wlink_auth_done(l->w, a->conn,
		    a->ok && a->method != METHOD_PROBE ? &in : NULL);
		if (a->ok)
			memcpy(m.user_id, a->user.id, 16);
		buf_init(&body, 256);
		if (bm_auth_result_put(&body, &m) == 0)
			broker_answer(a->b, a->link, bm_auth_result_type, a->id,
			    buf_span(&body));
		buf_fini(&body);
	}
	attempt_free(a);
}

static void
on_time(struct timer *t, void *ctx)
{
	(void)t;
	answer(ctx);
}

/* Judged: the answer leaves when its time has come. */
static void
conclude(struct attempt *a)
{
	uint64_t now = broker_now_ms(a->b), due = a->came_ms;
	uint32_t chance;

	random_bytes(&chance, sizeof(chance));
	if (a->method == METHOD_PROBE)
		a->proof = a->user.key_known;
	a->ok = a->user.found && !a->user.disabled && a->proof;
	if (!a->ok)
		due += (a->method == METHOD_PROBE ? PROBE_MS : FAIL_MS) +
		       chance % CHANCE_MS;
	if (a->method != METHOD_PROBE) {
		due += throttle_delay(a->b->throttle, a->peer, now);
		if (a->ok)
			throttle_good(a->b->throttle, a->peer, now);
		else if (!a->unjudged || a->class == THROTTLE_FAILING)
			throttle_fail(
			    a->b->throttle, a->peer, a->user.name, now);
	}
	audit(a);
	if (due <= now)
		answer(a);
	else
		timer_set(a->timer, due - now);
}

/* There is no answer: the database is away, or we are overloaded. */
static void
give_up(struct attempt *a, int code, const char *why)
{
	struct blink *l = broker_blink(a->b, a->link);

	if (l != NULL) {
		wlink_auth_done(l->w, a->conn, NULL);
		broker_error(a->b, a->link, a->id, code, why);
	}
	attempt_free(a);
}

static void
on_judged(void *ctx, int r, const struct fail *f, bool away)
{
	struct attempt *a = ctx;

	(void)f;
	(void)away;
	if (r != 0)
		give_up(a, r, fail_text(r));
	else
		conclude(a);
}

/* Whoever is told "no" this way may as well have been right: ask again. */
static void
not_judged(struct attempt *a)
{
	a->unjudged = true;
	conclude(a);
}

static void
post(struct attempt *a)
{
	int r;

	if (a->method == METHOD_PASSWORD)
		r = judge_post(a->b->judge, a->class, judge, on_judged, a);
	else
		r = pool_post(a->b->signs, judge, on_judged, a);
	if (r == FAIL_FULL && a->method == METHOD_PASSWORD)
		not_judged(a);
	else if (r != 0)
		give_up(a, r, "too many logins");
}

static void
on_looked_up(void *ctx, int r, const struct fail *f, bool away)
{
	struct attempt *a = ctx;

	if (r == FAIL_CLOSED) {
		attempt_free(a); /* the broker ends */
		return;
	}
	if (away || r != 0)
		broker_db_seen(a->b, !away, fail_why(f, r));
	if (r != 0) {
		give_up(a, r, no_database);
	} else if (a->method == METHOD_PROBE) {
		conclude(a);
	} else {
		post(a);
	}
}

/* One of the blobs; they lie in one buffer that does not move any more. */
static struct span
keep(struct attempt *a, struct span s)
{
	const uint8_t *at = buf_head(&a->blobs) + buf_len(&a->blobs);

	MUST(buf_put(&a->blobs, s.p, s.len) == 0);
	return SPAN(at, s.len);
}

static int
take(struct attempt *a, const struct bm_auth *m)
{
	size_t need = m->password.len + 1 + m->key.len + m->signed_data.len +
		      m->signature.len;
	struct span password, login = authsig_login(m->user);
	const uint8_t zero = 0;
	uint8_t *p;
	int r;

	buf_init_secret(&a->blobs, need);
	if ((r = buf_reserve(&a->blobs, need, &p)) != 0)
		return r;
	a->conn = m->conn;
	a->method = m->method;
	(void)bulk_utf8(a->peer, sizeof(a->peer), m->peer);
	(void)bulk_utf8(a->alg, sizeof(a->alg), m->alg);
	(void)bulk_utf8(a->user.name, sizeof(a->user.name), login);
	a->key = keep(a, m->key);
	a->user.key = a->key;
	a->signed_data = keep(a, m->signed_data);
	a->signature = keep(a, m->signature);
	password = keep(a, m->password);
	(void)keep(a, SPAN(&zero, 1));
	if (password.len > 0 && password.len < PASSWORD_MAX &&
	    memchr(password.p, 0, password.len) == NULL)
		a->password = (char *)buf_head(&a->blobs) +
			      (password.p - buf_head(&a->blobs));
	return 0;
}

static void
begin(struct attempt *a)
{
	int r;

	a->class = throttle_class(
	    a->b->throttle, a->peer, a->user.name, broker_now_ms(a->b));
	/* Who guesses does not cost the database anything either. */
	if (a->method == METHOD_PASSWORD && a->class == THROTTLE_FAILING &&
	    !judge_room(a->b->judge, a->class)) {
		not_judged(a);
		return;
	}
	r = pool_post(a->b->db.pool, look_up, on_looked_up, a);
	if (r != 0)
		give_up(a, r, "too many logins");
}

/* May the first contact with the database still come? */
static bool
is_starting(const struct broker *b)
{
	return !b->node.known && !b->ending &&
	       broker_now_ms(b) < b->started_ms + CONTACT_MS;
}

void
broker_auth_tick(struct broker *b)
{
	struct attempt *a, *next;

	for (a = b->attempts; a != NULL; a = next) {
		next = a->next;
		if (!a->early || is_starting(b))
			continue;
		a->early = false;
		if (broker_ready(b))
			begin(a);
		else
			give_up(a, FAIL_SQL, no_database);
	}
}

int
broker_auth(
    struct broker *b, struct wlink *w, uint32_t id, const struct bm_auth *m)
{
	struct attempt *a;
	int r;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return FAIL_NOMEM;
	a->b = b;
	if ((a->next = b->attempts) != NULL)
		a->next->prev = &a->next;
	a->prev = &b->attempts;
	b->attempts = a;
	a->link = wlink_number(w);
	a->id = id;
	a->came_ms = broker_now_ms(b);
	a->dummy = b->dummy_hash;
	if ((r = take(a, m)) == 0 &&
	    (a->timer = timer_new(b->loop, on_time, a)) == NULL)
		r = FAIL_NOMEM;
	if (r != 0) {
		attempt_free(a);
		return r;
	}
	if (broker_ready(b))
		begin(a);
	else if (is_starting(b))
		a->early = true;
	else
		give_up(a, FAIL_SQL, no_database);
	return 0;
}

int
broker_auth_prepare(struct broker *b, struct fail *f)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], word[33];
	struct crypt_data *data;
	uint8_t random[16];
	const char *got;
	int r = 0;

	if ((data = calloc(1, sizeof(*data))) == NULL)
		return fail_set(f, FAIL_NOMEM, "crypt");
	random_bytes(random, sizeof(random));
	hex_encode(word, random, sizeof(random));
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) ==
		NULL ||
	    (got = crypt_r(word, setting, data)) == NULL || got[0] == '*' ||
	    strlen(got) >= sizeof(b->dummy_hash))
		r = fail_set(f, FAIL_CRYPTO, "crypt: no yescrypt");
	else
		memcpy(b->dummy_hash, got, strlen(got) + 1);
	free(data);
	return r;
}

void
broker_auth_stop(struct broker *b)
{
	while (b->attempts != NULL)
		attempt_free(b->attempts);
}
