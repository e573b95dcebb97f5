/* SPDX-License-Identifier: Apache-2.0 */
/* A map beside a slow and simple one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "broker/idmap.h"

enum { KEYS = 2000, STEPS = 40000 };

static void
make_key(uint8_t key[16], unsigned n)
{
	memset(key, 0, 16);
	key[3] = (uint8_t)(n >> 8);
	key[15] = (uint8_t)n;
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 8;
}

static void
it_holds_what_was_put_and_not_taken(void **state UNUSED)
{
	static int vals[KEYS];
	static bool there[KEYS];
	struct idmap *m = idmap_new();
	unsigned seed = 1;
	size_t count = 0;

	assert_non_null(m);
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned k = next_random(&seed) % KEYS;
		uint8_t key[16];

		make_key(key, k);
		assert_ptr_equal(idmap_get(m, key), there[k] ? &vals[k] : NULL);
		if (next_random(&seed) % 2 == 0) {
			assert_int_equal(idmap_put(m, key, &vals[k]),
			    there[k] ? FAIL_EXISTS : 0);
			count += there[k] ? 0 : 1;
			there[k] = true;
		} else {
			assert_ptr_equal(
			    idmap_del(m, key), there[k] ? &vals[k] : NULL);
			count -= there[k] ? 1 : 0;
			there[k] = false;
		}
		assert_int_equal(idmap_count(m), count);
	}
	idmap_free(m);
}

static void
a_walk_sees_each_once_and_may_take_it_out(void **state UNUSED)
{
	static unsigned vals[KEYS];
	struct idmap *m = idmap_new();
	unsigned *v, seen = 0;
	uint8_t key[16];
	size_t pos = 0;

	assert_non_null(m);
	for (unsigned k = 0; k < KEYS; k++) {
		vals[k] = k;
		make_key(key, k);
		assert_int_equal(idmap_put(m, key, &vals[k]), 0);
	}
	while ((v = idmap_next(m, &pos)) != NULL) {
		seen++;
		assert_true(*v < KEYS);
		make_key(key, *v);
		if (*v % 3 != 0)
			assert_ptr_equal(idmap_del(m, key), v);
	}
	assert_int_equal(seen, KEYS);
	assert_int_equal(idmap_count(m), (KEYS + 2) / 3);
	for (unsigned k = 0; k < KEYS; k++) {
		make_key(key, k);
		assert_ptr_equal(
		    idmap_get(m, key), k % 3 == 0 ? &vals[k] : NULL);
	}
	idmap_free(m);
	idmap_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_holds_what_was_put_and_not_taken),
	    cmocka_unit_test(a_walk_sees_each_once_and_may_take_it_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
