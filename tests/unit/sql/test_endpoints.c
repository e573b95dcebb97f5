/* SPDX-License-Identifier: Apache-2.0 */
/* Which database server is tried when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sql/endpoints.h"

#define SECOND UINT64_C(1000000000)

static struct endpoints *
make(const char *list)
{
	struct endpoints *e;
	struct fail f = {0};

	assert_int_equal(endpoints_new(&e, list, &f), 0);
	return e;
}

static size_t
pick(struct endpoints *e, uint32_t tried, uint64_t now)
{
	struct endpoint got;

	assert_int_equal(endpoints_pick(e, tried, now, &got), 0);
	return got.index;
}

static void
hosts_and_ports_are_read(void **state UNUSED)
{
	struct endpoints *e = make(" db1, db2:3307 ,[::1]:33,, [fe80::2]");
	struct endpoint p;

	assert_int_equal(endpoints_count(e), 4);
	assert_int_equal(endpoints_pick(e, 0, 0, &p), 0);
	assert_string_equal(p.host, "db1");
	assert_int_equal(p.port, 3306);
	assert_int_equal(endpoints_pick(e, 1, 0, &p), 0);
	assert_string_equal(p.host, "db2");
	assert_int_equal(p.port, 3307);
	assert_int_equal(endpoints_pick(e, 3, 0, &p), 0);
	assert_string_equal(p.host, "::1");
	assert_int_equal(p.port, 33);
	assert_int_equal(endpoints_pick(e, 7, 0, &p), 0);
	assert_string_equal(p.host, "fe80::2");
	assert_int_equal(endpoints_pick(e, 15, 0, &p), FAIL_NOTFOUND);
	endpoints_free(e);
}

static void
wrong_lists_are_refused(void **state UNUSED)
{
	static const char *const wrong[] = {"", " , ", "a:", "a:0", "a:65536",
	    "a:x", "[::1", "[]:1", ":3306", "[::1]x", "a:123456"};
	struct endpoints *e;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct fail f = {0};

		assert_int_equal(endpoints_new(&e, wrong[i], &f), FAIL_CONF);
		assert_null(e);
	}
}

static void
the_last_good_one_is_preferred(void **state UNUSED)
{
	struct endpoints *e = make("a,b,c");

	assert_int_equal(pick(e, 0, 0), 0);
	endpoints_good(e, 2);
	assert_int_equal(pick(e, 0, 0), 2);
	endpoints_free(e);
}

static void
a_bad_one_rests_five_to_ten_seconds(void **state UNUSED)
{
	struct endpoints *e = make("a,b");

	for (unsigned i = 0; i < 50; i++) {
		endpoints_good(e, 0);
		endpoints_bad(e, 0, 100 * SECOND);
		assert_int_equal(pick(e, 0, 100 * SECOND), 1);
		assert_int_equal(pick(e, 0, 105 * SECOND - 1), 1);
		assert_int_equal(pick(e, 0, 110 * SECOND), 0);
	}
	endpoints_free(e);
}

static void
when_all_rest_the_first_to_come_back_is_tried(void **state UNUSED)
{
	struct endpoints *e = make("a,b");

	endpoints_bad(e, 0, 200 * SECOND);
	endpoints_bad(e, 1, 100 * SECOND);
	assert_int_equal(pick(e, 0, 201 * SECOND), 1);
	endpoints_bad(e, 1, 300 * SECOND);
	assert_int_equal(pick(e, 0, 299 * SECOND), 0);
	endpoints_free(e);
}

static void
only_the_first_failure_in_a_row_is_news(void **state UNUSED)
{
	struct endpoints *e = make("a,b");

	assert_true(endpoints_bad(e, 0, 100 * SECOND));
	assert_false(endpoints_bad(e, 0, 101 * SECOND));
	assert_true(endpoints_bad(e, 1, 101 * SECOND));
	endpoints_good(e, 0);
	assert_true(endpoints_bad(e, 0, 102 * SECOND));
	assert_true(endpoints_bad(e, 0, 200 * SECOND));
	endpoints_free(e);
}

static void
what_was_picked_before_a_fault_is_stale(void **state UNUSED)
{
	struct endpoints *e = make("a,b");
	struct endpoint before, after;

	assert_int_equal(endpoints_pick(e, 0, 100 * SECOND, &before), 0);
	assert_false(endpoints_stale(e, before.index, before.faults));
	endpoints_bad(e, 1 - before.index, 100 * SECOND);
	assert_false(endpoints_stale(e, before.index, before.faults));
	endpoints_bad(e, before.index, 100 * SECOND);
	assert_true(endpoints_stale(e, before.index, before.faults));
	/* Picked anew although it rests: no better one is left. */
	assert_int_equal(
	    endpoints_pick(e, BIT(1 - before.index), 101 * SECOND, &after), 0);
	assert_false(endpoints_stale(e, after.index, after.faults));
	endpoints_good(e, after.index);
	assert_true(endpoints_stale(e, before.index, before.faults));
	assert_false(endpoints_stale(e, ENDPOINTS_MAX, 0));
	endpoints_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_first_failure_in_a_row_is_news),
	    cmocka_unit_test(what_was_picked_before_a_fault_is_stale),
	    cmocka_unit_test(hosts_and_ports_are_read),
	    cmocka_unit_test(wrong_lists_are_refused),
	    cmocka_unit_test(the_last_good_one_is_preferred),
	    cmocka_unit_test(a_bad_one_rests_five_to_ten_seconds),
	    cmocka_unit_test(when_all_rest_the_first_to_come_back_is_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
