/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys and signatures in their wire form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "base/fail.h"
#include "pair.h"
#include "ssh/transport/sshkey.h"
#include "tests/unit/gateway/sshclient/pubkey_samples.h"

static const struct {
	const char *type, *alg;
} kinds[] = {
    {"ED25519", "ssh-ed25519"},
    {"P-256", "ecdsa-sha2-nistp256"},
    {"P-384", "ecdsa-sha2-nistp384"},
    {"P-521", "ecdsa-sha2-nistp521"},
    {"RSA2048", "rsa-sha2-256"},
    {"RSA2048", "rsa-sha2-512"},
};

static const struct span data = {(const uint8_t *)"what is signed", 14};

static struct span
blob_of(EVP_PKEY *key, struct buf *b)
{
	buf_init(b, 8192);
	assert_int_equal(sshkey_public_blob(key, b), 0);
	return buf_span(b);
}

static void
what_is_signed_verifies_and_nothing_else(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		EVP_PKEY *key = pair_key(kinds[i].type);
		EVP_PKEY *other = pair_key(kinds[i].type);
		struct buf b, c, sig;
		struct span blob = blob_of(key, &b);

		buf_init(&sig, 4096);
		assert_int_equal(sshkey_sign(key, kinds[i].alg, data, &sig), 0);
		assert_int_equal(
		    sshkey_verify(blob, kinds[i].alg, data, buf_span(&sig)), 0);
		assert_int_equal(
		    sshkey_verify(blob, kinds[i].alg,
			SPAN(data.p, data.len - 1), buf_span(&sig)),
		    FAIL_SIGNATURE);
		assert_int_equal(sshkey_verify(blob_of(other, &c), kinds[i].alg,
				     data, buf_span(&sig)),
		    FAIL_SIGNATURE);
		buf_fini(&b);
		buf_fini(&c);
		buf_fini(&sig);
		EVP_PKEY_free(key);
		EVP_PKEY_free(other);
	}
}

static void
no_byte_of_a_signature_may_be_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		EVP_PKEY *key = pair_key(kinds[i].type);
		struct buf b, sig;
		struct span blob = blob_of(key, &b);

		buf_init(&sig, 4096);
		assert_int_equal(sshkey_sign(key, kinds[i].alg, data, &sig), 0);
		for (size_t k = 0; k < buf_len(&sig); k++) {
			buf_head(&sig)[k] ^= 1;
			if (sshkey_verify(
				blob, kinds[i].alg, data, buf_span(&sig)) == 0)
				fail_msg("%s: byte %zu", kinds[i].alg, k);
			buf_head(&sig)[k] ^= 1;
		}
		for (size_t n = 0; n < buf_len(&sig); n++)
			assert_true(sshkey_verify(blob, kinds[i].alg, data,
					SPAN(buf_head(&sig), n)) < 0);
		assert_int_equal(buf_put_u8(&sig, 0), 0);
		assert_true(sshkey_verify(
				blob, kinds[i].alg, data, buf_span(&sig)) < 0);
		buf_fini(&b);
		buf_fini(&sig);
		EVP_PKEY_free(key);
	}
}

static void
the_algorithm_must_be_the_one_asked_for(void **state UNUSED)
{
	EVP_PKEY *key = pair_key("RSA2048");
	struct buf b, sig;
	struct span blob = blob_of(key, &b);

	buf_init(&sig, 4096);
	assert_int_equal(sshkey_sign(key, "rsa-sha2-256", data, &sig), 0);
	assert_int_equal(
	    sshkey_verify(blob, "rsa-sha2-512", data, buf_span(&sig)),
	    FAIL_SIGNATURE);
	assert_true(
	    sshkey_verify(blob, "ssh-ed25519", data, buf_span(&sig)) < 0);
	buf_reset(&sig);
	assert_int_equal(
	    sshkey_sign(key, "ssh-ed25519", data, &sig), FAIL_UNSUPPORTED);
	/* SHA-1 only when it is asked for. */
	assert_int_equal(sshkey_sign(key, "ssh-rsa", data, &sig), 0);
	assert_true(sshkey_verify(blob, "ssh-rsa", data, buf_span(&sig)) < 0);
	assert_int_equal(sshkey_verify_flags(blob, "ssh-rsa", data,
			     buf_span(&sig), SSHKEY_LEGACY),
	    0);
	buf_fini(&b);
	buf_fini(&sig);
	EVP_PKEY_free(key);
}

