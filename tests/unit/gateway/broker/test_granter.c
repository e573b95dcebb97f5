/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes while batches are busy goes together, one that cannot be stored
 * refuses nobody else, and everybody is answered once.  The database is played
 * by query_grants() and db_away(), which are wrapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/loop.h"
#include "broker/granter.h"

#include "await.h"

enum { MANY = 300, BAD_WORKER = 13 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t go;
	bool held; /* those that are stored wait */
	size_t calls, most, stored;
	bool away;
} server = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0, 0, false};

int __wrap_query_grants(struct db *db, const struct query_grant *const *g,
    size_t n, struct fail *f);
bool __wrap_db_away(const struct db *db);

int
__wrap_query_grants(struct db *db UNUSED, const struct query_grant *const *g,
    size_t n, struct fail *f)
{
	int r = 0;

	pthread_mutex_lock(&server.lock);
	server.calls++;
	while (server.held)
		pthread_cond_wait(&server.go, &server.lock);
	if (n > server.most)
		server.most = n;
	for (size_t i = 0; i < n; i++)
		if (g[i]->worker == BAD_WORKER)
			r = fail_set(f, FAIL_RANGE, "bad row");
	if (server.away)
		r = fail_set(f, FAIL_SQL, "gone");
	if (r == 0)
		server.stored += n;
	pthread_mutex_unlock(&server.lock);
	return r;
}

bool
__wrap_db_away(const struct db *db UNUSED)
{
	return server.away;
}

struct asked {
	struct query_grant rows;
	int r;
	bool away;
	unsigned answers;
	char why[64];
};

static unsigned answers;

static void
on_done(void *ctx, int r, const struct fail *f, bool away)
{
	struct asked *a = ctx;

	a->r = r;
	a->away = away;
	a->answers++;
	(void)snprintf(a->why, sizeof(a->why), "%.60s", f->why);
	answers++;
}

struct scene {
	struct loop *loop;
	struct db_opts opts;
	struct pool *pool;
	struct granter *g;
	struct asked asked[MANY];
};

static int
set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct pool_opts o;

	assert_non_null(s);
	s->loop = loop_new();
	o = (struct pool_opts){.db = &s->opts, .threads = 4, .max_jobs = 100};
	s->pool = pool_new(s->loop, &o);
	s->g = granter_new(s->pool);
	assert_non_null(s->g);
	server.held = server.away = false;
	server.calls = server.most = server.stored = 0;
	answers = 0;
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	pool_free(s->pool);
	granter_free(s->g);
	loop_free(s->loop);
	free(s);
	return 0;
}

static void
hold(bool on)
{
	pthread_mutex_lock(&server.lock);
	server.held = on;
	pthread_cond_broadcast(&server.go);
	pthread_mutex_unlock(&server.lock);
}

/* The first n of them. */
static void
ask(struct scene *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    granter_add(s->g, &s->asked[i].rows, on_done, &s->asked[i]),
		    0);
}

static void
one_alone_waits_for_nobody(void **state)
{
	struct scene *s = *state;

	ask(s, 1);
	await_count(s->loop, &answers, 1);
	assert_int_equal(s->asked[0].r, 0);
	assert_int_equal(server.calls, 1);
	assert_int_equal(server.stored, 1);
}

static void
many_go_together(void **state)
{
	struct scene *s = *state;

	hold(true);
	ask(s, MANY);
	hold(false);
	await_count(s->loop, &answers, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(s->asked[i].r, 0);
		assert_int_equal(s->asked[i].answers, 1);
	}
	assert_int_equal(server.stored, MANY);
	assert_int_equal(server.most, QUERY_GRANTS);
	assert_true(
	    server.calls <= 2 + (MANY + QUERY_GRANTS - 1) / QUERY_GRANTS);
}

static void
a_bad_one_refuses_nobody_else(void **state)
{
	struct scene *s = *state;

	hold(true);
	s->asked[21].rows.worker = BAD_WORKER;
	ask(s, 40);
	hold(false);
	await_count(s->loop, &answers, 40);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(s->asked[i].r, i == 21 ? FAIL_RANGE : 0);
	assert_string_equal(s->asked[21].why, "bad row");
	assert_int_equal(server.stored, 39);
}

static void
a_database_that_is_away_is_told_to_all(void **state)
{
	struct scene *s = *state;

	server.away = true;
	ask(s, 10);
	await_count(s->loop, &answers, 10);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(s->asked[i].r, FAIL_SQL);
		assert_true(s->asked[i].away);
	}
}

static void
those_that_wait_are_answered_at_the_end(void **state)
{
	struct scene *s = *state;

	hold(true);
	ask(s, MANY);
	hold(false);
	pool_free(s->pool);
	s->pool = NULL;
	granter_free(s->g);
	s->g = NULL;
	assert_int_equal(answers, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(s->asked[i].answers, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		one_alone_waits_for_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		many_go_together, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_bad_one_refuses_nobody_else, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_database_that_is_away_is_told_to_all, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		those_that_wait_are_answered_at_the_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
