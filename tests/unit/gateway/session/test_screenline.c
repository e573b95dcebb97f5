/* SPDX-License-Identifier: Apache-2.0 */
/* Where the next character appears, and what stands left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "session/screenline.h"

enum { PUTS = 4096, STRING_BOUND = 65536 };

/* What the model said. */
struct seen {
	struct {
		uint32_t cp;
		struct screenline_at at;
	} put[PUTS];
	size_t puts; /* all of them; the first PUTS are kept */
	unsigned feeds;
};

static struct seen seen;
static struct screenline line;

static void
on_put(void *ctx, uint32_t cp, struct screenline_at at)
{
	struct seen *s = ctx;

	if (s->puts < PUTS) {
		s->put[s->puts].cp = cp;
		s->put[s->puts].at = at;
	}
	s->puts++;
}

static void
on_feed(void *ctx)
{
	((struct seen *)ctx)->feeds++;
}

static void
show_bytes(const char *p, size_t len)
{
	screenline_output(&line, (const uint8_t *)p, len);
}

static void
show(const char *text)
{
	show_bytes(text, strlen(text));
}

/* A new terminal that has shown text. */
static void
begin(uint32_t columns, const char *text)
{
	memset(&seen, 0, sizeof(seen));
	screenline_init(&line, columns, on_put, on_feed, &seen);
	show(text);
}

static uint32_t
off(void)
{
	return screenline_next(&line).off;
}

static uint64_t
row(void)
{
	return screenline_next(&line).line;
}

/* The characters that were written, wherever. */
static void
expect_puts(const char *text)
{
	char got[PUTS + 1];
	size_t i;

	for (i = 0; i < seen.puts && i < PUTS; i++)
		got[i] = seen.put[i].cp < 0x80 ? (char)seen.put[i].cp : '?';
	got[i] = '\0';
	assert_string_equal(got, text);
}

/* The cells of the cursor's line from its start, '.' for a blank one. */
static void
expect_cells(const char *text)
{
	char got[SCREENLINE_CELLS + 1] = "";
	size_t i, n, len = strlen(text);
	const uint16_t *cell = screenline_left(&line, &n);

	for (i = 0; i < len; i++)
		got[i] = cell[i] == 0	  ? '.'
			 : cell[i] < 0x80 ? (char)cell[i]
					  : '?';
	assert_string_equal(got, text);
}

static void
characters_stand_one_behind_the_other(void **state UNUSED)
{
	size_t i, n;

	begin(80, "a b");
	expect_puts("a b");
	for (i = 0; i < 3; i++) {
		assert_int_equal(seen.put[i].at.off, i);
		assert_true(seen.put[i].at.line == row());
	}
	assert_int_equal(off(), 3);
	expect_cells("a b.");
	(void)screenline_left(&line, &n);
	assert_int_equal(n, 3);
}

static void
a_line_feed_begins_a_line_never_seen_before(void **state UNUSED)
{
	static const char *const feeds[] = {"\n", "\v", "\f", "\033D"};
	uint64_t first;
	size_t i;

	for (i = 0; i < ARRAY_LEN(feeds); i++) {
		begin(80, "abc");
		first = row();
		show(feeds[i]);
		assert_int_equal(seen.feeds, 1);
		assert_true(row() != first);
		assert_int_equal(off(), 3);
		expect_cells("....");
	}
	begin(80, "abc");
	first = row();
	show("\033E");
	assert_int_equal(off(), 0);
	assert_int_equal(seen.feeds, 1);
	show("\033M");
	assert_true(row() != first);
}

static void
return_backspace_and_tab_move_within_the_row(void **state UNUSED)
{
	begin(80, "abc\rx");
	assert_int_equal(off(), 1);
	expect_cells("xbc");
	begin(80, "abc\b\b");
	assert_int_equal(off(), 1);
	show("\b\b\b");
	assert_int_equal(off(), 0);
	show("\t");
	assert_int_equal(off(), 8);
	show("a\t");
	assert_int_equal(off(), 16);
	begin(20, "\t\t\t");
	assert_int_equal(off(), 19);
}

