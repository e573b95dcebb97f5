/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants: a credential leaves once, to the worker that the grant names, in
 * time; a private key never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/transport/sshkey.h"
#include "tests/unit/gateway/keeper/rig.h"
#include "tests/unit/nomem.h"
#include "vault/envelope.h"

static const char password[] = "correct horse battery staple";
#define PW SPAN(password, sizeof(password) - 1)

static void
grant_password(struct rig *r)
{
	rig_expect(
	    r, rig_grant(r, 1, RIG_W1, 9, CRED_PASSWORD, PW), km_granted_type);
}

static void
grant_key(struct rig *r, const char *name)
{
	rig_expect(r, rig_grant(r, 1, RIG_W1, 9, CRED_KEY, rig_key(name)),
	    km_granted_type);
}

static void
open_gives_the_password_and_a_recording_key(void **state)
{
	struct rig *r = *state;
	struct km_granted g;
	struct km_opened o;
	uint8_t dek_id[16], id[16];

	grant_password(r);
	assert_int_equal(km_granted_get(buf_span(&r->out), &g), 0);
	memcpy(dek_id, g.dek_id, 16);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	assert_int_equal(km_opened_get(buf_span(&r->out), &o), 0);
	rig_id(id, 9);
	assert_memory_equal(o.rec_id, id, 16);
	assert_memory_equal(o.dek_id, dek_id, 16);
	assert_int_equal(o.dek.len, 32);
	assert_int_equal(o.kind, CRED_PASSWORD);
	assert_int_equal(o.secret.len, PW.len);
	assert_memory_equal(o.secret.p, password, PW.len);
	assert_int_equal(o.pubkey.len, 0);
	assert_int_equal(o.node_key.len, 32);
	assert_true(o.node_key_id != 0);
}

static void
what_the_broker_gets_holds_no_credential(void **state)
{
	struct rig *r = *state;

	grant_password(r);
	assert_null(
	    memmem(buf_head(&r->out), buf_len(&r->out), password, PW.len));
}

static void
a_grant_opens_once(void **state)
{
	struct rig *r = *state;
	struct core_counts n;

	grant_password(r);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	core_counts_get(r->core, &n);
	assert_int_equal(n.sealed_bytes, 0);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_CLOSE, FAIL_STATE);
	r->now_ns += UINT64_C(61) * RIG_S;
	core_tick(r->core, r->now_ns);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
}

static void
a_grant_opens_for_its_worker_only(void **state)
{
	struct rig *r = *state;

	grant_password(r);
	rig_expect_error(r, rig_open(r, r->w2, 1), CORE_CLOSE, FAIL_DENIED);
	/* The one that it names still gets it. */
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
}

static void
a_grant_expires(void **state)
{
	struct rig *r = *state;
	struct core_counts n;

	grant_password(r);
	r->now_ns += UINT64_C(30) * RIG_S - 1;
	core_tick(r->core, r->now_ns);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 1);
	r->now_ns += 1;
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_TIMEOUT);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
}

static void
a_revoked_grant_is_gone(void **state)
{
	struct rig *r = *state;

	grant_password(r);
	rig_expect(r, rig_revoke(r, 1), 0);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
	rig_expect(r, rig_revoke(r, 1), 0);
}

static void
a_grant_and_a_recording_have_new_ids(void **state)
{
	struct rig *r = *state;

	grant_password(r);
	rig_expect_error(r, rig_grant(r, 1, RIG_W1, 10, CRED_PASSWORD, PW),
	    CORE_GO_ON, FAIL_EXISTS);
	/* Two grants of one recording: the second to open finds it held. */
	rig_expect(
	    r, rig_grant(r, 2, RIG_W2, 9, CRED_PASSWORD, PW), km_granted_type);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	rig_expect_error(r, rig_open(r, r->w2, 2), CORE_GO_ON, FAIL_EXISTS);
	rig_expect_error(r, rig_grant(r, 3, RIG_W2, 9, CRED_PASSWORD, PW),
	    CORE_GO_ON, FAIL_EXISTS);
}

