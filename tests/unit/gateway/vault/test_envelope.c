/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed credentials: they open for their row, and for nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/nomem.h"
#include "vault/envelope.h"
#include "vault/keygen.h"

static struct keyring *ring;
static const struct envelope_row row = {
    .id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .version = 7,
    .kind = 1,
};
static const char text[] = "correct horse battery staple";
#define PLAIN SPAN(text, sizeof(text) - 1)

static int
setup(void **state)
{
	(void)state;
	ring = keyring_new();
	return ring == NULL ||
		       keygen_kek(ring, KEYRING_KEK, ENVELOPE_KEK, NULL) != 0
		   ? -1
		   : 0;
}

static int
teardown(void **state)
{
	(void)state;
	keyring_free(ring);
	return 0;
}

static void
seal(struct buf *b)
{
	uint32_t version = 0;

	buf_init(b, 2 * ENVELOPE_PLAIN_MAX);
	assert_int_equal(envelope_seal(ring, &row, PLAIN, b, &version), 0);
	assert_true(version > 0);
	assert_int_equal(buf_len(b), PLAIN.len + ENVELOPE_OVERHEAD);
}

static int
open_as(const struct envelope_row *r, struct span blob)
{
	struct secret *s;
	int code = envelope_open(ring, r, blob, &s);

	assert_true((code == 0) == (s != NULL));
	if (code == 0) {
		assert_int_equal(secret_len(s), PLAIN.len);
		assert_memory_equal(secret_show(s).p, text, PLAIN.len);
	}
	secret_free(s);
	return code;
}

static void
a_blob_opens_for_its_row(void **state)
{
	struct buf b;

	(void)state;
	seal(&b);
	assert_int_equal(open_as(&row, buf_span(&b)), 0);
	assert_null(memmem(buf_head(&b), buf_len(&b), text, sizeof(text) - 1));
	buf_fini(&b);
}

static void
a_blob_that_was_moved_does_not_open(void **state)
{
	struct envelope_row other;
	struct buf b;
	size_t i;

	(void)state;
	seal(&b);
	for (i = 0; i < UUID_LEN * 8; i++) {
		other = row;
		other.id[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(open_as(&other, buf_span(&b)), FAIL_MAC);
	}
	other = row;
	other.version++;
	assert_int_equal(open_as(&other, buf_span(&b)), FAIL_MAC);
	other = row;
	other.kind++;
	assert_int_equal(open_as(&other, buf_span(&b)), FAIL_MAC);
	buf_fini(&b);
}

static void
a_flipped_bit_anywhere_is_found(void **state)
{
	struct buf b;
	size_t i;
	int r;

	(void)state;
	seal(&b);
	for (i = 0; i < buf_len(&b) * 8; i++) {
		buf_head(&b)[i / 8] ^= (uint8_t)(1 << i % 8);
		r = open_as(&row, buf_span(&b));
		assert_true(
		    r == FAIL_MAC || r == FAIL_FORMAT || r == FAIL_NOTFOUND);
		buf_head(&b)[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_fini(&b);
}

static void
a_blob_that_is_cut_or_longer_is_refused(void **state)
{
	struct buf b;
	size_t n;

	(void)state;
	seal(&b);
	for (n = 0; n < buf_len(&b); n++)
		assert_true(open_as(&row, SPAN(buf_head(&b), n)) != 0);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(open_as(&row, buf_span(&b)), FAIL_MAC);
	buf_fini(&b);
}

static void
an_old_key_still_opens_what_it_sealed(void **state)
{
	struct buf b, c;
	uint32_t version;

	(void)state;
	seal(&b);
	assert_int_equal(keygen_kek(ring, KEYRING_KEK, ENVELOPE_KEK, NULL), 0);
	assert_int_equal(open_as(&row, buf_span(&b)), 0);
	buf_init(&c, 1024);
	assert_int_equal(envelope_seal(ring, &row, PLAIN, &c, &version), 0);
	assert_int_equal(version, 2);
	assert_memory_equal(buf_head(&c) + 1, "\0\0\0\2", 4);
	assert_int_equal(open_as(&row, buf_span(&c)), 0);
	buf_fini(&b);
	buf_fini(&c);
}

static void
a_keyring_without_the_key_opens_nothing(void **state)
{
	struct keyring *other = keyring_new();
	struct secret *s;
	struct buf b;

	(void)state;
	seal(&b);
	assert_int_equal(
	    envelope_open(other, &row, buf_span(&b), &s), FAIL_NOTFOUND);
	assert_int_equal(keygen_kek(other, KEYRING_KEK, ENVELOPE_KEK, NULL), 0);
	assert_int_equal(
	    envelope_open(other, &row, buf_span(&b), &s), FAIL_MAC);
	assert_null(s);
	keyring_free(other);
	buf_fini(&b);
}

static void
sizes_are_bounded(void **state)
{
	static uint8_t big[ENVELOPE_PLAIN_MAX + 1];
	struct secret *s;
	struct buf b;

	(void)state;
	buf_init(&b, 2 * ENVELOPE_PLAIN_MAX);
	assert_int_equal(
	    envelope_seal(ring, &row, SPAN(big, sizeof(big)), &b, NULL),
	    FAIL_RANGE);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(
	    envelope_seal(ring, &row, SPAN(big, sizeof(big) - 1), &b, NULL), 0);
	assert_int_equal(envelope_open(ring, &row, buf_span(&b), &s), 0);
	assert_int_equal(secret_len(s), ENVELOPE_PLAIN_MAX);
	secret_free(s);
	buf_fini(&b);
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct secret *s;
	struct buf b;
	unsigned n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		buf_init(&b, 1024);
		nomem_at(n);
		r = envelope_seal(ring, &row, PLAIN, &b, NULL);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_int_equal(buf_len(&b), 0);
		buf_fini(&b);
	}
	assert_int_equal(r, 0);
	for (n = 1;; n++) {
		nomem_at(n);
		r = envelope_open(ring, &row, buf_span(&b), &s);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_null(s);
	}
	assert_int_equal(r, 0);
	secret_free(s);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(a_blob_opens_for_its_row),
	    T(a_blob_that_was_moved_does_not_open),
	    T(a_flipped_bit_anywhere_is_found),
	    T(a_blob_that_is_cut_or_longer_is_refused),
	    T(an_old_key_still_opens_what_it_sealed),
	    T(a_keyring_without_the_key_opens_nothing),
	    T(sizes_are_bounded),
	    T(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
