/* SPDX-License-Identifier: Apache-2.0 */
/* What of a target's output reaches the emulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/vtclean.h"

static char got[8192];
static size_t got_len;

static void
on_bytes(void *ctx, const uint8_t *p, size_t n)
{
	(void)ctx;
	assert_true(n > 0 && n < sizeof(got) - got_len);
	memcpy(got + got_len, p, n);
	got_len += n;
	got[got_len] = '\0';
}

/* What is left of text, given whole or a byte at a time. */
static const char *
clean(const char *text, bool bytewise)
{
	struct vtclean c = {.state = 0};
	size_t i, len = strlen(text);

	got_len = 0;
	got[0] = '\0';
	if (!bytewise)
		vtclean_push(&c, SPAN(text, len), on_bytes, NULL);
	for (i = 0; bytewise && i < len; i++)
		vtclean_push(&c, SPAN(text + i, 1), on_bytes, NULL);
	return got;
}

static void
is(const char *text, const char *want)
{
	assert_string_equal(clean(text, false), want);
	assert_string_equal(clean(text, true), want);
}

static void
what_draws_passes_as_it_is(void **state)
{
	static const char *const rows[] = {"plain t\303\274xt \344\270\255\r\n",
	    "\033[1;31;48;5;200mx\033[m", "\033[2J\033[H\033[10;20H\033[K",
	    "\033[?1049h\033[?25l\033[4h\033[3;9r", "\0337\0338\033c\033M\033D",
	    "\033(0qqq\033(B\016\017", "\033[!p\033[2 q\033[5@\033[5P",
	    "\033[38:2::1:2:3m", "\b\t\a", "\033#8", "\033[?2J\033[s\033[u"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		is(rows[i], rows[i]);
}

static void
strings_and_questions_do_not(void **state)
{
	static const char *const rows[] = {"\033]52;c;eA==\007",
	    "\033]0;title\033\\", "\033P$qm\033\\", "\033_Ga=T;AAA\033\\",
	    "\033^pm\033\\", "\033Xsos\033\\", "\033ktitle\007", "\033[c",
	    "\033[>c", "\033[=c", "\033[5n", "\033[?6n", "\033[21t", "\033[5i",
	    "\033[?5i", "\033[>4;1m", "\033[?1$p", "\033[>q", "\033Z", "\005",
	    "\033#3", "\033#6", "\033%G", "\033[6x", "\033[?1;2c",
	    "\033P\r\n\033\\", "\033[1;2;3;4*y", "\177", "\033 F", "\033((B",
	    "\001\002"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		is(rows[i], "");
}

static void
what_is_no_utf8_and_c1_become_replacements(void **state)
{
	(void)state;
	is("a\377b", "a\357\277\275b");
	is("a\302\2332Jb", "a\357\277\2752Jb");
	is("\2332J", "\357\277\2752J");
}

static void
numbers_are_bounded(void **state)
{
	(void)state;
	is("\033[99999999999999999999C", "\033[9999C");
	is("\033[1;2147483648H", "\033[1;9999H");
	is("\033[0000000000000007m", "\033[7m");
	is("\033[11111111111111111111111111111111111111111111111111111111111111"
	   "1111111mx",
	    "x");
}

static void
repetitions_are_carried_out(void **state)
{
	(void)state;
	is("a\033[3b", "aaaa");
	is("\303\274\033[b", "\303\274\303\274");
	is("\033[5b", "");
	is("a\r\033[5b", "a\r");
	is("a\033[1m\033[5b", "a\033[1m");
	is("a\314\201\033[5b", "a\314\201");
	(void)clean("a\033[99999999b", false);
	assert_int_equal(got_len, 1025);
}

static void
a_sequence_in_a_sequence_ends_it(void **state)
{
	(void)state;
	is("\033[1\033[2J", "\033[2J");
	is("\033[1\030x", "x");
	is("\033[1\nmx", "\n\033[1mx");
	is("\033]0;t\033[2J", "\033[2J");
	is("\033]0;t\032x", "x");
	is("\033\033c", "\033c");
}

static void
nothing_is_hidden_in_a_string_without_end(void **state)
{
	struct vtclean c = {.state = 0};
	static uint8_t much[VTCLEAN_STRING + 10];

	(void)state;
	is("\033]0;begun\r\nseen", "\nseen");
	is("\033_begun\nseen", "\nseen");
	memset(much, 'x', sizeof(much));
	got_len = 0;
	vtclean_push(&c, SPAN("\033P", 2), on_bytes, NULL);
	vtclean_push(&c, SPAN(much, sizeof(much)), on_bytes, NULL);
	assert_true(got_len > 0 && got_len <= 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_draws_passes_as_it_is),
	    cmocka_unit_test(strings_and_questions_do_not),
	    cmocka_unit_test(what_is_no_utf8_and_c1_become_replacements),
	    cmocka_unit_test(numbers_are_bounded),
	    cmocka_unit_test(repetitions_are_carried_out),
	    cmocka_unit_test(a_sequence_in_a_sequence_ends_it),
	    cmocka_unit_test(nothing_is_hidden_in_a_string_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
