/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants: what the broker allows one worker to take once.  A credential lies
 * here sealed until `open`; a password leaves with the answer and is wiped, a
 * private key stays for the few signatures of one login and is wiped.
 */
#include <stdlib.h>
#include <string.h>

#include "ssh/transport/sshkey.h"

#include "keeper/core_priv.h"
#include "keeper/cred.h"
#include "keeper/userauth.h"

enum { NS_PER_S = 1000000000, PUBKEY_MAX = 8192, SIG_MAX = 4096 };

enum grant_state { GRANT_WAITING, GRANT_OPENED };

struct grant {
	struct table_node node; /* by grant_id; first */
	enum grant_state state;
	uint32_t worker;
	uint8_t rec_id[UUID_LEN];
	struct envelope_row row;
	uint64_t expires_ns;
	uint8_t dek_id[UUID_LEN];
	uint8_t wrapped[DEK_WRAPPED_LEN];
	uint8_t *sealed; /* NULL once opened */
	size_t sealed_len;
	struct secret *key; /* opened CRED_KEY: PKCS#8; NULL when used up */
	struct buf pub;	    /* its public blob */
	unsigned signs;	    /* left */
};

/* What `open` gives; everything in it is wiped with it. */
struct opening {
	struct secret *cred;
	struct secret *dek;
};

static struct grant *
grant_find(const struct core *c, const uint8_t id[UUID_LEN])
{
	return (struct grant *)table_find(&c->grants, id);
}

static void
drop_sealed(struct core *c, struct grant *g)
{
	c->sealed_bytes -= g->sealed_len;
	free(g->sealed);
	g->sealed = NULL;
	g->sealed_len = 0;
}

static void
grant_free(struct core *c, struct grant *g)
{
	drop_sealed(c, g);
	secret_free(g->key);
	buf_fini(&g->pub);
	free(g);
}

static void
grant_end(struct core *c, struct grant *g)
{
	table_remove(&c->grants, &g->node);
	grant_free(c, g);
}

struct sweep {
	struct core *core;
	bool all;
	bool of_worker;
	uint32_t worker;
	uint64_t now_ns;
};

struct awaited {
	uint64_t now_ns;
	bool any;
};

static void
await_one(struct table_node *n, void *ctx)
{
	const struct grant *g = (const struct grant *)n;
	struct awaited *a = ctx;

	if (a->now_ns < g->expires_ns &&
	    (g->state == GRANT_WAITING ||
		(g->key != NULL && g->signs == CORE_SIGNS)))
		a->any = true;
}

bool
core_grant_awaited(struct core *c, uint64_t now_ns)
{
	struct awaited a = {.now_ns = now_ns};

	table_each(&c->grants, await_one, &a);
	return a.any;
}

static void
sweep_one(struct table_node *n, void *ctx)
{
	const struct sweep *s = ctx;
	struct grant *g = (struct grant *)n;

	if (s->all || (s->of_worker && g->worker == s->worker) ||
	    (!s->of_worker && s->now_ns >= g->expires_ns))
		grant_end(s->core, g);
}

void
core_grant_fini(struct core *c)
{
	struct sweep s = {.core = c, .all = true};

	table_each(&c->grants, sweep_one, &s);
}

void
core_grant_tick(struct core *c, uint64_t now_ns)
{
	struct sweep s = {.core = c, .now_ns = now_ns};

	table_each(&c->grants, sweep_one, &s);
}

void
core_grant_forget(struct core *c, uint32_t worker)
{
	struct sweep s = {.core = c, .of_worker = true, .worker = worker};

	table_each(&c->grants, sweep_one, &s);
}

bool
core_grant_drop(struct core *c, const uint8_t id[UUID_LEN], uint32_t worker,
    const uint8_t rec_id[UUID_LEN])
{
	struct grant *g = grant_find(c, id);

	if (g == NULL || g->worker != worker ||
	    memcmp(g->rec_id, rec_id, UUID_LEN) != 0)
		return false;
	grant_end(c, g);
	return true;
}

/* A new recording key, kept only wrapped. */
static int
make_dek(struct core *c, struct grant *g)
{
	struct secret *dek = secret_random(DEK_LEN);
	int r;

	if (dek == NULL)
		return FAIL_NOMEM;
	uuid_new(g->dek_id);
	r = dek_wrap(
	    c->ring, g->rec_id, g->dek_id, secret_show(dek).p, g->wrapped);
	secret_free(dek);
	return r;
}

