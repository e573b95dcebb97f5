/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounded set of objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "keeper/table.h"

enum { MANY = 5000 };

static struct table_node nodes[MANY + 1];

static void
fill(struct table *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		memset(nodes[i].id, 0, UUID_LEN);
		nodes[i].id[0] = (uint8_t)i;
		nodes[i].id[9] = (uint8_t)(i >> 8);
		assert_int_equal(table_insert(t, &nodes[i]), 0);
	}
}

static void
what_is_put_is_found_until_it_is_removed(void **state)
{
	struct table t;
	size_t i;

	(void)state;
	assert_int_equal(table_init(&t, MANY), 0);
	fill(&t, MANY);
	assert_int_equal(t.n, MANY);
	for (i = 0; i < MANY; i++)
		assert_ptr_equal(table_find(&t, nodes[i].id), &nodes[i]);
	for (i = 0; i < MANY; i += 2)
		table_remove(&t, &nodes[i]);
	assert_int_equal(t.n, MANY / 2);
	for (i = 0; i < MANY; i++)
		assert_ptr_equal(
		    table_find(&t, nodes[i].id), i % 2 == 0 ? NULL : &nodes[i]);
	table_fini(&t);
}

static void
an_id_is_there_once(void **state)
{
	struct table_node twin;
	struct table t;

	(void)state;
	assert_int_equal(table_init(&t, 8), 0);
	fill(&t, 1);
	twin = nodes[0];
	assert_int_equal(table_insert(&t, &twin), FAIL_EXISTS);
	assert_int_equal(t.n, 1);
	table_fini(&t);
}

static void
the_number_is_bounded(void **state)
{
	struct table t;

	(void)state;
	assert_int_equal(table_init(&t, 100), 0);
	fill(&t, 100);
	memset(nodes[100].id, 0xff, UUID_LEN);
	assert_int_equal(table_insert(&t, &nodes[100]), FAIL_FULL);
	table_remove(&t, &nodes[3]);
	assert_int_equal(table_insert(&t, &nodes[100]), 0);
	table_fini(&t);
}

struct walk {
	struct table *t;
	size_t seen;
};

static void
take_odd(struct table_node *n, void *ctx)
{
	struct walk *w = ctx;

	w->seen++;
	if (n->id[0] % 2 == 0)
		return;
	table_remove(w->t, n);
	memset(n, 0xff, sizeof(*n)); /* as good as freed */
}

static void
each_shows_all_and_bears_removal(void **state)
{
	struct table t;
	struct walk w = {.t = &t};
	size_t i;

	(void)state;
	assert_int_equal(table_init(&t, 200), 0);
	fill(&t, 200);
	table_each(&t, take_odd, &w);
	assert_int_equal(w.seen, 200);
	assert_int_equal(t.n, 100);
	for (i = 0; i < 200; i += 2)
		assert_ptr_equal(table_find(&t, nodes[i].id), &nodes[i]);
	table_each(&t, take_odd, &w);
	assert_int_equal(w.seen, 300);
	for (i = 0; i < 200; i += 2)
		table_remove(&t, &nodes[i]);
	table_each(&t, take_odd, &w);
	assert_int_equal(w.seen, 300);
	table_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_found_until_it_is_removed),
	    cmocka_unit_test(an_id_is_there_once),
	    cmocka_unit_test(the_number_is_bounded),
	    cmocka_unit_test(each_shows_all_and_bears_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
