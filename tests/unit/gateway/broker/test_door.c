/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in to log in when more come than can be served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/door.h"

static struct door *d;

static int
setup(void **state UNUSED)
{
	d = door_new();
	return d != NULL ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
	door_free(d);
	return 0;
}

/* Source number n. */
static const uint8_t *
source(unsigned n)
{
	static uint8_t key[THROTTLE_SOURCE_LEN];

	memset(key, 0, sizeof(key));
	memcpy(key, &n, sizeof(n));
	return key;
}

static bool
comes(unsigned n, enum throttle_class class, uint32_t chance)
{
	return door_ask(d, source(n), class, chance);
}

/* n sources, one of each, numbered from `from`. */
static void
crowd(unsigned from, unsigned n, enum throttle_class class)
{
	for (unsigned i = 0; i < n; i++)
		assert_true(comes(from + i, class, 0));
}

static void
as_long_as_there_is_room_all_are_let_in(void **state UNUSED)
{
	crowd(0, DOOR_FREE / 2, THROTTLE_NEW);
	crowd(1000, DOOR_FREE / 2, THROTTLE_FAILING);
	assert_int_equal(door_inside(d), DOOR_FREE);
}

static void
in_a_crowd_who_fails_is_refused_and_who_is_known_is_not(void **state UNUSED)
{
	crowd(0, DOOR_FREE, THROTTLE_NEW);
	assert_false(comes(5000, THROTTLE_FAILING, UINT32_MAX));
	for (unsigned i = 0; i < 10 * DOOR_FULL; i++)
		assert_true(comes(6000, THROTTLE_KNOWN, 0));
	assert_false(comes(7000, THROTTLE_NEW, 0));
	assert_false(comes(7000, THROTTLE_NEW, DOOR_FULL - DOOR_FREE - 1));
}

static void
the_more_are_inside_the_fewer_strangers_are_let_in(void **state UNUSED)
{
	const unsigned range = DOOR_FULL - DOOR_FREE;
	unsigned in;

	for (unsigned step = 0; step <= 4; step++) {
		unsigned want = DOOR_FREE + range * step / 4;

		while (door_inside(d) < want)
			assert_true(comes(door_inside(d), THROTTLE_KNOWN, 0));
		in = 0;
		for (uint32_t chance = 0; chance < range; chance++) {
			if (!comes(9000 + chance, THROTTLE_NEW, chance))
				continue;
			in++;
			door_left(d, source(9000 + chance));
		}
		assert_int_equal(in, range - range * step / 4);
	}
}

static void
one_source_alone_does_not_fill_the_room(void **state UNUSED)
{
	for (unsigned i = 0; i < DOOR_SUSPECT; i++)
		assert_true(comes(1, THROTTLE_FAILING, UINT32_MAX));
	assert_false(comes(1, THROTTLE_FAILING, UINT32_MAX));
	for (unsigned i = 0; i < DOOR_SOURCE - DOOR_SUSPECT; i++)
		assert_true(comes(1, THROTTLE_NEW, UINT32_MAX));
	assert_false(comes(1, THROTTLE_NEW, UINT32_MAX));
	assert_true(comes(1, THROTTLE_KNOWN, 0));
}

static void
who_leaves_makes_room(void **state UNUSED)
{
	crowd(0, DOOR_FREE, THROTTLE_NEW);
	assert_false(comes(5000, THROTTLE_FAILING, 0));
	door_left(d, source(3));
	assert_true(comes(5000, THROTTLE_FAILING, 0));
	door_left(d, source(5000));
	for (unsigned i = 0; i < DOOR_FREE; i++)
		if (i != 3)
			door_left(d, source(i));
	assert_int_equal(door_inside(d), 0);
	/* Nobody of that source is there: nothing is counted off. */
	door_left(d, source(3));
	assert_int_equal(door_inside(d), 0);
}

int
main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(as_long_as_there_is_room_all_are_let_in),
	    T(in_a_crowd_who_fails_is_refused_and_who_is_known_is_not),
	    T(the_more_are_inside_the_fewer_strangers_are_let_in),
	    T(one_source_alone_does_not_fill_the_room),
	    T(who_leaves_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
