/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment goes when nobody needs it, and never the newest one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recorder/segtab.h"

static void
a_segment_goes_when_its_last_user_does(void **state)
{
	struct segtab t = {0};
	uint32_t n;

	(void)state;
	assert_int_equal(segtab_add(&t, 3), 0);
	assert_int_equal(segtab_add(&t, 4), 0);
	assert_int_equal(segtab_add(&t, 4), 0);
	segtab_use(&t, 3);
	segtab_use(&t, 3);
	assert_false(segtab_pop(&t, false, &n));
	segtab_drop(&t, 3);
	assert_false(segtab_pop(&t, false, &n));
	segtab_drop(&t, 3);
	assert_true(segtab_pop(&t, false, &n));
	assert_int_equal(n, 3);
	assert_false(segtab_pop(&t, false, &n));
	assert_int_equal(segtab_newest(&t), 4);
	assert_true(segtab_pop(&t, true, &n));
	assert_int_equal(n, 4);
	assert_int_equal(segtab_newest(&t), 0);
	segtab_fini(&t);
}

static void
many_segments_are_found_among_gaps(void **state)
{
	struct segtab t = {0};
	uint32_t i, n;

	(void)state;
	for (i = 1; i <= 1000; i++) {
		assert_int_equal(segtab_add(&t, 7 * i), 0);
		segtab_use(&t, 7 * i);
	}
	for (i = 1; i <= 1000; i += 2)
		segtab_drop(&t, 7 * i);
	for (i = 1; i <= 1000; i += 2) {
		assert_true(segtab_pop(&t, false, &n));
		assert_int_equal(n, 7 * i);
	}
	assert_false(segtab_pop(&t, false, &n));
	segtab_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_segment_goes_when_its_last_user_does),
	    cmocka_unit_test(many_segments_are_found_among_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
