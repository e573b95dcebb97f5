/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host keys: which there are, what they sign, how often.
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

static void
every_public_host_key_is_listed(void **state)
{
	static const char *const names[] = {
	    "ed25519", "ecdsa-p256", "rsa-3072"};
	struct rig *r = *state;
	struct km_hostkeys a;
	struct span blob;
	struct buf b;
	size_t i;

	rig_expect(r, rig_ask(r, r->w1, km_hostkeys_get_type, SPAN("", 0)),
	    km_hostkeys_type);
	assert_int_equal(km_hostkeys_get(buf_span(&r->out), &a), 0);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		buf_init(&b, 8192);
		rig_key_blob(names[i], &b);
		assert_int_equal(span_string(&a.blobs, &blob), 0);
		assert_int_equal(blob.len, buf_len(&b));
		assert_memory_equal(blob.p, buf_head(&b), blob.len);
		buf_fini(&b);
	}
	assert_int_equal(a.blobs.len, 0);
}

static void
expect_signature(struct rig *r, const char *name, const char *alg)
{
	static const uint8_t hash[64] = {5, 6, 7};
	struct km_signature a;
	struct buf b;

	rig_expect(r, rig_hostkey_sign(r, r->w1, alg, 32), km_signature_type);
	assert_int_equal(km_signature_get(buf_span(&r->out), &a), 0);
	buf_init(&b, 8192);
	rig_key_blob(name, &b);
	assert_int_equal(
	    sshkey_verify(buf_span(&b), alg, SPAN(hash, 32), a.blob), 0);
	buf_fini(&b);
}

static void
a_signature_verifies_with_the_key_of_its_algorithm(void **state)
{
	expect_signature(*state, "ed25519", "ssh-ed25519");
	expect_signature(*state, "ecdsa-p256", "ecdsa-sha2-nistp256");
	expect_signature(*state, "rsa-3072", "rsa-sha2-256");
	expect_signature(*state, "rsa-3072", "rsa-sha2-512");
}

static void
an_algorithm_without_a_key_is_refused(void **state)
{
	static const char *const algs[] = {"", "ssh-rsa", "ssh-dss",
	    "ecdsa-sha2-nistp384", "sk-ssh-ed25519@openssh.com",
	    "ssh-ed25519 "};
	struct rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(algs); i++)
		rig_expect_error(r, rig_hostkey_sign(r, r->w1, algs[i], 32),
		    CORE_GO_ON, FAIL_UNSUPPORTED);
}

static void
only_a_hash_is_signed(void **state)
{
	struct rig *r = *state;
	size_t n;

	for (n = 0; n <= 64; n++) {
		if (n == 32 || n == 48 || n == 64)
			rig_expect(r,
			    rig_hostkey_sign(r, r->w1, "ssh-ed25519", n),
			    km_signature_type);
		else
			rig_expect_error(r,
			    rig_hostkey_sign(r, r->w1, "ssh-ed25519", n),
			    CORE_CLOSE, FAIL_FORMAT);
	}
}

/* Signatures until the link has to wait. */
static unsigned
sign_until_busy(struct rig *r, struct core_link *l, const char *alg)
{
	unsigned n;

	for (n = 0; n < 20000; n++) {
		if (rig_hostkey_sign(r, l, alg, 32) != CORE_GO_ON)
			break;
		if (r->fail.code != 0)
			break;
	}
	rig_expect_error(r, CORE_GO_ON, CORE_GO_ON, FAIL_BUSY);
	return n;
}

static void
a_link_signs_only_so_often(void **state)
{
	struct rig *r = *state;

	assert_int_equal(sign_until_busy(r, r->w1, "ssh-ed25519"), 8000);
	/* The other worker is not concerned. */
	rig_expect(r, rig_hostkey_sign(r, r->w2, "ssh-ed25519", 32),
	    km_signature_type);
	/* A tenth of a second later: 400 more, of RSA a sixteenth. */
	r->now_ns += RIG_S / 10;
	assert_int_equal(sign_until_busy(r, r->w1, "rsa-sha2-256"), 25);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	    T(every_public_host_key_is_listed),
	    T(a_signature_verifies_with_the_key_of_its_algorithm),
	    T(an_algorithm_without_a_key_is_refused),
	    T(only_a_hash_is_signed),
	    T(a_link_signs_only_so_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
