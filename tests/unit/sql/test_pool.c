/* SPDX-License-Identifier: Apache-2.0 */
/* Database work beside an event loop. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sql/pool.h"

#include "server.h"

struct job {
	unsigned ms;
	pthread_t thread;
	int r;
	bool away;
	bool done;
};

static unsigned answered;

static int
work(struct db *db, void *ctx, struct fail *f)
{
	struct job *j = ctx;

	j->thread = pthread_self();
	usleep(j->ms * 1000);
	return db_exec(db, DB_STMT0("DO 1"), NULL, f);
}

static void
done(void *ctx, int r, const struct fail *f, bool away)
{
	struct job *j = ctx;

	assert_false(j->done);
	assert_true(r == 0 || f->why[0]);
	j->done = true;
	j->r = r;
	j->away = away;
	answered++;
}

static void
wait_answers(struct loop *l, unsigned n)
{
	uint64_t end = mono_ns() + UINT64_C(20000000000);

	while (answered < n && mono_ns() < end)
		assert_int_equal(loop_once(l, 100), 0);
	assert_int_equal(answered, n);
}

static struct pool *
make(struct loop *l, struct server *s, unsigned threads, size_t max)
{
	struct pool *p;

	answered = 0;
	p = pool_new(l, &(struct pool_opts){
			    .db = &s->opts,
			    .threads = threads,
			    .max_jobs = max,
			});
	assert_non_null(p);
	return p;
}

static void
jobs_run_in_threads_and_are_answered_in_the_loop(void **state)
{
	struct loop *l = loop_new();
	struct pool *p = make(l, *state, 3, 100);
	struct job jobs[50] = {{0}};

	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(pool_post(p, work, done, &jobs[i]), 0);
	assert_int_equal(pool_jobs(p), 50);
	wait_answers(l, 50);
	assert_int_equal(pool_jobs(p), 0);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(jobs[i].r, 0);
		assert_false(pthread_equal(jobs[i].thread, pthread_self()));
	}
	pool_free(p);
	loop_free(l);
}

static void
jobs_run_side_by_side(void **state)
{
	struct loop *l = loop_new();
	struct pool *p = make(l, *state, 4, 100);
	struct job jobs[4] = {
	    {.ms = 500}, {.ms = 500}, {.ms = 500}, {.ms = 500}};
	uint64_t begin = mono_ns();

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pool_post(p, work, done, &jobs[i]), 0);
	wait_answers(l, 4);
	assert_true(mono_ns() - begin < UINT64_C(1600000000));
	pool_free(p);
	loop_free(l);
}

static void
the_queue_is_bounded(void **state)
{
	struct loop *l = loop_new();
	struct pool *p = make(l, *state, 1, 2);
	struct job jobs[3] = {{.ms = 100}, {.ms = 0}, {.ms = 0}};

	assert_int_equal(pool_post(p, work, done, &jobs[0]), 0);
	assert_int_equal(pool_post(p, work, done, &jobs[1]), 0);
	assert_int_equal(pool_post(p, work, done, &jobs[2]), FAIL_FULL);
	wait_answers(l, 2);
	assert_int_equal(pool_post(p, work, done, &jobs[2]), 0);
	wait_answers(l, 3);
	pool_free(p);
	loop_free(l);
}

static void
freeing_answers_all_jobs(void **state)
{
	struct loop *l = loop_new();
	struct pool *p = make(l, *state, 1, 10);
	struct job jobs[5] = {{.ms = 200}, {0}, {0}, {0}, {0}};

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(pool_post(p, work, done, &jobs[i]), 0);
	usleep(50000);
	pool_free(p);
	assert_int_equal(answered, 5);
	assert_int_equal(jobs[0].r, 0);
	assert_int_equal(jobs[4].r, FAIL_CLOSED);
	loop_free(l);
}

static void
a_job_knows_that_the_database_is_away(void **state)
{
	struct server *s = *state;
	struct loop *l = loop_new();
	struct pool *p;
	struct job jobs[2] = {{0}};

	s->opts.budget_ms = 300;
	p = make(l, s, 1, 10);
	server_crash(s);
	assert_int_equal(pool_post(p, work, done, &jobs[0]), 0);
	wait_answers(l, 1);
	assert_int_equal(jobs[0].r, FAIL_SQL);
	assert_true(jobs[0].away);
	server_again(s);
	assert_int_equal(pool_post(p, work, done, &jobs[1]), 0);
	wait_answers(l, 2);
	assert_int_equal(jobs[1].r, 0);
	assert_false(jobs[1].away);
	pool_free(p);
	loop_free(l);
	s->opts.budget_ms = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(jobs_run_in_threads_and_are_answered_in_the_loop),
	    cmocka_unit_test(jobs_run_side_by_side),
	    cmocka_unit_test(the_queue_is_bounded),
	    cmocka_unit_test(freeing_answers_all_jobs),
	    cmocka_unit_test(a_job_knows_that_the_database_is_away),
	};

	return cmocka_run_group_tests(
	    tests, server_setup_schema, server_teardown);
}
