/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/fail.h"
#include "base/hash.h"

/* Test case 16 of the GCM specification (256-bit key, 20 bytes of AAD). */
static void
aes_256_gcm_gives_the_published_vector(void **state)
{
	uint8_t key[32], nonce[12], aad[20], in[60], want[76], out[76];
	struct aead *a = aead_new();

	(void)state;
	assert_non_null(a);
	assert_int_equal(hex_decode(key, 32,
			     "feffe9928665731c6d6a8f9467308308"
			     "feffe9928665731c6d6a8f9467308308"),
	    0);
	assert_int_equal(hex_decode(nonce, 12, "cafebabefacedbaddecaf888"), 0);
	assert_int_equal(
	    hex_decode(aad, 20, "feedfacedeadbeeffeedfacedeadbeefabaddad2"), 0);
	assert_int_equal(hex_decode(in, 60,
			     "d9313225f88406e5a55909c5aff5269a"
			     "86a7a9531534f7da2e4c303d8a318a72"
			     "1c3c0c95956809532fcf0e2449a6b525"
			     "b16aedf5aa0de657ba637b39"),
	    0);
	assert_int_equal(hex_decode(want, 76,
			     "522dc1f099567d07f47f37a32a84427d"
			     "643a8cdcbfe5c0c97598a2bd2555d1aa"
			     "8cb08e48590dbb3da7b08b1056828838"
			     "c5f61e6393ba7a0abcc9f662"
			     "76fc6ece0f4e1768cddf8853bb2d551b"),
	    0);
	/* The associated data in parts, as its users give it. */
	assert_int_equal(
	    aead_seal(a, key, nonce,
		(struct span[]){SPAN(aad, 7), SPAN(NULL, 0), SPAN(aad + 7, 13)},
		3, SPAN(in, 60), out),
	    0);
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(
	    aead_open(a, key, nonce, (struct span[]){SPAN(aad, 20)}, 1,
		SPAN(out, 76), out),
	    0);
	assert_memory_equal(out, in, sizeof(in));
	aead_free(a);
}

static void
what_was_changed_does_not_open_and_leaves_no_plaintext(void **state)
{
	static const uint8_t zero[40];
	uint8_t key[32], nonce[12], sealed[40 + AEAD_TAG_LEN], out[40];
	struct aead *a = aead_new();
	size_t i;

	(void)state;
	assert_non_null(a);
	random_bytes(key, sizeof(key));
	random_bytes(nonce, sizeof(nonce));
	memset(out, 'x', sizeof(out));
	assert_int_equal(
	    aead_seal(a, key, nonce, (struct span[]){SPAN("aad", 3)}, 1,
		SPAN(out, sizeof(out)), sealed),
	    0);
	for (i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		assert_int_equal(
		    aead_open(a, key, nonce, (struct span[]){SPAN("aad", 3)}, 1,
			SPAN(sealed, sizeof(sealed)), out),
		    FAIL_MAC);
		assert_memory_equal(out, zero, sizeof(out));
		sealed[i] ^= 1;
	}
	assert_int_equal(
	    aead_open(a, key, nonce, (struct span[]){SPAN("AAD", 3)}, 1,
		SPAN(sealed, sizeof(sealed)), out),
	    FAIL_MAC);
	assert_int_equal(
	    aead_open(a, key, nonce, NULL, 0, SPAN(sealed, 15), out),
	    FAIL_FORMAT);
	/* The context is as good as new after a failure. */
	assert_int_equal(
	    aead_open(a, key, nonce, (struct span[]){SPAN("aad", 3)}, 1,
		SPAN(sealed, sizeof(sealed)), out),
	    0);
	assert_int_equal(out[39], 'x');
	aead_free(a);
}

/* RFC 8032, section 7.1, tests 1 and 2. */
static void
ed25519_gives_the_vectors_of_the_rfc(void **state)
{
	uint8_t seed[32], pub[32], want[64], sig[64];

	(void)state;
	assert_int_equal(hex_decode(seed, 32,
			     "4ccd089b28ff96da9db6c346ec114e0f"
			     "5b8a319f35aba624da8cf6ed4fb8a6fb"),
	    0);
	assert_int_equal(hex_decode(want, 32,
			     "3d4017c3e843895a92b70aa74d1b7ebc"
			     "9c982ccf2ec4968cc0cd55f12af4660c"),
	    0);
	assert_int_equal(ed25519_public(pub, seed), 0);
	assert_memory_equal(pub, want, 32);
	assert_int_equal(hex_decode(want, 64,
			     "92a009a9f0d4cab8720e820b5f642540"
			     "a2b27b5416503f8fb3762223ebdb69da"
			     "085ac1e43e15996e458f3613d0f11d8c"
			     "387b2eaeb4302aeeb00d291612bb0c00"),
	    0);
	assert_int_equal(ed25519_sign(sig, seed, SPAN("r", 1)), 0);
	assert_memory_equal(sig, want, 64);
	assert_int_equal(ed25519_verify(pub, sig, SPAN("r", 1)), 0);
}

static void
a_changed_signature_message_or_key_does_not_verify(void **state)
{
	uint8_t seed[32], pub[32], sig[64];
	size_t i;

	(void)state;
	random_bytes(seed, sizeof(seed));
	assert_int_equal(ed25519_public(pub, seed), 0);
	assert_int_equal(ed25519_sign(sig, seed, SPAN("message", 7)), 0);
	for (i = 0; i < sizeof(sig); i++) {
		sig[i] ^= 1;
		assert_int_equal(ed25519_verify(pub, sig, SPAN("message", 7)),
		    FAIL_SIGNATURE);
		sig[i] ^= 1;
	}
	assert_int_equal(
	    ed25519_verify(pub, sig, SPAN("massage", 7)), FAIL_SIGNATURE);
	pub[0] ^= 1;
	assert_int_equal(
	    ed25519_verify(pub, sig, SPAN("message", 7)), FAIL_SIGNATURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(aes_256_gcm_gives_the_published_vector),
	    cmocka_unit_test(
		what_was_changed_does_not_open_and_leaves_no_plaintext),
	    cmocka_unit_test(ed25519_gives_the_vectors_of_the_rfc),
	    cmocka_unit_test(
		a_changed_signature_message_or_key_does_not_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