static void
text_wraps_within_its_line(void **state UNUSED)
{
	uint64_t first;

	begin(10, "0123456789");
	first = row();
	/* The cursor waits in the last column, the next cell is behind it. */
	assert_int_equal(line.at.off, 9);
	assert_int_equal(off(), 10);
	show("ab");
	assert_true(row() == first);
	assert_int_equal(seen.put[10].at.off, 10);
	assert_int_equal(off(), 12);
	expect_cells("0123456789ab");
	show("\r");
	assert_int_equal(off(), 10);
	show("\b");
	assert_int_equal(off(), 10);
	begin(10, "0123456789\bx");
	expect_cells("01234567x9");
}

static void
without_wrap_the_last_cell_is_written_again(void **state UNUSED)
{
	begin(10, "\033[?7l0123456789ab");
	assert_int_equal(off(), 9);
	assert_int_equal(seen.put[11].at.off, 9);
	expect_cells("012345678b");
	show("\r\033[?7h0123456789a");
	assert_int_equal(off(), 11);
	/* Without the question mark it is another mode. */
	begin(10, "\033[7l0123456789a");
	assert_int_equal(off(), 11);
	begin(10, "\033[?7l\033c0123456789a");
	assert_int_equal(off(), 11);
}

static void
up_and_down_go_within_wrapped_text(void **state UNUSED)
{
	uint64_t first;

	begin(10, "0123456789abcdefghijklmno");
	first = row();
	show("\033[A");
	assert_int_equal(off(), 15);
	show("\033[A");
	assert_int_equal(off(), 5);
	show("\033[B");
	assert_int_equal(off(), 15);
	assert_true(row() == first);
	/* Down to where nothing was written may be down to anywhere. */
	show("\033[B");
	assert_int_equal(off(), 5);
	assert_true(row() != first);
	begin(10, "0123456789abcdefghijklmno\033[2A\033[B");
	first = row();
	assert_int_equal(off(), 15);
	show("\n");
	/* Nothing was written in that column of the next row. */
	assert_true(row() != first);
	begin(10, "0123456789abcdefghijklmno\033[2A\033[E");
	assert_int_equal(off(), 10);
	begin(10, "0123456789abcdefghijklmno\033M");
	assert_int_equal(off(), 15);
	begin(10, "0123456789abcdefghijklmno\033[F");
	first = row();
	assert_int_equal(off(), 10);
	show("\033[E");
	assert_int_equal(off(), 20);
	assert_true(row() == first);
	assert_int_equal(seen.feeds, 0);
	show("\033[3A");
	assert_true(row() != first);
}

static void
sequences_move_the_cursor(void **state UNUSED)
{
	static const struct {
		const char *text;
		uint32_t off;
	} rows[] = {
	    {"\033[C", 1},
	    {"\033[0C", 1},
	    {"\033[5C", 5},
	    {"\033[5a", 5},
	    {"\033[99C", 19},
	    {"\033[4294967297C", 19},
	    {"\033[>1c\033[5C", 5},
	    {"\033[1;2;3;4;5;6;7;8C", 1},
	    {"\033[1;2;3;4;5;6;7;8;9C", 0},
	    {"abcdef\033[;3H", 2},
	    {"\033[<5C", 0},
	    {"abc\033[2D", 1},
	    {"abc\033[9D", 0},
	    {"\033[10G", 9},
	    {"\033[10`", 9},
	    {"abc\033[G", 0},
	    {"abc\033[3;7H", 6},
	    {"abc\033[3;7f", 6},
	    {"abc\033[H", 0},
	    {"abc\033[5d", 3},
	    {"abc\033[2;5r", 0},
	    {"abc\033[5e", 3},
	    {"ab\0337cde\0338", 2},
	    {"ab\033[scde\033[u", 2},
	    {"abc\033c", 0},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin(20, rows[i].text);
		if (off() != rows[i].off)
			fail_msg("row %zu: offset %u", i, off());
	}
}

static void
a_row_that_is_addressed_again_is_the_same_line(void **state UNUSED)
{
	uint64_t third;

	begin(80, "\033[3;1Hthree");
	third = row();
	show("\033[5;1Hfive");
	assert_true(row() != third);
	show("\033[3;6H");
	assert_true(row() == third);
	expect_cells("three");
	show("\033[5d");
	assert_int_equal(off(), 5);
	expect_cells("five.");
	/* Only the last three lines are remembered. */
	show("\033[6;1H6\033[7;1H7\033[8;1H8\033[3;6H");
	assert_true(row() == third);
	expect_cells(".....");
}

