/* SPDX-License-Identifier: Apache-2.0 */
/* The screen that the user saw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/screen.h"
#include "tests/unit/nomem.h"

static char row[SCREEN_ROW_SIZE];

/* Lines that scrolled out, each with a | behind, + where it goes on. */
static char out[65536];

static void
on_scrolled(void *ctx, struct span text, bool wraps)
{
	size_t len = strlen(out);

	(void)ctx;
	assert_true(len + text.len + 2 < sizeof(out));
	memcpy(out + len, text.p, text.len);
	memcpy(out + len + text.len, wraps ? "+" : "|", 2);
}

static struct screen *
make(unsigned cols, unsigned rows, bool newline)
{
	struct screen_opts o = {.cols = cols,
	    .rows = rows,
	    .newline = newline,
	    .scrolled = on_scrolled};
	struct screen *s;

	out[0] = '\0';
	assert_int_equal(screen_new(&s, &o), 0);
	return s;
}

static void
feed(struct screen *s, const char *text)
{
	assert_int_equal(screen_feed(s, SPAN(text, strlen(text))), 0);
}

static void
is_row(struct screen *s, unsigned n, const char *text)
{
	assert_int_equal(screen_row(s, n, row), strlen(text));
	assert_string_equal(row, text);
}

static void
output_becomes_rows(void **state)
{
	struct screen *s = make(20, 3, false);
	unsigned r, c;

	(void)state;
	feed(s, "one\r\n\033[1mt\303\274o\033[0m  x\b\b\r\n\344\270\255z");
	is_row(s, 0, "one");
	is_row(s, 1, "t\303\274o  x");
	is_row(s, 2, "\344\270\255z");
	is_row(s, 3, "");
	assert_true(screen_cursor(s, &r, &c));
	assert_int_equal(r, 2);
	assert_int_equal(c, 3);
	feed(s, "\033[?25l\r\nx\r\ny");
	assert_false(screen_cursor(s, &r, &c));
	assert_string_equal(out, "one|t\303\274o  x|");
	screen_free(s);
	screen_free(NULL);
}

static void
characters_may_be_cut_anywhere(void **state)
{
	static const char text[] = "a\303\274\344\270\255\360\237\230\200\033"
				   "[31mb\033[0mc";
	struct screen *s = make(20, 2, false);
	size_t i;

	(void)state;
	for (i = 0; i + 1 < sizeof(text); i++)
		assert_int_equal(screen_feed(s, SPAN(text + i, 1)), 0);
	is_row(s, 0, "a\303\274\344\270\255\360\237\230\200bc");
	screen_free(s);
}

static void
cells_have_attributes_and_colors(void **state)
{
	struct screen *s = make(20, 2, false);
	struct screen_cell c;

	(void)state;
	feed(s, "\033[1;4;7;31;48;5;200mA\033[0;38;2;1;2;3mB\033[0mC"
		"\344\270\255");
	assert_int_equal(screen_cell(s, 0, 0, &c), 0);
	assert_int_equal(c.chars[0], 'A');
	assert_int_equal(
	    c.attrs, SCREEN_BOLD | SCREEN_UNDERLINE | SCREEN_REVERSE);
	assert_int_equal(c.fg, COLOR_INDEX << 24 | 1);
	assert_int_equal(c.bg, COLOR_INDEX << 24 | 200);
	assert_int_equal(screen_cell(s, 0, 1, &c), 0);
	assert_int_equal(c.fg, COLOR_RGB << 24 | 0x010203);
	assert_int_equal(c.bg, COLOR_DEFAULT);
	assert_int_equal(screen_cell(s, 0, 2, &c), 0);
	assert_int_equal(c.fg, COLOR_DEFAULT);
	assert_int_equal(c.attrs, 0);
	assert_int_equal(screen_cell(s, 0, 3, &c), 0);
	assert_int_equal(c.width, 2);
	assert_int_equal(screen_cell(s, 0, 4, &c), 0);
	assert_int_equal(c.chars[0], 0);
	assert_int_equal(screen_cell(s, 0, 20, &c), FAIL_RANGE);
	assert_int_equal(screen_cell(s, 2, 0, &c), FAIL_RANGE);
	screen_free(s);
}

