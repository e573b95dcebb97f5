/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <math.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/json.h"

static void
check(struct buf *b, const char *want)
{
	assert_int_equal(buf_len(b), strlen(want));
	assert_memory_equal(buf_head(b), want, strlen(want));
	buf_reset(b);
}

static void
commas_and_keys_fall_into_place(void **state)
{
	struct json j;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "a", "x");
	json_array(&j, "list");
	json_int(&j, NULL, -5);
	json_uint(&j, NULL, UINT64_MAX);
	json_object(&j, NULL);
	json_close(&j, '}');
	json_object(&j, NULL);
	json_bool(&j, "yes", true);
	json_null(&j, "none");
	json_close(&j, '}');
	json_close(&j, ']');
	json_double(&j, "d", 0.25);
	json_double(&j, "nan", (double)NAN);
	json_raw(&j, "raw", SPAN("[1]", 3));
	json_str(&j, "null", NULL);
	json_close(&j, '}');
	assert_int_equal(json_end(&j), 0);
	check(&b, "{\"a\":\"x\",\"list\":[-5,18446744073709551615,{},"
		  "{\"yes\":true,\"none\":null}],\"d\":0.25,\"nan\":null,"
		  "\"raw\":[1],\"null\":null}");
	buf_fini(&b);
}

static void
text_is_quoted_and_bad_utf8_replaced(void **state)
{
	static const char in[] = "\"\\/\b\f\n\r\t\x01\x7f\xc3\xa4\xff\xc3";
	struct json j;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	json_init(&j, &b);
	json_bytes(&j, NULL, SPAN(in, sizeof(in) - 1));
	assert_int_equal(json_end(&j), 0);
	check(&b, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f\xc3\xa4\xef\xbf\xbd"
		  "\xef\xbf\xbd\"");
	json_init(&j, &b);
	json_bytes(&j, NULL, SPAN("a\0b", 3));
	assert_int_equal(json_end(&j), 0);
	check(&b, "\"a\\u0000b\"");
	buf_fini(&b);
}

static void
the_first_failure_is_kept(void **state)
{
	struct json j;
	struct buf b;
	unsigned i;

	(void)state;
	buf_init(&b, 8);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "much", "too long for it");
	json_close(&j, '}');
	assert_int_equal(json_end(&j), FAIL_FULL);
	buf_fini(&b);

	buf_init(&b, 4096);
	json_init(&j, &b);
	json_object(&j, NULL);
	assert_int_equal(json_end(&j), FAIL_STATE);
	json_init(&j, &b);
	for (i = 0; i < 40; i++)
		json_array(&j, NULL);
	assert_int_equal(json_end(&j), FAIL_RANGE);
	buf_fini(&b);
}

static void
members_are_found_past_nested_values(void **state)
{
	static const char text[] =
	    " { \"skip\" : {\"b\":\"}\",\"x\":[1,{\"y\":\"]\"}]}, "
	    "\"list\":[1,2], \"n\" : 42 ,\"s\":\"a\\u00e4\\n\\ud83d\\ude00\","
	    "\"empty\":\"\"}";
	const struct span s = SPAN(text, sizeof(text) - 1);
	char dst[32];
	uint64_t n;

	(void)state;
	assert_int_equal(json_find_str(s, "s", dst, sizeof(dst)), 0);
	assert_string_equal(dst, "a\xc3\xa4\n\xf0\x9f\x98\x80");
	assert_int_equal(json_find_str(s, "empty", dst, sizeof(dst)), 0);
	assert_string_equal(dst, "");
	assert_int_equal(json_find_uint(s, "n", &n), 0);
	assert_int_equal(n, 42);
	assert_int_equal(json_find_uint(s, "b", &n), FAIL_NOTFOUND);
	assert_int_equal(json_find_str(s, "n", dst, sizeof(dst)), FAIL_FORMAT);
	assert_int_equal(json_find_uint(s, "s", &n), FAIL_FORMAT);
	assert_int_equal(json_find_str(s, "s", dst, 8), FAIL_RANGE);
	assert_int_equal(json_find_str(s, "s", dst, 9), 0);
}

static void
malformed_objects_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{\"k\"",
	    "{\"k\":",
	    "{\"k\":\"",
	    "{\"k\":\"\\",
	    "{\"k\":\"\\x\"}",
	    "{\"k\":\"\\u12\"}",
	    "{\"k\":\"\\u0000\"}",
	    "{\"k\":\"\\ud800\"}",
	    "{\"k\":\"\\ud800\\u0041\"}",
	    "{\"k\":\"\\udc00\"}",
	    "{\"a\":[1,\"k\":\"v\"}",
	    "{\"a\" \"k\"}",
	    "{\"a\":1 \"k\":\"v\"}",
	    "{k:\"v\"}",
	};
	char dst[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(json_find_str(SPAN(bad[i], strlen(bad[i])),
				     "k", dst, sizeof(dst)),
		    FAIL_FORMAT);
	assert_int_equal(
	    json_find_str(SPAN("{}", 2), "k", dst, 0), FAIL_NOTFOUND);
}

static void
numbers_out_of_range_are_refused(void **state)
{
	static const char big[] = "{\"n\":18446744073709551616,\"m\":"
				  "18446744073709551615,\"neg\":-1,\"f\":1.5}";
	const struct span s = SPAN(big, sizeof(big) - 1);
	uint64_t n;

	(void)state;
	assert_int_equal(json_find_uint(s, "n", &n), FAIL_RANGE);
	assert_int_equal(json_find_uint(s, "m", &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(json_find_uint(s, "neg", &n), FAIL_FORMAT);
	assert_int_equal(json_find_uint(s, "f", &n), FAIL_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_and_keys_fall_into_place),
	    cmocka_unit_test(text_is_quoted_and_bad_utf8_replaced),
	    cmocka_unit_test(the_first_failure_is_kept),
	    cmocka_unit_test(members_are_found_past_nested_values),
	    cmocka_unit_test(malformed_objects_are_refused),
	    cmocka_unit_test(numbers_out_of_range_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
