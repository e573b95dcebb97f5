/* SPDX-License-Identifier: Apache-2.0 */
/* A session as an asciicast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/cast.h"
#include "recorder/replay/pick.h"

#include "rp_make.h"

static struct rec_make m;
static struct rp_out out;

static void
begin(void)
{
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
}

/* Its lines; lent until finish(). */
static const char *
cast(int version, int64_t channel)
{
	struct source *s;

	rec_make_end(&m, 1000000000);
	s = rp_source(&m);
	rp_out_init(&out);
	assert_int_equal(
	    cast_print(s, out.to,
		&(struct cast_opts){.version = version, .channel = channel}),
	    RCD_END);
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
small_session(void)
{
	begin();
	rp_shell(&m, 0, 0, 80, 24);
	rp_event(&m, 1000, RCD_EV_OUT, 0, "a\033[1m\"\303");
	rp_event(&m, 1500, RCD_EV_OUT, 0, "\274\r\n\xff");
	rp_resize(&m, 2000, 0, 100, 30);
	rp_event(&m, 2500, RCD_EV_MARK, 0, "here");
	rp_u32(&m, 3000, RCD_EV_EXIT, 0, 7);
	rp_close(&m, 3000, 0);
}

static void
version_2_has_times_since_the_start(void **state)
{
	const char *got;

	(void)state;
	small_session();
	got = cast(2, PICK_AUTO);
	assert_non_null(strstr(got, "{\"version\":2,\"width\":80,\"height\":24,"
				    "\"env\":{\"TERM\":\"xterm\"},"
				    "\"timestamp\":"));
	assert_non_null(strstr(got, "\n[1.000000,\"o\",\"a\\u001b[1m\\\"\"]\n"
				    "[1.500000,\"o\",\"\303\274\\r\\n"
				    "\357\277\275\"]\n"
				    "[2.000000,\"r\",\"100x30\"]\n"
				    "[2.500000,\"m\",\"here\"]\n"));
	assert_null(strstr(got, "\"x\""));
	finish();
}

static void
version_3_has_intervals_and_the_exit_status(void **state)
{
	const char *got;

	(void)state;
	small_session();
	got = cast(3, PICK_AUTO);
	assert_non_null(strstr(got, "{\"version\":3,\"term\":{\"cols\":80,"
				    "\"rows\":24,\"type\":\"xterm\"}"));
	assert_non_null(strstr(got, "\n[1.000000,\"o\",\"a\\u001b[1m\\\"\"]\n"
				    "[0.500000,\"o\",\"\303\274\\r\\n"
				    "\357\277\275\"]\n"
				    "[0.500000,\"r\",\"100x30\"]\n"
				    "[0.500000,\"m\",\"here\"]\n"
				    "[0.000000,\"x\",\"7\"]\n"));
	finish();
}

static void
commands_follow_one_another_behind_a_marker(void **state)
{
	const char *got;

	(void)state;
	begin();
	rp_exec(&m, 0, 0, "one");
	rp_event(&m, 10, RCD_EV_OUT, 0, "1\n2\r\n\303");
	rp_close(&m, 20, 0);
	rp_exec(&m, 30, 1, "two");
	rp_event(&m, 40, RCD_EV_ERR, 1, "3\n");
	rp_close(&m, 50, 1);
	got = cast(2, PICK_AUTO);
	assert_non_null(strstr(got, "\"command\":\"one\"}\n"
				    "[0.010000,\"o\",\"1\\r\\n2\\r\\n\"]\n"
				    "[0.010000,\"o\",\"\357\277\275\"]\n"
				    "[0.040000,\"o\",\"\\u001bc\"]\n"
				    "[0.040000,\"m\","
				    "\"channel 1: exec two\"]\n"
				    "[0.040000,\"o\",\"3\\r\\n\"]\n"));
	finish();
}

static void
a_chosen_channel_is_alone(void **state)
{
	const char *got;

	(void)state;
	begin();
	rp_shell(&m, 0, 0, 80, 24);
	rp_shell(&m, 1, 1, 132, 43);
	rp_event(&m, 10, RCD_EV_OUT, 0, "zero");
	rp_event(&m, 11, RCD_EV_OUT, 1, "one");
	got = cast(3, 1);
	assert_non_null(strstr(got, "\"cols\":132"));
	assert_non_null(strstr(got, "one"));
	assert_null(strstr(got, "zero"));
	finish();
}

static void
a_session_without_output_is_a_header(void **state)
{
	const char *got;

	(void)state;
	begin();
	got = cast(2, PICK_AUTO);
	assert_non_null(strstr(got, "\"width\":80,\"height\":24"));
	assert_ptr_equal(strchr(got, '\n') + 1, got + strlen(got));
	finish();
}

static void
a_full_disk_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct source *s;

	(void)state;
	assert_non_null(full);
	rec_make_init(&m);
	rec_make_typical(&m, 200, 0);
	s = rp_source(&m);
	assert_int_equal(
	    cast_print(s, full,
		&(struct cast_opts){.version = 2, .channel = PICK_AUTO}),
	    FAIL_SYS);
	source_free(s);
	(void)fclose(full);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(version_2_has_times_since_the_start),
	    cmocka_unit_test(version_3_has_intervals_and_the_exit_status),
	    cmocka_unit_test(commands_follow_one_another_behind_a_marker),
	    cmocka_unit_test(a_chosen_channel_is_alone),
	    cmocka_unit_test(a_session_without_output_is_a_header),
	    cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
