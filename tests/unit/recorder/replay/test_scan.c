/* SPDX-License-Identifier: Apache-2.0 */
/* Where the screen is about to be wiped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/scan.h"

static struct scan_hit
scan(const char *text)
{
	return scan_next(SPAN(text, strlen(text)));
}

static void
each_wiping_sequence_is_found_where_it_is(void **state)
{
	static const struct {
		const char *text;
		enum scan_kind kind;
		size_t at, len;
	} rows[] = {{"abc\033[2Jx", SCAN_WIPE, 3, 4},
	    {"\033[J", SCAN_BELOW, 0, 3}, {"\033[0J", SCAN_BELOW, 0, 4},
	    {"\033c", SCAN_WIPE, 0, 2}, {"x\033[?1049l", SCAN_LEAVE_ALT, 1, 8},
	    {"\033[?25;47lx", SCAN_LEAVE_ALT, 0, 9},
	    {"\033[?1047l", SCAN_LEAVE_ALT, 0, 8},
	    {"\033[31m\033[3J\033[2J", SCAN_WIPE, 9, 4}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan_hit h = scan(rows[i].text);

		assert_int_equal(h.kind, rows[i].kind);
		assert_int_equal(h.at, rows[i].at);
		assert_int_equal(h.len, rows[i].len);
	}
}

static void
other_sequences_and_cut_ones_are_passed_over(void **state)
{
	static const char *const rows[] = {"", "abc", "\033", "\033[", "\033[2",
	    "\033[1J", "\033[?25l", "\033[?1049h", "\033[K", "\033]2J\007",
	    "\033[?2J", "\033[22J", "\033\033\033"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan_hit h = scan(rows[i]);

		assert_int_equal(h.kind, SCAN_NONE);
		assert_int_equal(h.at, strlen(rows[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_wiping_sequence_is_found_where_it_is),
	    cmocka_unit_test(other_sequences_and_cut_ones_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
