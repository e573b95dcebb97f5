/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of unanswered requests. */
#include "../wire.h"
#include "base/fail.h"
#include "ssh/channels/pending.h"

static void
what_was_asked_first_is_answered_first(void **state UNUSED)
{
	struct pending q = {0};
	unsigned in = 0, out = 0;

	assert_int_equal(pending_head(&q), PENDING_NONE);
	for (int i = 0; i < 1000; i++) {
		for (int k = 0; k < 3; k++)
			assert_int_equal(pending_push(&q, 1 + in++ % 5), 0);
		for (int k = 0; k < 3; k++) {
			assert_int_equal(pending_head(&q), 1 + out++ % 5);
			pending_pop(&q);
		}
		if (i % 20 == 0)
			assert_int_equal(pending_push(&q, 1 + in++ % 5), 0);
	}
	while (pending_head(&q) != PENDING_NONE) {
		assert_int_equal(pending_head(&q), 1 + out++ % 5);
		pending_pop(&q);
	}
	assert_int_equal(in, out);
	pending_fini(&q);
}

static void
the_bound_is_exact(void **state UNUSED)
{
	struct pending q = {0};

	for (int i = 0; i < PENDING_MAX; i++)
		assert_int_equal(pending_push(&q, PENDING_OK), 0);
	assert_int_equal(pending_push(&q, PENDING_OK), FAIL_FULL);
	pending_pop(&q);
	assert_int_equal(pending_push(&q, PENDING_FAIL), 0);
	pending_fini(&q);
}

static void
it_survives_the_hand_over(void **state UNUSED)
{
	struct pending q = {0}, p = {0};
	struct span s;
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 20; i++)
		assert_int_equal(pending_push(&q, 1 + i % 5), 0);
	assert_int_equal(pending_export(&q, &b), 0);
	s = buf_span(&b);
	assert_int_equal(pending_import(&p, &s), 0);
	assert_int_equal(s.len, 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pending_head(&p), 1 + i % 5);
		pending_pop(&p);
	}
	pending_fini(&p);
	wire_poke(&b, 4 + 7, PENDING_KIND_COUNT);
	s = buf_span(&b);
	assert_int_equal(pending_import(&p, &s), FAIL_FORMAT);
	pending_fini(&p);
	pending_fini(&q);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_asked_first_is_answered_first),
	    cmocka_unit_test(the_bound_is_exact),
	    cmocka_unit_test(it_survives_the_hand_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