static int
grant_new(struct core_req *q, const struct km_grant *x, struct grant **out)
{
	struct grant *g = calloc(1, sizeof(*g));
	int r;

	if (g == NULL)
		return FAIL_NOMEM;
	memcpy(g->node.id, x->grant_id, UUID_LEN);
	memcpy(g->rec_id, x->rec_id, UUID_LEN);
	memcpy(g->row.id, x->row_id, UUID_LEN);
	g->row.version = x->version;
	g->row.kind = x->kind;
	g->worker = x->worker;
	g->expires_ns = q->now_ns + (uint64_t)x->ttl_s * NS_PER_S;
	buf_init(&g->pub, PUBKEY_MAX);
	if ((g->sealed = malloc(x->sealed.len)) == NULL) {
		r = FAIL_NOMEM;
	} else {
		memcpy(g->sealed, x->sealed.p, x->sealed.len);
		g->sealed_len = x->sealed.len;
		q->core->sealed_bytes += x->sealed.len;
		r = make_dek(q->core, g);
	}
	if (r == 0)
		r = table_insert(&q->core->grants, &g->node);
	if (r != 0) {
		grant_free(q->core, g);
		return r;
	}
	*out = g;
	return 0;
}

int
core_grant_make(struct core_req *q)
{
	struct km_grant x;
	struct km_granted a;
	struct grant *g;
	int r;

	if (km_grant_get(q->body, &x) != 0)
		return core_malformed(q);
	if ((x.kind != CRED_PASSWORD && x.kind != CRED_KEY) || x.ttl_s == 0 ||
	    x.ttl_s > CORE_TTL_MAX_S || x.sealed.len < ENVELOPE_OVERHEAD)
		return core_refuse(q, FAIL_RANGE, "grant out of bounds");
	if (core_rec_known(q->core, x.rec_id))
		return core_refuse(
		    q, FAIL_EXISTS, "this recording was granted before");
	if (q->core->sealed_bytes + x.sealed.len > CORE_SEALED_MAX)
		return core_refuse(q, FAIL_FULL, "too many grants wait");
	if ((r = grant_new(q, &x, &g)) != 0)
		return core_refuse(q, r, "cannot keep the grant");
	memcpy(a.grant_id, x.grant_id, UUID_LEN);
	memcpy(a.dek_id, g->dek_id, UUID_LEN);
	a.wrapped = SPAN(g->wrapped, sizeof(g->wrapped));
	if ((r = km_granted_put(q->out, &a)) != 0) {
		grant_end(q->core, g);
		return core_refuse(q, r, "cannot answer");
	}
	q->type = km_granted_type;
	return 0;
}

int
core_grant_revoke(struct core_req *q)
{
	struct km_revoke x;
	struct grant *g;

	if (km_revoke_get(q->body, &x) != 0)
		return core_malformed(q);
	/* Gone already: it has expired, or the worker has finished. */
	if ((g = grant_find(q->core, x.grant_id)) != NULL)
		grant_end(q->core, g);
	return 0;
}

/* Unseal what the grant holds; for a key, find its public blob. */
static int
unseal(struct core *c, struct grant *g, struct opening *o)
{
	EVP_PKEY *key;
	int r;

	if ((r = envelope_open(c->ring, &g->row, SPAN(g->sealed, g->sealed_len),
		 &o->cred)) != 0 ||
	    (r = dek_unwrap(c->ring, g->rec_id,
		 SPAN(g->wrapped, sizeof(g->wrapped)), NULL, &o->dek)) != 0)
		return r;
	if (g->row.kind != CRED_KEY)
		return secret_len(o->cred) <= CRED_PASSWORD_MAX ? 0
								: FAIL_RANGE;
	if ((r = core_key_load(secret_show(o->cred), &key)) != 0)
		return r;
	r = core_key_blob(key, &g->pub);
	EVP_PKEY_free(key);
	return r;
}

static int
put_opened(struct core_req *q, const struct grant *g, const struct opening *o)
{
	struct core *c = q->core;
	struct km_opened a = {
	    .dek = secret_show(o->dek),
	    .node_key_id = c->node.id,
	    .node_key = SPAN(c->node.pub, sizeof(c->node.pub)),
	    .kind = g->row.kind,
	    .pubkey = buf_span(&g->pub),
	};

	if (g->row.kind == CRED_PASSWORD)
		a.secret = secret_show(o->cred);
	memcpy(a.rec_id, g->rec_id, UUID_LEN);
	memcpy(a.dek_id, g->dek_id, UUID_LEN);
	q->type = km_opened_type;
	return km_opened_put(q->out, &a);
}

