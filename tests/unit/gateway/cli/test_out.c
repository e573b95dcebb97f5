/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb answers, as JSON and for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "cli/out.h"

static char *printed;
static size_t printed_len;

static void
begin(struct out *o, bool json)
{
	FILE *to = open_memstream(&printed, &printed_len);

	assert_non_null(to);
	out_init(o, to, json);
}

/* Ends the answer and compares all that was printed. */
static void
expect(struct out *o, const char *want)
{
	assert_int_equal(out_end(o), 0);
	out_fini(o);
	assert_int_equal(fclose(o->to), 0);
	assert_string_equal(printed, want);
	free(printed);
}

static void
put_row(struct out *o, const char *name, uint64_t n)
{
	static const uint8_t id[16] = {1};

	out_row(o);
	out_text(o, "login_name", name);
	out_uint(o, "n", n);
	out_int(o, "i", -1);
	out_bool(o, "on", n == 1);
	out_uuid(o, "id", id);
	out_time(o, "at", n == 1 ? 1000000 : 0);
	out_row_end(o);
}

static void
a_list_for_people_is_an_aligned_table(void **state UNUSED)
{
	struct out o;

	begin(&o, false);
	out_list(&o);
	put_row(&o, "ana", 1);
	put_row(&o, NULL, 22);
	expect(&o,
	    "LOGIN NAME  N   I   ON   ID                                    AT"
	    "\n"
	    "ana         1   -1  yes  01000000-0000-0000-0000-000000000000  "
	    "1970-01-01T00:00:01.000Z\n"
	    "-           22  -1  no   01000000-0000-0000-0000-000000000000  -"
	    "\n");
}

static void
a_list_as_json_is_an_array(void **state UNUSED)
{
	struct out o;

	begin(&o, true);
	out_list(&o);
	put_row(&o, "ana", 1);
	put_row(&o, NULL, 2);
	expect(&o, "[{\"login_name\":\"ana\",\"n\":1,\"i\":-1,\"on\":true,"
		   "\"id\":\"01000000-0000-0000-0000-000000000000\","
		   "\"at\":\"1970-01-01T00:00:01.000Z\"},"
		   "{\"login_name\":null,\"n\":2,\"i\":-1,\"on\":false,"
		   "\"id\":\"01000000-0000-0000-0000-000000000000\","
		   "\"at\":null}]\n");
}

static void
words(struct out *o)
{
	out_one(o);
	out_words(o, "roles");
	out_word(o, "user");
	out_word(o, "auditor");
	out_words_end(o);
	out_words(o, "groups_of");
	out_words_end(o);
	out_raw(o, "raw", SPAN("{\"a\":1}", 7));
}

static void
one_object_is_lines_or_a_json_object(void **state UNUSED)
{
	struct out o;

	begin(&o, false);
	words(&o);
	expect(&o, "roles:     user, auditor\n"
		   "groups of: -\n"
		   "raw:       {\"a\":1}\n");
	begin(&o, true);
	words(&o);
	expect(&o, "{\"roles\":[\"user\",\"auditor\"],\"groups_of\":[],"
		   "\"raw\":{\"a\":1}}\n");
}

static void
an_empty_list_prints_nothing_or_an_empty_array(void **state UNUSED)
{
	struct out o;

	begin(&o, false);
	out_list(&o);
	expect(&o, "");
	begin(&o, true);
	out_list(&o);
	expect(&o, "[]\n");
}

/* What a hostile user or target made its name. */
static const char evil[] = "a\x1b]0;x\a\r\nb\x7f\xc2\x9b"
			   "1m\xe2\x80\xae\xff\xc3\"\\";

static void
no_control_character_reaches_the_terminal(void **state UNUSED)
{
	struct out o;

	begin(&o, false);
	out_list(&o);
	out_row(&o);
	out_span(&o, "name", SPAN(evil, sizeof(evil) - 1));
	out_span(&o, "zero", SPAN("x\0y", 3));
	out_row_end(&o);
	expect(&o,
	    "NAME                                                        ZERO\n"
	    "a\\x1b]0;x\\x07\\x0d\\x0ab\\x7f\\xc2\\x9b1m\\xe2\\x80\\xae"
	    "\\xff\\xc3\"\\  x?y\n");
	begin(&o, false);
	out_one(&o);
	out_span(&o, "name", SPAN("\x1b[2J", 4));
	expect(&o, "name: \\x1b[2J\n");
}

static void
json_text_is_ascii_safe_and_whole(void **state UNUSED)
{
	struct out o;

	begin(&o, true);
	out_one(&o);
	out_span(&o, "name", SPAN(evil, sizeof(evil) - 1));
	assert_int_equal(out_end(&o), 0);
	out_fini(&o);
	assert_int_equal(fclose(o.to), 0);
	for (size_t i = 0; i + 1 < printed_len; i++)
		assert_true((uint8_t)printed[i] >= 0x20);
	assert_int_equal(printed[printed_len - 1], '\n');
	assert_null(strchr(printed, 0x7f));
	assert_non_null(strstr(printed, "\\\"\\\\\"}"));
	free(printed);
}

static void
wide_and_combining_characters_are_aligned(void **state UNUSED)
{
	struct out o;

	begin(&o, false);
	out_list(&o);
	out_row(&o);
	out_text(&o, "a", "\xe4\xb8\xad\xe6\x96\x87"); /* 4 columns */
	out_text(&o, "b", "1");
	out_row_end(&o);
	out_row(&o);
	out_text(&o, "a", "e\xcc\x81"); /* 1 column */
	out_text(&o, "b", "2");
	out_row_end(&o);
	expect(&o, "A     B\n"
		   "\xe4\xb8\xad\xe6\x96\x87  1\n"
		   "e\xcc\x81     2\n");
}

static void
too_many_columns_and_a_full_disk_are_errors(void **state UNUSED)
{
	struct out o;
	FILE *full = fopen("/dev/full", "we");

	begin(&o, false);
	out_one(&o);
	for (int i = 0; i <= OUT_COLS_MAX; i++)
		out_uint(&o, "n", 1);
	assert_int_equal(out_end(&o), FAIL_RANGE);
	out_fini(&o);
	assert_int_equal(fclose(o.to), 0);
	free(printed);
	assert_non_null(full);
	out_init(&o, full, true);
	out_one(&o);
	assert_int_equal(out_end(&o), FAIL_SYS);
	out_fini(&o);
	(void)fclose(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_for_people_is_an_aligned_table),
	    cmocka_unit_test(a_list_as_json_is_an_array),
	    cmocka_unit_test(one_object_is_lines_or_a_json_object),
	    cmocka_unit_test(an_empty_list_prints_nothing_or_an_empty_array),
	    cmocka_unit_test(no_control_character_reaches_the_terminal),
	    cmocka_unit_test(json_text_is_ascii_safe_and_whole),
	    cmocka_unit_test(wide_and_combining_characters_are_aligned),
	    cmocka_unit_test(too_many_columns_and_a_full_disk_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
