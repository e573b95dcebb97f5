/* SPDX-License-Identifier: Apache-2.0 */
/* Times and lengths of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "cli/when.h"

static const uint64_t now = UINT64_C(1769860800) * 1000000; /* 2026-01-31T12 */

static void
times_are_read_as_people_write_them(void **state UNUSED)
{
	static const struct {
		const char *text;
		uint64_t s, part;
	} good[] = {
	    {"1970-01-01", 0, 0},
	    {"2026-01-31", 1769817600, 0},
	    {"2026-01-31T12:00", 1769860800, 0},
	    {"2026-01-31T12:00Z", 1769860800, 0},
	    {"2026-01-31T12:00:01", 1769860801, 0},
	    {"2026-01-31T12:00:01.5Z", 1769860801, 500000},
	    {"2026-01-31T12:00:01.123456789", 1769860801, 123456},
	    {"2024-02-29", 1709164800, 0},
	    {"90s", 1769860800 - 90, 0},
	    {"15m", 1769860800 - 900, 0},
	    {"2h", 1769860800 - 7200, 0},
	    {"31d", 1769860800 - 31 * 86400, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint64_t us = 1;

		if (when_parse(good[i].text, now, &us) != 0)
			fail_msg("%s is no time", good[i].text);
		assert_int_equal(us, good[i].s * 1000000 + good[i].part);
	}
}

static void
what_is_no_time_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {"", "x", "s", "2026", "2026-1-31",
	    "2026-02-29", "2026-02-30", "2026-04-31", "2026-00-10",
	    "2026-13-01", "2026-01-00", "2026-01-32", "1969-12-31",
	    "2026-01-31 12:00", "2026-01-31T", "2026-01-31T12",
	    "2026-01-31T12:", "2026-01-31T12:0",
	    "2026-01-31T12:00:", "2026-01-31T24:00", "2026-01-31T12:60",
	    "2026-01-31T12:00:61", "2026-01-31T12:00+01:00",
	    "2026-01-31T12:00ZZ", "2026-01-31Z", "-1d", "1.5h", "1h30m",
	    "4000000001s", "99999999999999999999d", "30000d"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint64_t us;

		if (when_parse(bad[i], now, &us) != FAIL_FORMAT)
			fail_msg("%s is a time", bad[i]);
	}
}

static void
lengths_have_a_unit_or_are_seconds(void **state UNUSED)
{
	static const char *const bad[] = {"", "m", "1w", "1 m", "1mm", "-1",
	    "+1", "0x10", "4000000001", "50000d", "18446744073709551617"};
	uint64_t s;

	assert_int_equal(when_span("90", &s), 0);
	assert_int_equal(s, 90);
	assert_int_equal(when_span("90s", &s), 0);
	assert_int_equal(s, 90);
	assert_int_equal(when_span("15m", &s), 0);
	assert_int_equal(s, 900);
	assert_int_equal(when_span("8h", &s), 0);
	assert_int_equal(s, 28800);
	assert_int_equal(when_span("2d", &s), 0);
	assert_int_equal(s, 172800);
	assert_int_equal(when_span("0", &s), 0);
	assert_int_equal(s, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (when_span(bad[i], &s) != FAIL_FORMAT)
			fail_msg("%s is a length", bad[i]);
}

static void
what_is_written_is_read_back(void **state UNUSED)
{
	static const uint64_t times[] = {
	    0, 999000, 1, 1709164799999000, 1769860801123456};
	char text[WHEN_SIZE], huge[WHEN_SIZE];
	uint64_t us;

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		(void)when_text(text, times[i]);
		assert_int_equal(when_parse(text, now, &us), 0);
		assert_int_equal(us, times[i] / 1000 * 1000);
	}
	assert_string_equal(when_text(text, now), "2026-01-31T12:00:00.000Z");
	/* Whatever stands in the database has a text. */
	assert_true(strlen(when_text(huge, UINT64_MAX)) < WHEN_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_read_as_people_write_them),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(lengths_have_a_unit_or_are_seconds),
	    cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
