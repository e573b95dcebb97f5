/* SPDX-License-Identifier: Apache-2.0 */
/* The framing of messages between processes, on bytes alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/frame.h"

static const uint8_t hello[] = {
    0, 0, 0, 13, 0, 7, 0, 1, 1, 2, 3, 4, 'h', 'e', 'l', 'l', 'o', 'x', 'y'};

static void
a_frame_is_taken_and_the_rest_left(void **state UNUSED)
{
	struct span s = SPAN(hello, sizeof(hello));
	struct frame fr;
	size_t need;

	assert_int_equal(frame_next(&s, 64, &fr, &need, NULL), 1);
	assert_int_equal(fr.type, 7);
	assert_int_equal(fr.flags, FRAME_FD);
	assert_int_equal(fr.id, 0x01020304);
	assert_true(span_eq(fr.body, "hello"));
	assert_true(span_eq(s, "xy"));
}

static void
a_frame_cut_anywhere_waits(void **state UNUSED)
{
	for (size_t n = 0; n < 17; n++) {
		struct span s = SPAN(hello, n);
		struct frame fr;
		size_t need;

		assert_int_equal(frame_next(&s, 64, &fr, &need, NULL), 0);
		assert_int_equal(s.len, n);
		assert_int_equal(need, n < 4 ? 0 : 17);
	}
}

static void
the_limit_counts_the_whole_frame(void **state UNUSED)
{
	struct span s = SPAN(hello, 4);
	struct frame fr;
	struct fail f = {0};
	size_t need;

	assert_int_equal(frame_next(&s, 17, &fr, &need, &f), 0);
	assert_int_equal(frame_next(&s, 16, &fr, &need, &f), FAIL_PROTO);
	assert_string_equal(f.why, "frame of 13 bytes, limit 16");
	assert_int_equal(frame_next(&s, 0, &fr, &need, NULL), FAIL_PROTO);
}

static void
a_length_below_the_header_is_refused(void **state UNUSED)
{
	uint8_t w[12] = {0};

	for (uint8_t n = 0; n < 8; n++) {
		struct span s = SPAN(w, sizeof(w));
		struct frame fr;
		size_t need;

		w[3] = n;
		assert_int_equal(
		    frame_next(&s, 64, &fr, &need, NULL), FAIL_PROTO);
	}
}

static void
unknown_flags_are_refused_before_the_body_comes(void **state UNUSED)
{
	uint8_t w[8] = {0, 0, 0, 40, 0, 1, 0, 2};
	struct span s = SPAN(w, sizeof(w));
	struct frame fr;
	size_t need;

	assert_int_equal(frame_next(&s, 64, &fr, &need, NULL), FAIL_PROTO);
	w[6] = 0x80;
	w[7] = 1;
	assert_int_equal(frame_next(&s, 64, &fr, &need, NULL), FAIL_PROTO);
}

static void
a_written_header_reads_back(void **state UNUSED)
{
	struct frame a = {.type = 0xfffe, .flags = 1, .id = 0xdeadbeef}, b;
	uint8_t w[FRAME_HEADER_LEN];
	struct span s = SPAN(w, sizeof(w));
	size_t need;

	frame_header(w, &a);
	assert_int_equal(frame_next(&s, 12, &b, &need, NULL), 1);
	assert_int_equal(b.type, a.type);
	assert_int_equal(b.id, a.id);
	assert_int_equal(b.flags, a.flags);
	assert_int_equal(b.body.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_frame_is_taken_and_the_rest_left),
	    cmocka_unit_test(a_frame_cut_anywhere_waits),
	    cmocka_unit_test(the_limit_counts_the_whole_frame),
	    cmocka_unit_test(a_length_below_the_header_is_refused),
	    cmocka_unit_test(unknown_flags_are_refused_before_the_body_comes),
	    cmocka_unit_test(a_written_header_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
