/* SPDX-License-Identifier: Apache-2.0 */
/* Deferred calls: order, once, forgotten, and those added while running. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/defer.h"

static struct defer queue;
static int made[4096];
static size_t n_made;
static int numbers[4096];

static void
note(void *ctx)
{
	made[n_made++] = *(int *)ctx;
}

static void
note_and_again(void *ctx)
{
	note(ctx);
	assert_int_equal(defer_add(&queue, note_and_again, ctx), 0);
}

static void
note_and_forget_next(void *ctx)
{
	note(ctx);
	defer_remove(&queue, (int *)ctx + 1);
}

static void
add_many(void *ctx)
{
	note(ctx);
	for (int i = 100; i < 1000; i++)
		assert_int_equal(defer_add(&queue, note, &numbers[i]), 0);
}

static int
setup(void **state UNUSED)
{
	for (int i = 0; i < 4096; i++)
		numbers[i] = i;
	n_made = 0;
	defer_init(&queue);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	defer_fini(&queue);
	return 0;
}

static void
calls_are_made_once_in_order(void **state UNUSED)
{
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 4096; i++)
			assert_int_equal(
			    defer_add(&queue, note, &numbers[i]), 0);
	defer_run(&queue);
	assert_int_equal(n_made, 4096);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(made[i], i);
	assert_false(defer_waiting(&queue));
	defer_run(&queue);
	assert_int_equal(n_made, 4096);
}

static void
all_calls_of_a_context_are_forgotten(void **state UNUSED)
{
	assert_int_equal(defer_add(&queue, note, &numbers[1]), 0);
	assert_int_equal(defer_add(&queue, note_and_again, &numbers[1]), 0);
	assert_int_equal(defer_add(&queue, note, &numbers[2]), 0);
	defer_remove(&queue, &numbers[1]);
	defer_run(&queue);
	assert_int_equal(n_made, 1);
	assert_int_equal(made[0], 2);
}

static void
one_added_while_running_waits_for_the_next_run(void **state UNUSED)
{
	assert_int_equal(defer_add(&queue, note_and_again, &numbers[5]), 0);
	for (int i = 1; i <= 10; i++) {
		defer_run(&queue);
		assert_int_equal(n_made, i);
		assert_true(defer_waiting(&queue));
	}
}

static void
one_forgotten_while_running_is_not_made(void **state UNUSED)
{
	assert_int_equal(
	    defer_add(&queue, note_and_forget_next, &numbers[7]), 0);
	assert_int_equal(defer_add(&queue, note, &numbers[8]), 0);
	assert_int_equal(defer_add(&queue, note, &numbers[9]), 0);
	defer_run(&queue);
	assert_int_equal(n_made, 2);
	assert_int_equal(made[1], 9);
}

static void
the_list_may_grow_while_running(void **state UNUSED)
{
	assert_int_equal(defer_add(&queue, add_many, &numbers[0]), 0);
	assert_int_equal(defer_add(&queue, note, &numbers[1]), 0);
	defer_run(&queue);
	assert_int_equal(n_made, 2);
	defer_run(&queue);
	assert_int_equal(n_made, 902);
	assert_int_equal(made[901], 999);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		calls_are_made_once_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		all_calls_of_a_context_are_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		one_added_while_running_waits_for_the_next_run, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		one_forgotten_while_running_is_not_made, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_list_may_grow_while_running, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
