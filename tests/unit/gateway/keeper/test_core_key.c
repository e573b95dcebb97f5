/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys from PKCS#8.
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
#include <openssl/x509.h>

#include "keeper/core_priv.h"
#include "tests/unit/gateway/keeper/rig.h"

static void
every_kind_of_key_loads_and_proves_itself(void **state)
{
	static const char *const names[] = {
	    "ed25519", "ecdsa-p256", "rsa-3072"};
	struct buf blob;
	EVP_PKEY *key;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		buf_init(&blob, 8192);
		assert_int_equal(core_key_load(rig_key(names[i]), &key), 0);
		assert_int_equal(core_key_blob(key, &blob), 0);
		assert_int_equal(core_key_prove(key, buf_span(&blob)), 0);
		EVP_PKEY_free(key);
		buf_fini(&blob);
	}
}

static void
a_key_does_not_prove_another(void **state)
{
	struct buf blob;
	EVP_PKEY *key, *other;

	(void)state;
	buf_init(&blob, 8192);
	assert_int_equal(core_key_load(rig_key("ed25519"), &key), 0);
	other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(other);
	assert_int_equal(core_key_blob(other, &blob), 0);
	assert_int_equal(core_key_prove(key, buf_span(&blob)), FAIL_SIGNATURE);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	buf_fini(&blob);
}

static void
what_is_cut_or_longer_does_not_load(void **state)
{
	struct span der = rig_key("ecdsa-p256");
	uint8_t more[1024] = {0};
	EVP_PKEY *key;
	size_t n;

	(void)state;
	assert_true(der.len < sizeof(more));
	memcpy(more, der.p, der.len);
	for (n = 0; n < der.len + 8; n++) {
		if (n == der.len)
			continue;
		assert_int_equal(
		    core_key_load(SPAN(more, n), &key), FAIL_FORMAT);
		assert_null(key);
	}
}

static int
blob_of(EVP_PKEY *key)
{
	struct buf blob;
	int r;

	assert_non_null(key);
	buf_init(&blob, 8192);
	r = core_key_blob(key, &blob);
	EVP_PKEY_free(key);
	buf_fini(&blob);
	return r;
}

static void
a_key_of_no_use_is_refused(void **state)
{
	(void)state;
	assert_true(
	    blob_of(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024)) != 0);
	assert_true(blob_of(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")) != 0);
	assert_true(
	    blob_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1")) != 0);
	assert_int_equal(
	    blob_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	    T(every_kind_of_key_loads_and_proves_itself),
	    T(a_key_does_not_prove_another),
	    T(what_is_cut_or_longer_does_not_load),
	    T(a_key_of_no_use_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