static void
keys_of_ssh_keygen_are_read_and_written_again(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		uint8_t raw[2048];
		int n = EVP_DecodeBlock(raw, (const uint8_t *)samples[i].b64,
		    (int)strlen(samples[i].b64));
		char print[SSHKEY_FINGERPRINT_SIZE];
		EVP_PKEY *key, *again;
		struct span blob;
		struct buf b;

		assert_true(n > 0);
		for (size_t k = strlen(samples[i].b64);
		     samples[i].b64[k - 1] == '='; k--)
			n--;
		blob = SPAN(raw, (size_t)n);
		assert_string_equal(sshkey_type(blob), samples[i].type);
		assert_int_equal(sshkey_bits(blob), samples[i].bits);
		assert_int_equal(
		    sshkey_fingerprint(blob, print, sizeof(print)), 0);
		assert_string_equal(print, samples[i].fingerprint);
		if (strncmp(samples[i].type, "sk-", 3) == 0)
			continue;
		assert_int_equal(sshkey_parse(blob, SSHKEY_LEGACY, &key), 0);
		blob = blob_of(key, &b);
		assert_int_equal(blob.len, n);
		assert_memory_equal(blob.p, raw, blob.len);
		/* Cut, it is none; nor with more behind. */
		for (size_t k = 0; k < blob.len; k++)
			assert_true(sshkey_parse(SPAN(raw, k), SSHKEY_LEGACY,
					&again) < 0);
		assert_int_equal(buf_put_u8(&b, 0), 0);
		assert_true(
		    sshkey_parse(buf_span(&b), SSHKEY_LEGACY, &again) < 0);
		buf_fini(&b);
		EVP_PKEY_free(key);
	}
}

static void
short_rsa_keys_are_for_old_devices(void **state UNUSED)
{
	EVP_PKEY *key = pair_key("RSA1024"), *got;
	struct buf b;
	struct span blob = blob_of(key, &b);

	assert_int_equal(sshkey_parse(blob, 0, &got), FAIL_RANGE);
	assert_int_equal(sshkey_parse(blob, SSHKEY_LEGACY, &got), 0);
	assert_int_equal(EVP_PKEY_eq(key, got), 1);
	EVP_PKEY_free(got);
	EVP_PKEY_free(key);
	buf_fini(&b);
}

static void
unknown_types_are_told_apart(void **state UNUSED)
{
	struct buf b;
	EVP_PKEY *key;

	buf_init(&b, 200);
	assert_int_equal(buf_put_cstring(&b, "ssh-dss"), 0);
	assert_int_equal(sshkey_parse(buf_span(&b), 0, &key), FAIL_UNSUPPORTED);
	assert_null(sshkey_type(buf_span(&b)));
	buf_reset(&b);
	/* A point that is not on its curve. */
	assert_int_equal(buf_put_cstring(&b, "ecdsa-sha2-nistp256"), 0);
	assert_int_equal(buf_put_cstring(&b, "nistp256"), 0);
	assert_int_equal(buf_put_string(&b, (const uint8_t[65]){4, 1}, 65), 0);
	assert_true(sshkey_parse(buf_span(&b), 0, &key) < 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_signed_verifies_and_nothing_else),
	    cmocka_unit_test(no_byte_of_a_signature_may_be_wrong),
	    cmocka_unit_test(the_algorithm_must_be_the_one_asked_for),
	    cmocka_unit_test(keys_of_ssh_keygen_are_read_and_written_again),
	    cmocka_unit_test(short_rsa_keys_are_for_old_devices),
	    cmocka_unit_test(unknown_types_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
