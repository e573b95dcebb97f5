/* SPDX-License-Identifier: Apache-2.0 */
/* The table of channels. */
#include "../wire.h"
#include "ssh/channels/channel.h"

static void
the_lowest_free_slot_is_taken(void **state UNUSED)
{
	struct channel_table t = {.max = 100};
	struct channel *ch, *third = NULL;

	for (uint32_t i = 0; i < 50; i++) {
		assert_int_equal(channel_add(&t, &ch), 0);
		assert_int_equal(ch->slot, i);
		assert_ptr_equal(channel_get(&t, i), ch);
		if (i == 3)
			third = ch;
	}
	assert_null(channel_get(&t, 50));
	assert_null(channel_get(&t, UINT32_MAX));
	channel_remove(&t, third);
	assert_null(channel_get(&t, 3));
	assert_int_equal(t.n, 49);
	assert_int_equal(channel_add(&t, &ch), 0);
	assert_int_equal(ch->slot, 3);
	channel_table_fini(&t);
}

static void
the_bound_is_exact(void **state UNUSED)
{
	struct channel_table t = {.max = 5};
	struct channel *ch;

	for (int i = 0; i < 5; i++)
		assert_int_equal(channel_add(&t, &ch), 0);
	assert_int_equal(channel_add(&t, &ch), FAIL_FULL);
	channel_remove(&t, ch);
	assert_int_equal(channel_add_at(&t, 5, &ch), FAIL_FULL);
	assert_int_equal(channel_add_at(&t, 3, &ch), FAIL_EXISTS);
	assert_int_equal(channel_add_at(&t, 4, &ch), 0);
	channel_table_fini(&t);
}

static void
numbers_of_a_leg_are_found(void **state UNUSED)
{
	struct channel_table t = {.max = 5};
	struct channel *ch;

	assert_int_equal(channel_add(&t, &ch), 0);
	ch->to[LEG_USER].id = 7;
	assert_true(channel_id_used(&t, LEG_USER, 7));
	assert_false(channel_id_used(&t, LEG_USER, 8));
	/* The target has none before it confirms. */
	assert_false(channel_id_used(&t, LEG_TARGET, 0));
	ch->info.open = true;
	assert_true(channel_id_used(&t, LEG_TARGET, 0));
	channel_table_fini(&t);
}

static void
data_flows_while_a_half_is_open(void **state UNUSED)
{
	struct channel ch = {0};

	channel_update(&ch);
	assert_false(ch.to[LEG_USER].flows);
	ch.info.open = true;
	channel_update(&ch);
	assert_true(ch.to[LEG_USER].flows && ch.to[LEG_TARGET].flows);
	ch.to[LEG_TARGET].eof = true;
	channel_update(&ch);
	assert_true(ch.to[LEG_USER].flows && !ch.to[LEG_TARGET].flows);
	ch.closed[LEG_TARGET] = true;
	channel_update(&ch);
	assert_false(ch.to[LEG_USER].flows || ch.to[LEG_TARGET].flows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_lowest_free_slot_is_taken),
	    cmocka_unit_test(the_bound_is_exact),
	    cmocka_unit_test(numbers_of_a_leg_are_found),
	    cmocka_unit_test(data_flows_while_a_half_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
