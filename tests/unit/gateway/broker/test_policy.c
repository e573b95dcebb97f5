/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy lets whom in, decided over rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/policy.h"
#include "sql/types.h"

static const uint8_t groups[2][16] = {{10}, {11}};
static const struct policy_query query = {
    .user_id = {1},
    .groups = groups,
    .n_groups = 2,
    .account_id = {20},
    .asset_id = {30},
};

static struct policy_row
row(uint8_t id, uint8_t subject_kind, uint8_t subject, uint8_t object_kind,
    uint8_t object)
{
	return (struct policy_row){.policy_id = {id},
	    .subject_kind = subject_kind,
	    .subject_id = {subject},
	    .object_kind = object_kind,
	    .object_id = {object}};
}

static uint8_t
choose(const struct policy_row *rows, size_t n)
{
	struct policy_choice a = {0}, b = {0};
	size_t i;

	for (i = 0; i < n; i++)
		policy_consider(&a, &query, &rows[i]);
	for (i = n; i-- > 0;)
		policy_consider(&b, &query, &rows[i]);
	/* The order of rows does not matter. */
	assert_int_equal(a.allowed, b.allowed);
	assert_memory_equal(a.row.policy_id, b.row.policy_id, 16);
	return a.allowed ? a.row.policy_id[0] : 0;
}

static void
nothing_allows_without_a_row_that_fits(void **state UNUSED)
{
	const struct policy_row rows[] = {
	    row(1, SUBJECT_USER, 2, OBJECT_ALL, 0),
	    row(2, SUBJECT_GROUP, 12, OBJECT_ALL, 0),
	    row(3, SUBJECT_USER, 1, OBJECT_ACCOUNT, 21),
	    row(4, SUBJECT_USER, 1, OBJECT_ASSET, 31),
	    /* A group's id in a row of users, and the other way round. */
	    row(5, SUBJECT_USER, 10, OBJECT_ALL, 0),
	    row(6, SUBJECT_GROUP, 1, OBJECT_ALL, 0),
	    row(7, SUBJECT_USER, 1, OBJECT_ASSET, 20),
	    row(8, SUBJECT_USER, 1, OBJECT_ACCOUNT, 30),
	    row(9, 7, 1, OBJECT_ALL, 0),
	    row(10, SUBJECT_USER, 1, 9, 20),
	};

	assert_int_equal(choose(rows, 0), 0);
	assert_int_equal(choose(rows, ARRAY_LEN(rows)), 0);
}

static void
a_user_or_one_of_his_groups_is_let_in(void **state UNUSED)
{
	struct policy_row r = row(1, SUBJECT_USER, 1, OBJECT_ACCOUNT, 20);

	assert_int_equal(choose(&r, 1), 1);
	r = row(2, SUBJECT_GROUP, 11, OBJECT_ASSET, 30);
	assert_int_equal(choose(&r, 1), 2);
	r.disabled = true;
	assert_int_equal(choose(&r, 1), 0);
}

static void
priority_goes_before_how_narrow_a_row_is(void **state UNUSED)
{
	struct policy_row rows[] = {
	    row(1, SUBJECT_GROUP, 10, OBJECT_ALL, 0),
	    row(2, SUBJECT_USER, 1, OBJECT_ASSET, 30),
	    row(3, SUBJECT_GROUP, 10, OBJECT_ACCOUNT, 20),
	    row(4, SUBJECT_USER, 1, OBJECT_ACCOUNT, 20),
	    row(5, SUBJECT_USER, 1, OBJECT_ACCOUNT, 20),
	};

	assert_int_equal(choose(rows, 1), 1);
	assert_int_equal(choose(rows, 2), 2);
	assert_int_equal(choose(rows, 3), 3);
	assert_int_equal(choose(rows, 4), 4);
	assert_int_equal(choose(rows, 5), 4); /* the older one */
	rows[0].priority = 1;
	assert_int_equal(choose(rows, 5), 1);
	rows[1].priority = 2;
	rows[3].priority = -5;
	assert_int_equal(choose(rows, 5), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_allows_without_a_row_that_fits),
	    cmocka_unit_test(a_user_or_one_of_his_groups_is_let_in),
	    cmocka_unit_test(priority_goes_before_how_narrow_a_row_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
