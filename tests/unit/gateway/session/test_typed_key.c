/* SPDX-License-Identifier: Apache-2.0 */
/* Characters and keys in what a terminal sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "session/screenline.h"
#include "session/typed_key.h"

enum { STRING_BOUND = 65536 };

static const uint64_t ms = 1000000;

static const char *const names[] = {
    [TYPED_KEY_NONE] = "NONE",
#define KEY(name, text) [TYPED_KEY_##name] = #name,
#include "session/typed_key_tbl.h"
#undef KEY
};

/* What the parser gave: words, and the bytes that they came from. */
static struct {
	char words[4096];
	size_t len;
	char raw[4096];
	size_t raw_len;
} got;

static struct typed_parse parse;

static void
on_unit(void *ctx, const struct typed_unit *u)
{
	char *at = got.words + got.len;
	size_t room = sizeof(got.words) - got.len;
	const char *space = got.len > 0 ? " " : "";
	int n;

	assert_ptr_equal(ctx, &got);
	assert_true(
	    u->len <= TYPED_KEY_RAW && got.raw_len + u->len < sizeof(got.raw));
	if (u->len > 0)
		memcpy(got.raw + got.raw_len, u->raw, u->len);
	got.raw_len += u->len;
	if (u->key == TYPED_KEY_NONE && !u->opaque)
		assert_int_equal(u->len, u->cp < 0x80 || u->cp > 0x10ffff ? 1
					 : u->cp < 0x800		  ? 2
					 : u->cp < 0x10000		  ? 3
									  : 4);
	if (u->opaque) {
		assert_int_equal(u->len, 0);
		n = snprintf(at, room, "%sOPAQUE", space);
	} else if (u->key == TYPED_KEY_NONE && u->cp > ' ' && u->cp < 0x7f) {
		n = snprintf(at, room, "%s%c", space, (int)u->cp);
	} else if (u->key == TYPED_KEY_NONE) {
		n = snprintf(at, room, "%sU+%x", space, u->cp);
	} else if (u->key == TYPED_KEY_CTRL || u->key == TYPED_KEY_META) {
		n = snprintf(
		    at, room, "%s%s-%c", space, names[u->key], (int)u->cp);
	} else {
		n = snprintf(at, room, "%s%s", space, names[u->key]);
	}
	got.len += (size_t)n;
	assert_true(got.len < sizeof(got.words));
}

static void
begin(void)
{
	memset(&got, 0, sizeof(got));
	typed_parse_init(&parse);
}

static void
type_bytes(uint64_t at_ms, const void *p, size_t len)
{
	typed_parse_input(&parse, at_ms * ms, SPAN(p, len), on_unit, &got);
}

static void
type(uint64_t at_ms, const char *text)
{
	type_bytes(at_ms, text, strlen(text));
}

static void
give_up(void)
{
	typed_parse_give_up(&parse, on_unit, &got);
	assert_int_equal(typed_parse_due_ns(&parse), 0);
}

static void
expect(const char *words)
{
	assert_string_equal(got.words, words);
}

struct row {
	const char *typed;
	const char *words;
};

/* Typed at once, and typed byte by byte, it is the same. */
static void
expect_rows(const struct row *r, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		begin();
		type(1000, r[i].typed);
		if (strcmp(got.words, r[i].words) != 0)
			fail_msg("row %zu: \"%s\"", i, got.words);
		begin();
		for (j = 0; r[i].typed[j] != '\0'; j++)
			type_bytes(1000 + j, &r[i].typed[j], 1);
		if (strcmp(got.words, r[i].words) != 0)
			fail_msg("row %zu by bytes: \"%s\"", i, got.words);
		assert_int_equal(typed_parse_due_ns(&parse), 0);
	}
}

