/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/why.h"

static void
every_reason_has_a_name_and_a_sentence(void **state)
{
	(void)state;
#define WHY(name, num, error, text)                                            \
	assert_string_equal(why_name(WHY_##name), #name);                      \
	assert_string_equal(why_text(WHY_##name), text);                       \
	assert_int_equal(why_is_error(WHY_##name), error);
#include "session/why_tbl.h"
#undef WHY
}

static void
a_strange_number_is_an_error_without_a_name(void **state)
{
	(void)state;
	assert_string_equal(why_name(0), "UNKNOWN");
	assert_string_equal(why_name(-1), "UNKNOWN");
	assert_string_equal(why_name(1 << 20), "UNKNOWN");
	assert_true(why_is_error(1 << 20));
	assert_true(strlen(why_text(0)) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
	    cmocka_unit_test(a_strange_number_is_an_error_without_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
