/* SPDX-License-Identifier: Apache-2.0 */
/* A session as plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/text.h"

#include "rp_make.h"

static struct rec_make m;
static struct rp_out out;
static int answer;

static void
begin(void)
{
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
}

/* What it is as text; lent until finish(). */
static const char *
text(int64_t channel)
{
	struct source *s;

	rec_make_end(&m, 1000000000);
	s = rp_source(&m);
	rp_out_init(&out);
	answer = text_print(s, out.to, &(struct text_opts){.channel = channel});
	source_free(s);
	return rp_out_text(&out);
}

static void
finish(void)
{
	rp_out_fini(&out);
	rec_make_fini(&m);
}

static void
lines_are_there_once_and_in_order(void **state)
{
	char line[32], want[2000] = "";
	int i;

	(void)state;
	begin();
	rp_shell(&m, 0, 0, 40, 5);
	for (i = 0; i < 50; i++) {
		(void)snprintf(line, sizeof(line), "line %d\r\n", i);
		rp_event(&m, 10 + (unsigned)i, RCD_EV_OUT, 0, line);
		(void)snprintf(want + strlen(want), 32, "line %d\n", i);
	}
	rp_event(&m, 900, RCD_EV_OUT, 0, "\033[31m$ \033[0m");
	memcpy(want + strlen(want), "$\n", 3);
	assert_string_equal(text(PICK_AUTO), want);
	assert_int_equal(answer, RCD_END);
	finish();
}

static void
wrapped_lines_are_whole_and_cut_characters_too(void **state)
{
	(void)state;
	begin();
	rp_shell(&m, 0, 0, 10, 3);
	rp_event(&m, 1, RCD_EV_OUT, 0, "0123456789abcdefghijklm\r\nx\303");
	rp_event(&m, 2, RCD_EV_OUT, 0, "\274y\r\n");
	assert_string_equal(
	    text(PICK_AUTO), "0123456789abcdefghijklm\nx\303\274y\n");
	finish();
}

static void
what_is_wiped_was_read_before(void **state)
{
	(void)state;
	begin();
	rp_shell(&m, 0, 0, 40, 5);
	rp_event(&m, 1, RCD_EV_OUT, 0, "secret plan\r\n\033[H\033[2J\033[3J");
	rp_event(&m, 2, RCD_EV_OUT, 0, "second\033[H\033[Jthird\033c");
	rp_event(&m, 3, RCD_EV_OUT, 0, "fourth");
	assert_string_equal(
	    text(PICK_AUTO), "secret plan\nsecond\nthird\nfourth\n");
	finish();
}

static void
a_full_screen_program_leaves_its_last_picture(void **state)
{
	(void)state;
	begin();
	rp_shell(&m, 0, 0, 40, 5);
	rp_event(&m, 1, RCD_EV_OUT, 0, "$ vi\r\n\033[?1049h\033[Hfirst");
	rp_event(&m, 2, RCD_EV_OUT, 0, "\033[2;3Htext\033[?1049l$ done\r\n");
	assert_string_equal(text(PICK_AUTO), "first\n  text\n$ vi\n$ done\n");
	finish();
}

static void
several_channels_are_named(void **state)
{
	(void)state;
	begin();
	rp_shell(&m, 0, 0, 40, 5);
	rp_exec(&m, 1, 1, "uname");
	rp_event(&m, 2, RCD_EV_OUT, 1, "Linux\nx\n");
	rp_event(&m, 3, RCD_EV_ERR, 1, "oops\n");
	rp_close(&m, 4, 1);
	rp_event(&m, 5, RCD_EV_OUT, 0, "$ ");
	rp_close(&m, 6, 0);
	assert_string_equal(text(PICK_AUTO),
	    "==> channel 1: exec uname <==\nLinux\nx\noops\n\n"
	    "==> channel 0: shell <==\n$\n");
	finish();
	begin();
	rp_exec(&m, 1, 0, "a");
	rp_exec(&m, 1, 1, "b");
	rp_event(&m, 2, RCD_EV_OUT, 0, "aaa\n");
	rp_event(&m, 2, RCD_EV_OUT, 1, "bbb\n");
	assert_string_equal(text(1), "bbb\n");
	finish();
}

static void
output_without_a_terminal_keeps_long_lines(void **state)
{
	char line[1002], want[1002];

	(void)state;
	memset(line, 'x', 1000);
	memcpy(line + 1000, "\n", 2);
	memcpy(want, line, sizeof(want));
	begin();
	rp_exec(&m, 1, 0, "a");
	rp_event(&m, 2, RCD_EV_OUT, 0, line);
	assert_string_equal(text(PICK_AUTO), want);
	finish();
}

