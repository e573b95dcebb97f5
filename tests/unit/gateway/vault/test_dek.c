/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrapped recording keys: they open for their recording, and for nothing else.
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
#include "vault/dek.h"
#include "vault/keygen.h"

static struct keyring *ring;
static const uint8_t rec_id[UUID_LEN] = {1, 1, 2, 3, 5, 8};
static const uint8_t dek_id[UUID_LEN] = {2, 7, 1, 8, 2, 8};
static uint8_t dek[DEK_LEN];
static uint8_t wrapped[DEK_WRAPPED_LEN];

static int
setup(void **state)
{
	(void)state;
	memset(dek, 0x5a, sizeof(dek));
	ring = keyring_new();
	if (ring == NULL ||
	    keygen_kek(ring, KEYRING_REC_KEK, DEK_KEK, NULL) != 0)
		return -1;
	return dek_wrap(ring, rec_id, dek_id, dek, wrapped);
}

static int
teardown(void **state)
{
	(void)state;
	keyring_free(ring);
	return 0;
}

static int
unwrap(const uint8_t *rec, struct span w)
{
	uint8_t id[UUID_LEN] = {0};
	struct secret *s;
	int r = dek_unwrap(ring, rec, w, id, &s);

	assert_true((r == 0) == (s != NULL));
	if (r == 0) {
		assert_int_equal(secret_len(s), DEK_LEN);
		assert_memory_equal(secret_show(s).p, dek, DEK_LEN);
		assert_memory_equal(id, dek_id, UUID_LEN);
	}
	secret_free(s);
	return r;
}

static void
a_wrapped_key_opens_for_its_recording(void **state)
{
	(void)state;
	assert_int_equal(unwrap(rec_id, SPAN(wrapped, sizeof(wrapped))), 0);
	assert_null(memmem(wrapped, sizeof(wrapped), dek, 8));
}

static void
a_wrapped_key_opens_for_no_other_recording(void **state)
{
	uint8_t other[UUID_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < UUID_LEN * 8; i++) {
		memcpy(other, rec_id, UUID_LEN);
		other[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(
		    unwrap(other, SPAN(wrapped, sizeof(wrapped))), FAIL_MAC);
	}
}

static void
a_flipped_bit_anywhere_is_found(void **state)
{
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(wrapped) * 8; i++) {
		wrapped[i / 8] ^= (uint8_t)(1 << i % 8);
		r = unwrap(rec_id, SPAN(wrapped, sizeof(wrapped)));
		assert_true(
		    r == FAIL_MAC || r == FAIL_FORMAT || r == FAIL_NOTFOUND);
		wrapped[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
another_length_is_refused(void **state)
{
	uint8_t more[DEK_WRAPPED_LEN + 1] = {0};
	size_t n;

	(void)state;
	memcpy(more, wrapped, sizeof(wrapped));
	for (n = 0; n <= sizeof(more); n++)
		if (n != DEK_WRAPPED_LEN)
			assert_int_equal(
			    unwrap(rec_id, SPAN(more, n)), FAIL_FORMAT);
}

static void
an_old_key_still_opens_what_it_wrapped(void **state)
{
	uint8_t again[DEK_WRAPPED_LEN];

	(void)state;
	assert_int_equal(keygen_kek(ring, KEYRING_REC_KEK, DEK_KEK, NULL), 0);
	assert_int_equal(unwrap(rec_id, SPAN(wrapped, sizeof(wrapped))), 0);
	assert_int_equal(dek_wrap(ring, rec_id, dek_id, dek, again), 0);
	assert_int_equal(be32_get(again + 1), 2);
	assert_int_equal(unwrap(rec_id, SPAN(again, sizeof(again))), 0);
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct secret *s;
	unsigned n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		nomem_at(n);
		r = dek_wrap(ring, rec_id, dek_id, dek, wrapped);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
	}
	assert_int_equal(r, 0);
	for (n = 1;; n++) {
		nomem_at(n);
		r = dek_unwrap(
		    ring, rec_id, SPAN(wrapped, sizeof(wrapped)), NULL, &s);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_null(s);
	}
	assert_int_equal(r, 0);
	secret_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(a_wrapped_key_opens_for_its_recording),
	    T(a_wrapped_key_opens_for_no_other_recording),
	    T(a_flipped_bit_anywhere_is_found),
	    T(another_length_is_refused),
	    T(an_old_key_still_opens_what_it_wrapped),
	    T(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