/* A grant with one thing wrong. */
static enum core_next
ask_grant(struct rig *r, const struct km_grant *x)
{
	struct buf b;
	enum core_next next;

	buf_init(&b, IPC_BODY_MAX);
	assert_int_equal(km_grant_put(&b, x), 0);
	next = rig_ask(r, r->broker, km_grant_type, buf_span(&b));
	buf_fini(&b);
	return next;
}

static void
a_grant_out_of_bounds_is_refused(void **state)
{
	static const uint8_t sealed[ENVELOPE_OVERHEAD + 8];
	const struct km_grant good = {
	    .worker = RIG_W1,
	    .kind = CRED_PASSWORD,
	    .ttl_s = 30,
	    .sealed = SPAN(sealed, sizeof(sealed)),
	};
	struct rig *r = *state;
	struct km_grant x;

#define BAD(field, value)                                                      \
	x = good;                                                              \
	x.field = (value);                                                     \
	rig_expect_error(r, ask_grant(r, &x), CORE_GO_ON, FAIL_RANGE)
	BAD(kind, 0);
	BAD(kind, 3);
	BAD(ttl_s, 0);
	BAD(ttl_s, CORE_TTL_MAX_S + 1);
	BAD(sealed, SPAN(sealed, ENVELOPE_OVERHEAD - 1));
#undef BAD
	rig_expect(r, ask_grant(r, &good), km_granted_type);
}

static void
a_credential_that_does_not_open_uses_the_grant_up(void **state)
{
	static const uint8_t sealed[ENVELOPE_OVERHEAD + 8] = {1, 0, 0, 0, 1};
	struct km_grant x = {
	    .worker = RIG_W1,
	    .kind = CRED_PASSWORD,
	    .ttl_s = 30,
	    .sealed = SPAN(sealed, sizeof(sealed)),
	};
	struct rig *r = *state;
	struct core_counts n;

	rig_id(x.grant_id, 1);
	rig_id(x.rec_id, 9);
	rig_expect(r, ask_grant(r, &x), km_granted_type);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_MAC);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 0);
	assert_int_equal(n.holds, 0);
}

static void
what_waits_is_bounded(void **state)
{
	static uint8_t sealed[65536];
	struct km_grant x = {
	    .worker = RIG_W1,
	    .kind = CRED_PASSWORD,
	    .ttl_s = 30,
	    .sealed = SPAN(sealed, sizeof(sealed)),
	};
	struct rig *r = *state;
	struct core_counts n;
	uint32_t i;

	for (i = 0; i < CORE_SEALED_MAX / 65536; i++) {
		be32_put(x.grant_id, i);
		be32_put(x.rec_id, i);
		rig_expect(r, ask_grant(r, &x), km_granted_type);
	}
	be32_put(x.grant_id, i);
	be32_put(x.rec_id, i);
	rig_expect_error(r, ask_grant(r, &x), CORE_GO_ON, FAIL_FULL);
	/* By number as well. */
	x.sealed.len = ENVELOPE_OVERHEAD;
	r->now_ns += UINT64_C(31) * RIG_S;
	core_tick(r->core, r->now_ns);
	for (i = 0; i < CORE_GRANTS_MAX; i++) {
		be32_put(x.grant_id, i);
		be32_put(x.rec_id, i);
		rig_expect(r, ask_grant(r, &x), km_granted_type);
	}
	be32_put(x.grant_id, i);
	rig_expect_error(r, ask_grant(r, &x), CORE_GO_ON, FAIL_FULL);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, CORE_GRANTS_MAX);
}

/* No run of the key's bytes leaves that is not public. */
static void
expect_no_private(const struct buf *out, struct span der, const struct buf *pub)
{
	size_t i;

	for (i = 0; i + 16 <= der.len; i++)
		if (memmem(buf_head(pub), buf_len(pub), der.p + i, 16) == NULL)
			assert_null(
			    memmem(buf_head(out), buf_len(out), der.p + i, 16));
}

