/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as one reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/replay/source.h"

#include "rp_make.h"

/* A file that has this text. */
static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
events_come_in_order_and_can_be_had_again(void **state)
{
	char text[SOURCE_END_SIZE], val[64];
	struct rcd_event_view e;
	struct rcd_info info;
	struct source *s;
	struct rec_make m;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 130, 0);
	s = rp_source(&m);
	assert_int_equal(source_next(s, &e), 0);
	assert_int_equal(e.t_us, 0);
	assert_int_equal(source_seek(s, 125 * 1000000), 0);
	assert_int_equal(source_next(s, &e), 0);
	assert_true(e.t_us > 0 && e.t_us <= 125 * 1000000);
	while (source_next(s, &e) == 0)
		;
	assert_int_equal(source_next(s, &e), RCD_END);
	assert_null(source_end_text(s, RCD_END, text));
	assert_int_equal(source_seek(s, 0), 0);
	assert_int_equal(source_next(s, &e), 0);
	assert_int_equal(source_info(s, &info), 0);
	assert_int_equal(info.duration_us, 130 * 1000000);
	assert_false(source_is_partial(s));
	assert_string_equal(source_about(s, "user", val, sizeof(val)), "ana");
	assert_string_equal(source_about(s, "no", val, sizeof(val)), "");
	assert_int_equal(source_header(s)->node_seq, 42);
	source_free(s);
	source_free(NULL);
	rec_make_fini(&m);
}

static void
a_key_is_read_from_a_file_of_hex_digits(void **state)
{
	static const char *const bad[] = {"", "00", "xyz\n",
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	    "20"};
	int fd = rec_make_fd(SPAN("", 0));
	char path[64];
	struct secret *key;
	struct fail f = {0};
	size_t i;

	(void)state;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	write_file(path, "000102030405060708090a0b0c0d0e0f"
			 "101112131415161718191a1b1c1D1E1F\r\n");
	assert_int_equal(source_key(&key, path, &f), 0);
	assert_int_equal(secret_len(key), 32);
	assert_int_equal(secret_show(key).p[31], 31);
	secret_free(key);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		f = (struct fail){0};
		write_file(path, bad[i]);
		assert_int_equal(source_key(&key, path, &f), FAIL_FORMAT);
		assert_null(key);
	}
	(void)close(fd);
	f = (struct fail){0};
	assert_int_equal(source_key(&key, path, &f), FAIL_SYS);
}

static void
the_key_of_class_a_opens_all_but_what_was_typed(void **state)
{
	struct secret *key_a, *wrong = secret_random(RCD_KEY_LEN);
	struct rcd_event_view e;
	struct source *s;
	struct fail f = {0};
	struct rec_make m;
	unsigned n = 0;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 10, 0);
	assert_int_equal(rcd_reader_key_a(&key_a, m.rec_id, m.dek), 0);
	assert_int_equal(
	    source_open(&s, rec_make_fd(buf_span(&m.file)), key_a, &f), 0);
	assert_true(source_is_partial(s));
	for (; source_next(s, &e) == 0; n++)
		assert_int_equal(e.type, RCD_EV_OUT);
	assert_int_equal(n, 10);
	source_free(s);
	assert_int_equal(
	    source_open(&s, rec_make_fd(buf_span(&m.file)), wrong, &f),
	    FAIL_DENIED);
	assert_null(s);
	secret_free(wrong);
	secret_free(key_a);
	rec_make_fini(&m);
}

static void
without_a_key_there_is_the_header_only(void **state)
{
	struct rcd_event_view e;
	struct source *s;
	struct fail f = {0};
	struct rec_make m;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 3, 0);
	assert_int_equal(
	    source_open(&s, rec_make_fd(buf_span(&m.file)), NULL, &f), 0);
	assert_int_equal(source_header(s)->protocol, 1);
	assert_int_equal(source_next(s, &e), FAIL_DENIED);
	assert_int_equal(source_session(s).len, 0);
	source_free(s);
	rec_make_fini(&m);
}

static void
every_kind_of_end_has_its_words(void **state)
{
	char text[SOURCE_END_SIZE];
	struct rcd_event_view e;
	struct source *s;
	struct rec_make m;
	int r;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 20, 0);
	m.file.end -= 10;
	s = rp_source(&m);
	while ((r = source_next(s, &e)) == 0)
		;
	assert_int_equal(r, RCD_MORE);
	assert_non_null(strstr(source_end_text(s, r, text), "was cut"));
	source_free(s);
	m.file.data[m.file.off + m.place[20] + 50] ^= 1;
	s = rp_source(&m);
	while ((r = source_next(s, &e)) == 0)
		;
	assert_int_equal(r, FAIL_CHAIN);
	assert_non_null(strstr(source_end_text(s, r, text), "chunk 20 at"));
	/* And what is before it can be read once more. */
	assert_int_equal(source_seek(s, 0), 0);
	assert_int_equal(source_next(s, &e), 0);
	source_free(s);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_come_in_order_and_can_be_had_again),
	    cmocka_unit_test(a_key_is_read_from_a_file_of_hex_digits),
	    cmocka_unit_test(the_key_of_class_a_opens_all_but_what_was_typed),
	    cmocka_unit_test(without_a_key_there_is_the_header_only),
	    cmocka_unit_test(every_kind_of_end_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