static void
what_is_erased_is_blank(void **state UNUSED)
{
	begin(80, "abcdef\033[3D\033[K");
	expect_cells("abc...");
	assert_int_equal(line.erased, 0);
	begin(80, "abcdef\033[3D\033[1K");
	expect_cells("....ef");
	begin(80, "abcdef\033[4D\033[2X");
	expect_cells("ab..ef");
	begin(80, "abcdef\033[4D\033[J");
	expect_cells("ab....");
	assert_int_equal(line.erased, 0);
}

static void
a_line_that_is_wiped_is_counted(void **state UNUSED)
{
	static const char *const wipes[] = {
	    "\033[2K", "\033[2J", "\033[3J", "\r\033[K", "\033[L", "\033[M"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(wipes); i++) {
		begin(80, "abcdef");
		show(wipes[i]);
		assert_int_equal(line.erased, 1);
		expect_cells("......");
	}
	begin(80, "abcdef\033c");
	assert_int_equal(line.erased, 1);
}

static void
after_erasing_the_text_no_longer_wraps(void **state UNUSED)
{
	uint64_t first;

	begin(10, "0123456789abcdef\r\033[A");
	first = row();
	show("\n");
	assert_true(row() == first);
	assert_int_equal(off(), 10);
	/* What is erased within it has text behind it. */
	show("\033[A\033[2X\n");
	assert_true(row() == first);
	show("\033[A\033[K\n");
	assert_true(row() != first);
}

static void
cells_are_inserted_and_deleted(void **state UNUSED)
{
	begin(80, "abcdef\033[4D\033[2@");
	expect_cells("ab..cdef");
	assert_int_equal(off(), 2);
	begin(80, "abcdef\033[4D\033[2P");
	expect_cells("abef..");
	begin(80, "abcdef\033[4D\033[999P");
	expect_cells("ab....");
	begin(80, "abcdef\033[4D\033[999@");
	expect_cells("ab......");
	begin(1024, "\033[400G\033[5@\033[5Px");
	assert_int_equal(off(), 400);
}

static void
the_last_character_is_repeated(void **state UNUSED)
{
	begin(80, "x\033[4by");
	expect_puts("xxxxxy");
	begin(80, "\033[4by");
	expect_puts("y");
	/* Within bounds, however often that is asked for. */
	begin(80, "x\033[1024b");
	assert_int_equal(seen.puts, 1 + SCREENLINE_COLUMNS_MAX);
	begin(80, "x\033[9999b");
	assert_int_equal(seen.puts, 1 + SCREENLINE_COLUMNS_MAX);
}

static void
the_alternate_screen_has_lines_of_its_own(void **state UNUSED)
{
	static const char *const on[] = {
	    "\033[?47h", "\033[?1047h", "\033[?1049h", "\033[?25;1049h"};
	uint64_t first, other;
	size_t i;

	for (i = 0; i < ARRAY_LEN(on); i++) {
		begin(80, "abc");
		first = row();
		assert_false(line.alt);
		show(on[i]);
		assert_true(line.alt);
		other = row();
		assert_true(other != first);
		show(on[i]);
		assert_true(row() == other);
		show("\033[?1049l");
		assert_false(line.alt);
		assert_true(row() != other);
	}
	begin(80, "\033[1049h");
	assert_false(line.alt);
	begin(80, "\033[?1049h\033c");
	assert_false(line.alt);
}

static void
wide_characters_take_two_cells(void **state UNUSED)
{
	begin(10, "\xe5\xaf\x86x");
	assert_int_equal(seen.put[0].cp, 0x5bc6);
	assert_int_equal(seen.put[1].at.off, 2);
	/* In the last column there is no room for one. */
	begin(10, "012345678\xe5\xaf\x86");
	assert_int_equal(seen.put[9].at.off, 10);
	assert_int_equal(off(), 12);
	begin(10, "01234567\xe5\xaf\x86x");
	assert_int_equal(seen.put[8].at.off, 8);
	assert_int_equal(seen.put[9].at.off, 10);
	/* One that no cell can hold is remembered as some character. */
	begin(10, "\xf0\x9f\x98\x80");
	assert_int_equal(seen.put[0].cp, 0x1f600);
	expect_cells("?");
}