static void
lines_broken_by_the_margin_are_known(void **state)
{
	struct screen *s = make(10, 3, false);

	(void)state;
	feed(s, "0123456789abc\r\nfull567890\r\nx\r\n");
	assert_string_equal(out, "0123456789+abc|");
	feed(s, "1\r\n2\r\n3\r\n");
	assert_string_equal(out, "0123456789+abc|full567890|x|1|");
	screen_free(s);
	/* A wide character that does not fit leaves a column empty. */
	s = make(10, 3, false);
	feed(s, "012345678\344\270\255z\r\n");
	assert_true(screen_wraps(s, 0));
	assert_false(screen_wraps(s, 1));
	screen_free(s);
	/* Also when the scrolling happens at the wrap itself. */
	s = make(10, 3, false);
	feed(s, "a\r\nb\r\n0123456789");
	feed(s, "0123456789xyz\r\n\n\n");
	assert_string_equal(out, "a|b|0123456789+0123456789+xyz|");
	screen_free(s);
}

static void
a_line_that_is_written_anew_does_not_go_on(void **state)
{
	struct screen *s = make(10, 3, false);

	(void)state;
	feed(s, "0123456789abc");
	assert_true(screen_wraps(s, 0));
	feed(s, "\033[H\033[K");
	assert_false(screen_wraps(s, 0));
	feed(s, "0123456789\033[Hx");
	assert_false(screen_wraps(s, 0));
	screen_free(s);
}

static void
without_a_terminal_a_newline_begins_a_line(void **state)
{
	struct screen *s = make(20, 4, true);

	(void)state;
	feed(s, "one\ntwo\r\nthr");
	feed(s, "ee\r");
	feed(s, "\nfour");
	is_row(s, 0, "one");
	is_row(s, 1, "two");
	is_row(s, 2, "three");
	is_row(s, 3, "four");
	screen_free(s);
}

static void
nothing_scrolls_out_of_the_alternate_screen(void **state)
{
	struct screen *s = make(20, 2, false);

	(void)state;
	feed(s, "main");
	assert_false(screen_is_alt(s));
	feed(s, "\033[?1049h\033[H1\r\n2\r\n3\r\n4");
	assert_true(screen_is_alt(s));
	assert_string_equal(out, "");
	is_row(s, 0, "3");
	feed(s, "\033[?1049l");
	assert_false(screen_is_alt(s));
	is_row(s, 0, "main");
	screen_free(s);
}

static void
sizes_change_and_are_bounded(void **state)
{
	struct screen *s = make(0, 0, false);
	unsigned cols, rows;

	(void)state;
	screen_size(s, &cols, &rows);
	assert_int_equal(cols, SCREEN_COLS_MIN);
	assert_int_equal(rows, 1);
	feed(s, "abc\344\270\255\r\n");
	assert_int_equal(screen_resize(s, 65535, 65535), 0);
	screen_size(s, &cols, &rows);
	assert_int_equal(cols, SCREEN_COLS_MAX);
	assert_int_equal(rows, SCREEN_ROWS_MAX);
	feed(s, "\033[H\033[2Jwide\033[512;1024Hx");
	assert_int_equal(screen_resize(s, 80, 24), 0);
	assert_int_equal(screen_resize(s, 80, 24), 0);
	feed(s, "\033[H\033[2Jsmall");
	is_row(s, 0, "small");
	screen_free(s);
}

/* The library would have it above the first row, and write there. */
static void
the_cursor_stays_on_a_screen_that_shrinks(void **state)
{
	struct screen *s = make(20, 8, false);

	(void)state;
	feed(s, "\033#8\033[4h\033[H");
	assert_int_equal(screen_resize(s, 40, 3), 0);
	feed(s, "x");
	is_row(s, 0, "xEEEEEEEEEEEEEEEEEEEE");
	screen_free(s);
	s = make(20, 8, false);
	feed(s, "\033#8\033[?6h\033[H");
	assert_int_equal(screen_resize(s, 20, 1), 0);
	feed(s, "\033[Ly\033[K\033M");
	is_row(s, 0, "");
	screen_free(s);
}

static void
rows_are_told_that_have_changed(void **state)
{
	struct screen *s = make(20, 5, false);
	unsigned i;

	(void)state;
	screen_seen(s);
	feed(s, "\033[3;1Hx");
	for (i = 0; i < 5; i++)
		assert_int_equal(screen_changed(s, i), i == 2);
	screen_seen(s);
	assert_false(screen_changed(s, 2));
	screen_free(s);
}

static void
a_saved_screen_comes_back_whole(void **state)
{
	struct screen *s = make(20, 4, false);
	struct buf image;
	unsigned r, c;

	(void)state;
	buf_init(&image, 16 << 20);
	/* Margins, a charset and a cut sequence are state too. */
	feed(s, "a\r\nb\r\n\033[2;3r\033(0\033[3;1Hq\303");
	assert_int_equal(screen_save(s, &image), 0);
	feed(s, "\033c\033[?1049hsomething else\033]0;title");
	assert_int_equal(screen_resize(s, 100, 50), 0);
	assert_int_equal(screen_load(s, buf_span(&image)), 0);
	screen_size(s, &c, &r);
	assert_int_equal(c, 20);
	assert_int_equal(r, 4);
	is_row(s, 0, "a");
	is_row(s, 1, "b");
	feed(s, "\274\033(B\r\nx");
	is_row(s, 0, "a");
	is_row(s, 2, "x");
	is_row(s, 3, "");
	assert_int_equal(screen_load(s, SPAN("", 1)), FAIL_FORMAT);
	buf_fini(&image);
	screen_free(s);
}

