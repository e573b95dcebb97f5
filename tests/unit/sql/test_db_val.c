/* SPDX-License-Identifier: Apache-2.0 */
/* Values as parameters and as columns, whatever type they come as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "sql/db.h"

static void
nothing_is_null(void **state UNUSED)
{
	assert_int_equal(db_text(NULL).type, DB_NULL);
	assert_int_equal(db_uuid(NULL).type, DB_NULL);
	assert_int_equal(db_text("").type, DB_TEXT);
	assert_int_equal(db_text("").bytes.len, 0);
	assert_int_equal(db_bytes(SPAN(NULL, 0)).type, DB_BYTES);
}

static void
a_column_that_is_not_there_reads_as_null(void **state UNUSED)
{
	const struct db_row r = {.n = 0};
	uint8_t id[16] = {1};

	assert_true(db_row_null(&r, 0));
	assert_int_equal(db_row_u64(&r, 0), 0);
	assert_int_equal(db_row_i64(&r, 0), 0);
	assert_int_equal(db_row_bytes(&r, 7).len, 0);
	assert_string_equal(db_row_text(&r, 7), "");
	assert_int_equal(db_row_uuid(&r, 0, id), FAIL_FORMAT);
	assert_int_equal(id[0], 0);
}

static void
numbers_are_kept_within_what_is_asked_for(void **state UNUSED)
{
	const struct db_val v[] = {db_u64(UINT64_MAX), db_i64(-5), db_i64(7),
	    db_u64(8), db_text("9"), db_null()};
	const struct db_row r = {.v = v, .n = ARRAY_LEN(v)};

	assert_true(db_row_u64(&r, 0) == UINT64_MAX);
	assert_true(db_row_i64(&r, 0) == INT64_MAX);
	assert_int_equal(db_row_u64(&r, 1), 0);
	assert_true(db_row_i64(&r, 1) == -5);
	assert_int_equal(db_row_u64(&r, 2), 7);
	assert_int_equal(db_row_i64(&r, 3), 8);
	assert_int_equal(db_row_u64(&r, 4), 0);
	assert_int_equal(db_row_u64(&r, 5), 0);
	assert_true(db_row_null(&r, 5));
	assert_false(db_row_null(&r, 4));
	assert_string_equal(db_row_text(&r, 4), "9");
	assert_string_equal(db_row_text(&r, 0), "");
}

static void
text_is_cut_to_the_array(void **state UNUSED)
{
	const struct db_val v[] = {
	    db_text("abcd"), db_text(""), db_u64(7), db_null()};
	const struct db_row r = {.v = v, .n = ARRAY_LEN(v)};
	char dst[6] = "------";

	db_row_copy(&r, 0, dst, 5);
	assert_memory_equal(dst, "abcd\0-", 6);
	db_row_copy(&r, 0, dst, 4);
	assert_memory_equal(dst, "abc\0\0-", 6);
	db_row_copy(&r, 0, dst, 1);
	assert_string_equal(dst, "");
	for (size_t i = 1; i < 5; i++) {
		dst[0] = '-';
		db_row_copy(&r, i, dst, sizeof(dst));
		assert_string_equal(dst, "");
	}
}

static void
an_id_has_sixteen_bytes(void **state UNUSED)
{
	static const uint8_t bytes[17] = {1, 2, 3};
	const struct db_val v[] = {db_uuid(bytes), db_bytes(SPAN(bytes, 15)),
	    db_bytes(SPAN(bytes, 17))};
	const struct db_row r = {.v = v, .n = ARRAY_LEN(v)};
	uint8_t id[16];

	assert_int_equal(db_row_uuid(&r, 0, id), 0);
	assert_memory_equal(id, bytes, 16);
	assert_int_equal(db_row_uuid(&r, 1, id), FAIL_FORMAT);
	assert_int_equal(db_row_uuid(&r, 2, id), FAIL_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_null),
	    cmocka_unit_test(a_column_that_is_not_there_reads_as_null),
	    cmocka_unit_test(numbers_are_kept_within_what_is_asked_for),
	    cmocka_unit_test(text_is_cut_to_the_array),
	    cmocka_unit_test(an_id_has_sixteen_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
