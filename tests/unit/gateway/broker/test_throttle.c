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
		throttle_fail(t, "192.0.2.1", 1000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000), 0);
	for (i = 0; i < 40; i++) {
		throttle_fail(t, "192.0.2.1", 1000);
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
		throttle_fail(t, "192.0.2.1", 1000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000), 2000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000 + 12000), 1000);
	assert_int_equal(throttle_delay(t, "192.0.2.1", 1000 + 24000), 0);
	/* Nine a minute for ever are within what is free. */
	for (i = 0; i < 100; i++) {
		throttle_fail(t, "192.0.2.3", (uint64_t)i * 6700);
		assert_int_equal(
		    throttle_delay(t, "192.0.2.3", (uint64_t)i * 6700), 0);
	}
}

static void
an_address_is_the_same_however_it_is_written(void **state UNUSED)
{
	int i;

	for (i = 0; i < 12; i++) {
		throttle_fail(t, "192.0.2.1:5000", 1000);
		throttle_fail(t, "[2001:db8:0:1::5]:22", 1000);
	}
	assert_true(throttle_delay(t, "192.0.2.1", 1000) > 0);
	assert_true(throttle_delay(t, "[::ffff:192.0.2.1]:9", 1000) > 0);
	/* Another host of the same /64 counts as the same, of another not. */
	assert_true(throttle_delay(t, "2001:db8:0:1::77", 1000) > 0);
	assert_int_equal(throttle_delay(t, "2001:db8:0:2::5", 1000), 0);
	/* What is no address is at least no crash. */
	throttle_fail(t, "", 1000);
	throttle_fail(t, "[", 1000);
	throttle_fail(t,
	    "a-name-that-is-much-too-long-to-be-an-address-here"
	    "-and-goes-on",
	    1000);
}

static void
many_addresses_do_not_push_a_busy_one_out(void **state UNUSED)
{
	char text[32];
	unsigned i;

	for (i = 0; i < 20; i++)
		throttle_fail(t, "192.0.2.1", 1000 + i);
	for (i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.1", i / 200, i % 200);
		throttle_fail(t, text, 1000);
	}
	assert_true(throttle_delay(t, "192.0.2.1", 1100) > 0);
	/* A flood of others takes bounded room: this only has to end. */
	for (i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "11.%u.%u.%u", i >> 16,
		    i >> 8 & 255, i & 255);
		throttle_fail(t, text, 2000 + i);
	}
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
