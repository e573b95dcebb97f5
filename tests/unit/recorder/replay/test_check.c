/* SPDX-License-Identifier: Apache-2.0 */
/* Verification in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/check.h"

#include "rp_make.h"

static struct rp_out out;
static struct fail f;

/* The answer; what was printed is in out. */
static int
check(struct span bytes, const uint8_t *node_key, bool json)
{
	int fd = rec_make_fd(bytes), r;

	f = (struct fail){0};
	rp_out_init(&out);
	r = check_print(fd, out.to,
	    &(struct check_opts){.node_key = node_key, .json = json}, &f);
	(void)close(fd);
	return r;
}

static void
printed(const char *what)
{
	assert_int_equal(f.code, 0);
	assert_non_null(strstr(rp_out_text(&out), what));
	rp_out_fini(&out);
}

static void
a_whole_recording_is_called_so(void **state)
{
	struct rec_make m;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 100, 50);
	assert_int_equal(check(buf_span(&m.file), NULL, false), 0);
	printed("whole and unchanged: ");
	assert_int_equal(check(buf_span(&m.file), NULL, false), 0);
	printed("is not proved");
	assert_int_equal(check(buf_span(&m.file), m.node_key, false), 0);
	printed("by the key of the node");
	assert_int_equal(check(buf_span(&m.file), m.node_key, true), 0);
	printed("\"whole\":true,\"flaw\":null,\"bad_chunk\":null");
	rec_make_fini(&m);
}

static void
the_first_bad_chunk_is_named_with_its_place_and_flaw(void **state)
{
	uint8_t other[32] = {1};
	struct rec_make m;
	char want[100];

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 30, 0);
	assert_int_equal(
	    check(buf_span(&m.file), other, false), FAIL_SIGNATURE);
	printed("key: the file names another signing key\n");
	assert_int_equal(
	    check(SPAN(buf_head(&m.file), buf_len(&m.file) - 3), NULL, false),
	    FAIL_TRUNCATED);
	printed(": truncated: ");
	m.file.data[m.file.off + m.place[17] + 60] ^= 16;
	(void)snprintf(want, sizeof(want),
	    "chunk 17 at offset %zu: chain: content does not match its hash\n"
	    "good before it: 17 chunks",
	    m.place[17]);
	assert_int_equal(check(buf_span(&m.file), NULL, false), FAIL_CHAIN);
	printed(want);
	assert_int_equal(check(buf_span(&m.file), NULL, true), FAIL_CHAIN);
	(void)snprintf(want, sizeof(want),
	    "\"bad_chunk\":17,\"bad_offset\":%zu,", m.place[17]);
	printed(want);
	rec_make_fini(&m);
}

static void
what_is_no_recording_is_an_answer_too(void **state)
{
	(void)state;
	assert_true(check(SPAN("", 0), NULL, false) < 0);
	printed("truncated");
	assert_true(check(SPAN("something else", 14), NULL, false) < 0);
	printed("header: ");
	f = (struct fail){0};
	rp_out_init(&out);
	assert_true(check_print(-1, out.to, &(struct check_opts){0}, &f) < 0);
	assert_true(f.code < 0);
	rp_out_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_recording_is_called_so),
	    cmocka_unit_test(
		the_first_bad_chunk_is_named_with_its_place_and_flaw),
	    cmocka_unit_test(what_is_no_recording_is_an_answer_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
