/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/transport/names.h"

static void
names_are_taken_one_by_one(void **state UNUSED)
{
	struct span list = names_span(",a,,bc,"), name;

	assert_true(names_next(&list, &name) && span_eq(name, "a"));
	assert_true(names_next(&list, &name) && span_eq(name, "bc"));
	assert_false(names_next(&list, &name));
	list = names_span("");
	assert_false(names_next(&list, &name));
	list = names_span(",,,");
	assert_false(names_next(&list, &name));
}

static void
a_name_is_in_a_list_only_whole(void **state UNUSED)
{
	struct span list = names_span("aes128-ctr,aes256-ctr");

	assert_true(names_has(list, names_span("aes128-ctr")));
	assert_true(names_has(list, names_span("aes256-ctr")));
	assert_false(names_has(list, names_span("aes128")));
	assert_false(names_has(list, names_span("ctr")));
	assert_false(names_has(list, names_span("aes128-ctr,aes256-ctr")));
	assert_false(names_has(list, names_span("")));
	assert_false(names_has(names_span(""), names_span("a")));
}

static void
the_first_wish_that_is_there_is_taken(void **state UNUSED)
{
	struct span name;

	assert_true(names_match(names_span("x,b,a"), names_span("a,b"), &name));
	assert_true(span_eq(name, "b"));
	assert_false(names_match(names_span("x,y"), names_span("a,b"), &name));
	assert_false(names_match(names_span(""), names_span(""), &name));
}

static void
first_names_are_compared(void **state UNUSED)
{
	assert_true(names_same_first(names_span("a,b"), names_span("a,c")));
	assert_false(names_same_first(names_span("a"), names_span("b,a")));
	assert_false(names_same_first(names_span("a"), names_span("ab")));
	assert_false(names_same_first(names_span(""), names_span("")));
}

static void
a_list_is_built_with_commas(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 5);
	assert_int_equal(names_add(&b, names_span("a")), 0);
	assert_int_equal(names_add(&b, names_span("bc")), 0);
	assert_true(span_eq(buf_span(&b), "a,bc"));
	assert_true(names_add(&b, names_span("d")) < 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_taken_one_by_one),
	    cmocka_unit_test(a_name_is_in_a_list_only_whole),
	    cmocka_unit_test(the_first_wish_that_is_there_is_taken),
	    cmocka_unit_test(first_names_are_compared),
	    cmocka_unit_test(a_list_is_built_with_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
