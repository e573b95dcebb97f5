/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's core on a test bench.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "ssh/transport/sshkey.h"
#include "vault/envelope.h"
#include "vault/keygen.h"

#include "keeper/core_priv.h"
#include "tests/unit/gateway/keeper/rig.h"

static struct keyring *ring;

const struct keyring *
rig_ring(void)
{
	if (ring == NULL) {
		ring = keyring_new();
		assert_non_null(ring);
		assert_int_equal(keygen_all(ring, NULL), 0);
	}
	return ring;
}

struct keyring *
rig_ring_copy(void)
{
	const struct keyring *from = rig_ring();
	struct keyring *k = keyring_new();
	const struct keyring_entry *e;
	size_t i;

	assert_non_null(k);
	for (i = 0; (e = keyring_at(from, i)) != NULL; i++)
		assert_int_equal(
		    keyring_add(k, e->kind, e->name,
			secret_from(secret_show(e->key).p, secret_len(e->key))),
		    0);
	return k;
}

int
rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->now_ns = UINT64_C(1000) * RIG_S;
	assert_int_equal(core_new(&r->core, rig_ring_copy(), NULL), 0);
	r->w1 = core_link_new(r->core, CORE_WORKER, RIG_W1, r->now_ns);
	r->w2 = core_link_new(r->core, CORE_WORKER, RIG_W2, r->now_ns);
	r->broker = core_link_new(r->core, CORE_BROKER, 3, r->now_ns);
	r->recorder = core_link_new(r->core, CORE_RECORDER, 4, r->now_ns);
	r->admin = core_link_new(r->core, CORE_ADMIN, 0, r->now_ns);
	buf_init_secret(&r->out, CORE_ANSWER_MAX);
	*state = r;
	return 0;
}

int
rig_teardown(void **state)
{
	struct rig *r = *state;

	core_link_free(r->w1, r->now_ns);
	core_link_free(r->w2, r->now_ns);
	core_link_free(r->broker, r->now_ns);
	core_link_free(r->recorder, r->now_ns);
	core_link_free(r->admin, r->now_ns);
	core_free(r->core);
	buf_fini(&r->out);
	free(r);
	return 0;
}

void
rig_id(uint8_t id[16], uint8_t n)
{
	memset(id, 0, 16);
	id[6] = 0x70;
	id[15] = n;
}

enum core_next
rig_ask(struct rig *r, struct core_link *l, uint16_t type, struct span body)
{
	buf_reset(&r->out);
	r->type = 0;
	return core_handle(
	    l, r->now_ns, type, body, &r->out, &r->type, &r->fail);
}

