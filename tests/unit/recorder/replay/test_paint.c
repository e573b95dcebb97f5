/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches the terminal of the viewer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "recorder/replay/paint.h"

static struct paint *p;
static struct screen *src, *dst; /* recorded, and the viewer's terminal */
static struct buf out;
static char a[SCREEN_ROW_SIZE];

static void
begin(unsigned cols, unsigned rows, unsigned to_cols, unsigned to_rows)
{
	assert_int_equal(paint_new(&p, true), 0);
	assert_int_equal(paint_size(p, to_cols, to_rows), 0);
	assert_int_equal(
	    screen_new(&src, &(struct screen_opts){.cols = cols, .rows = rows}),
	    0);
	assert_int_equal(screen_new(&dst, &(struct screen_opts){.cols = to_cols,
					      .rows = to_rows}),
	    0);
	assert_int_equal(screen_feed(dst, SPAN("\033[?7l", 5)), 0);
	buf_init(&out, 1 << 20);
}

static void
finish(void)
{
	screen_free(src);
	screen_free(dst);
	paint_free(p);
	paint_free(NULL);
	buf_fini(&out);
}

static void
feed(const char *text)
{
	assert_int_equal(screen_feed(src, SPAN(text, strlen(text))), 0);
}

/* Only CUP, SGR, ED 2, show and hide cursor, and printable text. */
static void
is_harmless(struct span s)
{
	uint32_t cp;
	size_t n;

	while (s.len > 0) {
		if (s.p[0] == 033) {
			assert_true(s.len > 2 && s.p[1] == '[');
			for (n = 2; n < s.len &&
				    strchr("0123456789;?", s.p[n]) != NULL;)
				n++;
			assert_true(n < s.len);
			if (s.p[n] == 'J')
				assert_true(n == 3 && s.p[2] == '2');
			else if (s.p[n] == 'h' || s.p[n] == 'l')
				assert_memory_equal(s.p + 2, "?25", 3);
			else
				assert_true(s.p[n] == 'H' || s.p[n] == 'm');
			n++;
		} else {
			n = utf8_get(s.p, s.len, &cp);
			assert_true(n > 0 && (n > 1 || cp != UTF8_BAD));
			assert_true(utf8_printable(cp) ||
				    (cp >= 0xe000 && cp <= 0xf8ff));
		}
		s = SPAN(s.p + n, s.len - n);
	}
}

static void
send(unsigned rows)
{
	assert_int_equal(paint_screen(p, src, rows), 0);
	buf_reset(&out);
	assert_int_equal(paint_send(p, &out), 0);
	is_harmless(buf_span(&out));
	assert_int_equal(screen_feed(dst, buf_span(&out)), 0);
}

static void
is_equal(unsigned rows, unsigned cols)
{
	struct screen_cell x, y;
	unsigned r, c;

	/* The half of a wide character has no looks of its own. */
	for (r = 0; r < rows; r++)
		for (c = 0; c < cols; c += x.width) {
			assert_int_equal(screen_cell(src, r, c, &x), 0);
			assert_int_equal(screen_cell(dst, r, c, &y), 0);
			/* What is blank may have been written as such. */
			if (x.chars[0] == 0 || x.chars[0] == ' ')
				x.chars[0] = y.chars[0] =
				    y.chars[0] == 0 ? ' ' : y.chars[0];
			assert_memory_equal(x.chars, y.chars, sizeof(x.chars));
			assert_int_equal(x.attrs, y.attrs);
			assert_int_equal(x.fg, y.fg);
			assert_int_equal(x.bg, y.bg);
		}
}

static void
the_viewer_sees_the_recorded_screen(void **state)
{
	unsigned r, c;

	(void)state;
	begin(40, 10, 40, 10);
	feed("plain \033[1;31mbold red\033[0;4;48;5;200mx\033[7;38;2;1;2;3my"
	     "\033[0m\r\n\344\270\255\346\226\207 e\314\201 \360\237\230\200z"
	     "\033[10;40Hx\033[5;7H");
	send(10);
	is_equal(10, 40);
	assert_true(screen_cursor(dst, &r, &c));
	assert_int_equal(r, 4);
	assert_int_equal(c, 6);
	feed("\033[?25l\033[2;2Hab\033[K");
	send(10);
	is_equal(10, 40);
	assert_false(screen_cursor(dst, &r, &c));
	send(10);
	assert_true(buf_len(&out) < 20); /* nothing has changed */
	finish();
}

