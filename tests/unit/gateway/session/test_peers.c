/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"

#include "session/peers.h"

/* The other side of a link: counts what comes, answers on demand. */
struct other {
	struct ipc *ipc;
	unsigned n;
	uint16_t type;
	uint32_t id;
	char body[64];
};

static struct loop *loop;
static struct peers *peers;
static unsigned answers;
static int answer_code;
static char answer_body[64];
static uint32_t answerer;
static unsigned messages;
static unsigned ups;
static unsigned missed;
static uint32_t number; /* of the processes that were joined */

static int
on_other(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct other *o = ctx;

	(void)c;
	o->n++;
	o->type = m->type;
	o->id = m->id;
	memcpy(o->body, m->body.p, m->body.len);
	o->body[m->body.len] = '\0';
	return 0;
}

static void
on_other_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	(void)c;
	(void)f;
	(void)ctx;
}

static void
join(struct other *o, enum peer p)
{
	struct ipc_opts opts = {
	    .max_msg = IPC_BODY_MAX,
	    .max_queue = IPC_BODY_MAX,
	    .msg = on_other,
	    .gone = on_other_gone,
	    .ctx = o,
	};
	int sv[2];

	memset(o, 0, sizeof(*o));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	o->ipc = ipc_new(loop, sv[0], &opts);
	assert_non_null(o->ipc);
	assert_int_equal(peers_link(peers, p, ++number, sv[1]), 0);
}

static void
spin(void)
{
	int i;

	for (i = 0; i < 20; i++)
		assert_int_equal(loop_once(loop, 1), 0);
}

static void
on_answer(void *ctx, int code, const struct ipc_msg *m)
{
	(void)ctx;
	answers++;
	answer_code = code;
	answerer = peers_answerer(peers);
	if (m != NULL) {
		memcpy(answer_body, m->body.p, m->body.len);
		answer_body[m->body.len] = '\0';
	}
}

static int
on_message(void *ctx, enum peer p, const struct ipc_msg *m)
{
	(void)ctx;
	(void)p;
	(void)m;
	messages++;
	return 0;
}

static void
on_up(void *ctx, enum peer p)
{
	(void)ctx;
	(void)p;
	ups++;
}

static void
on_missing(void *ctx, enum peer p)
{
	(void)ctx;
	assert_int_equal(p, PEER_BROKER);
	missed++;
}

static const struct peers_ops ops = {
    .message = on_message, .up = on_up, .missing = on_missing};

static int
setup(void **state)
{
	(void)state;
	answers = messages = ups = missed = number = 0;
	answer_code = 1;
	loop = loop_new();
	peers = peers_new(loop, &ops, NULL);
	return peers == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	peers_free(peers);
	loop_free(loop);
	return 0;
}

static void
an_answer_reaches_who_asked(void **state)
{
	struct other o;

	(void)state;
	join(&o, PEER_KEEPER);
	assert_int_equal(
	    peers_ask(peers, PEER_KEEPER, 7, SPAN("ask", 3), on_answer, NULL),
	    0);
	spin();
	assert_int_equal(o.n, 1);
	assert_string_equal(o.body, "ask");
	assert_int_equal(ipc_send(o.ipc, 8, o.id, SPAN("yes", 3), -1), 0);
	spin();
	assert_int_equal(answers, 1);
	assert_int_equal(answer_code, 0);
	assert_string_equal(answer_body, "yes");
	/* The same answer again answers nothing. */
	assert_int_equal(ipc_send(o.ipc, 8, o.id, SPAN("yes", 3), -1), 0);
	spin();
	assert_int_equal(answers, 1);
	assert_int_equal(messages, 1);
	ipc_free(o.ipc);
}

static void
a_request_outlives_the_peer(void **state)
{
	struct other first, second;

	(void)state;
	join(&first, PEER_BROKER);
	assert_int_equal(
	    peers_post(peers, PEER_BROKER, 9, SPAN("row", 3), on_answer, NULL),
	    0);
	spin();
	assert_int_equal(first.n, 1);
	ipc_free(first.ipc); /* dies before it answers */
	spin();
	assert_int_equal(answers, 0);
	assert_false(peers_up(peers, PEER_BROKER));
	join(&second, PEER_BROKER);
	spin();
	assert_int_equal(second.n, 1);
	assert_string_equal(second.body, "row");
	assert_int_equal(second.id, first.id);
	assert_int_equal(peers_posted(peers), 1);
	assert_int_equal(
	    ipc_send(second.ipc, 13, second.id, SPAN("", 0), -1), 0);
	spin();
	assert_int_equal(answers, 1);
	assert_int_equal(peers_posted(peers), 0);
	ipc_free(second.ipc);
}

static void
a_request_waits_for_its_first_link(void **state)
{
	struct other o;

	(void)state;
	assert_int_equal(
	    peers_ask(peers, PEER_RECORDER, 3, SPAN("x", 1), on_answer, NULL),
	    0);
	spin();
	join(&o, PEER_RECORDER);
	spin();
	assert_int_equal(ups, 1);
	assert_int_equal(o.n, 1);
	ipc_free(o.ipc);
}

