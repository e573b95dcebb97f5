/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people read and write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/words.h"

static void
offsets_and_times_are_written_as_people_do(void **state)
{
	char t[WORDS_SIZE];

	(void)state;
	assert_string_equal(words_offset(t, 0), "0:00:00.000");
	assert_string_equal(words_offset(t, 3723004999), "1:02:03.004");
	assert_string_equal(words_clock(t, 83999999), "1:23");
	assert_string_equal(words_clock(t, 86400000000), "24:00:00");
	assert_string_equal(
	    words_time(t, 1700000000123456), "2023-11-14T22:13:20.123Z");
	assert_string_equal(words_time(t, UINT64_MAX), "no date");
}

static void
offsets_are_read_in_every_form(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} good[] = {{"0", 0}, {"83.5", 83500000}, {"83.5s", 83500000},
	    {".25", 250000}, {"5m", 300000000}, {"2h", 7200000000},
	    {"1:23", 83000000}, {"1:02:03.5", 3723500000},
	    {"100:00:00", 360000000000}};
	static const char *const bad[] = {"", ".", "x", "1x", "1:", ":1",
	    "1:2:3:4", "1.5:00", "-1", "1m2", "1:00m", "9999999999", "1 "};
	uint64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(words_offset_parse(good[i].text, &us), 0);
		assert_int_equal(us, good[i].us);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(words_offset_parse(bad[i], &us), FAIL_FORMAT);
}

static void
speeds_are_read_in_thousandths(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(words_milli_parse("2", &v), 0);
	assert_int_equal(v, 2000);
	assert_int_equal(words_milli_parse("0.5", &v), 0);
	assert_int_equal(v, 500);
	assert_int_equal(words_milli_parse("2x", &v), FAIL_FORMAT);
	assert_int_equal(words_milli_parse("", &v), FAIL_FORMAT);
}

static void
text_that_would_harm_a_terminal_is_escaped(void **state)
{
	static const char evil[] = "a\033]0;x\007\xff\xc3\xbc\xc2\x9b"
				   "\xe2\x80\xae\xe2\x80";
	char dst[200], small[8];

	(void)state;
	words_escape_to(dst, sizeof(dst), SPAN(evil, sizeof(evil) - 1));
	assert_string_equal(dst,
	    "a\\x1b]0;x\\x07\\xff\xc3\xbc\\xc2\\x9b\\xe2\\x80\\xae"
	    "\\xe2\\x80");
	words_escape_to(small, sizeof(small), SPAN("abc\033\033", 5));
	assert_string_equal(small, "abc\\x1b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(offsets_and_times_are_written_as_people_do),
	    cmocka_unit_test(offsets_are_read_in_every_form),
	    cmocka_unit_test(speeds_are_read_in_thousandths),
	    cmocka_unit_test(text_that_would_harm_a_terminal_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
