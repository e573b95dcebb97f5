/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and typed lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/keyin.h"

static enum keyin
key(const char *bytes)
{
	struct span in = SPAN(bytes, strlen(bytes));
	enum keyin k;

	assert_true(keyin_take(&in, false, &k));
	assert_int_equal(in.len, 0);
	return k;
}

static void
every_sequence_is_its_key(void **state)
{
	(void)state;
#define KEYIN(name, keys, text)
#define KEYIN_SEQ(name, bytes) assert_int_equal(key(bytes), KEYIN_##name);
#include "recorder/replay/keyin_tbl.h"
#undef KEYIN
#undef KEYIN_SEQ
	assert_int_equal(key("z"), KEYIN_NONE);
	assert_int_equal(key("\033[1;5D"), KEYIN_NONE);
	assert_int_equal(key("\033x"), KEYIN_NONE);
	assert_int_equal(key("\303\274"), KEYIN_NONE);
}

static void
a_sequence_that_is_cut_waits_for_its_rest(void **state)
{
	static const char *const cut[] = {
	    "\033", "\033[", "\033[5", "\033O", "\303"};
	enum keyin k;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cut); i++) {
		struct span in = SPAN(cut[i], strlen(cut[i]));

		assert_false(keyin_take(&in, false, &k));
		assert_true(keyin_take(&in, true, &k));
		assert_int_equal(k, KEYIN_NONE);
		assert_int_equal(in.len, 0);
	}
}

static void
every_key_has_its_help(void **state)
{
	const char *keys, *text;
	size_t i;

	(void)state;
	for (i = 0; keyin_help(i, &keys, &text); i++)
		assert_true(strlen(keys) <= 12 && strlen(text) <= 40);
	assert_true(i > 10 && i < 23); /* fits the smallest terminal */
}

/* Type all of bytes. */
static enum keyin_end
type(struct keyin_line *l, const char *bytes)
{
	struct span in = SPAN(bytes, strlen(bytes));
	enum keyin_end end = KEYIN_GOING;

	while (in.len > 0 && end == KEYIN_GOING)
		assert_true(keyin_line_take(l, &in, true, &end));
	return end;
}

static void
a_line_is_typed_and_edited(void **state)
{
	struct keyin_line l = {.len = 0};
	char big[2 * HITS_TEXT];

	(void)state;
	assert_int_equal(type(&l, "ab\303\274x\x7f\x7f"
				  "c\033[Dd\x01"),
	    KEYIN_GOING);
	assert_string_equal(l.text, "abcd");
	assert_int_equal(type(&l, "\r"), KEYIN_DONE);
	assert_int_equal(type(&l, "\025"), KEYIN_GOING);
	assert_string_equal(l.text, "");
	assert_int_equal(type(&l, "\x7f"), KEYIN_LEFT);
	assert_int_equal(type(&l, "x\033"), KEYIN_LEFT);
	assert_int_equal(type(&l, "x\003"), KEYIN_LEFT);
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(type(&l, big), KEYIN_GOING);
	assert_int_equal(l.len, HITS_TEXT - 1);
	assert_int_equal(strlen(l.text), HITS_TEXT - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_sequence_is_its_key),
	    cmocka_unit_test(a_sequence_that_is_cut_waits_for_its_rest),
	    cmocka_unit_test(every_key_has_its_help),
	    cmocka_unit_test(a_line_is_typed_and_edited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
