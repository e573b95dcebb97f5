/* SPDX-License-Identifier: Apache-2.0 */
/* Two transports joined in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"

#include "ssh/transport/sshkey.h"

#include "pair.h"

EVP_PKEY *
pair_key(const char *type)
{
	EVP_PKEY *key;

	if (strcmp(type, "ED25519") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else if (strncmp(type, "RSA", 3) == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA",
		    (size_t)strtoul(type + 3, NULL, 10));
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
	assert_non_null(key);
	return key;
}

struct ssh_transport_opts
pair_opts(const struct pair *p, enum ssh_role role)
{
	struct ssh_transport_opts o = {
	    .role = role,
	    .algs = p->algs.kex != NULL ? &p->algs : NULL,
	    .software = "Sallyport_test",
	};

	if (role == SSH_ROLE_SERVER)
		o.hostkeys = buf_span(&p->blobs);
	return o;
}

static void
end_init(struct end *e, const struct pair *p, enum ssh_role role)
{
	struct ssh_transport_opts o = pair_opts(p, role);

	*e = (struct end){0};
	buf_init(&e->in, PAIR_IN_MAX);
	buf_init(&e->out, PAIR_OUT_MAX);
	buf_init(&e->got, PAIR_OUT_MAX);
	e->t = ssh_transport_new(&o);
	assert_non_null(e->t);
	assert_int_equal(ssh_transport_start(e->t, &e->out), 0);
}

static void
end_fini(struct end *e)
{
	ssh_transport_free(e->t);
	buf_fini(&e->in);
	buf_fini(&e->out);
	buf_fini(&e->got);
}

void
pair_init(struct pair *p, const struct ssh_algs *algs, EVP_PKEY *key)
{
	struct buf blob;

	*p = (struct pair){0};
	if (algs != NULL)
		p->algs = *algs;
	buf_init(&p->blobs, 8192);
	buf_init(&blob, 4096);
	assert_int_equal(sshkey_public_blob(key, &blob), 0);
	assert_int_equal(buf_put_string(&p->blobs, buf_head(&blob),
			     buf_len(&blob)),
	    0);
	buf_fini(&blob);
	end_init(&p->client, p, SSH_ROLE_CLIENT);
	end_init(&p->server, p, SSH_ROLE_SERVER);
	p->server.key = key;
}

void
pair_fini(struct pair *p)
{
	end_fini(&p->client);
	end_fini(&p->server);
	buf_fini(&p->blobs);
}

static void
sign(struct end *e)
{
	struct span hash;
	const char *alg = ssh_transport_sign_request(e->t, &hash);
	struct buf sig;

	buf_init(&sig, 4096);
	assert_int_equal(sshkey_sign(e->key, alg, hash, &sig), 0);
	e->code = ssh_transport_signed(e->t, &e->out, buf_span(&sig));
	buf_fini(&sig);
}

/* One event; false when it was the last for now. */
static bool
take_one(struct end *e)
{
	struct ssh_packet pkt;

	e->code = ssh_transport_next(e->t, &e->in, &e->out, &pkt);
	switch (e->code) {
	case SSH_NEXT_PACKET:
		e->packets++;
		e->bytes += pkt.len;
		if (e->keep)
			assert_int_equal(buf_put_string(&e->got, pkt.p,
					     pkt.len),
			    0);
		return true;
	case SSH_NEXT_SIGN:
		if (e->hold_sign)
			return false;
		sign(e);
		return e->code == 0;
	case SSH_NEXT_HOSTKEY:
		e->hostkeys++;
		if (e->hold_hostkey)
			return false;
		e->code = ssh_transport_hostkey_accept(e->t, &e->out);
		return e->code == 0;
	case SSH_NEXT_KEYS:
		e->keys++;
		return true;
	default:
		return false;
	}
}

int
pair_take(struct end *e)
{
	while (take_one(e))
		;
	return e->code;
}

static size_t
move(struct buf *from, struct buf *to, size_t step)
{
	size_t n = buf_len(from);

	if (step != 0 && n > step)
		n = step;
	if (n > 0) {
		assert_int_equal(buf_put(to, buf_head(from), n), 0);
		buf_consume(from, n);
	}
	return n;
}

void
pair_run(struct pair *p, size_t step)
{
	size_t n;

	do {
		n = move(&p->client.out, &p->server.in, step);
		if (pair_take(&p->server) < 0)
			return;
		n += move(&p->server.out, &p->client.in, step);
		if (pair_take(&p->client) < 0)
			return;
	} while (n > 0);
}

void
pair_handshake(struct pair *p)
{
	pair_run(p, 0);
	if (p->client.code < 0)
		fail_msg("client: %s",
		    fail_why(ssh_transport_fail(p->client.t), p->client.code));
	if (p->server.code < 0)
		fail_msg("server: %s",
		    fail_why(ssh_transport_fail(p->server.t), p->server.code));
	assert_int_equal(p->client.keys, 1);
	assert_int_equal(p->server.keys, 1);
}

void
pair_send(struct end *e, size_t n, uint8_t fill)
{
	uint8_t *p = malloc(n);

	assert_non_null(p);
	memset(p, fill, n);
	p[0] = SSH_MSG_CHANNEL_DATA;
	assert_int_equal(ssh_transport_send(e->t, &e->out, p, n), 0);
	free(p);
}
