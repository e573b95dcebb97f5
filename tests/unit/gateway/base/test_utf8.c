/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void
every_code_point_comes_back(void **state)
{
	uint8_t out[UTF8_MAX];
	uint32_t cp, got;
	size_t n, i;

	(void)state;
	for (cp = 0; cp <= 0x10ffff; cp++) {
		n = utf8_put(out, cp);
		if (cp >= 0xd800 && cp <= 0xdfff) {
			assert_memory_equal(out, "\xef\xbf\xbd", 3);
			continue;
		}
		assert_int_equal(utf8_get(out, n, &got), n);
		assert_int_equal(got, cp);
		/* A beginning of it asks for more. */
		for (i = 0; i < n; i++)
			assert_int_equal(utf8_get(out, i, &got), 0);
	}
}

static void
what_is_not_utf8_is_one_bad_byte(void **state)
{
	static const char *const bad[] = {
	    "\x80",
	    "\xbf",
	    "\xc0\x80",
	    "\xc1\xbf",
	    "\xc3\x41",
	    "\xe0\x80\x80",
	    "\xed\xa0\x80",
	    "\xf0\x80\x80\x80",
	    "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80",
	    "\xff",
	};
	uint32_t cp;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cp = 0;
		assert_int_equal(
		    utf8_get((const uint8_t *)bad[i], strlen(bad[i]), &cp), 1);
		assert_int_equal(cp, UTF8_BAD);
	}
}

static void
widths_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(utf8_width('a'), 1);
	assert_int_equal(utf8_width(0xe4), 1);
	assert_int_equal(utf8_width(0x301), 0);
	assert_int_equal(utf8_width(0x200d), 0);
	assert_int_equal(utf8_width(0x4e2d), 2);
	assert_int_equal(utf8_width(0xff21), 2);
	assert_int_equal(utf8_width(0xac00), 2);
	assert_int_equal(utf8_width(0x1f600), 2);
	assert_int_equal(utf8_width(0x430), 1);
	assert_int_equal(utf8_width(0x2500), 1);
}

static void
controls_and_direction_marks_are_not_printable(void **state)
{
	static const uint32_t no[] = {0, 7, 0x1b, 0x7f, 0x80, 0x9b, 0x9f,
	    0x202e, 0x2066, 0x200b, 0xfeff, 0xd800, 0xe000, 0xfffe, 0x110000};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(utf8_printable(no[i]));
	assert_true(utf8_printable(' '));
	assert_true(utf8_printable(0xa0));
	assert_true(utf8_printable(0x4e2d));
	assert_true(utf8_printable(0x1f600));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_code_point_comes_back),
	    cmocka_unit_test(what_is_not_utf8_is_one_bad_byte),
	    cmocka_unit_test(widths_are_those_of_a_terminal),
	    cmocka_unit_test(controls_and_direction_marks_are_not_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