static void
characters_are_taken_one_by_one(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"ab ~", "a b U+20 ~"},
	    {"\xc3\xa9x", "U+e9 x"},
	    {"\xe5\xaf\x86", "U+5bc6"},
	    {"\xf0\x9f\x98\x80", "U+1f600"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void
bytes_that_are_no_utf8_are_characters_of_their_own(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\xffx", "U+1100ff x"},
	    {"\x80x", "U+110080 x"},
	    {"\xc3(", "U+1100c3 ("},
	    {"\xe5\xaf(", "U+1100e5 U+1100af ("},
	    /* overlong, and half of a pair */
	    {"\xc0\xaf", "U+1100c0 U+1100af"},
	    {"\xed\xa0\x80", "U+1100ed U+1100a0 U+110080"},
	    {"\xc3\r", "U+1100c3 ENTER"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void
control_characters_are_keys(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\x01\x02\x05\x06", "HOME LEFT END RIGHT"},
	    {"\x08\x7f\t", "BS BS TAB"},
	    {"\r\n", "ENTER ENTER"},
	    {"\x03\x1a\x1c", "BREAK BREAK BREAK"},
	    {"\x10\x0e", "UP DOWN"},
	    {"\x04\x12\x15\x1d", "CTRL-D CTRL-R CTRL-U CTRL-]"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
	begin();
	type_bytes(1, "\0", 1);
	expect("CTRL-@");
}

static void
sequences_are_keys(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\033[A\033[B\033[C\033[D", "UP DOWN RIGHT LEFT"},
	    {"\033OA\033OB\033OC\033OD", "UP DOWN RIGHT LEFT"},
	    {"\033[H\033[F\033[1~\033[4~", "HOME END HOME END"},
	    {"\033[7~\033[8~\033OH\033OF", "HOME END HOME END"},
	    {"\033[2~\033[3~\033[5~\033[6~", "INS DEL PGUP PGDN"},
	    {"\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4"},
	    {"\033[15~\033[17~\033[19~\033[24~", "F5 F6 F8 F12"},
	    {"\033[Z", "BACKTAB"},
	    {"\033[1;5C\033[1;5D", "WORD_RIGHT WORD_LEFT"},
	    {"\033[1;1C\033[1;1D", "RIGHT LEFT"},
	    {"\033[1;2A\033[3;5~", "UP DEL"},
	    {"\033[99~\033[13;5u\033[10003~", "OTHER OTHER DEL"},
	    {"a\033[Cb", "a RIGHT b"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void
answers_of_the_terminal_are_reports(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\033[24;80R\033[0n", "REPORT REPORT"},
	    {"\033[?62;22c\033[>0;276;0c", "REPORT REPORT"},
	    {"\033[?1u\033[>1u\033[<1u", "REPORT REPORT REPORT"},
	    {"\033[I\033[O", "REPORT REPORT"},
	    {"\033[200~a\033[201~", "REPORT a REPORT"},
	    {"\033[<0;10;5Mx\033[<0;10;5m", "REPORT x REPORT"},
	    /* The older form: three bytes of any kind follow. */
	    {"\033[M !\033x", "REPORT x"},
	    {"\033[0Mabc", "REPORT a b c"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void
answers_that_may_hold_any_text_are_not_given(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\033]52;c;c2VjcmV0\ax", "OPAQUE x"},
	    {"\033]52;c;c2VjcmV0\033\\x", "OPAQUE x"},
	    {"\033P1$r0m\033\\x", "OPAQUE x"},
	    {"\033_secret\033\\x", "OPAQUE x"},
	    {"\033^secret\033\\x", "OPAQUE x"},
	    {"\033]a\033\033\\x", "OPAQUE x"},
	    {"\033]a\033[A\r\n\ax", "OPAQUE x"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void
an_answer_without_end_hides_no_more_than_its_bound(void **state UNUSED)
{
	size_t i;

	begin();
	type(1, "\033]");
	for (i = 0; i < STRING_BOUND; i++)
		type(1, "s");
	expect("OPAQUE");
	type(1, "x");
	expect("OPAQUE x");
}

static void
escape_and_a_character_at_once_are_a_key(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\033bx", "META-b x"},
	    {"\033.", "META-."},
	    {"\033\x7f\033\b", "META-? META-?"},
	    /* What begins something else does not. */
	    {"\033\033[A", "ESC UP"},
	    {"\033\rx", "ESC ENTER x"},
	    {"\033\xc3\xa9", "ESC U+e9"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void
escape_alone_is_a_key_after_a_while(void **state UNUSED)
{
	begin();
	assert_int_equal(typed_parse_due_ns(&parse), 0);
	type(1000, "\033");
	expect("");
	assert_true(
	    typed_parse_due_ns(&parse) == (1000 + TYPED_KEY_ESC_MS) * ms);
	type(1000 + TYPED_KEY_ESC_MS, "b");
	expect("ESC b");
	begin();
	type(1000, "\033");
	type(1000 + TYPED_KEY_ESC_MS - 1, "b");
	expect("META-b");
	begin();
	type(1000, "\033");
	give_up();
	expect("ESC");
}

static void
what_was_no_sequence_was_typed(void **state UNUSED)
{
	static const struct row rows[] = {
	    {"\033[1;\rx", "ESC [ 1 ; ENTER x"},
	    {"\033Ozx", "ESC O z x"},
	    {"\033[\xc3\xa9x", "ESC [ U+1100c3 U+1100a9 x"},
	    {"\033[1\x7f", "ESC [ 1 U+7f"},
	    {"\033[11111111111111111111111111111111~",
		"ESC [ 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 "
		"1 1 1 1 1 ~"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
	begin();
	type(1000, "\033[1;");
	give_up();
	expect("ESC [ 1 ;");
	begin();
	type(1000, "\xe5\xaf");
	type(1000 + TYPED_KEY_ESC_MS, "\x86x");
	expect("U+1100e5 U+1100af U+110086 x");
	/* Behind an answer that was not ended the next bytes are typed. */
	begin();
	type(1000, "\033]52;");
	give_up();
	type(2000, "x");
	expect("OPAQUE x");
	begin();
	type(1000, "\033]52;\033");
	give_up();
	type(2000, "x");
	expect("OPAQUE x");
	begin();
	type(1000, "\033[M!");
	type(1000 + TYPED_KEY_ESC_MS, "x");
	expect("REPORT x");
}

static void
the_longest_sequence_is_a_key_whole(void **state UNUSED)
{
	char text[TYPED_KEY_RAW + 1];

	memset(text, '0', sizeof(text));
	text[0] = '\033';
	text[1] = '[';
	text[TYPED_KEY_RAW - 2] = '3';
	text[TYPED_KEY_RAW - 1] = '~';
	text[TYPED_KEY_RAW] = '\0';
	begin();
	type(1, text);
	expect("DEL");
	assert_int_equal(got.raw_len, TYPED_KEY_RAW);
}

static void
every_byte_is_given_once(void **state UNUSED)
{
	static const char *const texts[] = {"ab\xc3\xa9\xff\xe5(", "\033[1;5C",
	    "\033\033\033", "\033[1;\033[2\r", "\033Oz",
	    "\033[11111111111111111111111111111111111111111111x",
	    "\033[<0;10;5M", "\033[\xff\xff", "\033\xe5\xaf", "\xf0\x9f\x98",
	    "\033[1;2"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		begin();
		type(1, texts[i]);
		give_up();
		got.raw[got.raw_len] = '\0';
		assert_string_equal(got.raw, texts[i]);
	}
}

static void
nothing_that_was_typed_stays_behind(void **state UNUSED)
{
	static const uint8_t none[TYPED_KEY_RAW];

	begin();
	type(1, "\xf0\x9f\x98\x80");
	assert_memory_equal(parse.raw, none, sizeof(none));
	type(1, "\033[1;2");
	give_up();
	assert_memory_equal(parse.raw, none, sizeof(none));
}

static void
a_state_that_the_parser_can_be_in_is_taken(void **state UNUSED)
{
	static const char text[] =
	    "a\xf0\x9f\x98\x80\033[1;5C\033[M!!!\033]0;\033\\\033OA\033\033[1";
	size_t i;

	begin();
	assert_int_equal(typed_parse_check(&parse), 0);
	for (i = 0; i < sizeof(text) - 1; i++) {
		type_bytes(1, &text[i], 1);
		if (typed_parse_check(&parse) != 0)
			fail_msg("behind byte %zu", i);
	}
}

static void
a_state_that_cannot_be_is_refused(void **state UNUSED)
{
	struct typed_parse p;

	begin();
	p = parse;
	p.n = 1; /* bytes, but no sequence */
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
	type(1, "\033[");
	p = parse;
	p.n = 0; /* a sequence without bytes */
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
	p.n = TYPED_KEY_RAW;
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
	p = parse;
	p.state = UINT8_MAX;
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
	begin();
	type(1, "\xf0\x9f\x98");
	p = parse;
	assert_int_equal(typed_parse_check(&p), 0);
	p.n = 4; /* a character that is complete */
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
	begin();
	type(1, "\033]");
	p = parse;
	p.skip = 0;
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
	p.skip = STRING_BOUND + 1;
	assert_int_equal(typed_parse_check(&p), FAIL_FORMAT);
}

static void
keys_have_the_text_that_lines_show(void **state UNUSED)
{
	assert_string_equal(typed_key_text(TYPED_KEY_UP), "<Up>");
	assert_string_equal(typed_key_text(TYPED_KEY_F12), "<F12>");
	assert_string_equal(typed_key_text(TYPED_KEY_NONE), "");
	assert_string_equal(typed_key_text(TYPED_KEY_ENTER), "");
	assert_string_equal(typed_key_text(TYPED_KEYS), "");
}

int
main(void)
{
#define T(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
	    T(characters_are_taken_one_by_one),
	    T(bytes_that_are_no_utf8_are_characters_of_their_own),
	    T(control_characters_are_keys),
	    T(sequences_are_keys),
	    T(answers_of_the_terminal_are_reports),
	    T(answers_that_may_hold_any_text_are_not_given),
	    T(an_answer_without_end_hides_no_more_than_its_bound),
	    T(escape_and_a_character_at_once_are_a_key),
	    T(escape_alone_is_a_key_after_a_while),
	    T(what_was_no_sequence_was_typed),
	    T(the_longest_sequence_is_a_key_whole),
	    T(every_byte_is_given_once),
	    T(nothing_that_was_typed_stays_behind),
	    T(a_state_that_the_parser_can_be_in_is_taken),
	    T(a_state_that_cannot_be_is_refused),
	    T(keys_have_the_text_that_lines_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