static void
bytes_that_are_no_text_are_counted(void **state)
{
	(void)state;
	begin();
	rp_exec(&m, 1, 0, "tar c .");
	rp_bytes(&m, 2, RCD_EV_OUT, 0, SPAN("ab\0\1\2", 5));
	rp_bytes(&m, 3, RCD_EV_OUT, 0, SPAN("more", 4));
	assert_string_equal(text(PICK_AUTO), "[9 bytes that are not text]\n");
	finish();
	begin();
	rp_event(&m, 0, RCD_EV_CH_OPEN, 0, "session");
	rp_event(&m, 0, RCD_EV_SUBSYSTEM, 0, "sftp");
	rp_event(&m, 1, RCD_EV_OUT, 0, "packet");
	assert_string_equal(text(PICK_AUTO), "");
	finish();
}

static void
words_of_the_gateway_are_in_brackets(void **state)
{
	(void)state;
	begin();
	rp_event(&m, 1500, RCD_EV_POLICY, 0, "pause\033[2J");
	assert_string_equal(
	    text(PICK_AUTO), "[0:00:01.500 policy: pause\\x1b[2J]\n");
	finish();
}

static void
no_control_character_gets_out(void **state)
{
	const char *got;
	size_t i;

	(void)state;
	begin();
	rp_shell(&m, 0, 0, 40, 5);
	rp_event(&m, 1, RCD_EV_OUT, 0,
	    "\033]52;c;aGFja2Vk\007\033[6n\033P+q544e\033\\\302\2332J\302\220"
	    "x\033[5i\033]0;\033[2Jt\007\342\200\256y\r\n");
	rp_event(&m, 2, RCD_EV_NOTE, 0, "\033]52;c;aGk=\007");
	got = text(PICK_AUTO);
	for (i = 0; got[i] != '\0'; i++)
		assert_true((unsigned char)got[i] >= ' ' || got[i] == '\n');
	assert_null(strstr(got, "\302\233"));
	assert_null(strstr(got, "\302\220"));
	assert_null(strstr(got, "\342\200\256"));
	finish();
}

static void
more_channels_than_screens_are_all_read(void **state)
{
	char line[32];
	const char *got;
	uint32_t i;

	(void)state;
	begin();
	for (i = 0; i < 3 * TEXT_LANES; i++) {
		rp_exec(&m, i, i, "x");
		(void)snprintf(line, sizeof(line), "text of %u\n", i);
		rp_event(&m, i, RCD_EV_OUT, i, line);
	}
	got = text(PICK_AUTO);
	for (i = 0; i < 3 * TEXT_LANES; i++) {
		(void)snprintf(line, sizeof(line), "text of %u\n", i);
		assert_non_null(strstr(got, line));
	}
	finish();
}

static void
what_is_before_damage_is_printed(void **state)
{
	struct source *s;

	(void)state;
	begin();
	rp_shell(&m, 0, 0, 40, 5);
	rp_event(&m, 1, RCD_EV_OUT, 0, "good\r\n");
	assert_int_equal(rcd_writer_seal(m.w), 0);
	rp_event(&m, 2, RCD_EV_OUT, 0, "bad\r\n");
	rec_make_end(&m, 1000000);
	m.file.data[m.file.off + m.place[1] + 45] ^= 1;
	s = rp_source(&m);
	rp_out_init(&out);
	answer =
	    text_print(s, out.to, &(struct text_opts){.channel = PICK_AUTO});
	assert_int_equal(answer, FAIL_CHAIN);
	assert_string_equal(rp_out_text(&out), "good\n");
	source_free(s);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_there_once_and_in_order),
	    cmocka_unit_test(wrapped_lines_are_whole_and_cut_characters_too),
	    cmocka_unit_test(what_is_wiped_was_read_before),
	    cmocka_unit_test(a_full_screen_program_leaves_its_last_picture),
	    cmocka_unit_test(several_channels_are_named),
	    cmocka_unit_test(output_without_a_terminal_keeps_long_lines),
	    cmocka_unit_test(bytes_that_are_no_text_are_counted),
	    cmocka_unit_test(words_of_the_gateway_are_in_brackets),
	    cmocka_unit_test(no_control_character_gets_out),
	    cmocka_unit_test(more_channels_than_screens_are_all_read),
	    cmocka_unit_test(what_is_before_damage_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
