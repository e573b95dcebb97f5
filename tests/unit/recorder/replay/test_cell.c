/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the emulator as text, and what of them is not shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cdefs.h"
#include "recorder/replay/cell.h"

/* The right half of a wide character. */
#define HALF UINT32_MAX

/* A cell of one column with these characters, in default colors. */
static VTermScreenCell
cell(uint32_t a, uint32_t b)
{
	VTermScreenCell v = {.chars = {a, b}, .width = 1};

	v.fg.type = VTERM_COLOR_DEFAULT_FG;
	v.bg.type = VTERM_COLOR_DEFAULT_BG;
	return v;
}

static void
is_text(VTermScreenCell v, const char *want)
{
	char dst[SCREEN_CHARS * 4 + 1];
	size_t len = cell_text(dst, &v);

	assert_true(len < sizeof(dst));
	dst[len] = '\0';
	assert_string_equal(dst, want);
}

static void
text_is_what_can_be_shown(void **state UNUSED)
{
	VTermScreenCell full = {.width = 1};

	is_text(cell('x', 0), "x");
	is_text(cell(0, 0), " ");
	is_text(cell(0xe9, 0), "\xc3\xa9");
	is_text(cell('e', 0x301), "e\xcc\x81");
	is_text(cell(HALF, 0), "");
	/* The arrows of prompts. */
	is_text(cell(0xe0b0, 0), "\xee\x82\xb0");
	/* An escape, C1, a direction; and what is combined with them. */
	is_text(cell(0x1b, 0), " ");
	is_text(cell(0x9b, 0), "\xef\xbf\xbd");
	is_text(cell(0x202e, 0), "\xef\xbf\xbd");
	is_text(cell(0x9b, 0x301), "\xef\xbf\xbd\xcc\x81");
	is_text(cell('e', 0x202e), "e");
	for (size_t i = 0; i < SCREEN_CHARS; i++)
		full.chars[i] = 0x1f600;
	is_text(full, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		      "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
}

static void
blanks_are_known(void **state UNUSED)
{
	VTermScreenCell none = cell(0, 0), blank = cell(' ', 0);
	VTermScreenCell half = cell(HALF, 0), some = cell('x', 0);

	assert_true(cell_is_blank(&none));
	assert_true(cell_is_blank(&blank));
	assert_false(cell_is_blank(&half));
	assert_false(cell_is_blank(&some));
}

static void
colors_and_attributes_are_kept(void **state UNUSED)
{
	VTermScreenCell v = cell('x', 0);
	struct screen_cell c;

	cell_get(&c, &v);
	assert_int_equal(c.fg, COLOR_DEFAULT);
	assert_int_equal(c.bg, COLOR_DEFAULT);
	assert_int_equal(c.attrs, 0);
	vterm_color_indexed(&v.fg, 9);
	vterm_color_rgb(&v.bg, 1, 2, 3);
	v.attrs.bold = 1;
	v.attrs.underline = 2;
	v.attrs.italic = 1;
	cell_get(&c, &v);
	assert_int_equal(c.fg, COLOR_INDEX << 24 | 9);
	assert_int_equal(c.bg, COLOR_RGB << 24 | 0x010203);
	assert_int_equal(
	    c.attrs, SCREEN_BOLD | SCREEN_UNDERLINE | SCREEN_ITALIC);
	memset(&v.attrs, 0, sizeof(v.attrs));
	v.attrs.blink = 1;
	v.attrs.reverse = 1;
	v.attrs.strike = 1;
	cell_get(&c, &v);
	assert_int_equal(
	    c.attrs, SCREEN_BLINK | SCREEN_REVERSE | SCREEN_STRIKE);
}

static void
a_wide_character_has_both_its_columns_or_is_none(void **state UNUSED)
{
	VTermScreenCell v = cell(0x4e2d, 0);
	struct screen_cell c;

	v.width = 2;
	cell_get(&c, &v);
	assert_int_equal(c.width, 2);
	assert_int_equal(c.chars[0], 0x4e2d);
	v.width = 1;
	cell_get(&c, &v);
	assert_int_equal(c.width, 1);
	assert_int_equal(c.chars[0], 0);
	v = cell(HALF, 0);
	cell_get(&c, &v);
	assert_int_equal(c.width, 1);
	assert_int_equal(c.chars[0], 0);
	v = cell(0x9b, 0);
	cell_get(&c, &v);
	assert_int_equal(c.chars[0], 0xfffd);
	assert_int_equal(c.chars[1], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_what_can_be_shown),
	    cmocka_unit_test(blanks_are_known),
	    cmocka_unit_test(colors_and_attributes_are_kept),
	    cmocka_unit_test(a_wide_character_has_both_its_columns_or_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