static void
an_older_link_still_answers(void **state)
{
	struct other old, new;

	(void)state;
	join(&old, PEER_KEEPER);
	assert_int_equal(
	    peers_ask(peers, PEER_KEEPER, 4, SPAN("a", 1), on_answer, NULL), 0);
	spin();
	join(&new, PEER_KEEPER);
	assert_int_equal(
	    peers_ask(peers, PEER_KEEPER, 4, SPAN("b", 1), on_answer, NULL), 0);
	spin();
	assert_int_equal(new.n, 1);
	assert_string_equal(new.body, "b");
	assert_int_equal(ipc_send(old.ipc, 5, old.id, SPAN("A", 1), -1), 0);
	spin();
	assert_string_equal(answer_body, "A");
	assert_int_equal(answerer, 1);
	assert_int_equal(ipc_send(new.ipc, 5, new.id, SPAN("B", 1), -1), 0);
	spin();
	assert_string_equal(answer_body, "B");
	assert_int_equal(answerer, 2);
	ipc_free(old.ipc);
	ipc_free(new.ipc);
}

/* A grant lies with one keeper: a restarted one has not heard of it. */
static void
what_one_process_has_is_asked_of_that_one(void **state)
{
	struct other old, new;

	(void)state;
	join(&old, PEER_KEEPER);
	join(&new, PEER_KEEPER);
	assert_int_equal(peers_number(peers, PEER_KEEPER), 2);
	assert_int_equal(peers_ask_only(peers, PEER_KEEPER, 1, 4, SPAN("a", 1),
			     on_answer, NULL),
	    0);
	assert_int_equal(peers_ask_only(peers, PEER_KEEPER, 2, 4, SPAN("b", 1),
			     on_answer, NULL),
	    0);
	spin();
	assert_int_equal(old.n, 1);
	assert_string_equal(old.body, "a");
	assert_int_equal(new.n, 1);
	assert_string_equal(new.body, "b");
	/* It dies: the other is not asked in its place. */
	ipc_free(old.ipc);
	spin();
	assert_int_equal(answers, 1);
	assert_int_equal(answer_code, FAIL_CLOSED);
	assert_int_equal(new.n, 1);
	assert_int_equal(peers_ask_only(peers, PEER_KEEPER, 1, 4, SPAN("a", 1),
			     on_answer, NULL),
	    FAIL_CLOSED);
	ipc_free(new.ipc);
}

static void
what_was_forgotten_is_not_answered(void **state)
{
	struct other o;
	int me;

	(void)state;
	join(&o, PEER_KEEPER);
	assert_int_equal(
	    peers_ask(peers, PEER_KEEPER, 4, SPAN("a", 1), on_answer, &me), 0);
	assert_int_equal(
	    peers_post(peers, PEER_KEEPER, 4, SPAN("b", 1), on_answer, &me), 0);
	peers_forget(peers, &me);
	spin();
	assert_int_equal(o.n, 2); /* both went out */
	assert_int_equal(peers_posted(peers), 1);
	assert_int_equal(ipc_send(o.ipc, 5, o.id, SPAN("", 0), -1), 0);
	spin();
	assert_int_equal(answers, 0);
	assert_int_equal(peers_posted(peers), 0);
	ipc_free(o.ipc);
}

static void
wait_missed(void)
{
	int i;

	missed = 0;
	for (i = 0; i < 200 && missed < 2; i++)
		assert_int_equal(loop_once(loop, 10), 0);
	assert_int_equal(missed, 2);
}

/* A peer that died comes again; one that only cannot hear us does not. */
static void
a_link_that_broke_is_missed_until_there_is_one(void **state)
{
	static const uint8_t nonsense[] = {0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0};
	struct other o;
	int sv[2];

	(void)state;
	join(&o, PEER_BROKER);
	ipc_free(o.ipc);
	spin();
	assert_false(peers_up(peers, PEER_BROKER));
	wait_missed();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(peers_link(peers, PEER_BROKER, ++number, sv[1]), 0);
	assert_int_equal(write(sv[0], nonsense, sizeof(nonsense)),
	    (ssize_t)sizeof(nonsense));
	spin();
	assert_false(peers_up(peers, PEER_BROKER));
	wait_missed();
	(void)close(sv[0]);
}

static void
too_many_requests_are_refused(void **state)
{
	int i, r = 0;

	(void)state;
	for (i = 0; i <= PEERS_REQUESTS && r == 0; i++)
		r = peers_ask(
		    peers, PEER_BROKER, 1, SPAN("", 0), on_answer, NULL);
	assert_int_equal(r, FAIL_FULL);
	assert_int_equal(i, PEERS_REQUESTS + 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(an_answer_reaches_who_asked),
	    T(a_request_outlives_the_peer),
	    T(a_request_waits_for_its_first_link),
	    T(an_older_link_still_answers),
	    T(what_one_process_has_is_asked_of_that_one),
	    T(what_was_forgotten_is_not_answered),
	    T(a_link_that_broke_is_missed_until_there_is_one),
	    T(too_many_requests_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
