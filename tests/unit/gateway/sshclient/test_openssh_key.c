/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The openssh-key-v1 container without encryption.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "sshclient/b64.h"
#include "sshclient/openssh_key.h"

/* Made by ssh-keygen for this test; they open nothing. */
static const char sample[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACDq3DjrLsReP3cfo9fZyO9phtqFPGw309jLK9Gp5vtnvAAAAJBpp5xdaaec\n"
    "XQAAAAtzc2gtZWQyNTUxOQAAACDq3DjrLsReP3cfo9fZyO9phtqFPGw309jLK9Gp5vtnvA\n"
    "AAAEAA1JjXIW3hWjZsZWxjBupEeaFa1wraJRXo4TTBpAu9FOrcOOsuxF4/dx+j19nI72mG\n"
    "2oU8bDfT2Msr0anm+2e8AAAACHRlc3Qga2V5AQIDBAU=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

static const char sample_rsa[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn\n"
    "NhAAAAAwEAAQAAAQEA3IjS02UPDnjVucGCobF8WrhfcxVI6iTml9e8GLxi1ExoGLCsfsc7\n"
    "qswZAe1GJPiWBBzGngrJNgg5pipMYOhkPskjMVnicLjNXTx7VtyQad6TOPFaQsjPLuMOeO\n"
    "QUcB9JZ8FwFVsvJhmtDmvf3fmIq9xBXy5LIOgCFX8PwwzfoKNsk+vKHGhZx2BpqrtGEv9j\n"
    "Iyq/FGV9pnMeVyzclOhtCGZq25XrGLi2lJkKTNd2rLlfvKET9j1RPnnMMZjeT3p4puCA3I\n"
    "IR0MdGAoCp15p3LABnJTTS+4QjEPGH85EFWGackF2GUlFINcYZMxeHuxTTD1cl/XUiz/bn\n"
    "aOGB0fhaAQAAA8BuFWShbhVkoQAAAAdzc2gtcnNhAAABAQDciNLTZQ8OeNW5wYKhsXxauF\n"
    "9zFUjqJOaX17wYvGLUTGgYsKx+xzuqzBkB7UYk+JYEHMaeCsk2CDmmKkxg6GQ+ySMxWeJw\n"
    "uM1dPHtW3JBp3pM48VpCyM8u4w545BRwH0lnwXAVWy8mGa0Oa9/d+Yir3EFfLksg6AIVfw\n"
    "/DDN+go2yT68ocaFnHYGmqu0YS/2MjKr8UZX2mcx5XLNyU6G0IZmrblesYuLaUmQpM13as\n"
    "uV+8oRP2PVE+ecwxmN5Penim4IDcghHQx0YCgKnXmncsAGclNNL7hCMQ8YfzkQVYZpyQXY\n"
    "ZSUUg1xhkzF4e7FNMPVyX9dSLP9udo4YHR+FoBAAAAAwEAAQAAAQBIVbiRDfy6SngPzaED\n"
    "WCvptb/ZB4o7Ao+ADorrsh7Yc5dRQeHSU5cGlps9Po5bYg4Smz2qaO9Ggbwm/IjA4HjA/0\n"
    "hDz6+uOW9ivYvXGdFkaFTxwHhSn3sVbfQ5QtZRUHHLTm9tEdONM67HpCpxrH9fn4bxqUWL\n"
    "LY5BbsPEvlw7W8Mz9tGd7a8CjPjB1Ysb9RX5s3Vf4xYgIL1DOCgNmtQ2txtenK2v9lunz5\n"
    "9sh/6WZrfWvGd4dD1vyZLWXp6PQILH5FUps6vgERIHQKozcQv2Gj9XNCn3Yr64B5U54hue\n"
    "oKXuTNl0bXsPHLyIGiqY3xoWqtunT5c+PB/2nMVM7u1hAAAAgQDHh7Olem/9mPO8QGYksl\n"
    "gSxEHJCRgWXfpw8gEw55LpKIjpn7s3I+OL9IFOaWyUfc0b+PmmE7vC9eJScV4FahBCNtcE\n"
    "7CjM5/przR3R2EINjxOQEWmpBsLzCCT7NYTUz8SSsS4NBQuZJhiwwSR7dulWFGC00+v7Do\n"
    "3uEHn0hLEfyQAAAIEA9bMU/7BMzt3mvYq7XJpaFrYhPx0S3OIDZQV/8fV71AwDlUX8eTWA\n"
    "ubwOK5mBwyoSUSfxZE8uE8PfTiQSHlsPEfMPgncDS7dqPE2D6KjRoAFIIV1BspIWhbSFKb\n"
    "WB456v0fV1ntkm/x9YufA6zWqx3OWJ849qty3FPsqwFXyXmyMAAACBAOXHqajsvDXUd7o9\n"
    "XTigLpCPmrUvJccf0ThFgtyk6m6qga2YvitUc2UxM/1UQjpv0gvZIy3VCE9wCjeNFI2s+b\n"
    "c0KQ/CeOVN5UEOm47suKauyk9Khyrx5iiFytEf9en7ToIE6YbZyQRvmw9dRLv+JTBm6INK\n"
    "j3CEtt9eHOSMZUqLAAAACHRlc3Qga2V5AQI=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* With a passphrase. */
static const char sample_encrypted[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDtX/SEGy\n"
    "UlbC1Z0j/eqGc/AAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIGmpoxzkGunAG+Zq\n"
    "Bei1FXAd0IXhSrjI4sC32x43kjxMAAAAkAqECyNCUAbWt1c2k/2QaN3NnG1x+5MY9bPywY\n"
    "8DQJxmIWs+7+UPAvkQiqyHKwT7QzGRoQfYoN8PiZp8LZSBaDYkEZljQgoYVtlLe4cqKhVp\n"
    "CBxNulY4D4YngKoW7oGgXnSi24nr8hA5xJyLyLrE8IHuLAi5fFyiFHj0u2nxem6SQLJTlL\n"
    "HbeehWYMIBNcqE5w==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";

/* pub gets the raw public key, if it is ed25519. */
static int
parse(const char *text, size_t len, uint8_t pub[32])
{
	EVP_PKEY *key;
	size_t n = 32;
	int r = openssh_key_parse(SPAN(text, len), &key);

	assert_true((r == 0) == (key != NULL));
	if (r == 0 && EVP_PKEY_is_a(key, "ED25519"))
		assert_int_equal(EVP_PKEY_get_raw_public_key(key, pub, &n), 1);
	EVP_PKEY_free(key);
	return r;
}

/* The container's bytes. */
static void
unwrap(struct buf *b, const char *text)
{
	size_t len = strlen(text) - (sizeof(begin) - 1) - (sizeof(end) - 1);

	buf_init(b, 4096);
	assert_int_equal(b64_decode(SPAN(text + sizeof(begin) - 1, len), b), 0);
}

/* Armour and parse them. */
static int
parse_bytes(struct span bytes)
{
	uint8_t pub[32];
	struct buf b;
	int r;

	buf_init(&b, 16384);
	assert_int_equal(buf_put(&b, begin, sizeof(begin) - 1), 0);
	assert_int_equal(b64_encode(bytes, &b), 0);
	assert_int_equal(buf_put(&b, end, sizeof(end) - 1), 0);
	r = parse((const char *)buf_head(&b), buf_len(&b), pub);
	buf_fini(&b);
	return r;
}

static void
a_key_of_ssh_keygen_parses(void **state)
{
	static const uint8_t first[] = {0xea, 0xdc, 0x38, 0xeb};
	uint8_t pub[32];

	(void)state;
	assert_true(openssh_key_is(SPAN(sample, sizeof(sample) - 1)));
	assert_int_equal(parse(sample, sizeof(sample) - 1, pub), 0);
	assert_memory_equal(pub, first, sizeof(first));
	/* The last newline may be missing. */
	assert_int_equal(parse(sample, sizeof(sample) - 2, pub), 0);
}

static void
a_text_that_is_cut_is_refused(void **state)
{
	uint8_t pub[32];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(sample) - 2; n++)
		assert_int_equal(parse(sample, n, pub), FAIL_FORMAT);
}

static void
every_changed_byte_is_found_but_those_of_the_comment(void **state)
{
	struct buf b;
	size_t i, comment;
	int r;

	(void)state;
	unwrap(&b, sample);
	assert_int_equal(parse_bytes(buf_span(&b)), 0);
	comment = (size_t)((const uint8_t *)memmem(
			       buf_head(&b), buf_len(&b), "test key", 8) -
			   buf_head(&b));
	for (i = 0; i < buf_len(&b); i++) {
		buf_head(&b)[i] ^= 0x21;
		r = parse_bytes(buf_span(&b));
		if (i >= comment && i < comment + 8)
			assert_int_equal(r, 0);
		else
			assert_true(r == FAIL_FORMAT || r == FAIL_UNSUPPORTED);
		buf_head(&b)[i] ^= 0x21;
	}
	buf_fini(&b);
}

static void
a_container_that_is_cut_or_longer_is_refused(void **state)
{
	struct buf b;
	size_t n;

	(void)state;
	unwrap(&b, sample);
	for (n = 0; n < buf_len(&b); n++)
		assert_int_equal(
		    parse_bytes(SPAN(buf_head(&b), n)), FAIL_FORMAT);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(parse_bytes(buf_span(&b)), FAIL_FORMAT);
	buf_fini(&b);
}

static void
an_rsa_key_parses_and_no_number_can_be_changed(void **state)
{
	uint8_t pub[32];
	struct buf b;
	size_t i;

	(void)state;
	assert_int_equal(parse(sample_rsa, sizeof(sample_rsa) - 1, pub), 0);
	unwrap(&b, sample_rsa);
	/* To check that a number is prime takes a while: not every byte. */
	for (i = 0; i < buf_len(&b) - 24; i += 13) {
		buf_head(&b)[i] ^= 0x21;
		assert_true(parse_bytes(buf_span(&b)) != 0);
		buf_head(&b)[i] ^= 0x21;
	}
	assert_int_equal(parse_bytes(buf_span(&b)), 0);
	buf_fini(&b);
}

static void
an_encrypted_key_is_told_from_a_malformed_one(void **state)
{
	uint8_t pub[32];

	(void)state;
	assert_int_equal(
	    parse(sample_encrypted, sizeof(sample_encrypted) - 1, pub),
	    FAIL_UNSUPPORTED);
}

static void
other_text_is_not_taken_for_one(void **state)
{
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\n";
	uint8_t pub[32];

	(void)state;
	assert_false(openssh_key_is(SPAN(pem, sizeof(pem) - 1)));
	assert_false(openssh_key_is(SPAN("", 0)));
	assert_int_equal(parse(pem, sizeof(pem) - 1, pub), FAIL_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_of_ssh_keygen_parses),
	    cmocka_unit_test(a_text_that_is_cut_is_refused),
	    cmocka_unit_test(
		every_changed_byte_is_found_but_those_of_the_comment),
	    cmocka_unit_test(a_container_that_is_cut_or_longer_is_refused),
	    cmocka_unit_test(an_rsa_key_parses_and_no_number_can_be_changed),
	    cmocka_unit_test(an_encrypted_key_is_told_from_a_malformed_one),
	    cmocka_unit_test(other_text_is_not_taken_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