static void
open_of_a_key_gives_its_public_half_only(void **state)
{
	static const char *const names[] = {
	    "ed25519", "ecdsa-p256", "rsa-3072"};
	struct rig *r = *state;
	struct km_opened o;
	struct span der;
	struct buf pub;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		der = rig_key(names[i]);
		rig_expect(r,
		    rig_grant(r, (uint8_t)i, RIG_W1, (uint8_t)i, CRED_KEY, der),
		    km_granted_type);
		rig_expect(r, rig_open(r, r->w1, (uint8_t)i), km_opened_type);
		assert_int_equal(km_opened_get(buf_span(&r->out), &o), 0);
		assert_int_equal(o.secret.len, 0);
		buf_init(&pub, 8192);
		rig_key_blob(names[i], &pub);
		assert_int_equal(o.pubkey.len, buf_len(&pub));
		assert_memory_equal(o.pubkey.p, buf_head(&pub), buf_len(&pub));
		expect_no_private(&r->out, der, &pub);
		buf_fini(&pub);
	}
}

static void
expect_login(struct rig *r, const char *name, const char *alg)
{
	struct km_signature a;
	struct buf data, pub;

	buf_init(&data, 8192);
	buf_init(&pub, 8192);
	rig_login(name, alg, &data);
	rig_key_blob(name, &pub);
	rig_expect(r, rig_user_sign(r, r->w1, 1, alg, buf_span(&data)),
	    km_signature_type);
	assert_int_equal(km_signature_get(buf_span(&r->out), &a), 0);
	assert_int_equal(
	    sshkey_verify(buf_span(&pub), alg, buf_span(&data), a.blob), 0);
	buf_fini(&data);
	buf_fini(&pub);
}

static void
a_login_is_signed_with_the_granted_key(void **state)
{
	struct rig *r = *state;

	grant_key(r, "rsa-3072");
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	expect_login(r, "rsa-3072", "rsa-sha2-512");
	expect_login(r, "rsa-3072", "rsa-sha2-256");
}

/* A login with the ed25519 key, for the rows below. */
static enum core_next
sign(struct rig *r, struct core_link *l, uint8_t id)
{
	struct buf data;
	enum core_next next;

	buf_init(&data, 8192);
	rig_login("ed25519", "ssh-ed25519", &data);
	next = rig_user_sign(r, l, id, "ssh-ed25519", buf_span(&data));
	buf_fini(&data);
	return next;
}

static void
a_key_signs_four_times(void **state)
{
	struct rig *r = *state;
	int i;

	grant_key(r, "ed25519");
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	for (i = 0; i < CORE_SIGNS; i++)
		rig_expect(r, sign(r, r->w1, 1), km_signature_type);
	rig_expect_error(r, sign(r, r->w1, 1), CORE_CLOSE, FAIL_STATE);
}

static void
a_grant_is_awaited_until_it_has_served(void **state)
{
	struct rig *r = *state;

	assert_false(core_awaited(r->core, r->now_ns));
	grant_password(r);
	assert_true(core_awaited(r->core, r->now_ns));
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	assert_false(core_awaited(r->core, r->now_ns));
	rig_expect(r, rig_grant(r, 2, RIG_W1, 10, CRED_KEY, rig_key("ed25519")),
	    km_granted_type);
	rig_expect(r, rig_open(r, r->w1, 2), km_opened_type);
	assert_true(core_awaited(r->core, r->now_ns));
	rig_expect(r, sign(r, r->w1, 2), km_signature_type);
	assert_false(core_awaited(r->core, r->now_ns));
	/* Nobody comes for one that has expired. */
	rig_expect(
	    r, rig_grant(r, 3, RIG_W1, 11, CRED_PASSWORD, PW), km_granted_type);
	assert_true(core_awaited(r->core, r->now_ns));
	assert_false(core_awaited(
	    r->core, r->now_ns + CORE_TTL_MAX_S * UINT64_C(1000000000)));
}

