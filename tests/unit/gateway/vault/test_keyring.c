/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring in memory: versions, what is current, what is refused.
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
#include "vault/keyring.h"
#include "vault/keyring_priv.h"

static struct secret *
key_of(uint8_t byte, size_t len)
{
	struct secret *s = secret_new(len);

	assert_non_null(s);
	memset(secret_fill(s), byte, len);
	return s;
}

static void
the_newest_version_is_current(void **state)
{
	struct keyring *k = keyring_new();
	const struct keyring_entry *e;

	(void)state;
	assert_null(keyring_current(k, KEYRING_KEK, "a"));
	assert_int_equal(keyring_add(k, KEYRING_KEK, "a", key_of(1, 32)), 0);
	assert_int_equal(keyring_add(k, KEYRING_KEK, "b", key_of(2, 32)), 0);
	assert_int_equal(keyring_add(k, KEYRING_KEK, "a", key_of(3, 32)), 0);
	e = keyring_current(k, KEYRING_KEK, "a");
	assert_int_equal(e->version, 2);
	assert_int_equal(secret_show(e->key).p[0], 3);
	assert_true(e->created_us > 0);
	e = keyring_current(k, KEYRING_KEK, "b");
	assert_int_equal(e->version, 1);
	keyring_free(k);
}

static void
an_old_version_is_found_by_its_number(void **state)
{
	struct keyring *k = keyring_new();

	(void)state;
	assert_int_equal(keyring_add(k, KEYRING_KEK, "a", key_of(1, 32)), 0);
	assert_int_equal(keyring_add(k, KEYRING_KEK, "a", key_of(2, 32)), 0);
	assert_int_equal(
	    secret_show(keyring_find(k, KEYRING_KEK, "a", 1)->key).p[0], 1);
	assert_null(keyring_find(k, KEYRING_KEK, "a", 3));
	assert_null(keyring_find(k, KEYRING_REC_KEK, "a", 1));
	assert_int_equal(keyring_count(k), 2);
	assert_non_null(keyring_at(k, 1));
	assert_null(keyring_at(k, 2));
	keyring_free(k);
}

static void
a_key_of_the_wrong_size_or_name_is_refused(void **state)
{
	struct keyring *k = keyring_new();
	char name[KEYRING_NAME_MAX + 2];

	(void)state;
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "a", key_of(1, 31)), FAIL_RANGE);
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "a", key_of(1, 33)), FAIL_RANGE);
	assert_int_equal(
	    keyring_add(k, KEYRING_NODE, "a", key_of(1, 32)), FAIL_RANGE);
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "", key_of(1, 32)), FAIL_RANGE);
	assert_int_equal(
	    keyring_add(k, (enum keyring_kind)99, "a", key_of(1, 32)),
	    FAIL_RANGE);
	memset(name, 'n', sizeof(name));
	name[KEYRING_NAME_MAX + 1] = 0;
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, name, key_of(1, 32)), FAIL_RANGE);
	name[KEYRING_NAME_MAX] = 0;
	assert_int_equal(keyring_add(k, KEYRING_KEK, name, key_of(1, 32)), 0);
	keyring_free(k);
}

static void
an_appended_version_must_be_higher(void **state)
{
	struct keyring *k = keyring_new();
	struct keyring_entry e = {
	    .kind = KEYRING_KEK, .version = 5, .name = "a"};

	(void)state;
	e.key = key_of(1, 32);
	assert_int_equal(keyring_append(k, &e), 0);
	e.key = key_of(2, 32);
	assert_int_equal(keyring_append(k, &e), FAIL_EXISTS);
	e.version = 4;
	assert_int_equal(keyring_append(k, &e), FAIL_EXISTS);
	e.version = 0;
	assert_int_equal(keyring_append(k, &e), FAIL_RANGE);
	e.version = 9;
	assert_int_equal(keyring_append(k, &e), 0);
	assert_int_equal(keyring_add(k, KEYRING_KEK, "a", key_of(3, 32)), 0);
	assert_int_equal(keyring_current(k, KEYRING_KEK, "a")->version, 10);
	keyring_free(k);
}

static void
the_number_of_keys_is_bounded(void **state)
{
	struct keyring *k = keyring_new();
	int i;

	(void)state;
	for (i = 0; i < KEYRING_ENTRIES_MAX; i++)
		assert_int_equal(
		    keyring_add(k, KEYRING_KEK, "a", key_of(1, 32)), 0);
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "a", key_of(1, 32)), FAIL_FULL);
	keyring_free(k);
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct keyring *k;
	struct secret *s;
	unsigned n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		s = key_of(1, 32);
		nomem_at(n);
		k = keyring_new();
		r = 0;
		if (k != NULL)
			r = keyring_add(k, KEYRING_KEK, "a", s);
		else
			secret_free(s);
		if (!nomem_hit())
			break;
		assert_true(k == NULL || r == FAIL_NOMEM);
		keyring_free(k);
	}
	assert_true(n > 2);
	assert_int_equal(r, 0);
	keyring_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_newest_version_is_current),
	    cmocka_unit_test(an_old_version_is_found_by_its_number),
	    cmocka_unit_test(a_key_of_the_wrong_size_or_name_is_refused),
	    cmocka_unit_test(an_appended_version_must_be_higher),
	    cmocka_unit_test(the_number_of_keys_is_bounded),
	    cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
