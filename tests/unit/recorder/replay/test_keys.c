/* SPDX-License-Identifier: Apache-2.0 */
/* What the user typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/keys.h"
#include "recorder/replay/pick.h"

#include "rp_make.h"

static struct rec_make m;

static void
make(void)
{
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	rp_shell(&m, 0, 0, 80, 24);
	rp_event(&m, 1000, RCD_EV_KEYS_LINE, 0, "ls -l");
	rp_event(&m, 2000, RCD_EV_KEYS_LINE, 0, "****");
	rp_event(&m, 3000, RCD_EV_KEYS_LINE, 2, "x\033[2J");
	rec_make_end(&m, 4000000);
}

static void
each_line_has_its_time_and_channel(void **state)
{
	struct source *s;
	struct rp_out o;
	const char *got;

	(void)state;
	make();
	s = rp_source(&m);
	rp_out_init(&o);
	assert_int_equal(
	    keys_print(s, o.to, &(struct keys_opts){.channel = PICK_AUTO}),
	    RCD_END);
	got = rp_out_text(&o);
	assert_non_null(strstr(got, "  0:00:01.000  0  ls -l\n"));
	assert_non_null(strstr(got, "  0:00:02.000  0  ****\n"));
	assert_non_null(strstr(got, "  0:00:03.000  2  x\\x1b[2J\n"));
	rp_out_fini(&o);
	rp_out_init(&o);
	assert_int_equal(keys_print(s, o.to,
			     &(struct keys_opts){.channel = 2, .json = true}),
	    RCD_END);
	got = rp_out_text(&o);
	assert_non_null(strstr(got, "[\n{\"us\":3000000,"));
	assert_non_null(
	    strstr(got, "\"channel\":2,\"line\":\"x\\u001b[2J\"}\n]\n"));
	rp_out_fini(&o);
	source_free(s);
	rec_make_fini(&m);
}

static void
a_key_that_does_not_open_them_is_refused(void **state)
{
	struct secret *key_a;
	struct source *s;
	struct fail f = {0};
	struct rp_out o;

	(void)state;
	make();
	assert_int_equal(rcd_reader_key_a(&key_a, m.rec_id, m.dek), 0);
	assert_int_equal(
	    source_open(&s, rec_make_fd(buf_span(&m.file)), key_a, &f), 0);
	rp_out_init(&o);
	assert_int_equal(
	    keys_print(s, o.to, &(struct keys_opts){.channel = PICK_AUTO}),
	    FAIL_DENIED);
	assert_string_equal(rp_out_text(&o), "");
	rp_out_fini(&o);
	source_free(s);
	secret_free(key_a);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_line_has_its_time_and_channel),
	    cmocka_unit_test(a_key_that_does_not_open_them_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