/* The same numbers each time. */
static uint32_t
next_of(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 12;
}

static void
whatever_is_recorded_the_picture_is_right_and_harmless(void **state)
{
	static const char *const bits[] = {"\033[2J", "\033[H", "\r\n", "abc",
	    "\344\270\255", "\033[31m", "\033[44m", "\033[0m", "\033[3;5H",
	    "\033[L", "\033[M", "\033[P", "\033[@", "\033[K",
	    "\033]52;c;eA==\007", "\033[6n", "\033[c", "\033P$q\"p\033\\",
	    "\033(0qqq\033(B", "\007", "\033[?1049h", "\033[?1049l", "\303\274",
	    "\033[7m", "\t", "\b", "\033[2;4r", "\033D", "\033M", "\302\233",
	    "\342\200\256", "\033#6", "\033[?5h", "\033[?5l", "\033[8m",
	    "\033]0;t\007", "\033c"};
	uint32_t seed = 1;
	unsigned i, k, n;

	(void)state;
	begin(17, 7, 17, 7);
	for (i = 0; i < 1500; i++) {
		n = next_of(&seed) % 12;
		for (k = 0; k < n; k++)
			feed(bits[next_of(&seed) % ARRAY_LEN(bits)]);
		send(7);
		is_equal(7, 17);
	}
	finish();
}

static void
of_a_larger_screen_the_part_with_the_cursor_is_seen(void **state)
{
	(void)state;
	begin(100, 50, 20, 10);
	feed("\033[1;1Htop");
	send(9);
	(void)screen_row(dst, 0, a);
	assert_string_equal(a, "top");
	feed("\033[50;96Hx\344\270\255\344\270\255\033[50;100H");
	send(9);
	(void)screen_row(dst, 8, a);
	assert_string_equal(a, "               x\344\270\255\344\270\255");
	feed("\033[1;1H");
	send(9);
	(void)screen_row(dst, 0, a);
	assert_string_equal(a, "top");
	finish();
}

static void
a_smaller_screen_is_in_the_corner_and_lines_lie_over_it(void **state)
{
	struct screen_cell c;

	(void)state;
	begin(5, 2, 20, 4);
	feed("12345\r\n67890");
	assert_int_equal(paint_screen(p, src, 3), 0);
	paint_line(p, 3, "status \344\270\255 and more than fits in it", true);
	buf_reset(&out);
	assert_int_equal(paint_send(p, &out), 0);
	is_harmless(buf_span(&out));
	assert_int_equal(screen_feed(dst, buf_span(&out)), 0);
	(void)screen_row(dst, 1, a);
	assert_string_equal(a, "67890");
	(void)screen_row(dst, 2, a);
	assert_string_equal(a, "");
	(void)screen_row(dst, 3, a);
	assert_string_equal(a, "status \344\270\255 and more t");
	assert_int_equal(screen_cell(dst, 3, 19, &c), 0);
	assert_int_equal(c.attrs, SCREEN_REVERSE);
	paint_line(p, 9, "beyond", false);
	paint_line(p, 0, "a\033[2Jb", false);
	buf_reset(&out);
	assert_int_equal(paint_send(p, &out), 0);
	is_harmless(buf_span(&out));
	finish();
}

static void
many_colors_become_those_that_a_terminal_has(void **state)
{
	(void)state;
	begin(10, 2, 10, 2);
	paint_free(p);
	assert_int_equal(paint_new(&p, false), 0);
	assert_int_equal(paint_size(p, 10, 2), 0);
	feed("\033[38;2;255;0;0mx");
	assert_int_equal(paint_screen(p, src, 2), 0);
	buf_reset(&out);
	assert_int_equal(paint_send(p, &out), 0);
	assert_int_equal(buf_put_u8(&out, 0), 0);
	assert_non_null(strstr((char *)buf_head(&out), ";38;5;196m"));
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_viewer_sees_the_recorded_screen),
	    cmocka_unit_test(
		whatever_is_recorded_the_picture_is_right_and_harmless),
	    cmocka_unit_test(
		of_a_larger_screen_the_part_with_the_cursor_is_seen),
	    cmocka_unit_test(
		a_smaller_screen_is_in_the_corner_and_lines_lie_over_it),
	    cmocka_unit_test(many_colors_become_those_that_a_terminal_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