static void
combining_characters_do_not_move_the_cursor(void **state UNUSED)
{
	begin(80, "e\xcc\x81x");
	assert_int_equal(seen.puts, 3);
	assert_int_equal(seen.put[1].cp, 0x301);
	assert_int_equal(seen.put[1].at.off, 1);
	assert_int_equal(seen.put[2].at.off, 1);
}

static void
a_byte_that_is_no_utf8_is_what_it_is(void **state UNUSED)
{
	begin(80, "\xff\xc3(");
	assert_int_equal(seen.puts, 3);
	assert_int_equal(seen.put[0].cp, screenline_raw_byte(0xff));
	assert_int_equal(seen.put[1].cp, screenline_raw_byte(0xc3));
	assert_int_equal(seen.put[2].cp, '(');
	/* In pieces it is the same character. */
	begin(80, "\xe5");
	show("\xaf");
	assert_int_equal(seen.puts, 0);
	show("\x86");
	assert_int_equal(seen.put[0].cp, 0x5bc6);
	/* A control character takes half of one away. */
	begin(80, "\xe5\xaf\r\x86");
	assert_int_equal(seen.puts, 1);
	assert_int_equal(seen.put[0].cp, screenline_raw_byte(0x86));
}

static void
what_is_not_text_is_not_written(void **state UNUSED)
{
	static const char *const texts[] = {/* strings, with either end */
	    "\033]0;a title\x07", "\033]0;back\\slash\x07",
	    "\033]8;;http://x\033\\", "\033P1$r0m\033\\", "\033_apc\033\\",
	    "\033^pm\033\\", "\033Xsos\033\\", "\033]0;cut\x18",
	    "\033]0;cut\x1a", "\033]0;esc\033\033\\", "\033]0;cut\033[0m",
	    /* sequences that nobody here knows */
	    "\033[31;1m", "\033[38:2:1:2:3m", "\033[!p", "\033[0 q", "\033[>c",
	    "\033[=1;2c", "\033[?5C", "\033(B", "\033(0", "\033#8", "\033 ",
	    "\033=", "\033[1;2;3;4;5;6;7;8;9;10;11;12m", "\033[1?C",
	    /* control characters */
	    "\x7f", "\a", "\x0e\x0f"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		begin(80, texts[i]);
		/* What was begun by the last byte ends with one more. */
		if (strcmp(texts[i], "\033 ") == 0)
			show("F");
		show("x");
		if (seen.puts != 1 || seen.put[0].cp != 'x' ||
		    seen.put[0].at.off != 0)
			fail_msg("row %zu: %zu characters", i, seen.puts);
	}
}

static void
another_sequence_cuts_a_string_short(void **state UNUSED)
{
	begin(80, "\033]0;title\033[2Cx");
	expect_puts("x");
	assert_int_equal(seen.put[0].at.off, 2);
}

static void
a_string_without_end_hides_no_more_than_its_bound(void **state UNUSED)
{
	size_t i;

	begin(80, "\033]");
	for (i = 0; i <= STRING_BOUND; i++)
		show("s");
	assert_int_equal(seen.puts, 0);
	show("x");
	expect_puts("x");
}

static void
control_characters_work_within_sequences(void **state UNUSED)
{
	begin(80, "abc\033[\b2C");
	assert_int_equal(off(), 4);
	begin(80, "\033[2\030Cx");
	expect_puts("Cx");
	begin(80, "\033[2\033[3Cx");
	expect_puts("x");
	assert_int_equal(seen.put[0].at.off, 3);
}

static void
cells_far_right_are_not_remembered(void **state UNUSED)
{
	size_t n;

	begin(1024, "\033[300Gx");
	assert_int_equal(seen.put[0].at.off, 299);
	(void)screenline_left(&line, &n);
	assert_int_equal(n, SCREENLINE_CELLS);
}

static void
a_line_without_end_becomes_another_one(void **state UNUSED)
{
	static char block[4096];
	uint64_t first;
	size_t i;

	memset(block, 'x', sizeof(block));
	begin(80, "");
	first = row();
	for (i = 0; i < SCREENLINE_OFF_MAX / sizeof(block) - 1; i++)
		show_bytes(block, sizeof(block));
	assert_true(row() == first);
	show_bytes(block, sizeof(block));
	show_bytes(block, sizeof(block));
	assert_true(row() != first);
	assert_true(off() <= sizeof(block));
}

