/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fail.h"
#include "daemon/role.h"

static void
every_role_is_found_by_its_name(void **state UNUSED)
{
	enum role r;

#define ROLE(name, num, text, fn)                                              \
	assert_string_equal(role_name(ROLE_##name), text);                     \
	assert_int_equal(role_parse(text, &r), 0);                             \
	assert_int_equal(r, num);
#include "daemon/role_tbl.h"
#undef ROLE
}

static void
there_is_no_other(void **state UNUSED)
{
	enum role r;

	assert_null(role_name(ROLE_SUPERVISOR));
	assert_null(role_name((enum role)99));
	assert_int_equal(role_parse("", &r), FAIL_NOTFOUND);
	assert_int_equal(role_parse("Worker", &r), FAIL_NOTFOUND);
	assert_int_equal(role_parse("supervisor", &r), FAIL_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_role_is_found_by_its_name),
	    cmocka_unit_test(there_is_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
