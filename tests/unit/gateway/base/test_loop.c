/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: freeing inside a batch, order of timers, signals. */
#include <sys/socket.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/loop.h"

enum { PIPES = 20 };

static struct loop *loop;
static int ends[PIPES][2];
static struct watch *watches[PIPES];
static int calls;

static int
setup(void **state UNUSED)
{
	loop = loop_new();
	calls = 0;
	for (int i = 0; i < PIPES; i++)
		if (pipe(ends[i]) != 0)
			return -1;
	memset(watches, 0, sizeof(watches));
	return loop == NULL;
}

static int
teardown(void **state UNUSED)
{
	for (int i = 0; i < PIPES; i++) {
		watch_free(watches[i]);
		(void)close(ends[i][0]);
		(void)close(ends[i][1]);
	}
	loop_free(loop);
	return 0;
}

static void
poke(int i)
{
	assert_int_equal(write(ends[i][1], "x", 1), 1);
}

static void
free_all(
    struct watch *w UNUSED, int fd UNUSED, unsigned ev UNUSED, void *ctx UNUSED)
{
	calls++;
	for (int i = 0; i < PIPES; i++) {
		watch_free(watches[i]);
		watches[i] = NULL;
	}
}

static void
watches_that_wait_in_the_batch_may_be_freed(void **state UNUSED)
{
	for (int i = 0; i < PIPES; i++) {
		watches[i] =
		    watch_new(loop, ends[i][0], LOOP_READ, free_all, NULL);
		assert_non_null(watches[i]);
		poke(i);
	}
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 1);
}

static void
mute_all(struct watch *w UNUSED, int fd UNUSED, unsigned ev, void *ctx UNUSED)
{
	assert_int_equal(ev, LOOP_READ);
	calls++;
	for (int i = 0; i < PIPES; i++)
		watch_set(watches[i], 0);
}

static void
a_watch_muted_in_the_batch_is_not_called(void **state UNUSED)
{
	for (int i = 0; i < PIPES; i++) {
		watches[i] =
		    watch_new(loop, ends[i][0], LOOP_READ, mute_all, NULL);
		poke(i);
	}
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 1);
	watch_set(watches[3], LOOP_READ);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 2);
}

static void
count(
    struct watch *w UNUSED, int fd UNUSED, unsigned ev UNUSED, void *ctx UNUSED)
{
	calls++;
}

static void
a_muted_watch_does_not_spin_on_a_hang_up(void **state UNUSED)
{
	int sv[2];
	struct watch *w;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	w = watch_new(loop, sv[0], LOOP_READ, count, NULL);
	watch_set(w, 0);
	(void)close(sv[1]);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 0);
	watch_set(w, LOOP_READ);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 1);
	watch_free(w);
	(void)close(sv[0]);
}

static void
a_hang_up_alone_can_be_watched_for_and_comes_once(void **state UNUSED)
{
	int sv[2];
	struct watch *w;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	w = watch_new(loop, sv[0], LOOP_READ, count, NULL);
	watch_set(w, LOOP_HUP);
	assert_int_equal(write(sv[1], "x", 1), 1);
	assert_int_equal(loop_once(loop, 0), 0);
	(void)close(sv[1]);
	calls = 0;
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 1);
	watch_free(w);
	(void)close(sv[0]);
}

static void
a_listener_can_be_muted_and_heard_again(void **state UNUSED)
{
	watches[0] = watch_new_listener(loop, ends[0][0], count, NULL);
	assert_non_null(watches[0]);
	poke(0);
	watch_set(watches[0], 0);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 0);
	watch_set(watches[0], LOOP_READ);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(calls, 1);
}

