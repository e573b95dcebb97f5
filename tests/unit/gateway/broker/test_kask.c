/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each question has one answer: from the keeper that was asked, also when a new
 * one has come meanwhile, or that there will be none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/loop.h"
#include "broker/kask.h"

#include "await.h"

/* The keeper's end of a link. */
struct end {
	struct ipc *ipc;
	unsigned asked, told, gone;
	uint32_t id; /* of the newest question */
};

static struct loop *loop;
static struct kask *kask;
static unsigned answers, failures;
static uint16_t answer_type;

static int
on_msg(struct ipc *c UNUSED, const struct ipc_msg *m, void *ctx)
{
	struct end *e = ctx;

	if (m->id == 0) {
		e->told++;
		return 0;
	}
	e->asked++;
	e->id = m->id;
	return 0;
}

static void
on_gone(struct ipc *c UNUSED, const struct fail *f UNUSED, void *ctx)
{
	struct end *e = ctx;

	e->gone++;
}

static void
join(struct end *e, uint32_t number)
{
	const struct ipc_opts o = {.max_msg = 4096,
	    .max_queue = 65536,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = e};
	int fd[2];

	*e = (struct end){0};
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	assert_non_null(e->ipc = ipc_new(loop, fd[0], &o));
	assert_int_equal(kask_link(kask, number, fd[1]), 0);
}

static void
on_answer(void *ctx UNUSED, int code, const struct ipc_msg *m)
{
	if (code == 0) {
		answer_type = m->type;
		answers++;
	} else {
		assert_int_equal(code, FAIL_CLOSED);
		failures++;
	}
}

static void
ask(void)
{
	assert_int_equal(
	    kask_ask(kask, 7, SPAN("body", 4), on_answer, NULL), 0);
}

static void
answer(const struct end *e, uint16_t type)
{
	assert_int_equal(ipc_send(e->ipc, type, e->id, SPAN("", 0), -1), 0);
}

static int
setup(void **state UNUSED)
{
	answers = failures = 0;
	loop = loop_new();
	kask = kask_new(loop);
	return kask == NULL;
}

static int
teardown(void **state UNUSED)
{
	kask_free(kask);
	loop_free(loop);
	return 0;
}

static void
without_a_keeper_nothing_is_asked(void **state UNUSED)
{
	assert_int_equal(kask_keeper(kask), 0);
	assert_int_equal(
	    kask_ask(kask, 7, SPAN("", 0), on_answer, NULL), FAIL_CLOSED);
	kask_tell(kask, 8, SPAN("", 0));
}

static void
the_keeper_that_was_asked_answers_after_a_new_one_came(void **state UNUSED)
{
	struct end old, new;

	join(&old, 3);
	ask();
	await_count(loop, &old.asked, 1);
	join(&new, 5);
	assert_int_equal(kask_keeper(kask), 5);
	ask();
	await_count(loop, &new.asked, 1);
	/* With another's id it is no answer. */
	old.id = new.id;
	answer(&old, 20);
	old.id--;
	answer(&old, 21);
	await_count(loop, &answers, 1);
	assert_int_equal(answer_type, 21);
	/* It is of no more use, and sees that. */
	await_count(loop, &old.gone, 1);
	answer(&new, 22);
	await_count(loop, &answers, 2);
	assert_int_equal(answer_type, 22);
	assert_int_equal(new.gone, 0);
	ipc_free(old.ipc);
	ipc_free(new.ipc);
}

static void
one_that_has_no_question_goes_at_once(void **state UNUSED)
{
	struct end old, new;

	join(&old, 3);
	kask_tell(kask, 8, SPAN("", 0));
	join(&new, 5);
	await_count(loop, &old.gone, 1);
	assert_int_equal(old.told, 1);
	ipc_free(old.ipc);
	ipc_free(new.ipc);
}

static void
one_that_dies_fails_its_own_questions(void **state UNUSED)
{
	struct end old, new;

	join(&old, 3);
	ask();
	ask();
	await_count(loop, &old.asked, 2);
	join(&new, 5);
	ask();
	await_count(loop, &new.asked, 1);
	ipc_free(old.ipc);
	await_count(loop, &failures, 2);
	assert_int_equal(kask_keeper(kask), 5);
	ipc_free(new.ipc);
	await_count(loop, &failures, 3);
	assert_int_equal(kask_keeper(kask), 0);
	assert_int_equal(answers, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(without_a_keeper_nothing_is_asked),
	    T(the_keeper_that_was_asked_answers_after_a_new_one_came),
	    T(one_that_has_no_question_goes_at_once),
	    T(one_that_dies_fails_its_own_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
