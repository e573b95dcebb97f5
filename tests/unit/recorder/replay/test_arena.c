/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that can be taken back in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/arena.h"

static void
what_is_got_is_zero_aligned_and_its_own(void **state)
{
	struct arena *a = arena_new(1 << 20);
	uint8_t *p, *q;
	size_t i;

	(void)state;
	assert_non_null(a);
	p = arena_get(a, 100);
	q = arena_get(a, 1);
	assert_non_null(p);
	assert_non_null(q);
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_int_equal((uintptr_t)q % 16, 0);
	assert_true(q >= p + 100);
	for (i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	memset(p, 0xff, 100);
	arena_put(a, p);
	p = arena_get(a, 50);
	for (i = 0; i < 50; i++)
		assert_int_equal(p[i], 0);
	arena_put(a, NULL);
	arena_free(a);
	arena_free(NULL);
}

static void
what_was_put_back_is_used_again_and_joined(void **state)
{
	struct arena *a = arena_new(1 << 20);
	void *p[10], *big;
	size_t i, top;

	(void)state;
	for (i = 0; i < 10; i++)
		p[i] = arena_get(a, 1000);
	top = arena_image(a).len;
	for (i = 0; i < 9; i++)
		arena_put(a, p[i]);
	big = arena_get(a, 9000);
	assert_ptr_equal(big, p[0]);
	assert_int_equal(arena_image(a).len, top);
	arena_put(a, big);
	arena_put(a, p[9]);
	assert_non_null(arena_get(a, (1 << 20) - 64));
	arena_free(a);
}

static void
it_is_bounded(void **state)
{
	struct arena *a = arena_new(8192);

	(void)state;
	assert_null(arena_get(a, 8193));
	assert_null(arena_get(a, 8192));
	assert_null(arena_get(a, SIZE_MAX));
	assert_non_null(arena_get(a, 8000));
	assert_null(arena_get(a, 8000));
	arena_reset(a);
	assert_non_null(arena_get(a, 8000));
	arena_free(a);
}

static void
an_image_put_back_has_every_pointer_true(void **state)
{
	struct node {
		struct node *next;
		int v;
	} * first, *n;
	struct arena *a = arena_new(1 << 20);
	uint8_t *copy;
	struct span s;
	size_t len;
	int i;

	(void)state;
	first = arena_get(a, sizeof(*first));
	for (n = first, i = 1; i < 100; i++) {
		n->next = arena_get(a, sizeof(*n));
		n = n->next;
		n->v = i;
	}
	s = arena_image(a);
	len = s.len;
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, s.p, len);
	for (n = first; n != NULL; n = n->next)
		n->v = -1;
	arena_put(a, first->next);
	assert_non_null(arena_get(a, 5000));
	assert_int_equal(arena_restore(a, SPAN(copy, len)), 0);
	for (n = first, i = 0; n != NULL; n = n->next)
		assert_int_equal(n->v, i++);
	assert_int_equal(i, 100);
	assert_int_equal(
	    arena_restore(a, SPAN(copy, (size_t)2 << 20)), FAIL_RANGE);
	free(copy);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_got_is_zero_aligned_and_its_own),
	    cmocka_unit_test(what_was_put_back_is_used_again_and_joined),
	    cmocka_unit_test(it_is_bounded),
	    cmocka_unit_test(an_image_put_back_has_every_pointer_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
