/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that happened, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/events.h"
#include "recorder/replay/pick.h"

#include "rp_make.h"

static const char *
detail(uint8_t type, const void *p, size_t len)
{
	static char dst[EVENTS_DETAIL];
	struct rcd_event_view e = {.type = type, .payload = SPAN(p, len)};

	return events_detail(dst, &e);
}

static void
every_form_has_its_words(void **state)
{
	(void)state;
	assert_string_equal(detail(RCD_EV_OUT, "abc", 3), "3 bytes");
	assert_string_equal(detail(RCD_EV_SHELL, "", 0), "");
	assert_string_equal(detail(RCD_EV_EXEC, "ls\n", 3), "ls\\x0a");
	assert_string_equal(detail(RCD_EV_EXIT, "\x03\0\0\0", 4), "3");
	assert_string_equal(
	    detail(RCD_EV_RESIZE, "\x50\0\x18\0\0\0\0\0", 8), "80x24");
	assert_string_equal(
	    detail(RCD_EV_PTY_REQ, "\x50\0\x18\0\0\0\0\0\2\0vtMODES", 17),
	    "80x24 vt");
	assert_string_equal(
	    detail(RCD_EV_PTY_REQ, "\x50\0\x18\0\0\0\0\0\377\0vt", 12),
	    "80x24 vt");
	assert_string_equal(detail(RCD_EV_IN_NOECHO, "\1\0\0\0", 4), "masked");
	assert_string_equal(
	    detail(RCD_EV_CH_CLOSE, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16),
	    "1 bytes to target, 2 to user");
	assert_string_equal(detail(RCD_EV_CH_REFUSE, "x11\0not allowed", 15),
	    "x11: not allowed");
	assert_string_equal(detail(RCD_EV_CH_REFUSE, "x11", 3), "x11");
	assert_string_equal(detail(RCD_EV_BULK, "\1\5\0\0\0\0\0\0\0", 9),
	    "5 bytes to user not kept");
	assert_string_equal(detail(RCD_EV_GAP, "\5\0\0\0\0\0\0\0why", 11),
	    "5 bytes missing: why");
	assert_string_equal(detail(RCD_EV_END, "\2\0\0\0bye", 7), "2 bye");
	assert_string_equal(detail(0x7f, "abc", 3), "3 bytes");
}

static void
payloads_of_any_length_are_safe(void **state)
{
	uint8_t p[700];
	unsigned type;
	size_t n;

	(void)state;
	memset(p, 0xff, sizeof(p));
	for (type = 0; type < 128; type++)
		for (n = 0; n < sizeof(p); n += n < 20 ? 1 : 97)
			assert_true(strlen(detail((uint8_t)type, p, n)) <
				    EVENTS_DETAIL);
}

static void
events_are_lines_or_json(void **state)
{
	struct rec_make m;
	struct source *s;
	struct rp_out o;
	const char *got;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	rp_shell(&m, 1, 4, 80, 24);
	rp_event(&m, 2, RCD_EV_MARK, 0, "\"m\"");
	rp_event(&m, 3, RCD_EV_CH_OPEN, 5, "session");
	rec_make_end(&m, 4000000);
	s = rp_source(&m);
	rp_out_init(&o);
	assert_int_equal(
	    events_print(s, o.to, &(struct events_opts){.channel = PICK_AUTO}),
	    RCD_END);
	assert_string_equal(rp_out_text(&o),
	    "0:00:00.001    4  open  session\n"
	    "0:00:00.001    4  pty  80x24 xterm\n"
	    "0:00:00.001    4  shell\n"
	    "0:00:00.002    -  mark  \"m\"\n"
	    "0:00:00.003    5  open  session\n");
	rp_out_fini(&o);
	rp_out_init(&o);
	assert_int_equal(events_print(s, o.to,
			     &(struct events_opts){.channel = 5, .json = true}),
	    RCD_END);
	got = rp_out_text(&o);
	assert_non_null(strstr(got, "[\n{\"us\":3000,\"time\":\""));
	assert_non_null(strstr(got, "\"channel\":5,\"event\":\"open\","
				    "\"bytes\":7,\"detail\":\"session\"}\n]"));
	assert_null(strstr(got, "mark"));
	rp_out_fini(&o);
	source_free(s);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_has_its_words),
	    cmocka_unit_test(payloads_of_any_length_are_safe),
	    cmocka_unit_test(events_are_lines_or_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