static void
questions_to_the_terminal_leave_nothing_on_the_screen(void **state)
{
	struct screen *s = make(40, 3, false);

	(void)state;
	feed(s, "\033[c\033[>c\033[5n\033[6n\033[?6n\033[21t\033[18t\033P$qm"
		"\033\\\033]52;c;aGk=\007\033]10;?\007\033_Ga=T;AAAA\033\\"
		"\033^pm\033\\\005\033Z\033[?1;2c\033[b");
	is_row(s, 0, "");
	is_row(s, 1, "");
	screen_free(s);
}

static void
only_what_can_be_printed_is_in_rows_and_cells(void **state)
{
	struct screen *s = make(40, 2, false);
	struct screen_cell c;
	unsigned i, k;

	(void)state;
	feed(s, "a\342\200\256b\302\233c\302\235d\177e\357\273\277f\356\202\240"
		"\342\200\213g\302\2051");
	for (i = 0; i < 40; i++) {
		assert_int_equal(screen_cell(s, 0, i, &c), 0);
		for (k = 0; k < SCREEN_CHARS && c.chars[k] != 0; k++)
			assert_true(
			    c.chars[k] >= ' ' && c.chars[k] != 0x7f &&
			    !(c.chars[k] >= 0x80 && c.chars[k] < 0xa0) &&
			    c.chars[k] != 0x202e && c.chars[k] != 0x200b);
	}
	(void)screen_row(s, 0, row);
	assert_null(strpbrk(row, "\033\177\033"));
	assert_null(strstr(row, "\342\200\256"));
	screen_free(s);
}

static void
a_full_arena_ends_the_screen_and_nothing_else(void **state)
{
	struct screen_opts o = {.cols = 80, .rows = 24, .arena = 1024 * 1024};
	struct screen_cell c;
	struct screen *s;
	unsigned i;

	(void)state;
	for (i = 4096; i < 300000; i += 8192) {
		o.arena = i;
		if (screen_new(&s, &o) == 0)
			screen_free(s);
	}
	o.arena = 1024 * 1024;
	assert_int_equal(screen_new(&s, &o), 0);
	assert_int_equal(screen_resize(s, 1000, 500), FAIL_NOMEM);
	assert_int_equal(screen_feed(s, SPAN("x", 1)), FAIL_NOMEM);
	assert_int_equal(screen_resize(s, 10, 10), FAIL_NOMEM);
	assert_int_equal(screen_cell(s, 0, 0, &c), FAIL_NOMEM);
	assert_int_equal(screen_row(s, 0, row), 0);
	assert_int_equal(screen_reset(s, 80, 24, false), 0);
	feed(s, "alive");
	is_row(s, 0, "alive");
	screen_free(s);
}

static void
a_failing_allocation_is_an_error_and_no_leak(void **state)
{
	struct screen_opts o = {.cols = 80, .rows = 24};
	struct screen *s;
	unsigned n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		nomem_at(n);
		r = screen_new(&s, &o);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_null(s);
	}
	assert_int_equal(r, 0);
	assert_true(n > 2);
	screen_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(output_becomes_rows),
	    cmocka_unit_test(characters_may_be_cut_anywhere),
	    cmocka_unit_test(cells_have_attributes_and_colors),
	    cmocka_unit_test(lines_broken_by_the_margin_are_known),
	    cmocka_unit_test(a_line_that_is_written_anew_does_not_go_on),
	    cmocka_unit_test(without_a_terminal_a_newline_begins_a_line),
	    cmocka_unit_test(nothing_scrolls_out_of_the_alternate_screen),
	    cmocka_unit_test(sizes_change_and_are_bounded),
	    cmocka_unit_test(the_cursor_stays_on_a_screen_that_shrinks),
	    cmocka_unit_test(rows_are_told_that_have_changed),
	    cmocka_unit_test(a_saved_screen_comes_back_whole),
	    cmocka_unit_test(
		questions_to_the_terminal_leave_nothing_on_the_screen),
	    cmocka_unit_test(only_what_can_be_printed_is_in_rows_and_cells),
	    cmocka_unit_test(a_full_arena_ends_the_screen_and_nothing_else),
	    cmocka_unit_test(a_failing_allocation_is_an_error_and_no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
