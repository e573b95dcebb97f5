/* SPDX-License-Identifier: Apache-2.0 */
/* A text that appears on a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/hits.h"

static struct screen *s;
static struct hits *h;

static void
feed(const char *text)
{
	assert_int_equal(screen_feed(s, SPAN(text, strlen(text))), 0);
}

static void
start(const char *before, const char *text)
{
	assert_int_equal(
	    screen_new(&s, &(struct screen_opts){.cols = 20, .rows = 4}), 0);
	feed(before);
	assert_int_equal(hits_new(&h, s, text), 0);
}

static void
finish(void)
{
	hits_free(h);
	screen_free(s);
}

static void
what_appears_is_found_once(void **state)
{
	(void)state;
	start("needle\r\n", "needle");
	assert_false(hits_more(h));
	feed("hay\r\n");
	assert_false(hits_more(h));
	feed("a needle");
	assert_true(hits_more(h));
	assert_false(hits_more(h));
	feed(" more");
	assert_false(hits_more(h));
	feed(" needle");
	assert_true(hits_more(h));
	finish();
}

static void
what_only_scrolls_is_not_found_again(void **state)
{
	unsigned i;

	(void)state;
	start("", "x1");
	feed("x1\r\n");
	assert_true(hits_more(h));
	for (i = 0; i < 10; i++) {
		feed("\r\nline");
		assert_false(hits_more(h));
	}
	feed("\r\nx1");
	assert_true(hits_more(h));
	finish();
}

static void
what_scrolls_through_at_once_is_found(void **state)
{
	(void)state;
	start("", "x1");
	feed("x1\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n");
	assert_true(hits_more(h));
	finish();
}

static void
what_was_wiped_is_found_when_it_comes_again(void **state)
{
	(void)state;
	start("x1", "x1");
	feed("\033[2J");
	assert_false(hits_more(h));
	feed("\033[Hx1");
	assert_true(hits_more(h));
	finish();
}

static void
a_text_across_the_margin_is_found(void **state)
{
	(void)state;
	start("", "needle");
	feed("0123456789012345nee");
	assert_false(hits_more(h));
	feed("dle");
	assert_true(hits_more(h));
	/* Also when its begin has left the screen already. */
	feed("\033[2J\033[H\r\n\n\n0123456789012345nee");
	assert_false(hits_more(h));
	feed("dle0123456789012345678901234567890123456789012345678901234567890"
	     "12345678901234567890");
	assert_true(hits_more(h));
	finish();
}

static void
small_letters_match_capitals_but_not_the_reverse(void **state)
{
	(void)state;
	start("", "error");
	feed("ERROR");
	assert_true(hits_more(h));
	finish();
	start("", "Error");
	feed("ERROR error");
	assert_false(hits_more(h));
	feed(" Error");
	assert_true(hits_more(h));
	finish();
	start("", "");
	feed("anything");
	assert_false(hits_more(h));
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_appears_is_found_once),
	    cmocka_unit_test(what_only_scrolls_is_not_found_again),
	    cmocka_unit_test(what_scrolls_through_at_once_is_found),
	    cmocka_unit_test(what_was_wiped_is_found_when_it_comes_again),
	    cmocka_unit_test(a_text_across_the_margin_is_found),
	    cmocka_unit_test(small_letters_match_capitals_but_not_the_reverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