/* Encode a message, ask, forget the encoding. */
#define ASK(r, l, msg, x)                                                      \
	do {                                                                   \
		struct buf body;                                               \
		enum core_next next;                                           \
		buf_init_secret(&body, IPC_BODY_MAX);                          \
		assert_int_equal(km_##msg##_put(&body, x), 0);                 \
		next = rig_ask(r, l, km_##msg##_type, buf_span(&body));        \
		buf_fini(&body);                                               \
		return next;                                                   \
	} while (0)

enum core_next
rig_grant(struct rig *r, uint8_t id, uint32_t worker, uint8_t rec, uint8_t kind,
    struct span cred)
{
	struct km_grant x = {
	    .worker = worker, .version = 1, .kind = kind, .ttl_s = 30};
	struct envelope_row row = {.version = 1, .kind = kind};
	struct buf sealed, body;
	enum core_next next;

	rig_id(x.grant_id, id);
	rig_id(x.rec_id, rec);
	rig_id(x.row_id, id);
	rig_id(row.id, id);
	buf_init(&sealed, 2 * ENVELOPE_PLAIN_MAX);
	assert_int_equal(
	    envelope_seal(rig_ring(), &row, cred, &sealed, NULL), 0);
	x.sealed = buf_span(&sealed);
	buf_init(&body, IPC_BODY_MAX);
	assert_int_equal(km_grant_put(&body, &x), 0);
	next = rig_ask(r, r->broker, km_grant_type, buf_span(&body));
	buf_fini(&body);
	buf_fini(&sealed);
	return next;
}

enum core_next
rig_revoke(struct rig *r, uint8_t id)
{
	struct km_revoke x;

	rig_id(x.grant_id, id);
	ASK(r, r->broker, revoke, &x);
}

enum core_next
rig_open(struct rig *r, struct core_link *l, uint8_t id)
{
	struct km_open x;

	rig_id(x.grant_id, id);
	ASK(r, l, open, &x);
}

enum core_next
rig_finish(struct rig *r, struct core_link *l, uint8_t rec, uint8_t id)
{
	struct km_finish x;

	rig_id(x.rec_id, rec);
	rig_id(x.grant_id, id);
	ASK(r, l, finish, &x);
}

enum core_next
rig_resume(struct rig *r, struct core_link *l, uint8_t rec, struct span wrapped)
{
	struct km_resume x = {.wrapped = wrapped};

	rig_id(x.rec_id, rec);
	ASK(r, l, resume, &x);
}

enum core_next
rig_checkpoint(struct rig *r, struct core_link *l, uint8_t rec, uint64_t seq,
    uint8_t final)
{
	static const uint8_t hash[32] = {1, 2, 3};
	struct km_checkpoint_sign x = {
	    .seq = seq, .hash = SPAN(hash, sizeof(hash)), .final = final};

	rig_id(x.rec_id, rec);
	ASK(r, l, checkpoint_sign, &x);
}

enum core_next
rig_user_sign(struct rig *r, struct core_link *l, uint8_t id, const char *alg,
    struct span data)
{
	struct km_user_sign x = {.alg = SPAN(alg, strlen(alg)), .data = data};

	rig_id(x.grant_id, id);
	ASK(r, l, user_sign, &x);
}

enum core_next
rig_hostkey_sign(
    struct rig *r, struct core_link *l, const char *alg, size_t hash_len)
{
	static const uint8_t hash[64] = {5, 6, 7};
	struct km_hostkey_sign x = {
	    .alg = SPAN(alg, strlen(alg)), .hash = SPAN(hash, hash_len)};

	ASK(r, l, hostkey_sign, &x);
}

enum core_next
rig_seal(struct rig *r, struct core_link *l, uint8_t kind, struct span cred)
{
	struct km_seal x = {.version = 1, .kind = kind, .secret = cred};

	rig_id(x.row_id, 77);
	ASK(r, l, seal, &x);
}

void
rig_expect_error(
    struct rig *r, enum core_next got, enum core_next next, int code)
{
	struct km_error e;

	assert_int_equal(got, next);
	assert_int_equal(r->type, km_error_type);
	assert_int_equal(r->fail.code, code);
	assert_int_equal(km_error_get(buf_span(&r->out), &e), 0);
	assert_int_equal(-(int)e.code, code);
	assert_true(e.why.len > 0);
}

void
rig_expect(struct rig *r, enum core_next got, uint16_t type)
{
	if (r->fail.code != 0)
		fail_msg("refused: %s", r->fail.why);
	assert_int_equal(got, CORE_GO_ON);
	assert_int_equal(r->type, type);
}

void
rig_wrapped(struct rig *r, uint8_t wrapped[256], size_t *len)
{
	struct km_granted a;

	assert_int_equal(r->type, km_granted_type);
	assert_int_equal(km_granted_get(buf_span(&r->out), &a), 0);
	memcpy(wrapped, a.wrapped.p, a.wrapped.len);
	*len = a.wrapped.len;
}

struct span
rig_key(const char *name)
{
	const struct keyring_entry *e =
	    keyring_current(rig_ring(), KEYRING_HOSTKEY, name);

	assert_non_null(e);
	return secret_show(e->key);
}

void
rig_key_blob(const char *name, struct buf *blob)
{
	EVP_PKEY *key;

	assert_int_equal(core_key_load(rig_key(name), &key), 0);
	assert_int_equal(sshkey_public_blob(key, blob), 0);
	EVP_PKEY_free(key);
}

void
rig_login(const char *name, const char *alg, struct buf *data)
{
	static const uint8_t session_id[32] = {9, 8, 7};
	struct buf blob;

	buf_init(&blob, 8192);
	rig_key_blob(name, &blob);
	assert_int_equal(
	    buf_put_string(data, session_id, sizeof(session_id)), 0);
	assert_int_equal(buf_put_u8(data, 50), 0);
	assert_int_equal(buf_put_cstring(data, "root"), 0);
	assert_int_equal(buf_put_cstring(data, "ssh-connection"), 0);
	assert_int_equal(buf_put_cstring(data, "publickey"), 0);
	assert_int_equal(buf_put_u8(data, 1), 0);
	assert_int_equal(buf_put_cstring(data, alg), 0);
	assert_int_equal(
	    buf_put_string(data, buf_head(&blob), buf_len(&blob)), 0);
	buf_fini(&blob);
}
