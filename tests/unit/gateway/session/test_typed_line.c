/* SPDX-License-Identifier: Apache-2.0 */
/* A typed line as its keys edit it, and on its way to another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "session/typed.h"
#include "session/typed_line.h"

static struct typed_line line;

static void
on_unit(void *ctx, const struct typed_unit *u)
{
	(void)ctx;
	if (u->key == TYPED_KEY_NONE)
		typed_line_char(&line, 7, u->cp);
	else if (u->key == TYPED_KEY_REPORT)
		typed_line_mask(&line, 7);
	else
		typed_line_key(&line, 7, u->key, u->cp);
}

/* As a terminal sends it; a report stands for a character that is masked. */
static void
type(const char *text)
{
	struct typed_parse p;

	typed_parse_init(&p);
	typed_parse_input(&p, 7, SPAN(text, strlen(text)), on_unit, NULL);
}

static void
expect_text(size_t max, const char *text)
{
	struct buf b;

	buf_init(&b, TYPED_LINE_MAX * 16);
	assert_int_equal(typed_line_text(&line, max, &b), 0);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_string_equal((const char *)buf_head(&b), text);
	buf_fini(&b);
}

static void
keys_edit_what_was_typed(void **state UNUSED)
{
	static const struct {
		const char *typed, *text;
	} rows[] = {
	    {"ls -l", "ls -l"},
	    {"\xc3\xa9\xe5\xaf\x86", "\xc3\xa9\xe5\xaf\x86"},
	    {"lx\x7fs", "ls"},
	    {"ac\033[Db", "abc"},
	    {"bc\001a", "abc"},
	    {"ac\001\033[C\033[3~b\005d", "abd"},
	    {"abc\001\004", "bc"},
	    {"abc\025x", "x"},
	    {"abc\001\033[C\013", "a"},
	    {"one two  \027x", "one x"},
	    {"abc\014", "abc"},
	    {"abc\003", "abc^C"},
	    {"ab\033[D\003", "ab^C"},
	    {"\033[I\033[Ix", "****x"},
	    /* What nobody typed is not edited. */
	    {"\033[Ax", "<Up>x"},
	    {"\033[A\x7f", "<Up><BS>"},
	    {"\033[A\001x", "<Up><Home>x"},
	    {"a\tb", "a<Tab>b"},
	    {"\022x", "^Rx"},
	    {"a\033.b", "a<M-.>b"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		typed_line_init(&line);
		type(rows[i].typed);
		expect_text(TYPED_LINE_MAX, rows[i].text);
		assert_int_equal(line.first_ns, line.n > 0 ? 7 : line.first_ns);
		typed_line_fini(&line);
	}
}

static void
a_line_is_cut_at_its_bound(void **state UNUSED)
{
	size_t i;

	typed_line_init(&line);
	for (i = 0; i < TYPED_LINE_MAX; i++)
		type("x");
	assert_false(line.cut);
	type("y");
	assert_true(line.cut);
	assert_int_equal(line.n, TYPED_LINE_MAX);
	expect_text(20, "xxxxx [cut]");
	typed_line_reset(&line);
	type("ls");
	expect_text(TYPED_LINE_MAX, "ls");
	typed_line_fini(&line);
}

/* On with the line in another process. */
static int
move(struct buf *b)
{
	struct span in;
	int r;

	typed_line_fini(&line);
	typed_line_init(&line);
	in = buf_span(b);
	r = typed_line_import(&line, &in);
	if (r == 0)
		assert_int_equal(in.len, 0);
	return r;
}

static void
a_line_that_moves_has_the_same_bound(void **state UNUSED)
{
	struct buf b;
	size_t i;

	buf_init(&b, 65536);
	typed_line_init(&line);
	/* Its memory is for 3000 units, twice of which is more than fits. */
	for (i = 0; i < 3000; i++)
		type("x");
	assert_int_equal(typed_line_export(&line, &b), 0);
	assert_int_equal(move(&b), 0);
	for (i = 3000; i < TYPED_LINE_MAX; i++)
		type("x");
	assert_false(line.cut);
	type("y");
	assert_true(line.cut);
	assert_int_equal(line.n, TYPED_LINE_MAX);
	buf_reset(&b);
	assert_int_equal(typed_line_export(&line, &b), 0);
	assert_int_equal(move(&b), 0);
	assert_true(line.cut);
	typed_line_fini(&line);
	buf_fini(&b);
}

static void
every_kind_of_unit_moves(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 65536);
	typed_line_init(&line);
	type("a\033[A\022\033.\033[I\x7f\xf0\x9f\x98\x80z\033[D");
	assert_int_equal(typed_line_export(&line, &b), 0);
	assert_int_equal(move(&b), 0);
	assert_true(line.unknown);
	type("y");
	expect_text(TYPED_LINE_MAX, "a<Up>^R<M-.>****<BS>\xf0\x9f\x98\x80yz");
	typed_line_fini(&line);
	buf_fini(&b);
}

static void
units_that_cannot_be_are_refused(void **state UNUSED)
{
	static const uint32_t bad[] = {0x200000, /* the key that is none */
	    0x200000 | TYPED_KEYS,		 /* a key that there is not */
	    0x300000 | 0x1b, /* a control character in the text */
	    0x400000, 0x400000 | 0x7f, 0x500001, UINT32_MAX};
	static const uint8_t flags[] = {0};
	struct buf b;
	size_t i;

	buf_init(&b, 65536);
	typed_line_init(&line);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&b);
		assert_int_equal(buf_put_u32(&b, 1), 0);
		assert_int_equal(buf_put_u32(&b, 0), 0);
		assert_int_equal(buf_put_u64(&b, 7), 0);
		assert_int_equal(buf_put(&b, flags, sizeof(flags)), 0);
		assert_int_equal(buf_put_u32(&b, bad[i]), 0);
		assert_int_equal(move(&b), FAIL_FORMAT);
	}
	typed_line_fini(&line);
	buf_fini(&b);
}

int
main(void)
{
#define T(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
	    T(keys_edit_what_was_typed),
	    T(a_line_is_cut_at_its_bound),
	    T(a_line_that_moves_has_the_same_bound),
	    T(every_kind_of_unit_moves),
	    T(units_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
