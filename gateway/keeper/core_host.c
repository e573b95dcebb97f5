/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host keys: their public blobs for whoever is a worker, and signatures
 * over exchange hashes, as fast as the link's rate allows.
 */
#include <string.h>

#include "ssh/transport/sshkey.h"

#include "keeper/core_priv.h"

/* An RSA signature takes as long as this many of the others. */
enum {
	COST_FAST = 1,
	COST_RSA = 16,
	BLOB_MAX = 4096,
	SIG_MAX = 4096,
};

static int
add_hostkey(struct core *c, const struct keyring_entry *e)
{
	struct core_hostkey *h = &c->host[c->hosts];
	const char *type;
	int r;

	buf_init(&h->blob, BLOB_MAX);
	h->key = NULL;
	c->hosts++;
	if ((r = core_key_load(secret_show(e->key), &h->key)) != 0 ||
	    (r = core_key_blob(h->key, &h->blob)) != 0 ||
	    (r = core_key_prove(h->key, buf_span(&h->blob))) != 0)
		return r;
	type = sshkey_type(buf_span(&h->blob));
	h->cost =
	    type != NULL && strcmp(type, "ssh-rsa") == 0 ? COST_RSA : COST_FAST;
	return 0;
}

int
core_host_init(struct core *c, struct fail *f)
{
	const struct keyring_entry *e;
	size_t i;
	int r;

	for (i = 0; (e = keyring_at(c->ring, i)) != NULL; i++) {
		if (e->kind != KEYRING_HOSTKEY ||
		    e != keyring_current(c->ring, e->kind, e->name))
			continue;
		if (c->hosts == CORE_HOSTKEYS_MAX)
			return fail_set(
			    f, FAIL_FULL, "too many host keys in the keyring");
		if ((r = add_hostkey(c, e)) != 0)
			return fail_set(
			    f, r, "host key %s cannot be used", e->name);
	}
	return c->hosts > 0 ? 0
			    : fail_set(f, FAIL_NOTFOUND,
				  "there is no host key in the keyring");
}

void
core_host_fini(struct core *c)
{
	size_t i;

	for (i = 0; i < c->hosts; i++) {
		EVP_PKEY_free(c->host[i].key);
		buf_fini(&c->host[i].blob);
	}
	c->hosts = 0;
}

static int
put_blobs(const struct core *c, struct buf *b)
{
	const struct buf *blob;
	size_t i;
	int r = 0;

	for (i = 0; i < c->hosts && r == 0; i++) {
		blob = &c->host[i].blob;
		r = buf_put_string(b, buf_head(blob), buf_len(blob));
	}
	return r;
}

int
core_host_list(struct core_req *q)
{
	struct km_hostkeys_get x;
	struct km_hostkeys a;
	struct buf b;
	int r;

	if (km_hostkeys_get_get(q->body, &x) != 0)
		return core_malformed(q);
	buf_init(&b, CORE_ANSWER_MAX);
	if ((r = put_blobs(q->core, &b)) == 0) {
		a.blobs = buf_span(&b);
		r = km_hostkeys_put(q->out, &a);
		q->type = km_hostkeys_type;
	}
	buf_fini(&b);
	return r != 0 ? core_refuse(q, r, "cannot list host keys") : 0;
}

static const struct core_hostkey *
find_key(const struct core *c, const char *alg)
{
	size_t i;

	for (i = 0; i < c->hosts; i++)
		if (sshkey_fits(buf_span(&c->host[i].blob), alg))
			return &c->host[i];
	return NULL;
}

static int
sign_hash(struct core_req *q, const struct core_hostkey *h, const char *alg,
    struct span hash)
{
	struct km_signature a;
	struct buf sig;
	int r;

	buf_init(&sig, SIG_MAX);
	if ((r = sshkey_sign(h->key, alg, hash, &sig)) == 0) {
		a.blob = buf_span(&sig);
		r = km_signature_put(q->out, &a);
		q->type = km_signature_type;
	}
	buf_fini(&sig);
	return r != 0 ? core_refuse(q, r, "cannot sign with the host key") : 0;
}

int
core_host_sign(struct core_req *q)
{
	const struct core_hostkey *h;
	struct km_hostkey_sign x;
	char alg[65];

	if (km_hostkey_sign_get(q->body, &x) != 0)
		return core_malformed(q);
	/* SHA-256, SHA-384, SHA-512: nothing else is an exchange hash here, and
	 * nothing so short is a login request. */
	if (x.hash.len != 32 && x.hash.len != 48 && x.hash.len != 64)
		return core_breach(q, FAIL_FORMAT,
		    "%zu bytes are no exchange hash", x.hash.len);
	if (x.alg.len > 0)
		memcpy(alg, x.alg.p, x.alg.len);
	alg[x.alg.len] = 0;
	/* SHA-1 is for targets that know nothing better, not for users. */
	if (strcmp(alg, "ssh-rsa") == 0 || (h = find_key(q->core, alg)) == NULL)
		return core_refuse(
		    q, FAIL_UNSUPPORTED, "no host key for that algorithm");
	if (!core_rate_take(&q->link->sign, q->now_ns, h->cost, CORE_SIGN_PER_S,
		CORE_SIGN_MOST))
		return core_refuse(
		    q, FAIL_BUSY, "too many host key signatures");
	return sign_hash(q, h, alg, x.hash);
}
