/* SPDX-License-Identifier: Apache-2.0 */
/* How long answers wait after failed logins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "broker/throttle.h"

static struct throttle *t;

static int
setup(void **state UNUSED)
{
	t = throttle_new();
	return t != NULL ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
	throttle_free(t);
	return 0;
}

static void
ten_failures_cost_nothing_the_next_ones_more_and_more(void **state UNUSED)
{
	uint32_t before = 0, now = 0;
	int i;

	for (i = 0; i < 10; i++)
		throttle_fail(t, "192.0.2.1", "u", 1000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000), 0);
	for (i = 0; i < 40; i++) {
		throttle_fail(t, "192.0.2.1", "u", 1000);
		now = throttle_delay(t, "192.0.2.1", 1000);
		assert_true(now > before || now == THROTTLE_MAX_MS);
		before = now;
	}
	assert_int_equal(now, THROTTLE_MAX_MS);
	assert_int_equal(throttle_delay(t, "192.0.2.2", 1000), 0);
}

static void
a_quiet_minute_and_a_half_is_forgiven(void **state UNUSED)
{
	int i;

	for (i = 0; i < 14; i++)
		throttle_fail(t, "192.0.2.1", "u", 1000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000), 2000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000 + 12000), 1000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000 + 24000), 0);
	/* Nine a minute for ever are within what is free. */
	for (i = 0; i < 100; i++) {
		throttle_fail(t, "192.0.2.3", "u", (uint64_t)i * 6700);
		assert_int_equal(
		    throttle_delay(t, "192.0.2.3", (uint64_t)i * 6700), 0);
	}
}

static void
an_address_is_the_same_however_it_is_written(void **state UNUSED)
{
	int i;

	for (i = 0; i < 12; i++) {
		throttle_fail(t, "192.0.2.1:5000", "u", 1000);
		throttle_fail(t, "[2001:db8:0:1::5]:22", "u", 1000);
	}
	assert_true(throttle_delay(t, "192.0.2.1", 1000) > 0);
	assert_true(throttle_delay(t, "[::ffff:192.0.2.1]:9", 1000) > 0);
	/* Another host of the same /64 counts as the same, of another not. */
	assert_true(throttle_delay(t, "2001:db8:0:1::77", 1000) > 0);
	assert_int_equal(throttle_delay(t, "2001:db8:0:2::5", 1000), 0);
	/* What is no address is at least no crash. */
	throttle_fail(t, "", "u", 1000);
	throttle_fail(t, "[", "u", 1000);
	throttle_fail(t,
	    "a-name-that-is-much-too-long-to-be-an-address-here"
	    "-and-goes-on",
	    "u", 1000);
}

static void
many_addresses_do_not_push_a_busy_one_out(void **state UNUSED)
{
	char text[32];
	unsigned i;

	for (i = 0; i < 20; i++)
		throttle_fail(t, "192.0.2.1", "u", 1000 + i);
	for (i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.1", i / 200, i % 200);
		throttle_fail(t, text, "u", 1000);
	}
	assert_true(throttle_delay(t, "192.0.2.1", 1100) > 0);
	/* A flood of others takes bounded room: this only has to end. */
	for (i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "11.%u.%u.%u", i >> 16,
		    i >> 8 & 255, i & 255);
		throttle_fail(t, text, "u", 2000 + i);
	}
}

static void
who_knows_goes_before_who_guesses(void **state UNUSED)
{
	const char *home = "192.0.2.1:40000", *other = "198.51.100.7";
	int i;

	assert_int_equal(throttle_class(t, home, "ana", 1000), THROTTLE_NEW);
	throttle_good(t, "192.0.2.1:41000", 1000);
	assert_int_equal(throttle_class(t, home, "ana", 2000), THROTTLE_KNOWN);
	/* A slip of the finger is forgiven to it, guessing is not. */
	throttle_fail(t, home, "ana", 2000);
	assert_int_equal(throttle_class(t, home, "ana", 2000), THROTTLE_KNOWN);
	for (i = 0; i < THROTTLE_FREE; i++)
		throttle_fail(t, home, "bob", 2000);
	assert_int_equal(
	    throttle_class(t, home, "ana", 2000), THROTTLE_FAILING);
	/* The address is not known any more after a week. */
	assert_int_equal(
	    throttle_class(t, home, "ana", 2000 + (uint64_t)THROTTLE_KNOWN_MS),
	    THROTTLE_NEW);
	/* From elsewhere one failure is enough. */
	throttle_fail(t, other, "ana", 2000);
	assert_int_equal(
	    throttle_class(t, other, "ana", 2000), THROTTLE_FAILING);
}

static void
a_user_that_others_guess_at_comes_after_the_rest(void **state UNUSED)
{
	char text[32];
	int i;

	throttle_good(t, "192.0.2.1", 1000);
	for (i = 0; i < 2 * THROTTLE_FREE; i++) {
		(void)snprintf(text, sizeof(text), "198.51.100.%d", i);
		throttle_fail(t, text, "root", 1000);
	}
	assert_int_equal(
	    throttle_class(t, "203.0.113.1", "root", 1000), THROTTLE_TARGET);
	assert_int_equal(
	    throttle_class(t, "203.0.113.1", "ana", 1000), THROTTLE_NEW);
	assert_int_equal(
	    throttle_class(t, "192.0.2.1", "root", 1000), THROTTLE_KNOWN);
	assert_int_equal(throttle_class(t, "203.0.113.1", "root",
			     1000 + 2 * THROTTLE_WINDOW_MS),
	    THROTTLE_NEW);
}

static void
who_knocks_is_known_by_his_logins_and_failures(void **state UNUSED)
{
	const uint64_t later = 1000 + THROTTLE_SUSPECT_MS;
	uint8_t a[THROTTLE_SOURCE_LEN], b[THROTTLE_SOURCE_LEN];
	int i;

	assert_int_equal(throttle_knock(t, "192.0.2.1:5", 1000), THROTTLE_NEW);
	throttle_fail(t, "192.0.2.1:6", "u", 1000);
	/* Long after the failure has stopped to cost him time. */
	assert_int_equal(
	    throttle_knock(t, "192.0.2.1:7", later - 1), THROTTLE_FAILING);
	assert_int_equal(throttle_knock(t, "192.0.2.1:8", later), THROTTLE_NEW);
	throttle_good(t, "192.0.2.1:9", 2000);
	assert_int_equal(
	    throttle_knock(t, "192.0.2.1:10", 3000), THROTTLE_KNOWN);
	/* Others fail from behind the same address: he is a stranger. */
	for (i = 0; i < 20; i++)
		throttle_fail(t, "192.0.2.1:6", "u", 3000);
	assert_int_equal(throttle_knock(t, "192.0.2.1:10", 3000), THROTTLE_NEW);
	throttle_source(a, "192.0.2.1:10");
	throttle_source(b, "[::ffff:192.0.2.1]:11");
	assert_memory_equal(a, b, sizeof(a));
	throttle_source(b, "192.0.2.2:10");
	assert_memory_not_equal(a, b, sizeof(a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		ten_failures_cost_nothing_the_next_ones_more_and_more, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_quiet_minute_and_a_half_is_forgiven, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_address_is_the_same_however_it_is_written, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		many_addresses_do_not_push_a_busy_one_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		who_knows_goes_before_who_guesses, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_user_that_others_guess_at_comes_after_the_rest, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		who_knocks_is_known_by_his_logins_and_failures, setup,
		teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