/* After this the grant is used, whatever comes of it. */
static int
open_grant(struct core_req *q, struct grant *g)
{
	struct opening o = {0};
	int r;

	g->state = GRANT_OPENED;
	if ((r = unseal(q->core, g, &o)) != 0)
		r = core_refuse(q, r, "the credential does not open");
	else if ((r = core_rec_hold(q->core, g->rec_id, q->link->number)) != 0)
		r = core_refuse(q, r, "the recording cannot be held");
	else if ((r = put_opened(q, g, &o)) != 0)
		r = core_refuse(q, r, "cannot answer");
	drop_sealed(q->core, g);
	if (r == 0 && g->row.kind == CRED_KEY) {
		g->key = o.cred;
		o.cred = NULL;
		g->signs = CORE_SIGNS;
	}
	g->expires_ns = q->now_ns + CORE_SIGN_S * (uint64_t)NS_PER_S;
	secret_free(o.cred);
	secret_free(o.dek);
	if (r != 0)
		grant_end(q->core, g);
	return r;
}

int
core_grant_open(struct core_req *q)
{
	struct km_open x;
	struct grant *g;

	if (km_open_get(q->body, &x) != 0)
		return core_malformed(q);
	if ((g = grant_find(q->core, x.grant_id)) == NULL)
		return core_miss(q, "grant");
	if (g->worker != q->link->number)
		return core_breach(
		    q, FAIL_DENIED, "open of another worker's grant");
	if (g->state != GRANT_WAITING)
		return core_breach(q, FAIL_STATE, "open of an opened grant");
	if (q->now_ns >= g->expires_ns) {
		grant_end(q->core, g);
		return core_refuse(q, FAIL_TIMEOUT, "the grant has expired");
	}
	return open_grant(q, g);
}

/* Is this a login with the grant's own key? */
static int
check_login(
    struct core_req *q, const struct grant *g, const struct km_user_sign *x)
{
	struct userauth u;
	struct span pub = buf_span(&g->pub);

	if (userauth_parse(x->data, &u) != 0)
		return core_breach(
		    q, FAIL_FORMAT, "user_sign of what is no login request");
	if (u.alg.len != x->alg.len ||
	    memcmp(u.alg.p, x->alg.p, u.alg.len) != 0)
		return core_breach(
		    q, FAIL_FORMAT, "user_sign with two algorithms");
	if (u.blob.len != pub.len || memcmp(u.blob.p, pub.p, pub.len) != 0)
		return core_breach(q, FAIL_DENIED, "user_sign for another key");
	return 0;
}

static int
sign_login(
    struct core_req *q, const struct grant *g, const struct km_user_sign *x)
{
	struct km_signature a;
	EVP_PKEY *key = NULL;
	struct buf sig;
	char alg[65];
	int r;

	if (x->alg.len > 0)
		memcpy(alg, x->alg.p, x->alg.len);
	alg[x->alg.len] = 0;
	buf_init(&sig, SIG_MAX);
	if ((r = core_key_load(secret_show(g->key), &key)) == 0 &&
	    (r = sshkey_sign(key, alg, x->data, &sig)) == 0) {
		a.blob = buf_span(&sig);
		r = km_signature_put(q->out, &a);
		q->type = km_signature_type;
	}
	EVP_PKEY_free(key);
	buf_fini(&sig);
	return r != 0 ? core_refuse(q, r, "cannot sign with this key") : 0;
}

int
core_grant_sign(struct core_req *q)
{
	struct km_user_sign x;
	struct grant *g;
	int r;

	if (km_user_sign_get(q->body, &x) != 0)
		return core_malformed(q);
	if ((g = grant_find(q->core, x.grant_id)) == NULL)
		return core_miss(q, "grant");
	if (g->worker != q->link->number)
		return core_breach(
		    q, FAIL_DENIED, "user_sign with another worker's grant");
	if (g->state != GRANT_OPENED || g->row.kind != CRED_KEY)
		return core_breach(
		    q, FAIL_STATE, "user_sign without an opened key");
	if (q->now_ns >= g->expires_ns) {
		grant_end(q->core, g);
		return core_refuse(q, FAIL_TIMEOUT, "the grant has expired");
	}
	if (g->key == NULL)
		return core_breach(
		    q, FAIL_STATE, "more than %d user_sign", CORE_SIGNS);
	if ((r = check_login(q, g, &x)) != 0)
		return r;
	g->signs--;
	r = sign_login(q, g, &x);
	if (g->signs == 0) {
		secret_free(g->key);
		g->key = NULL;
	}
	return r;
}
