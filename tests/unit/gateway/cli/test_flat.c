/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects as flat members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "cli/flat.h"

struct got {
	char text[1024];
	size_t len;
};

static void
on_member(const char *path, struct span v, void *ctx)
{
	struct got *g = ctx;
	int n = snprintf(g->text + g->len, sizeof(g->text) - g->len, "%s=%.*s;",
	    path, (int)v.len, (const char *)v.p);

	assert_true(n > 0 && g->len + (size_t)n < sizeof(g->text));
	g->len += (size_t)n;
}

static int
walk(const char *json, struct got *g)
{
	*g = (struct got){.len = 0};
	return flat_walk(SPAN(json, strlen(json)), on_member, g);
}

static void
members_have_the_path_to_them(void **state UNUSED)
{
	struct got g;

	assert_int_equal(walk("{\"a\":{\"b\":1,\"c\":[true, null ,\"x\"]},"
			      " \"d\" : \"q\\\"}\" , \"e\":-1.5e3}\n",
			     &g),
	    0);
	assert_string_equal(
	    g.text, "a.b=1;a.c.0=true;a.c.1=null;a.c.2=x;d=q\\\"};e=-1.5e3;");
	assert_int_equal(walk("{}", &g), 0);
	assert_string_equal(g.text, "");
	assert_int_equal(walk("{\"a\":{},\"b\":[]}", &g), 0);
	assert_string_equal(g.text, "");
}

static void
what_is_no_object_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {"", "1", "[]", "{", "{\"a\"",
	    "{\"a\":", "{\"a\":1", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 2}",
	    "{\"a\":[1}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{a:1}",
	    "{\"a\":\"x}", "{\"a\":\"x\\", "{} {}", "{\"a\" 1}"};
	struct got g;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (walk(bad[i], &g) != FAIL_FORMAT)
			fail_msg("%s was taken", bad[i]);
}

static void
a_text_cut_anywhere_is_refused(void **state UNUSED)
{
	static const char text[] = "{\"a\":{\"b\":[1,\"\\\\\"]},\"c\":2}";
	struct got g;

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut, text, n);
		g = (struct got){.len = 0};
		assert_int_equal(
		    flat_walk(SPAN(cut, n), on_member, &g), FAIL_FORMAT);
		free(cut);
	}
}

/* depth objects or lists in one another, in the first of all. */
static int
nested(unsigned depth, char bracket, struct got *g)
{
	char text[256] = "{\"k\":";
	size_t n = strlen(text);

	for (unsigned i = 1; i < depth; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
		    bracket == '[' ? "[" : "{\"k\":");
	n += (size_t)snprintf(text + n, sizeof(text) - n, "1");
	for (unsigned i = 1; i < depth; i++)
		text[n++] = bracket == '[' ? ']' : '}';
	text[n++] = '}';
	text[n] = '\0';
	return walk(text, g);
}

static void
depth_and_paths_are_bounded(void **state UNUSED)
{
	char text[2 * FLAT_PATH_SIZE];
	struct got g;

	assert_int_equal(nested(FLAT_DEPTH, '[', &g), 0);
	assert_int_equal(nested(FLAT_DEPTH, '{', &g), 0);
	assert_int_equal(nested(FLAT_DEPTH + 1, '[', &g), FAIL_FORMAT);
	assert_int_equal(nested(FLAT_DEPTH + 1, '{', &g), FAIL_FORMAT);
	(void)snprintf(text, sizeof(text), "{\"%0*d\":1}", FLAT_PATH_SIZE, 0);
	assert_int_equal(walk(text, &g), FAIL_FORMAT);
	(void)snprintf(
	    text, sizeof(text), "{\"%0*d\":1}", FLAT_PATH_SIZE - 8, 0);
	assert_int_equal(walk(text, &g), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_have_the_path_to_them),
	    cmocka_unit_test(what_is_no_object_is_refused),
	    cmocka_unit_test(a_text_cut_anywhere_is_refused),
	    cmocka_unit_test(depth_and_paths_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
