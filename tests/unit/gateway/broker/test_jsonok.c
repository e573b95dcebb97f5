/* SPDX-License-Identifier: Apache-2.0 */
/* What is one JSON object, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/jsonok.h"

static bool
ok(const char *text)
{
	return jsonok_object(SPAN(text, strlen(text)));
}

static void
objects_are_taken(void **state UNUSED)
{
	static const char *const good[] = {"{}", " { } \n", "{\"a\":1}",
	    "{\"a\":-0.5e+10,\"b\":[1,2,[]],\"c\":{\"d\":null}}",
	    "{\"a\":true,\"b\":false}", "{\"\":\"\"}",
	    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fF\"}",
	    "{\"a\":1,\"a\":2}", "{\"\xc3\xbc\":0}"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!ok(good[i]))
			fail_msg("%s was refused", good[i]);
}

static void
all_else_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {"", " ", "1", "[]", "\"a\"", "null",
	    "{", "}", "{}}", "{}{}", "{},", "{\"a\"}", "{\"a\":}", "{a:1}",
	    "{'a':1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1 \"b\":2}",
	    "{\"a\":[1,]}", "{\"a\":[1 2]}", "{\"a\":01}", "{\"a\":+1}",
	    "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":-}",
	    "{\"a\":0x1}", "{\"a\":NaN}", "{\"a\":True}", "{\"a\":nul}",
	    "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u00g0\"}",
	    "{\"a\":\"\\u00\"}", "{\"a\":\"", "{\"a\":\"\\\"}", "{1:2}",
	    "{\"a\":1}//", "{\"a\":[}]"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (ok(bad[i]))
			fail_msg("%s was taken", bad[i]);
	assert_false(jsonok_object(SPAN("{}\0", 3)));
	assert_false(jsonok_object(SPAN("{\"a\0\":1}", 8)));
}

static void
what_is_cut_is_refused_at_every_byte(void **state UNUSED)
{
	static const char text[] = "{\"a\":[1,\"\\u00e9\",{\"b\":true}]}";

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *part = malloc(n + 1);

		assert_non_null(part);
		memcpy(part, text, n);
		assert_false(jsonok_object(SPAN(part, n)));
		free(part);
	}
	assert_true(ok(text));
}

static void
eight_within_the_object_are_the_deepest(void **state UNUSED)
{
	assert_true(ok("{\"a\":[[[[[[[[]]]]]]]]}"));
	assert_false(ok("{\"a\":[[[[[[[[[]]]]]]]]]}"));
	assert_false(ok("{\"a\":[[[[[[[[{}]]]]]]]]}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(objects_are_taken),
	    cmocka_unit_test(all_else_is_refused),
	    cmocka_unit_test(what_is_cut_is_refused_at_every_byte),
	    cmocka_unit_test(eight_within_the_object_are_the_deepest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
