/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded time against real time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/pace.h"

enum { S = 1000000 };
static const uint64_t NS = 1000000000;

static struct pace
start(uint64_t speed_milli, uint64_t max_idle_us)
{
	struct pace p;

	pace_init(&p, speed_milli, max_idle_us, 0, 100 * NS);
	return p;
}

static void
time_goes_on_at_its_speed(void **state)
{
	struct pace p = start(1000, 0), twice = start(2000, 0);

	(void)state;
	assert_int_equal(pace_at(&p, 50 * S, 103 * NS), 3 * S);
	assert_int_equal(pace_at(&twice, 50 * S, 103 * NS), 6 * S);
	assert_int_equal(pace_at(&p, 2 * S, 103 * NS), 2 * S);
	assert_int_equal(pace_at(&p, 50 * S, 0), 0);
	assert_int_equal(pace_wait(&p, 0, 3 * S, 103 * NS), 0);
	assert_int_equal(pace_wait(&p, 0, 4 * S, 103 * NS), NS + 1);
	assert_int_equal(pace_wait(&twice, 0, 7 * S, 103 * NS), NS / 2 + 1);
}

static void
pauses_are_shortened(void **state)
{
	struct pace p = start(1000, 2 * S);

	(void)state;
	assert_int_equal(pace_wait(&p, 0, 60 * S, 100 * NS), 2 * NS + 1);
	assert_int_equal(pace_at(&p, 60 * S, 100 * NS), 58 * S);
	/* And only once. */
	assert_int_equal(pace_wait(&p, 0, 60 * S, 101 * NS), NS + 1);
	assert_int_equal(pace_wait(&p, 0, 60 * S, 102 * NS), 0);
	pace_to(&p, 60 * S, 102 * NS);
	assert_int_equal(pace_wait(&p, 60 * S, 61 * S, 102 * NS), NS + 1);
}

static void
a_pause_stops_time_until_it_goes_on(void **state)
{
	struct pace p = start(1000, 0);

	(void)state;
	pace_pause(&p, true, 50 * S, 103 * NS);
	assert_int_equal(pace_at(&p, 50 * S, 200 * NS), 3 * S);
	assert_int_equal(pace_wait(&p, 0, 1, 200 * NS), UINT64_MAX);
	pace_pause(&p, false, 50 * S, 200 * NS);
	assert_int_equal(pace_at(&p, 50 * S, 201 * NS), 4 * S);
}

static void
speed_is_doubled_and_halved_within_bounds(void **state)
{
	struct pace p = start(1000, 0);
	unsigned i;

	(void)state;
	pace_faster(&p, true, 50 * S, 102 * NS);
	assert_int_equal(p.speed_milli, 2000);
	assert_int_equal(pace_at(&p, 50 * S, 102 * NS), 2 * S);
	for (i = 0; i < 100; i++)
		pace_faster(&p, true, 50 * S, 102 * NS);
	assert_true(p.speed_milli <= PACE_SPEED_MAX);
	for (i = 0; i < 100; i++)
		pace_faster(&p, false, 50 * S, 102 * NS);
	assert_true(p.speed_milli >= PACE_SPEED_MIN);
}

static void
absurd_times_do_not_run_over(void **state)
{
	struct pace p = start(PACE_SPEED_MAX, 0);

	(void)state;
	pace_to(&p, UINT64_MAX - 5, 0);
	assert_int_equal(pace_at(&p, UINT64_MAX, UINT64_MAX / 2), UINT64_MAX);
	pace_to(&p, 0, 0);
	assert_true(pace_wait(&p, 0, INT64_MAX, 1) > NS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(time_goes_on_at_its_speed),
	    cmocka_unit_test(pauses_are_shortened),
	    cmocka_unit_test(a_pause_stops_time_until_it_goes_on),
	    cmocka_unit_test(speed_is_doubled_and_halved_within_bounds),
	    cmocka_unit_test(absurd_times_do_not_run_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
