/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New keys are what they are called, and the node's key signs.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "vault/dek.h"
#include "vault/envelope.h"
#include "vault/keygen.h"

static void
expect_pkcs8(
    const struct keyring *k, const char *name, const char *type, int bits)
{
	const struct keyring_entry *e =
	    keyring_current(k, KEYRING_HOSTKEY, name);
	const unsigned char *p;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *key;

	assert_non_null(e);
	p = secret_show(e->key).p;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)secret_len(e->key));
	assert_non_null(info);
	assert_ptr_equal(p, secret_show(e->key).p + secret_len(e->key));
	key = EVP_PKCS82PKEY(info);
	assert_non_null(key);
	assert_true(EVP_PKEY_is_a(key, type));
	assert_int_equal(EVP_PKEY_get_bits(key), bits);
	EVP_PKEY_free(key);
	PKCS8_PRIV_KEY_INFO_free(info);
}

static void
a_new_node_has_one_key_of_each(void **state)
{
	struct keyring *k = keyring_new();

	(void)state;
	assert_int_equal(keygen_all(k, NULL), 0);
	assert_int_equal(keyring_count(k), 6);
	expect_pkcs8(k, "ed25519", "ED25519", 256);
	expect_pkcs8(k, "ecdsa-p256", "EC", 256);
	expect_pkcs8(k, "rsa-3072", "RSA", 3072);
	assert_non_null(keyring_current(k, KEYRING_KEK, ENVELOPE_KEK));
	assert_non_null(keyring_current(k, KEYRING_REC_KEK, DEK_KEK));
	assert_memory_not_equal(
	    secret_show(keyring_current(k, KEYRING_KEK, ENVELOPE_KEK)->key).p,
	    secret_show(keyring_current(k, KEYRING_REC_KEK, DEK_KEK)->key).p,
	    32);
	keyring_free(k);
}

static void
the_node_key_signs_and_its_id_is_its_digest(void **state)
{
	struct keyring *k = keyring_new();
	uint8_t sig[ED25519_SIG_LEN], digest[SHA256_LEN];
	struct keygen_node n;
	struct span pub = SPAN(n.pub, sizeof(n.pub));
	struct span msg = SPAN("abc", 3);

	(void)state;
	assert_int_equal(keygen_node_get(k, &n), FAIL_NOTFOUND);
	assert_int_equal(keygen_node_sign(k, sig, msg), FAIL_NOTFOUND);
	assert_int_equal(keygen_node(k, NULL), 0);
	assert_int_equal(keygen_node_get(k, &n), 0);
	assert_int_equal(keygen_node_sign(k, sig, msg), 0);
	assert_int_equal(ed25519_verify(n.pub, sig, msg), 0);
	assert_int_equal(
	    ed25519_verify(n.pub, sig, SPAN("abd", 3)), FAIL_SIGNATURE);
	assert_int_equal(sha256(digest, &pub, 1), 0);
	assert_int_equal(n.id, be32_get(digest));
	keyring_free(k);
}

static void
a_host_key_can_be_renewed(void **state)
{
	struct keyring *k = keyring_new();

	(void)state;
	assert_int_equal(keygen_hostkey(k, "ed25519", NULL), 0);
	assert_int_equal(keygen_hostkey(k, "ed25519", NULL), 0);
	assert_int_equal(
	    keyring_current(k, KEYRING_HOSTKEY, "ed25519")->version, 2);
	keyring_free(k);
}

static void
an_unknown_type_is_refused(void **state)
{
	struct keyring *k = keyring_new();
	struct fail f = {0};

	(void)state;
	assert_int_equal(keygen_hostkey(k, "dsa", &f), FAIL_UNSUPPORTED);
	assert_non_null(strstr(f.why, "dsa"));
	assert_int_equal(keyring_count(k), 0);
	keyring_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_node_has_one_key_of_each),
	    cmocka_unit_test(the_node_key_signs_and_its_id_is_its_digest),
	    cmocka_unit_test(a_host_key_can_be_renewed),
	    cmocka_unit_test(an_unknown_type_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
