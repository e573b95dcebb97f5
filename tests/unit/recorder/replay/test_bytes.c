/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as they passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/bytes.h"
#include "recorder/replay/pick.h"

#include "rp_make.h"

static struct rec_make m;

static void
make(void)
{
	uint8_t bulk[41] = {1, 200}; /* 200 bytes to the user */

	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	rp_exec(&m, 0, 0, "cat");
	rp_event(&m, 10, RCD_EV_IN, 1, "one");
	rp_bytes(&m, 20, RCD_EV_IN, 1, SPAN("\0\377\n", 3));
	rp_event(&m, 30, RCD_EV_IN, 2, "two");
	rp_event(&m, 40, RCD_EV_OUT, 2, "answer");
	rp_event(&m, 50, RCD_EV_ERR, 1, "sorry");
	rp_bytes(&m, 60, RCD_EV_BULK, 3, SPAN(bulk, sizeof(bulk)));
	rp_event(&m, 70, RCD_EV_OUT, 3, "rest");
	rp_event(&m, 80, RCD_EV_IN, 4, "user\n");
	rp_u32(&m, 90, RCD_EV_IN_NOECHO, 4, 8);
	rec_make_end(&m, 4000000);
}

static void
expect(int64_t channel, enum bytes_stream stream, const void *want, size_t len,
    uint64_t missing)
{
	const struct bytes_opts bo = {.channel = channel, .stream = stream};
	struct source *s = rp_source(&m);
	struct rp_out o;
	uint64_t gone;

	rp_out_init(&o);
	assert_int_equal(bytes_print(s, o.to, &bo, &gone), RCD_END);
	(void)rp_out_text(&o);
	assert_int_equal(o.len, len);
	assert_memory_equal(o.text, want, len);
	assert_int_equal(gone, missing);
	rp_out_fini(&o);
	source_free(s);
}

static void
a_stream_comes_out_as_it_passed(void **state)
{
	(void)state;
	make();
	expect(1, BYTES_IN, "one\0\377\n", 6, 0);
	expect(2, BYTES_IN, "two", 3, 0);
	expect(2, BYTES_OUT, "answer", 6, 0);
	expect(1, BYTES_ERR, "sorry", 5, 0);
	expect(2, BYTES_ERR, "", 0, 0);
	rec_make_fini(&m);
}

static void
without_a_channel_it_is_the_first_that_has_it(void **state)
{
	(void)state;
	make();
	expect(PICK_AUTO, BYTES_IN, "one\0\377\n", 6, 0);
	expect(PICK_AUTO, BYTES_OUT, "answer", 6, 0);
	rec_make_fini(&m);
}

static void
what_is_not_in_the_recording_is_counted(void **state)
{
	(void)state;
	make();
	expect(3, BYTES_OUT, "rest", 4, 200);
	expect(3, BYTES_IN, "", 0, 0);
	expect(4, BYTES_IN, "user\n", 5, 8);
	rec_make_fini(&m);
}

static void
a_key_that_does_not_open_what_was_typed_is_refused(void **state)
{
	const struct bytes_opts bo = {.channel = 1, .stream = BYTES_IN};
	const struct bytes_opts err = {.channel = 1, .stream = BYTES_ERR};
	struct secret *key_a;
	struct source *s;
	struct fail f = {0};
	struct rp_out o;
	uint64_t gone;

	(void)state;
	make();
	assert_int_equal(rcd_reader_key_a(&key_a, m.rec_id, m.dek), 0);
	assert_int_equal(
	    source_open(&s, rec_make_fd(buf_span(&m.file)), key_a, &f), 0);
	rp_out_init(&o);
	assert_int_equal(bytes_print(s, o.to, &bo, &gone), FAIL_DENIED);
	assert_string_equal(rp_out_text(&o), "");
	assert_int_equal(bytes_print(s, o.to, &err, &gone), RCD_END);
	assert_string_equal(rp_out_text(&o), "sorry");
	rp_out_fini(&o);
	source_free(s);
	secret_free(key_a);
	rec_make_fini(&m);
}

static void
streams_have_three_names(void **state)
{
	enum bytes_stream s;

	(void)state;
	assert_int_equal(bytes_stream_parse("in", &s), 0);
	assert_int_equal(s, BYTES_IN);
	assert_int_equal(bytes_stream_parse("err", &s), 0);
	assert_int_equal(s, BYTES_ERR);
	assert_int_equal(bytes_stream_parse("stdout", &s), FAIL_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_comes_out_as_it_passed),
	    cmocka_unit_test(without_a_channel_it_is_the_first_that_has_it),
	    cmocka_unit_test(what_is_not_in_the_recording_is_counted),
	    cmocka_unit_test(
		a_key_that_does_not_open_what_was_typed_is_refused),
	    cmocka_unit_test(streams_have_three_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
