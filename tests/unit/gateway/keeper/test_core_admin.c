/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the command line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/gateway/keeper/rig.h"
#include "vault/dek.h"
#include "vault/envelope.h"
#include "vault/keygen.h"

static void
a_sealed_password_opens_for_its_row(void **state)
{
	struct rig *r = *state;
	struct envelope_row row = {.version = 1, .kind = CRED_PASSWORD};
	struct km_sealed a;
	struct secret *s;

	rig_expect(r, rig_seal(r, r->admin, CRED_PASSWORD, SPAN("s3cret", 6)),
	    km_sealed_type);
	assert_int_equal(km_sealed_get(buf_span(&r->out), &a), 0);
	assert_int_equal(a.kek_version, 1);
	assert_int_equal(a.pubkey.len, 0);
	rig_id(row.id, 77);
	assert_int_equal(envelope_open(rig_ring(), &row, a.blob, &s), 0);
	assert_memory_equal(secret_show(s).p, "s3cret", 6);
	secret_free(s);
}

static void
a_sealed_key_comes_with_its_public_key(void **state)
{
	static const char *const names[] = {
	    "ed25519", "ecdsa-p256", "rsa-3072"};
	struct rig *r = *state;
	struct km_sealed a;
	struct buf pub;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		rig_expect(r,
		    rig_seal(r, r->admin, CRED_KEY, rig_key(names[i])),
		    km_sealed_type);
		assert_int_equal(km_sealed_get(buf_span(&r->out), &a), 0);
		buf_init(&pub, 8192);
		rig_key_blob(names[i], &pub);
		assert_int_equal(a.pubkey.len, buf_len(&pub));
		assert_memory_equal(a.pubkey.p, buf_head(&pub), buf_len(&pub));
		buf_fini(&pub);
	}
}

static void
what_could_not_be_used_is_not_sealed(void **state)
{
	static char big[CRED_PASSWORD_MAX + 1];
	struct rig *r = *state;

	rig_expect_error(r, rig_seal(r, r->admin, CRED_PASSWORD, SPAN("", 0)),
	    CORE_GO_ON, FAIL_RANGE);
	rig_expect_error(r,
	    rig_seal(r, r->admin, CRED_PASSWORD, SPAN(big, sizeof(big))),
	    CORE_GO_ON, FAIL_RANGE);
	rig_expect(r,
	    rig_seal(r, r->admin, CRED_PASSWORD, SPAN(big, sizeof(big) - 1)),
	    km_sealed_type);
	rig_expect_error(r, rig_seal(r, r->admin, CRED_KEY, SPAN("key", 3)),
	    CORE_GO_ON, FAIL_FORMAT);
	rig_expect_error(r, rig_seal(r, r->admin, 3, SPAN("x", 1)), CORE_GO_ON,
	    FAIL_UNSUPPORTED);
	rig_expect_error(r, rig_seal(r, r->admin, 0, SPAN("x", 1)), CORE_GO_ON,
	    FAIL_UNSUPPORTED);
}

static enum core_next
ask_rec_key(struct rig *r, uint8_t rec, struct span wrapped)
{
	struct km_rec_key_get x = {.wrapped = wrapped};
	struct buf b;
	enum core_next next;

	rig_id(x.rec_id, rec);
	buf_init(&b, 4096);
	assert_int_equal(km_rec_key_get_put(&b, &x), 0);
	next = rig_ask(r, r->admin, km_rec_key_get_type, buf_span(&b));
	buf_fini(&b);
	return next;
}

static void
a_recording_key_is_given_for_its_recording(void **state)
{
	uint8_t wrapped[256], dek[DEK_LEN];
	struct rig *r = *state;
	struct km_opened o;
	struct km_rec_key a;
	size_t len;

	rig_expect(r, rig_grant(r, 1, RIG_W1, 9, CRED_PASSWORD, SPAN("pw", 2)),
	    km_granted_type);
	rig_wrapped(r, wrapped, &len);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	assert_int_equal(km_opened_get(buf_span(&r->out), &o), 0);
	assert_int_equal(o.dek.len, DEK_LEN);
	memcpy(dek, o.dek.p, DEK_LEN);
	rig_expect(r, ask_rec_key(r, 9, SPAN(wrapped, len)), km_rec_key_type);
	assert_int_equal(km_rec_key_get(buf_span(&r->out), &a), 0);
	assert_int_equal(a.dek.len, DEK_LEN);
	assert_memory_equal(a.dek.p, dek, DEK_LEN);
	rig_expect_error(
	    r, ask_rec_key(r, 10, SPAN(wrapped, len)), CORE_GO_ON, FAIL_MAC);
	rig_expect_error(r, ask_rec_key(r, 9, SPAN(wrapped, len - 1)),
	    CORE_GO_ON, FAIL_FORMAT);
}

static void
anybody_may_have_the_nodes_public_key(void **state)
{
	struct rig *r = *state;
	struct core_link *links[] = {r->w1, r->broker, r->recorder, r->admin};
	struct keygen_node n;
	struct km_node_key a;
	size_t i;

	assert_int_equal(keygen_node_get(rig_ring(), &n), 0);
	for (i = 0; i < ARRAY_LEN(links); i++) {
		rig_expect(r,
		    rig_ask(r, links[i], km_node_key_get_type, SPAN("", 0)),
		    km_node_key_type);
		assert_int_equal(km_node_key_get(buf_span(&r->out), &a), 0);
		assert_int_equal(a.key_id, n.id);
		assert_int_equal(a.pub.len, sizeof(n.pub));
		assert_memory_equal(a.pub.p, n.pub, sizeof(n.pub));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	    T(a_sealed_password_opens_for_its_row),
	    T(a_sealed_key_comes_with_its_public_key),
	    T(what_could_not_be_used_is_not_sealed),
	    T(a_recording_key_is_given_for_its_recording),
	    T(anybody_may_have_the_nodes_public_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