static void
a_key_signs_for_a_minute(void **state)
{
	struct rig *r = *state;

	grant_key(r, "ed25519");
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	r->now_ns += UINT64_C(59) * RIG_S;
	core_tick(r->core, r->now_ns);
	rig_expect(r, sign(r, r->w1, 1), km_signature_type);
	r->now_ns += RIG_S;
	rig_expect_error(r, sign(r, r->w1, 1), CORE_GO_ON, FAIL_TIMEOUT);
	rig_expect_error(r, sign(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
}

static void
a_key_signs_only_after_open_and_for_its_worker(void **state)
{
	struct rig *r = *state;

	rig_expect_error(r, sign(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
	grant_key(r, "ed25519");
	rig_expect_error(r, sign(r, r->w1, 1), CORE_CLOSE, FAIL_STATE);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	rig_expect_error(r, sign(r, r->w2, 1), CORE_CLOSE, FAIL_DENIED);
	rig_expect(r, sign(r, r->w1, 1), km_signature_type);
}

static void
a_password_signs_nothing(void **state)
{
	struct rig *r = *state;

	grant_password(r);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	rig_expect_error(r, sign(r, r->w1, 1), CORE_CLOSE, FAIL_STATE);
}

static void
revoke_and_finish_take_the_key_away(void **state)
{
	struct rig *r = *state;

	grant_key(r, "ed25519");
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	rig_expect(r, rig_revoke(r, 1), 0);
	rig_expect_error(r, sign(r, r->w1, 1), CORE_GO_ON, FAIL_NOTFOUND);
	rig_expect(r, rig_grant(r, 2, RIG_W1, 10, CRED_KEY, rig_key("ed25519")),
	    km_granted_type);
	rig_expect(r, rig_open(r, r->w1, 2), km_opened_type);
	rig_expect(r, rig_finish(r, r->w1, 10, 2), 0);
	rig_expect_error(r, sign(r, r->w1, 2), CORE_GO_ON, FAIL_NOTFOUND);
}

static void
finish_drops_only_the_workers_own_grant(void **state)
{
	struct rig *r = *state;
	struct core_counts n;

	grant_password(r);
	/* Not the worker's: a guess. */
	rig_expect_error(
	    r, rig_finish(r, r->w2, 9, 1), CORE_GO_ON, FAIL_NOTFOUND);
	/* Not of that recording: likewise. */
	rig_expect_error(
	    r, rig_finish(r, r->w1, 8, 1), CORE_GO_ON, FAIL_NOTFOUND);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 1);
	rig_expect(r, rig_finish(r, r->w1, 9, 1), 0);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 0);
}

static void
only_a_login_with_that_key_is_signed(void **state)
{
	struct rig *r = *state;
	struct buf data, other;
	size_t i;
	int code;

	grant_key(r, "ed25519");
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	buf_init(&data, 8192);
	buf_init(&other, 8192);
	rig_login("ed25519", "ssh-ed25519", &data);
	rig_login("ecdsa-p256", "ecdsa-sha2-nistp256", &other);
	/* Another key; another algorithm than the data names; a hash. */
	rig_expect_error(r,
	    rig_user_sign(r, r->w1, 1, "ecdsa-sha2-nistp256", buf_span(&other)),
	    CORE_CLOSE, FAIL_DENIED);
	rig_expect_error(r,
	    rig_user_sign(r, r->w1, 1, "rsa-sha2-256", buf_span(&data)),
	    CORE_CLOSE, FAIL_FORMAT);
	rig_expect_error(r,
	    rig_user_sign(
		r, r->w1, 1, "ssh-ed25519", SPAN(buf_head(&data), 32)),
	    CORE_CLOSE, FAIL_FORMAT);
	/* Any change outside of session id and user name. */
	for (i = 0; i < buf_len(&data); i++) {
		if (i >= 4 && i < 36)
			continue;
		if (i >= 41 && i < 45)
			continue;
		buf_head(&data)[i] ^= 0x40;
		assert_int_equal(
		    rig_user_sign(r, r->w1, 1, "ssh-ed25519", buf_span(&data)),
		    CORE_CLOSE);
		code = r->fail.code;
		assert_true(code == FAIL_FORMAT || code == FAIL_DENIED);
		buf_head(&data)[i] ^= 0x40;
	}
	/* None of these has used up a signature. */
	for (i = 0; i < CORE_SIGNS; i++)
		rig_expect(r, sign(r, r->w1, 1), km_signature_type);
	buf_fini(&data);
	buf_fini(&other);
}

static void
an_algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
	struct rig *r = *state;
	struct buf data;

	grant_key(r, "ed25519");
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	buf_init(&data, 8192);
	rig_login("ed25519", "rsa-sha2-256", &data);
	rig_expect_error(r,
	    rig_user_sign(r, r->w1, 1, "rsa-sha2-256", buf_span(&data)),
	    CORE_GO_ON, FAIL_UNSUPPORTED);
	buf_fini(&data);
}

static void
a_key_that_is_none_does_not_open(void **state)
{
	struct rig *r = *state;

	rig_expect(
	    r, rig_grant(r, 1, RIG_W1, 9, CRED_KEY, PW), km_granted_type);
	rig_expect_error(r, rig_open(r, r->w1, 1), CORE_GO_ON, FAIL_FORMAT);
	assert_null(
	    memmem(buf_head(&r->out), buf_len(&r->out), password, PW.len));
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct rig *r = *state;
	enum core_next next = CORE_GO_ON;
	struct core_counts n;
	uint8_t id = 0;
	unsigned at;

	for (at = 1;; at++, id++) {
		rig_expect(r,
		    rig_grant(r, id, RIG_W1, id, CRED_KEY, rig_key("ed25519")),
		    km_granted_type);
		nomem_at(at + 1); /* the first is the test's own message */
		next = rig_open(r, r->w1, id);
		if (!nomem_hit())
			break;
		/* Not even the error may have found room. */
		assert_true(r->fail.code == FAIL_NOMEM);
		if (next == CORE_GO_ON)
			assert_int_equal(r->type, km_error_type);
	}
	rig_expect(r, next, km_opened_type);
	assert_true(at > 4);
	r->now_ns += UINT64_C(61) * RIG_S;
	core_tick(r->core, r->now_ns);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 0);
	assert_int_equal(n.sealed_bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	    T(open_gives_the_password_and_a_recording_key),
	    T(what_the_broker_gets_holds_no_credential),
	    T(a_grant_opens_once),
	    T(a_grant_opens_for_its_worker_only),
	    T(a_grant_expires),
	    T(a_revoked_grant_is_gone),
	    T(a_grant_and_a_recording_have_new_ids),
	    T(a_grant_out_of_bounds_is_refused),
	    T(a_credential_that_does_not_open_uses_the_grant_up),
	    T(what_waits_is_bounded),
	    T(open_of_a_key_gives_its_public_half_only),
	    T(a_login_is_signed_with_the_granted_key),
	    T(a_key_signs_four_times),
	    T(a_grant_is_awaited_until_it_has_served),
	    T(a_key_signs_for_a_minute),
	    T(a_key_signs_only_after_open_and_for_its_worker),
	    T(a_password_signs_nothing),
	    T(revoke_and_finish_take_the_key_away),
	    T(finish_drops_only_the_workers_own_grant),
	    T(only_a_login_with_that_key_is_signed),
	    T(an_algorithm_that_does_not_fit_the_key_is_refused),
	    T(a_key_that_is_none_does_not_open),
	    T(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
