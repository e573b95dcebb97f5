/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose password is hashed next, and who is turned away: jobs that wait for a
 * sign and note in which order they began.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/loop.h"
#include "broker/judge.h"

#include "await.h"

enum { THREADS = 2, JOBS = JUDGE_SUSPECTS + 16 };

struct work {
	int began; /* as which; 0: not yet */
	int r;
	unsigned answers;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t go;
	unsigned may; /* so many may end */
	int began;
	unsigned inside, most;
} hall = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0};

static unsigned answers;

static int
hash(struct db *db UNUSED, void *ctx, struct fail *f UNUSED)
{
	struct work *w = ctx;

	pthread_mutex_lock(&hall.lock);
	w->began = ++hall.began;
	if (++hall.inside > hall.most)
		hall.most = hall.inside;
	while (hall.may == 0)
		pthread_cond_wait(&hall.go, &hall.lock);
	hall.may--;
	hall.inside--;
	pthread_mutex_unlock(&hall.lock);
	return 0;
}

static void
on_done(void *ctx, int r, const struct fail *f UNUSED, bool away UNUSED)
{
	struct work *w = ctx;

	w->r = r;
	w->answers++;
	answers++;
}

struct scene {
	struct loop *loop;
	struct db_opts opts;
	struct pool *pool;
	struct judge *j;
	struct work w[JOBS];
};

static int
set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct pool_opts o;

	assert_non_null(s);
	s->loop = loop_new();
	o = (struct pool_opts){
	    .db = &s->opts, .threads = THREADS, .max_jobs = 100};
	s->pool = pool_new(s->loop, &o);
	s->j = judge_new(s->pool, THREADS);
	assert_non_null(s->j);
	hall.may = hall.inside = hall.most = 0;
	hall.began = 0;
	answers = 0;
	*state = s;
	return 0;
}

static void
let(unsigned n)
{
	pthread_mutex_lock(&hall.lock);
	hall.may += n;
	pthread_cond_broadcast(&hall.go);
	pthread_mutex_unlock(&hall.lock);
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	let(JOBS);
	pool_free(s->pool);
	judge_free(s->j);
	loop_free(s->loop);
	free(s);
	return 0;
}

static int
post(struct scene *s, unsigned i, enum throttle_class class)
{
	return judge_post(s->j, class, hash, on_done, &s->w[i]);
}

/* Until so many have begun: their threads are not all equally quick. */
static void
await_begun(int n)
{
	int is = 0;

	for (int i = 0; i < 5000 && is < n; i++) {
		pthread_mutex_lock(&hall.lock);
		is = hall.began;
		pthread_mutex_unlock(&hall.lock);
		(void)usleep(1000);
	}
	assert_true(is >= n);
}

static void
those_who_know_go_first(void **state)
{
	struct scene *s = *state;
	const enum throttle_class order[] = {
	    THROTTLE_FAILING, THROTTLE_TARGET, THROTTLE_NEW, THROTTLE_KNOWN};
	unsigned i;

	/* Both threads have something to do. */
	assert_int_equal(post(s, 0, THROTTLE_KNOWN), 0);
	assert_int_equal(post(s, 1, THROTTLE_KNOWN), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(post(s, 2 + i, order[i]), 0);
	await_begun(2);
	for (i = 1; i <= 6; i++) {
		let(1);
		await_count(s->loop, &answers, i);
		/* Of the last three one waits for the other. */
		if (i < 3)
			await_begun((int)i + 2);
	}
	for (i = 2; i < 5; i++)
		assert_true(s->w[i].began > s->w[i + 1].began);
}

static void
all_but_the_known_leave_a_thread_free(void **state)
{
	struct scene *s = *state;
	const enum throttle_class unknown[] = {
	    THROTTLE_FAILING, THROTTLE_TARGET, THROTTLE_NEW};
	unsigned i;

	for (i = 0; i < 6; i++)
		assert_int_equal(post(s, i, unknown[i % 3]), 0);
	let(6);
	await_count(s->loop, &answers, 6);
	assert_int_equal(hall.most, 1);
	hall.most = 0;
	assert_int_equal(post(s, 6, THROTTLE_FAILING), 0);
	assert_int_equal(post(s, 7, THROTTLE_KNOWN), 0);
	for (i = 0; i < 500 && hall.most < 2; i++)
		assert_int_equal(loop_once(s->loop, 10), 0);
	assert_int_equal(hall.most, 2);
	let(2);
	await_count(s->loop, &answers, 8);
}

static void
a_full_class_turns_away_its_own(void **state)
{
	struct scene *s = *state;
	unsigned i, n = 0;

	while (n < JOBS && post(s, n, THROTTLE_FAILING) == 0)
		n++;
	assert_int_equal(n, JUDGE_SUSPECTS + 1);
	assert_false(judge_room(s->j, THROTTLE_FAILING));
	assert_true(judge_room(s->j, THROTTLE_KNOWN));
	assert_int_equal(post(s, n, THROTTLE_FAILING), FAIL_FULL);
	assert_int_equal(post(s, n, THROTTLE_KNOWN), 0);
	let(n + 1);
	await_count(s->loop, &answers, n + 1);
	/* It began beside the one that was running. */
	assert_int_equal(s->w[n].began <= 2, 1);
	for (i = 0; i <= n; i++) {
		assert_int_equal(s->w[i].r, 0);
		assert_int_equal(s->w[i].answers, 1);
	}
	assert_true(judge_room(s->j, THROTTLE_FAILING));
}

static void
all_are_answered_at_the_end(void **state)
{
	struct scene *s = *state;
	unsigned i;

	for (i = 0; i < 8; i++)
		assert_int_equal(post(s, i, THROTTLE_NEW), 0);
	let(JOBS);
	pool_free(s->pool);
	s->pool = NULL;
	judge_free(s->j);
	s->j = NULL;
	assert_int_equal(answers, 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(s->w[i].answers, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		those_who_know_go_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		all_but_the_known_leave_a_thread_free, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_full_class_turns_away_its_own, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		all_are_answered_at_the_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