static void
a_cursor_that_goes_right_for_ever_can_be_handed_over(void **state UNUSED)
{
	struct screenline next;
	struct span in;
	struct buf b;
	uint32_t i;

	/* Each width has its last column somewhat further right. */
	begin(0, "");
	for (i = 0; i < 20000; i++) {
		screenline_resize(&line, 513 + i % 512);
		show("\033[9999G");
	}
	buf_init(&b, 65536);
	assert_int_equal(screenline_export(&line, &b), 0);
	in = buf_span(&b);
	screenline_init(&next, 0, on_put, on_feed, &seen);
	assert_int_equal(screenline_import(&next, &in), 0);
	buf_fini(&b);
}

static void
columns_have_bounds(void **state UNUSED)
{
	begin(0, "\033[9999G");
	assert_int_equal(off(), 79);
	begin(UINT32_MAX, "\033[9999G");
	assert_int_equal(off(), SCREENLINE_COLUMNS_MAX - 1);
	screenline_resize(&line, 40);
	show("\r\033[9999G");
	assert_int_equal(off() % 40, 39);
	/* A cursor that waited for its next row is where it was. */
	begin(10, "0123456789");
	assert_int_equal(off(), 10);
	screenline_resize(&line, 20);
	assert_int_equal(off(), 9);
}

static void
another_process_goes_on_within_any_sequence(void **state UNUSED)
{
	static const char text[] =
	    "$ ls \xe5\xaf\x86\r\n\033[?7lab\033[31;1mc\033]0;t\033\\d"
	    "\033[3;7H\xf0\x9f\x98\x80\033[2@e\033[4b\033[?1049hf\033[2Kg"
	    "\033[1;2;3;4;5;6;7;8;9mh\033(Bi";
	static struct seen whole;
	struct screenline next;
	struct span in;
	struct buf b;
	size_t i;

	begin(20, text);
	whole = seen;
	begin(20, "");
	buf_init(&b, 65536);
	for (i = 0; i < sizeof(text) - 1; i++) {
		buf_reset(&b);
		assert_int_equal(screenline_export(&line, &b), 0);
		in = buf_span(&b);
		screenline_init(&next, 0, on_put, on_feed, &seen);
		assert_int_equal(screenline_import(&next, &in), 0);
		assert_int_equal(in.len, 0);
		line = next;
		show_bytes(&text[i], 1);
	}
	buf_fini(&b);
	assert_int_equal(seen.puts, whole.puts);
	assert_int_equal(seen.feeds, whole.feeds);
	for (i = 0; i < whole.puts; i++) {
		assert_int_equal(seen.put[i].cp, whole.put[i].cp);
		assert_true(seen.put[i].at.line == whole.put[i].at.line);
		assert_int_equal(seen.put[i].at.off, whole.put[i].at.off);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
	    T(characters_stand_one_behind_the_other),
	    T(a_line_feed_begins_a_line_never_seen_before),
	    T(return_backspace_and_tab_move_within_the_row),
	    T(text_wraps_within_its_line),
	    T(without_wrap_the_last_cell_is_written_again),
	    T(up_and_down_go_within_wrapped_text),
	    T(sequences_move_the_cursor),
	    T(a_row_that_is_addressed_again_is_the_same_line),
	    T(what_is_erased_is_blank),
	    T(a_line_that_is_wiped_is_counted),
	    T(after_erasing_the_text_no_longer_wraps),
	    T(cells_are_inserted_and_deleted),
	    T(the_last_character_is_repeated),
	    T(the_alternate_screen_has_lines_of_its_own),
	    T(wide_characters_take_two_cells),
	    T(combining_characters_do_not_move_the_cursor),
	    T(a_byte_that_is_no_utf8_is_what_it_is),
	    T(what_is_not_text_is_not_written),
	    T(another_sequence_cuts_a_string_short),
	    T(a_string_without_end_hides_no_more_than_its_bound),
	    T(control_characters_work_within_sequences),
	    T(cells_far_right_are_not_remembered),
	    T(a_line_without_end_becomes_another_one),
	    T(a_cursor_that_goes_right_for_ever_can_be_handed_over),
	    T(columns_have_bounds),
	    T(another_process_goes_on_within_any_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
