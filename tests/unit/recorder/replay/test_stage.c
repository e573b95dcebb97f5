/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen at one moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/stage.h"

static struct stage *s;
static char row[SCREEN_ROW_SIZE];

static void
apply(uint64_t t_us, uint8_t type, uint32_t channel, struct span p)
{
	struct rcd_event_view e = {
	    .t_us = t_us, .type = type, .stream = channel, .payload = p};

	assert_int_equal(stage_apply(s, &e), 0);
}

static void
tell(uint64_t t_us, uint8_t type, uint32_t channel, const char *text)
{
	apply(t_us, type, channel, SPAN(text, strlen(text)));
}

static void
shell(uint32_t channel)
{
	static const uint8_t pty[10] = {30, 0, 6};

	tell(1, RCD_EV_CH_OPEN, channel, "session");
	apply(1, RCD_EV_PTY_REQ, channel, SPAN(pty, 10));
	tell(1, RCD_EV_SHELL, channel, "");
}

static void
is_row(unsigned n, const char *text)
{
	(void)screen_row(s->screen, n, row);
	assert_string_equal(row, text);
}

static void
output_is_on_a_screen_of_its_size(void **state)
{
	static const uint8_t size[8] = {40, 0, 10};
	unsigned cols, rows;

	(void)state;
	assert_int_equal(stage_new(&s, PICK_AUTO, 80, 24), 0);
	shell(0);
	tell(2, RCD_EV_OUT, 0, "hello");
	is_row(0, "hello");
	screen_size(s->screen, &cols, &rows);
	assert_int_equal(cols * 1000 + rows, 30006);
	apply(3, RCD_EV_RESIZE, 0, SPAN(size, 8));
	screen_size(s->screen, &cols, &rows);
	assert_int_equal(cols * 1000 + rows, 40010);
	/* Another channel is not seen while this one is open. */
	shell(1);
	tell(4, RCD_EV_OUT, 1, "other");
	is_row(0, "hello");
	tell(5, RCD_EV_CH_CLOSE, 0, "");
	tell(6, RCD_EV_OUT, 1, "one\nx");
	is_row(0, "one");
	is_row(1, "   x");
	stage_free(s);
	stage_free(NULL);
}

static void
a_command_has_the_screen_of_the_viewer(void **state)
{
	unsigned cols, rows;

	(void)state;
	assert_int_equal(stage_new(&s, PICK_AUTO, 70, 20), 0);
	tell(1, RCD_EV_CH_OPEN, 0, "session");
	tell(1, RCD_EV_EXEC, 0, "id");
	tell(2, RCD_EV_OUT, 0, "one\ntwo\n");
	tell(2, RCD_EV_ERR, 0, "three");
	is_row(0, "one");
	is_row(1, "two");
	is_row(2, "three");
	screen_size(s->screen, &cols, &rows);
	assert_int_equal(cols * 1000 + rows, 70020);
	stage_free(s);
}

static void
what_the_gateway_says_is_kept_harmless(void **state)
{
	(void)state;
	assert_int_equal(stage_new(&s, PICK_AUTO, 80, 24), 0);
	tell(7, RCD_EV_POLICY, 0, "pause\033[2J");
	assert_string_equal(s->note, "policy: pause\\x1b[2J");
	assert_int_equal(s->note_us, 7);
	stage_free(s);
}

static void
it_goes_back_to_what_was_saved(void **state)
{
	struct buf image;

	(void)state;
	buf_init(&image, 64 << 20);
	assert_int_equal(stage_new(&s, PICK_AUTO, 80, 24), 0);
	shell(0);
	tell(2, RCD_EV_OUT, 0, "before");
	tell(2, RCD_EV_MARK, 0, "m");
	assert_int_equal(stage_save(s, &image), 0);
	tell(3, RCD_EV_OUT, 0, "\033[2Jafter");
	tell(3, RCD_EV_CH_CLOSE, 0, "");
	shell(1);
	tell(3, RCD_EV_MARK, 0, "n");
	assert_int_equal(stage_load(s, buf_span(&image)), 0);
	is_row(0, "before");
	assert_string_equal(s->note, "mark: m");
	assert_int_equal(s->pick.number, 0);
	assert_true(s->pick.open);
	assert_null(chans_find(&s->chans, 1));
	assert_int_equal(s->work, 6);
	assert_int_equal(stage_load(s, SPAN("", 0)), FAIL_FORMAT);
	assert_int_equal(stage_reset(s), 0);
	is_row(0, "");
	assert_false(s->pick.has);
	buf_fini(&image);
	stage_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(output_is_on_a_screen_of_its_size),
	    cmocka_unit_test(a_command_has_the_screen_of_the_viewer),
	    cmocka_unit_test(what_the_gateway_says_is_kept_harmless),
	    cmocka_unit_test(it_goes_back_to_what_was_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
