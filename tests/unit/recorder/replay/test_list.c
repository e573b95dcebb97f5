/* SPDX-License-Identifier: Apache-2.0 */
/* JSON printed row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/list.h"

#include "rp_make.h"

static void
rows_make_one_array(void **state)
{
	struct rp_out o;
	struct list l;

	(void)state;
	rp_out_init(&o);
	list_init(&l, o.to);
	json_uint(list_row(&l), "a", 1);
	list_row_end(&l);
	json_uint(list_row(&l), "a", 2);
	list_row_end(&l);
	assert_int_equal(list_end(&l), 0);
	assert_string_equal(rp_out_text(&o), "[\n{\"a\":1},\n{\"a\":2}\n]\n");
	list_fini(&l);
	rp_out_fini(&o);
}

static void
no_rows_are_an_empty_array(void **state)
{
	struct rp_out o;
	struct list l;

	(void)state;
	rp_out_init(&o);
	list_init(&l, o.to);
	assert_int_equal(list_end(&l), 0);
	assert_string_equal(rp_out_text(&o), "[]\n");
	json_str(list_row(&l), "b", "x");
	assert_int_equal(list_one(&l), 0);
	assert_string_equal(rp_out_text(&o), "[]\n{\"b\":\"x\"}\n");
	list_fini(&l);
	rp_out_fini(&o);
}

static void
a_full_disk_is_not_passed_over(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct list l;

	(void)state;
	assert_non_null(full);
	list_init(&l, full);
	json_str(list_row(&l), "b", "x");
	assert_int_equal(list_one(&l), FAIL_SYS);
	list_fini(&l);
	(void)fclose(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_make_one_array),
	    cmocka_unit_test(no_rows_are_an_empty_array),
	    cmocka_unit_test(a_full_disk_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
