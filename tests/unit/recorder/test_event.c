/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as bytes: numbers of every size, streams that are left out, and what
 * is malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/event.h"

static void
numbers_of_every_size_come_back(void **state)
{
	static const uint64_t times[] = {0, 1, 127, 128, 16383, 16384,
	    UINT32_MAX, 1ULL << 62, INT64_MAX, UINT64_MAX};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(times); i++) {
		struct rcd_event_pos out = {0}, in = {0};
		struct rcd_event_view e = {.type = RCD_EV_OUT,
		    .t_us = times[i],
		    .stream = (uint32_t)times[i]};
		uint8_t head[RCD_EVENT_HEAD_MAX];
		struct rcd_event_view got;
		struct span s;

		s = SPAN(head, rcd_event_head(head, &out, &e));
		assert_int_equal(rcd_event_get(&s, &in, &got), 0);
		assert_int_equal(got.t_us, times[i]);
		assert_int_equal(got.stream, (uint32_t)times[i]);
		assert_int_equal(s.len, 0);
	}
}

static void
the_stream_is_written_only_when_it_changes(void **state)
{
	struct rcd_event_view e = {.type = RCD_EV_OUT, .stream = 5};
	uint8_t head[RCD_EVENT_HEAD_MAX];
	struct rcd_event_pos pos = {0};

	(void)state;
	assert_int_equal(rcd_event_head(head, &pos, &e), 4);
	assert_int_equal(rcd_event_head(head, &pos, &e), 3);
	e.type = RCD_EV_NOTE; /* belongs to no stream */
	e.stream = 0;
	assert_int_equal(rcd_event_head(head, &pos, &e), 3);
	assert_int_equal(pos.stream, 5);
}

static void
time_does_not_run_backwards(void **state)
{
	struct rcd_event_view e = {.type = RCD_EV_OUT, .t_us = 10}, got;
	struct rcd_event_pos pos = {.t_us = 100}, in = {.t_us = 100};
	uint8_t head[RCD_EVENT_HEAD_MAX];
	struct span s;

	(void)state;
	s = SPAN(head, rcd_event_head(head, &pos, &e));
	assert_int_equal(rcd_event_get(&s, &in, &got), 0);
	assert_int_equal(got.t_us, 100);
}

static void
what_is_malformed_is_refused_and_nothing_taken(void **state)
{
	const struct span bad[] = {
	    SPAN("", 0), SPAN("\x80", 1), /* number is cut */
	    SPAN("\x01", 1),		  /* no type */
	    SPAN("\x01\x10", 2),	  /* no stream */
	    SPAN("\x01\x10\x00", 3),	  /* no length */
	    SPAN("\x01\x10\x00\x02x", 5), /* payload is cut */
	    SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x90\x00", 12),
	    SPAN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x90\x00", 13),
	    SPAN("\x00\x10\xff\xff\xff\xff\x1f\x00",
		8), /* stream over 32 bits */
	};
	struct rcd_event_view e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct rcd_event_pos pos = {0};
		struct span s = bad[i];

		assert_int_equal(rcd_event_get(&s, &pos, &e), FAIL_FORMAT);
		assert_int_equal(s.len, bad[i].len);
		assert_int_equal(pos.t_us, 0);
	}
}

static void
unknown_types_can_be_passed_over(void **state)
{
	struct rcd_event_pos pos = {0};
	struct rcd_event_view e;
	struct span s = SPAN("\x05\x7f\x09\x02zz\x01\x90\x01k", 10);

	(void)state;
	assert_int_equal(rcd_event_get(&s, &pos, &e), 0);
	assert_int_equal(e.type, 0x7f);
	assert_null(rcd_event_info(e.type).name);
	assert_int_equal(rcd_event_get(&s, &pos, &e), 0);
	assert_int_equal(e.type, RCD_EV_OUT);
	assert_int_equal(e.stream, 9);
	assert_int_equal(e.t_us, 6);
	assert_true(span_eq(e.payload, "k"));
}

static void
keystrokes_are_class_b_and_output_is_class_a(void **state)
{
	(void)state;
	assert_int_equal(rcd_event_info(RCD_EV_IN).class, RCD_CLASS_B);
	assert_int_equal(rcd_event_info(RCD_EV_KEYS_LINE).class, RCD_CLASS_B);
	assert_int_equal(rcd_event_info(RCD_EV_OUT).class, RCD_CLASS_A);
	assert_string_equal(rcd_event_info(RCD_EV_RESIZE).name, "resize");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_of_every_size_come_back),
	    cmocka_unit_test(the_stream_is_written_only_when_it_changes),
	    cmocka_unit_test(time_does_not_run_backwards),
	    cmocka_unit_test(what_is_malformed_is_refused_and_nothing_taken),
	    cmocka_unit_test(unknown_types_can_be_passed_over),
	    cmocka_unit_test(keystrokes_are_class_b_and_output_is_class_a),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
