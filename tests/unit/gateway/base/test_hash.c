/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"

static void
check_hex(const uint8_t *got, size_t n, const char *want)
{
	char text[256];

	assert_true(2 * n < sizeof(text));
	hex_encode(text, got, n);
	assert_string_equal(text, want);
}

static void
sha256_gives_the_published_digests(void **state)
{
	const struct span abc[] = {SPAN("a", 1), SPAN("", 0), SPAN("bc", 2)};
	uint8_t out[SHA256_LEN];

	(void)state;
	assert_int_equal(sha256(out, NULL, 0), 0);
	check_hex(out, sizeof(out),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(sha256(out, abc, 3), 0);
	check_hex(out, sizeof(out),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
a_running_digest_starts_anew_when_done(void **state)
{
	uint8_t out[SHA256_LEN];
	struct sha256 *h = sha256_new();
	unsigned i;

	(void)state;
	assert_non_null(h);
	for (i = 0; i < 2; i++) {
		assert_int_equal(sha256_add(h, "a", 1), 0);
		assert_int_equal(sha256_add(h, "bc", 2), 0);
		assert_int_equal(sha256_done(h, out), 0);
		check_hex(out, sizeof(out),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
		    "f20015ad");
	}
	sha256_free(h);
}

/* RFC 5869, test cases 1 and 3. */
static void
hkdf_gives_the_vectors_of_the_rfc(void **state)
{
	uint8_t ikm[22], salt[13], info[10], prk[32], okm[42];
	size_t i;

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	for (i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	for (i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(0xf0 + i);
	assert_int_equal(
	    hkdf(okm, sizeof(okm), SPAN(ikm, sizeof(ikm)),
		SPAN(salt, sizeof(salt)), SPAN(info, sizeof(info))),
	    0);
	check_hex(okm, sizeof(okm),
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865");
	assert_int_equal(hex_decode(prk, sizeof(prk),
			     "077709362c2e32df0ddc3f0dc47bba63"
			     "90b6c73bb50f9c3122ec844ad7c2b3e5"),
	    0);
	assert_int_equal(hkdf_expand(okm, sizeof(okm), SPAN(prk, sizeof(prk)),
			     SPAN(info, sizeof(info))),
	    0);
	check_hex(okm, sizeof(okm),
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865");
	assert_int_equal(hkdf(okm, sizeof(okm), SPAN(ikm, sizeof(ikm)),
			     SPAN(NULL, 0), SPAN(NULL, 0)),
	    0);
	check_hex(okm, sizeof(okm),
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8");
}

static void
crc32c_gives_the_published_check_values(void **state)
{
	uint8_t zero[32] = {0}, ones[32];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283U);
	assert_int_equal(crc32c(0, zero, sizeof(zero)), 0x8a9136aaU);
	assert_int_equal(crc32c(0, ones, sizeof(ones)), 0x62a8ab43U);
	assert_int_equal(crc32c(0, "", 0), 0);
}

static void
the_instruction_and_the_tables_agree_at_every_length_and_offset(void **state)
{
	uint8_t data[300];
	size_t from, len;
	uint32_t crc;

	(void)state;
	random_bytes(data, sizeof(data));
	for (from = 0; from < 9; from++)
		for (len = 0; from + len <= sizeof(data); len++) {
			crc = crc32c(7, data + from, len);
			assert_int_equal(
			    crc, crc32c_by_table(7, data + from, len));
			/* In two parts. */
			assert_int_equal(
			    crc, crc32c(crc32c(7, data + from, len / 3),
				     data + from + len / 3, len - len / 3));
		}
}

static void
hex_text_is_read_strictly(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_int_equal(hex_decode(out, 2, "a1B2"), 0);
	assert_int_equal(out[0], 0xa1);
	assert_int_equal(out[1], 0xb2);
	assert_int_equal(hex_decode(out, 2, "a1B"), FAIL_FORMAT);
	assert_int_equal(hex_decode(out, 2, "a1B2c"), FAIL_FORMAT);
	assert_int_equal(hex_decode(out, 2, "g1B2"), FAIL_FORMAT);
	assert_int_equal(hex_decode(out, 2, ""), FAIL_FORMAT);
}

static void
random_bytes_differ(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_gives_the_published_digests),
	    cmocka_unit_test(a_running_digest_starts_anew_when_done),
	    cmocka_unit_test(hkdf_gives_the_vectors_of_the_rfc),
	    cmocka_unit_test(crc32c_gives_the_published_check_values),
	    cmocka_unit_test(
		the_instruction_and_the_tables_agree_at_every_length_and_offset),
	    cmocka_unit_test(hex_text_is_read_strictly),
	    cmocka_unit_test(random_bytes_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
