/* SPDX-License-Identifier: Apache-2.0 */
/* What error numbers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "sql/fault.h"

static void
conflicts_are_run_again(void **state UNUSED)
{
	assert_int_equal(fault_kind(1213), FAULT_AGAIN);
	assert_int_equal(fault_kind(1205), FAULT_AGAIN);
	assert_int_equal(fault_kind(1180), FAULT_AGAIN);
}

static void
a_node_without_quorum_is_left(void **state UNUSED)
{
	assert_int_equal(fault_kind(1047), FAULT_MOVE);
	assert_int_equal(fault_kind(2002), FAULT_MOVE);
}

static void
a_lost_connection_may_have_committed(void **state UNUSED)
{
	assert_int_equal(fault_kind(2013), FAULT_LOST);
	assert_int_equal(fault_kind(2006), FAULT_LOST);
	assert_int_equal(fault_kind(1927), FAULT_LOST);
	/* What a read that timed out is called on a connection with TLS. */
	assert_int_equal(fault_kind(2026), FAULT_LOST);
}

static void
all_else_is_final(void **state UNUSED)
{
	assert_int_equal(fault_kind(0), FAULT_NONE);
	assert_int_equal(fault_kind(1064), FAULT_FINAL);
	assert_int_equal(fault_kind(1062), FAULT_FINAL);
	assert_int_equal(fault_code(1062), FAIL_EXISTS);
	assert_int_equal(fault_code(1969), FAIL_TIMEOUT);
	assert_int_equal(fault_code(9999), FAIL_SQL);
	assert_non_null(fault_text(9999));
}

static void
each_number_has_one_row(void **state UNUSED)
{
	static const unsigned nos[] = {
#define FAULT(no, kind, code, text) no,
#include "sql/fault_tbl.h"
#undef FAULT
	};

	for (size_t i = 1; i < ARRAY_LEN(nos); i++)
		assert_true(nos[i - 1] < nos[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conflicts_are_run_again),
	    cmocka_unit_test(a_node_without_quorum_is_left),
	    cmocka_unit_test(a_lost_connection_may_have_committed),
	    cmocka_unit_test(all_else_is_final),
	    cmocka_unit_test(each_number_has_one_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
