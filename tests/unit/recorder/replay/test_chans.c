/* SPDX-License-Identifier: Apache-2.0 */
/* What the events say of the channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/replay/chans.h"

static void
tell_bytes(struct chans *c, uint8_t type, uint32_t number, struct span p)
{
	struct rcd_event_view e = {
	    .t_us = 5, .type = type, .stream = number, .payload = p};
	struct chan *ch;

	assert_int_equal(chans_event(c, &e, &ch), 0);
}

static void
tell(struct chans *c, uint8_t type, uint32_t number, const char *text)
{
	tell_bytes(c, type, number, SPAN(text, strlen(text)));
}

static void
a_channel_is_described_by_its_events(void **state)
{
	static const uint8_t pty[] = {
	    80, 0, 24, 0, 0, 0, 0, 0, 3, 0, 'v', 't', 27, 1, 2};
	static const uint8_t size[] = {132, 0, 43, 0, 0, 0, 0, 0};
	char title[CHAN_TITLE];
	struct chans c;
	struct chan *ch;

	(void)state;
	chans_init(&c);
	tell(&c, RCD_EV_CH_OPEN, 3, "session");
	tell_bytes(&c, RCD_EV_PTY_REQ, 3, SPAN(pty, sizeof(pty)));
	tell(&c, RCD_EV_EXEC, 3, "ls \033[2J");
	tell(&c, RCD_EV_OUT, 3, "12345");
	tell(&c, RCD_EV_ERR, 3, "678");
	tell_bytes(&c, RCD_EV_RESIZE, 3, SPAN(size, sizeof(size)));
	tell_bytes(&c, RCD_EV_EXIT, 3, SPAN("\x02\0\0\0", 4));
	ch = chans_find(&c, 3);
	assert_non_null(ch);
	assert_true(ch->pty && ch->open && ch->has_exit);
	assert_int_equal(ch->cols, 132);
	assert_int_equal(ch->rows, 43);
	assert_int_equal(ch->exit, 2);
	assert_int_equal(ch->out_bytes, 8);
	assert_string_equal(ch->term, "vt\\x1b");
	assert_string_equal(
	    chan_title(title, ch), "channel 3: exec ls \\x1b[2J");
	tell(&c, RCD_EV_CH_CLOSE, 3, "");
	assert_false(ch->open);
	assert_null(chans_find(&c, 4));
	chans_fini(&c);
}

static void
events_without_a_channel_and_refusals_make_none(void **state)
{
	struct chans c;

	(void)state;
	chans_init(&c);
	tell(&c, RCD_EV_MARK, 0, "x");
	tell(&c, RCD_EV_CH_REFUSE, 0, "x11");
	tell(&c, 0x7f, 0, "?");
	assert_int_equal(c.n, 0);
	chans_fini(&c);
}

static void
payloads_that_are_too_short_tell_nothing(void **state)
{
	static const uint8_t types[] = {RCD_EV_PTY_REQ, RCD_EV_RESIZE,
	    RCD_EV_EXIT, RCD_EV_BULK, RCD_EV_CH_CLOSE};
	uint8_t p[12] = {1, 1, 1, 1, 1, 1, 1, 1, 0xff, 0xff, 1, 1};
	struct chans c;
	size_t i, n;

	(void)state;
	chans_init(&c);
	for (i = 0; i < ARRAY_LEN(types); i++)
		for (n = 0; n <= sizeof(p); n++)
			tell_bytes(&c, types[i], 0, SPAN(p, n));
	assert_string_equal(chans_find(&c, 0)->term, "");
	chans_fini(&c);
}

static void
the_oldest_closed_channel_makes_room(void **state)
{
	struct chans c;
	uint32_t i;

	(void)state;
	chans_init(&c);
	for (i = 0; i < CHANS_MAX; i++)
		tell(&c, RCD_EV_SHELL, i, "");
	tell(&c, RCD_EV_CH_CLOSE, 5, "");
	tell(&c, RCD_EV_SHELL, 5000, "");
	assert_null(chans_find(&c, 5));
	assert_non_null(chans_find(&c, 0));
	tell(&c, RCD_EV_SHELL, 5001, "");
	assert_null(chans_find(&c, 0));
	assert_int_equal(c.n, CHANS_MAX);
	assert_int_equal(c.forgotten, 2);
	chans_fini(&c);
}

static void
what_was_saved_comes_back(void **state)
{
	struct chans a, b;
	struct span s;
	struct buf out;

	(void)state;
	chans_init(&a);
	chans_init(&b);
	buf_init(&out, 1 << 20);
	tell(&a, RCD_EV_EXEC, 1, "one");
	tell(&a, RCD_EV_EXEC, 2, "two");
	assert_int_equal(chans_save(&a, &out), 0);
	s = buf_span(&out);
	assert_int_equal(chans_load(&b, &s), 0);
	assert_int_equal(s.len, 0);
	assert_string_equal(chans_find(&b, 2)->what, "two");
	s = SPAN(buf_head(&out), buf_len(&out) - 1);
	assert_int_equal(chans_load(&b, &s), FAIL_FORMAT);
	chans_fini(&a);
	chans_fini(&b);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_channel_is_described_by_its_events),
	    cmocka_unit_test(events_without_a_channel_and_refusals_make_none),
	    cmocka_unit_test(payloads_that_are_too_short_tell_nothing),
	    cmocka_unit_test(the_oldest_closed_channel_makes_room),
	    cmocka_unit_test(what_was_saved_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
