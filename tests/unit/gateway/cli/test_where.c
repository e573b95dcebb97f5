/* SPDX-License-Identifier: Apache-2.0 */
/* Queries made of options: what is typed is only ever a parameter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/loop.h"
#include "cli/where.h"

static struct cli
with_options(struct args *a, const char *const *pairs)
{
	*a = (struct args){.json = false};
	for (; pairs[0] != NULL; pairs += 2) {
		a->opt[a->n_opt].name = pairs[0];
		a->opt[a->n_opt++].value = pairs[1];
	}
	return (struct cli){.args = a, .broker = -1, .keeper = -1};
}

#define WITH(a, ...) with_options(a, (const char *const[]){__VA_ARGS__, NULL})

static void
conditions_are_joined_and_values_stay_parameters(void **state UNUSED)
{
	struct where w;

	where_init(&w, "SELECT a FROM t");
	where_add(&w, "a = ?", db_text("x' OR '1'='1"));
	where_add(&w, "b >= ?", db_u64(7));
	where_tail(&w, "ORDER BY a LIMIT ?");
	where_param(&w, db_u64(10));
	assert_int_equal(w.err, 0);
	assert_string_equal(
	    w.sql, "SELECT a FROM t WHERE a = ? AND b >= ? ORDER BY a LIMIT ?");
	assert_int_equal(w.n, 3);
	assert_int_equal(w.p[1].u, 7);
	assert_int_equal(w.p[2].u, 10);
}

static void
too_much_is_an_error_and_is_not_sent(void **state UNUSED)
{
	struct args a;
	struct cli c = WITH(&a, NULL);
	struct where w;

	where_init(&w, "SELECT 1");
	for (int i = 0; i <= WHERE_PARAMS; i++)
		where_add(&w, "a = ?", db_u64(1));
	assert_int_equal(w.err, FAIL_RANGE);
	/* With no database to send it to. */
	assert_int_equal(where_query(&c, &w, NULL, NULL), FAIL_RANGE);
	assert_string_equal(c.fail.why, "too many conditions");

	where_init(&w, "SELECT 1");
	for (int i = 0; i < 200; i++)
		where_tail(&w, "ORDER BY a");
	assert_int_equal(w.err, FAIL_RANGE);
	assert_true(strlen(w.sql) < sizeof(w.sql));
}

static void
times_become_conditions(void **state UNUSED)
{
	struct args a;
	struct cli c = WITH(&a, "since", "1970-01-02", "until", "1970-01-03");
	struct where w;
	uint64_t now;

	where_init(&w, "S");
	assert_int_equal(where_times(&c, &w, "t >= ?", "t < ?", "1d"), 0);
	assert_string_equal(w.sql, "S WHERE t >= ? AND t < ?");
	assert_int_equal(w.p[0].u, UINT64_C(86400000000));
	assert_int_equal(w.p[1].u, UINT64_C(172800000000));

	c = WITH(&a, NULL);
	where_init(&w, "S");
	now = unix_us();
	assert_int_equal(where_times(&c, &w, "t >= ?", "t < ?", "1d"), 0);
	assert_string_equal(w.sql, "S WHERE t >= ?");
	assert_in_range(
	    w.p[0].u, now - UINT64_C(86400000000), now - UINT64_C(86340000000));
	where_init(&w, "S");
	assert_int_equal(where_times(&c, &w, "t >= ?", "t < ?", NULL), 0);
	assert_string_equal(w.sql, "S");

	c = WITH(&a, "until", "tomorrow");
	assert_true(where_times(&c, &w, "t >= ?", "t < ?", NULL) < 0);
	assert_true(c.usage);
	assert_non_null(strstr(c.fail.why, "--until: tomorrow is no time"));
}

static void
a_limit_is_a_number_within_bounds(void **state UNUSED)
{
	static const char *const bad[] = {"0", "-1", "", "x", "10x", " 10",
	    "+10", "100001", "99999999999999999999", "1e3"};
	struct args a;
	struct cli c = WITH(&a, NULL);
	uint64_t n;

	assert_int_equal(where_limit(&c, &n), 0);
	assert_int_equal(n, 100);
	c = WITH(&a, "limit", "100000");
	assert_int_equal(where_limit(&c, &n), 0);
	assert_int_equal(n, 100000);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		c = WITH(&a, "limit", bad[i]);
		if (where_limit(&c, &n) == 0)
			fail_msg("--limit=%s was taken", bad[i]);
		assert_true(c.usage);
	}
}

static void
wildcards_of_a_search_are_text(void **state UNUSED)
{
	struct args a;
	struct cli c = WITH(&a, NULL);
	char like[16];

	assert_int_equal(where_like(&c, like, sizeof(like), "a%b_c!"), 0);
	assert_string_equal(like, "%a!%b!_c!!%");
	assert_true(where_like(&c, like, sizeof(like), "") < 0);
	c = WITH(&a, NULL);
	assert_true(where_like(&c, like, sizeof(like), "%%%%%%%%") < 0);
	assert_true(c.usage);
	/* One less, whatever it is, fits. */
	for (size_t n = 1; n < 16; n++) {
		char text[17] = "!!!!!!!!!!!!!!!!";

		text[n] = '\0';
		c = WITH(&a, NULL);
		if (where_like(&c, like, sizeof(like), text) == 0)
			assert_int_equal(strlen(like), 2 * n + 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions_are_joined_and_values_stay_parameters),
	    cmocka_unit_test(too_much_is_an_error_and_is_not_sent),
	    cmocka_unit_test(times_become_conditions),
	    cmocka_unit_test(a_limit_is_a_number_within_bounds),
	    cmocka_unit_test(wildcards_of_a_search_are_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
