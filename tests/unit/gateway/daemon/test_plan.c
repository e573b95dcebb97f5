/* SPDX-License-Identifier: Apache-2.0 */
/* Back-off and the number of workers: arithmetic alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cdefs.h"
#include "daemon/plan.h"

static void
the_delay_doubles_to_its_limit_and_starts_anew(void **state UNUSED)
{
	static const uint32_t want[] = {
	    100, 200, 400, 800, 1600, 3200, 5000, 5000};
	struct plan_backoff b = {0};

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(want); i++)
			assert_int_equal(
			    plan_backoff(&b,
				i == 0 ? PLAN_STABLE_MS : PLAN_STABLE_MS - 1),
			    want[i]);
	}
}

static const struct plan_limits usual = {
    .min = 2, .slots = 64, .max_sessions = 10000};

static void
the_least_number_is_always_started(void **state UNUSED)
{
	struct plan_worker w[2] = {{0}};
	struct plan_limits l = usual;

	assert_int_equal(plan_workers(&usual, NULL, 0).start, 2);
	assert_int_equal(plan_workers(&usual, w, 1).start, 1);
	assert_int_equal(plan_workers(&usual, w, 2).start, 0);
	l.min = 100;
	assert_int_equal(plan_workers(&l, NULL, 0).start, 8);
}

static void
one_more_is_started_when_free_slots_run_out(void **state UNUSED)
{
	struct plan_worker w[2] = {{.load = 56}, {.load = 56}};

	/* 16 free is what must be there; 15 is too few. */
	assert_int_equal(plan_workers(&usual, w, 2).start, 0);
	w[0].load++;
	assert_int_equal(plan_workers(&usual, w, 2).start, 1);
	/* One that says more than it can have counts as full, not as less. */
	w[0].load = UINT32_MAX;
	w[1].load = 64;
	assert_int_equal(plan_workers(&usual, w, 2).start, 1);
}

static void
with_a_process_a_session_eight_wait_for_sessions(void **state UNUSED)
{
	struct plan_limits l = {.min = 2, .slots = 1, .max_sessions = 100};
	struct plan_worker w[200] = {{0}};

	for (size_t n = 0; n < 100; n++) {
		for (size_t i = 0; i < 100; i++)
			w[i].load = i < n;
		assert_int_equal(plan_workers(&l, w, n + 3).start,
		    n + 3 < 101 ? (101 - (n + 3) < 5 ? 101 - (n + 3) : 5) : 0);
	}
}

static void
the_number_is_bounded_by_the_sessions_of_the_node(void **state UNUSED)
{
	struct plan_limits l = {.min = 1, .slots = 10, .max_sessions = 25};
	struct plan_worker w[8];

	for (size_t i = 0; i < 8; i++)
		w[i] = (struct plan_worker){.load = 10};
	assert_int_equal(plan_workers(&l, w, 3).start, 1);
	assert_int_equal(plan_workers(&l, w, 4).start, 0);
	assert_int_equal(plan_workers(&l, w, 5).start, 0);
	/* The least number wins over the bound. */
	l.min = 6;
	assert_int_equal(plan_workers(&l, w, 5).start, 1);
}

static void
a_surplus_worker_goes_after_its_time(void **state UNUSED)
{
	struct plan_worker w[3] = {
	    {.load = 1}, {.idle_ms = 100}, {.idle_ms = 59999}};
	struct plan p = plan_workers(&usual, w, 3);

	assert_false(p.drain);
	assert_int_equal(p.again_ms, 1);
	w[2].idle_ms = PLAN_IDLE_MS;
	p = plan_workers(&usual, w, 3);
	assert_true(p.drain);
	assert_int_equal(p.which, 2);
	assert_int_equal(p.start, 0);
}

static void
none_goes_below_the_least_number_or_without_room(void **state UNUSED)
{
	struct plan_worker w[3] = {{.idle_ms = 1U << 30}, {.idle_ms = 1U << 30},
	    {.idle_ms = 1U << 30}};

	assert_false(plan_workers(&usual, w, 2).drain);
	assert_int_equal(plan_workers(&usual, w, 2).again_ms, 0);
	assert_true(plan_workers(&usual, w, 3).drain);
	/* Without the idle one only 15 slots would be free. */
	w[0] = (struct plan_worker){.load = 57};
	w[1] = (struct plan_worker){.load = 56};
	assert_false(plan_workers(&usual, w, 3).drain);
	assert_int_equal(plan_workers(&usual, w, 3).again_ms, 0);
	w[0].load = 56;
	assert_true(plan_workers(&usual, w, 3).drain);
	/* Nobody is idle. */
	w[2] = (struct plan_worker){.load = 1};
	assert_false(plan_workers(&usual, w, 3).drain);
}

/* What is started now is never what is drained a minute later. */
static void
starting_and_draining_do_not_chase_each_other(void **state UNUSED)
{
	for (uint32_t load = 0; load <= 64; load++) {
		for (size_t n = 2; n < 12; n++) {
			struct plan_worker w[20] = {{0}};
			struct plan p;

			for (size_t i = 0; i < n; i++)
				w[i].load = load;
			p = plan_workers(&usual, w, n);
			if (p.start == 0)
				continue;
			for (size_t i = n; i < n + p.start; i++)
				w[i].idle_ms = PLAN_IDLE_MS;
			assert_false(
			    plan_workers(&usual, w, n + p.start).drain);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_delay_doubles_to_its_limit_and_starts_anew),
	    cmocka_unit_test(the_least_number_is_always_started),
	    cmocka_unit_test(one_more_is_started_when_free_slots_run_out),
	    cmocka_unit_test(with_a_process_a_session_eight_wait_for_sessions),
	    cmocka_unit_test(the_number_is_bounded_by_the_sessions_of_the_node),
	    cmocka_unit_test(a_surplus_worker_goes_after_its_time),
	    cmocka_unit_test(none_goes_below_the_least_number_or_without_room),
	    cmocka_unit_test(starting_and_draining_do_not_chase_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
