/* SPDX-License-Identifier: Apache-2.0 */
/* Which channel is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/pick.h"

static struct chans chans;
static struct pick pick;

static enum pick_news
tell(uint8_t type, uint32_t number)
{
	uint8_t size[10] = {80, 0, 24, 0, 0, 0, 0, 0, 0, 0};
	struct rcd_event_view e = {
	    .type = type, .stream = number, .payload = SPAN(size, 10)};
	struct chan *ch;

	if (type == RCD_EV_CH_OPEN)
		e.payload = SPAN("session", 7);
	assert_int_equal(chans_event(&chans, &e, &ch), 0);
	return pick_event(&pick, &e, ch);
}

static void
a_session_of_one_shell_is_that_shell(void **state)
{
	(void)state;
	chans_init(&chans);
	pick_init(&pick, PICK_AUTO);
	assert_int_equal(tell(RCD_EV_CH_OPEN, 0), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_PTY_REQ, 0), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_SHELL, 0), PICK_TAKEN);
	assert_int_equal(tell(RCD_EV_OUT, 0), PICK_SEEN);
	assert_int_equal(tell(RCD_EV_CH_CLOSE, 0), PICK_SEEN);
	chans_fini(&chans);
}

static void
commands_are_seen_one_after_the_other(void **state)
{
	(void)state;
	chans_init(&chans);
	pick_init(&pick, PICK_AUTO);
	assert_int_equal(tell(RCD_EV_EXEC, 0), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_OUT, 0), PICK_TAKEN);
	assert_int_equal(tell(RCD_EV_EXEC, 1), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_OUT, 1), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_CH_CLOSE, 0), PICK_SEEN);
	assert_int_equal(tell(RCD_EV_OUT, 1), PICK_TAKEN);
	chans_fini(&chans);
}

static void
a_terminal_goes_before_a_command_without_one(void **state)
{
	(void)state;
	chans_init(&chans);
	pick_init(&pick, PICK_AUTO);
	assert_int_equal(tell(RCD_EV_EXEC, 0), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_OUT, 0), PICK_TAKEN);
	assert_int_equal(tell(RCD_EV_PTY_REQ, 1), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_SHELL, 1), PICK_TAKEN);
	assert_int_equal(tell(RCD_EV_OUT, 0), PICK_OTHER);
	chans_fini(&chans);
}

static void
bytes_of_sftp_are_not_for_eyes_unless_asked_for(void **state)
{
	(void)state;
	chans_init(&chans);
	pick_init(&pick, PICK_AUTO);
	assert_int_equal(tell(RCD_EV_SUBSYSTEM, 0), PICK_OTHER);
	assert_int_equal(tell(RCD_EV_OUT, 0), PICK_OTHER);
	pick_init(&pick, 0);
	assert_int_equal(tell(RCD_EV_OUT, 0), PICK_TAKEN);
	assert_int_equal(tell(RCD_EV_OUT, 1), PICK_OTHER);
	chans_fini(&chans);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_of_one_shell_is_that_shell),
	    cmocka_unit_test(commands_are_seen_one_after_the_other),
	    cmocka_unit_test(a_terminal_goes_before_a_command_without_one),
	    cmocka_unit_test(bytes_of_sftp_are_not_for_eyes_unless_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