static void
a_listener_is_looked_at_even_if_no_event_came(void **state UNUSED)
{
	struct loop *other = loop_new();
	struct watch *w[2];
	int sv[2];

	/* The event goes to the first, which does nothing with it. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	w[0] = watch_new_listener(other, sv[0], count, NULL);
	w[1] = watch_new_listener(loop, sv[0], count, NULL);
	assert_non_null(w[0]);
	assert_non_null(w[1]);
	assert_int_equal(write(sv[1], "x", 1), 1);
	watch_free(w[0]);
	for (int i = 0; i < 50 && calls == 0; i++)
		assert_int_equal(loop_once(loop, 100), 0);
	assert_true(calls > 0);
	calls = 0;
	watch_set(w[1], 0);
	for (int i = 0; i < 7; i++)
		assert_int_equal(loop_once(loop, 100), 0);
	assert_int_equal(calls, 0);
	watch_free(w[1]);
	loop_free(other);
	(void)close(sv[0]);
	(void)close(sv[1]);
}

static int fired[64];
static int n_fired;

static void
note(struct timer *t UNUSED, void *ctx)
{
	fired[n_fired++] = (int)(intptr_t)ctx;
}

static void
timers_fire_in_order_of_time_then_of_arming(void **state UNUSED)
{
	static const int ms[] = {5, 3, 9, 3, 0, 7, 1, 8, 2, 6, 4, 3};
	struct timer *t[ARRAY_LEN(ms)];

	n_fired = 0;
	for (size_t i = 0; i < ARRAY_LEN(ms); i++) {
		t[i] = timer_new(loop, note, (void *)(intptr_t)i);
		timer_set(t[i], (uint64_t)ms[i] * 10);
		assert_true(timer_armed(t[i]));
	}
	timer_clear(t[2]);
	assert_false(timer_armed(t[2]));
	while (n_fired < (int)ARRAY_LEN(ms) - 1)
		assert_int_equal(loop_once(loop, 1000), 0);
	for (int i = 1; i < n_fired; i++) {
		int a = ms[fired[i - 1]], b = ms[fired[i]];

		assert_true(a < b || (a == b && fired[i - 1] < fired[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(ms); i++)
		timer_free(t[i]);
}

static void
timers_do_not_fire_early(void **state UNUSED)
{
	struct timer *t = timer_new(loop, note, NULL);
	uint64_t start = mono_ns();

	n_fired = 0;
	timer_set(t, 15);
	while (n_fired == 0)
		assert_int_equal(loop_once(loop, -1), 0);
	assert_true(mono_ns() - start >= 15000000U);
	assert_false(timer_armed(t));
	timer_free(t);
}

/* Timers that are set again and again: when each is due at last. */
static struct {
	struct timer *t;
	uint64_t due_ns;
	bool armed;
} again[300];
static uint64_t last_due_ns;
static unsigned fired_again;

static void
fires_in_turn(struct timer *t UNUSED, void *ctx)
{
	size_t i = (size_t)(intptr_t)ctx;

	assert_true(again[i].armed);
	/* Between reading the clock here and there little time passes. */
	assert_true(again[i].due_ns + 5000000 > last_due_ns);
	if (again[i].due_ns > last_due_ns)
		last_due_ns = again[i].due_ns;
	again[i].armed = false;
	fired_again++;
}

static void
timers_that_are_set_again_keep_their_order(void **state UNUSED)
{
	unsigned armed = 0;
	uint64_t ms;
	size_t i;
	int k;

	srandom(7);
	for (i = 0; i < ARRAY_LEN(again); i++)
		again[i].t =
		    timer_new(loop, fires_in_turn, (void *)(intptr_t)i);
	for (k = 0; k < 20000; k++) {
		i = (size_t)random() % ARRAY_LEN(again);
		again[i].armed = random() % 4 != 0;
		ms = 100 + (uint64_t)(random() % 100);
		if (!again[i].armed) {
			timer_clear(again[i].t);
			continue;
		}
		again[i].due_ns = mono_ns() + ms * 1000000;
		timer_set(again[i].t, ms);
	}
	for (i = 0; i < ARRAY_LEN(again); i++) {
		assert_int_equal(timer_armed(again[i].t), again[i].armed);
		armed += again[i].armed;
	}
	assert_true(armed > 100);
	for (k = 0; k < 10000 && fired_again < armed; k++)
		assert_int_equal(loop_once(loop, 100), 0);
	assert_int_equal(fired_again, armed);
	for (i = 0; i < ARRAY_LEN(again); i++)
		timer_free(again[i].t);
}

static struct timer *victims[3];

static void
free_three(struct timer *t UNUSED, void *ctx UNUSED)
{
	n_fired++;
	for (int i = 0; i < 3; i++)
		timer_free(victims[i]);
}

static void
due_timers_may_be_freed_by_one_that_fires(void **state UNUSED)
{
	n_fired = 0;
	for (int i = 0; i < 3; i++) {
		victims[i] = timer_new(loop, free_three, NULL);
		timer_set(victims[i], 0);
	}
	assert_int_equal(loop_once(loop, 10), 0);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(n_fired, 1);
}

static void
rearm(struct timer *t, void *ctx UNUSED)
{
	n_fired++;
	timer_set(t, 0);
}

static void
a_timer_armed_while_firing_waits_a_round(void **state UNUSED)
{
	struct timer *t = timer_new(loop, rearm, NULL);

	n_fired = 0;
	timer_set(t, 0);
	for (int i = 1; i < 5; i++) {
		assert_int_equal(loop_once(loop, 10), 0);
		assert_int_equal(n_fired, i);
	}
	timer_free(t);
}

/* A heap of many, cleared at random, still fires the rest in order. */
static void
clearing_keeps_the_heap_in_order(void **state UNUSED)
{
	enum { N = 500 };
	struct timer *t[N];
	uint32_t seed = 7;

	n_fired = 0;
	for (int i = 0; i < N; i++) {
		t[i] = timer_new(loop, rearm, NULL);
		seed = seed * 1664525 + 1013904223;
		timer_set(t[i], 100000 + (seed >> 16) % 1000);
	}
	for (int i = 0; i < N; i += 2)
		timer_clear(t[i]);
	for (int i = 0; i < N; i += 4)
		timer_set(t[i], 1);
	for (int i = 1; i < N; i += 2)
		timer_free(t[i]);
	while (n_fired < N / 4)
		assert_int_equal(loop_once(loop, 100), 0);
	for (int i = 0; i < N; i += 2) {
		assert_int_equal(timer_armed(t[i]), i % 4 == 0);
		timer_free(t[i]);
	}
}

static void
stop_on_signal(int signo, void *ctx)
{
	*(int *)ctx = signo;
	loop_stop(loop);
}

static void
signals_come_through_the_loop(void **state UNUSED)
{
	int got[2] = {0, 0};

	assert_int_equal(
	    loop_signal(loop, SIGUSR1, stop_on_signal, &got[0]), 0);
	assert_int_equal(
	    loop_signal(loop, SIGUSR2, stop_on_signal, &got[1]), 0);
	assert_int_equal(
	    loop_signal(loop, 0, stop_on_signal, NULL), FAIL_RANGE);
	assert_int_equal(raise(SIGUSR2), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(got[0], 0);
	assert_int_equal(got[1], SIGUSR2);
}

static void
stop_it(void *ctx)
{
	(*(int *)ctx)++;
	loop_stop(loop);
}

static void
a_deferred_call_does_not_wait_for_an_event(void **state UNUSED)
{
	int n = 0, m = 0;

	assert_int_equal(loop_defer(loop, stop_it, &n), 0);
	assert_int_equal(loop_defer(loop, stop_it, &m), 0);
	loop_undefer(loop, &m);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(n, 1);
	assert_int_equal(m, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(watches_that_wait_in_the_batch_may_be_freed),
	    T(a_watch_muted_in_the_batch_is_not_called),
	    T(a_muted_watch_does_not_spin_on_a_hang_up),
	    T(a_hang_up_alone_can_be_watched_for_and_comes_once),
	    T(a_listener_can_be_muted_and_heard_again),
	    T(a_listener_is_looked_at_even_if_no_event_came),
	    T(timers_fire_in_order_of_time_then_of_arming),
	    T(timers_do_not_fire_early),
	    T(timers_that_are_set_again_keep_their_order),
	    T(due_timers_may_be_freed_by_one_that_fires),
	    T(a_timer_armed_while_firing_waits_a_round),
	    T(clearing_keeps_the_heap_in_order),
	    T(signals_come_through_the_loop),
	    T(a_deferred_call_does_not_wait_for_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
