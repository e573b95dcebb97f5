/* SPDX-License-Identifier: Apache-2.0 */
/* Images of some moments, in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/replay/shots.h"

static uint8_t *noise;

static void
add(struct shots *s, uint64_t n, size_t len)
{
	memcpy(noise, &n, sizeof(n));
	if (shots_want(s, n * 10, n * SHOTS_WORK))
		assert_int_equal(
		    shots_add(s, n * 10, n * SHOTS_WORK, SPAN(noise, len)), 0);
}

static void
the_last_one_before_a_time_comes_back(void **state)
{
	struct shots s;
	struct buf b;
	uint64_t n;

	(void)state;
	noise = calloc(1, 1000);
	assert_non_null(noise);
	buf_init(&b, 1 << 20);
	shots_init(&s);
	assert_null(shots_find(&s, UINT64_MAX));
	assert_false(shots_want(&s, 5, SHOTS_WORK - 1));
	for (n = 1; n <= 20; n++)
		add(&s, n, 1000);
	assert_null(shots_find(&s, 9));
	assert_int_equal(shots_find(&s, 10)->t_us, 10);
	assert_int_equal(shots_find(&s, 59)->t_us, 50);
	assert_int_equal(shots_open(shots_find(&s, 59), &b), 0);
	assert_int_equal(buf_len(&b), 1000);
	memcpy(&n, buf_head(&b), sizeof(n));
	assert_int_equal(n, 5);
	/* What is there already is not wanted again. */
	assert_false(shots_want(&s, 50, 5 * SHOTS_WORK));
	assert_false(shots_want(&s, 55, 5 * SHOTS_WORK + 1));
	shots_fini(&s);
	buf_fini(&b);
	free(noise);
}

static void
any_number_of_them_stays_within_bounds(void **state)
{
	struct shots s;
	uint64_t n;

	(void)state;
	noise = calloc(1, 1 << 20);
	assert_non_null(noise);
	random_bytes(noise, 1 << 20);
	shots_init(&s);
	for (n = 1; n <= 20000; n++) {
		add(&s, n, n < 19000 ? 100 : 1 << 20);
		assert_true(s.n <= SHOTS_MAX && s.bytes <= SHOTS_BYTES);
	}
	assert_true(s.n >= 4);
	assert_true(s.every > SHOTS_WORK);
	assert_true(shots_find(&s, UINT64_MAX)->t_us > 15000);
	for (n = 1; n < s.n; n++)
		assert_true(s.tab[n].t_us > s.tab[n - 1].t_us &&
			    s.tab[n].work > s.tab[n - 1].work);
	shots_fini(&s);
	free(noise);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_one_before_a_time_comes_back),
	    cmocka_unit_test(any_number_of_them_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
