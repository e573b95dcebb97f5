/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole broker against a real database: grants, live control, the sessions
 * of a dead worker.  The keeper is played by the test.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/uuid.h"
#include "session/audit.h"
#include "session/why.h"

#include "node.h"

static struct node *n;

static int
setup(void **state)
{
	n = node_setup(state);
	return 0;
}

static int
teardown(void **state)
{
	return node_teardown(state, n);
}

static int
again(void **state)
{
	(void)state;
	node_again(n);
	return 0;
}

static void
a_grant_has_its_rows_before_it_is_answered(void **state)
{
	struct bm_grant g;
	char id[UUID_TEXT_SIZE], sql[256];
	uint64_t conn = ++n->last_conn;

	(void)state;
	assert_true(node_login(&n->worker, conn, "ana", "right", NULL));
	assert_true(node_grant(&n->worker, conn, "root", "db1", &g));
	assert_true(span_eq(g.addrs, "192.0.2.5"));
	assert_true(span_eq(g.login, "root-login"));
	assert_true(span_eq(g.user, "ana"));
	assert_int_equal(g.port, 22);
	assert_int_equal(g.admin, 1);
	assert_int_equal(g.idle_s, 77);
	assert_int_equal(g.pins.len, 4 + 3);
	assert_int_equal(g.wrapped.len, 60);
	hex_encode(id, g.session_id, 16);
	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM session s JOIN recording r"
	    " ON r.session_id=s.id AND r.id=s.rec_id"
	    " WHERE s.id=UNHEX('%s') AND s.state=1 AND s.worker=7",
	    id);
	assert_int_equal(node_number(n, sql), 1);
	node_session_start(&n->worker, g.session_id);
	node_session_end(&n->worker, g.session_id, WHY_USER_LEFT);
	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM session WHERE id=UNHEX('%s') AND state=4"
	    " AND bytes_down=20 AND target='192.0.2.5:22'",
	    id);
	assert_true(node_wait_sql(n, sql, 1, 3000));
	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM audit WHERE session_id=UNHEX('%s')"
	    " AND event IN (100,101,210)",
	    id);
	assert_true(node_wait_sql(n, sql, 3, 3000));
	assert_int_equal(n->revokes, 1);
}

static void
refused(
    const char *account, const char *asset, uint32_t why, const char *sentence)
{
	uint64_t conn = ++n->last_conn;
	struct bm_refuse m;
	struct bm_grant g;
	char text[256];

	assert_true(node_login(&n->worker, conn, "ana", "right", NULL));
	assert_false(node_grant(&n->worker, conn, account, asset, &g));
	assert_int_equal(n->worker.type, bm_refuse_type);
	assert_int_equal(bm_refuse_get(buf_span(&n->worker.body), &m), 0);
	memcpy(text, m.sentence.p, m.sentence.len);
	text[m.sentence.len] = '\0';
	assert_string_equal(text, sentence);
	assert_int_equal(m.why_code, why);
}

static void
what_is_not_there_and_what_is_not_permitted_read_the_same(void **state)
{
	(void)state;
	refused("root", "nowhere", WHY_NO_ASSET,
	    "no such target, or not permitted: root@nowhere");
	refused("nobody", "db1", WHY_NO_ASSET,
	    "no such target, or not permitted: nobody@db1");
	refused("secret", "db1", WHY_NO_POLICY,
	    "no such target, or not permitted: secret@db1");
	refused("root", "lost", WHY_TARGET_NAME,
	    "the target's name does not resolve: no-such-name.invalid");
	n->keeper_refuses = true;
	refused("root", "db1", WHY_KEEPER, "the vault does not answer");
	n->keeper_refuses = false;
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM audit WHERE event=102", 5, 3000));
	assert_int_equal(
	    node_count_events(n, 102, "%no asset has this name%"), 1);
	assert_int_equal(
	    node_count_events(n, 102, "%no account of this name%"), 1);
	assert_int_equal(node_count_events(n, 102, "%no policy allows it%"), 1);
}

static bool
order(const char *session, uint8_t verb, struct bm_controlled *c)
{
	struct bm_order m = {.session = SPAN(session, strlen(session)),
	    .verb = verb,
	    .text = SPAN("because", 7)};
	struct buf b;
	bool ok;

	buf_init(&b, 4096);
	assert_int_equal(bm_order_put(&b, &m), 0);
	ok = node_ask(&n->admin, bm_order_type, buf_span(&b), 300);
	buf_fini(&b);
	if (ok)
		assert_int_equal(
		    bm_controlled_get(buf_span(&n->admin.body), c), 0);
	return ok;
}

/* Give an order; the worker's end does as told. */
static void
ordered(const char *id, const uint8_t session[16], uint8_t verb, int *fd)
{
	struct bm_controlled c = {0};
	struct bm_control m;
	uint32_t asked;

	/* No answer comes before the worker's. */
	n->worker.came = false;
	n->worker.wait_id = 0;
	n->worker.type = bm_control_type;
	assert_false(order(id, verb, &c));
	asked = n->last_id;
	assert_true(n->worker.came);
	assert_int_equal(bm_control_get(buf_span(&n->worker.body), &m), 0);
	assert_memory_equal(m.session_id, session, 16);
	assert_int_equal(m.verb, verb);
	if (verb == CONTROL_WATCH) {
		assert_true(n->worker.fd >= 0);
		assert_int_equal(write(n->worker.fd, "live", 4), 4);
		close(n->worker.fd);
	}
	memcpy(c.session_id, session, 16);
	n->admin.came = false;
	n->admin.wait_id = asked;
	assert_int_equal(
	    bm_controlled_send(n->worker.ipc, n->worker.id, &c), 0);
	for (int i = 0; i < 500 && !n->admin.came; i++)
		node_run(n, 2);
	assert_true(n->admin.came);
	n->admin.wait_id = 0;
	*fd = n->admin.fd;
}

static void
orders_reach_the_worker_that_has_the_session(void **state)
{
	char text[UUID_TEXT_SIZE], got[5] = {0}, status[4096];
	struct bm_controlled c = {0};
	struct bm_status st;
	uint8_t session[16];
	int fd;

	(void)state;
	node_begin(&n->worker, session);
	uuid_text(text, session);
	assert_true(order("ffffffff", CONTROL_PAUSE, &c));
	assert_int_equal(c.code, -FAIL_NOTFOUND);
	assert_true(order("01", CONTROL_PAUSE, &c));
	assert_int_equal(c.code, -FAIL_RANGE);
	ordered(text, session, CONTROL_PAUSE, &fd);
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM session WHERE state=3", 1, 3000));
	ordered(text, session, CONTROL_RESUME, &fd);
	ordered(text, session, CONTROL_WATCH, &fd);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, 4), 4);
	assert_string_equal(got, "live");
	close(fd);
	assert_true(node_wait_sql(n,
	    "SELECT COUNT(*) FROM audit WHERE event IN (103,104,107) AND"
	    " fields LIKE '%\"by\":\"root\"%'",
	    3, 3000));
	assert_true(
	    node_ask(&n->admin, bm_status_get_type, SPAN(NULL, 0), 3000));
	assert_int_equal(bm_status_get(buf_span(&n->admin.body), &st), 0);
	assert_in_range(st.json.len, 10, sizeof(status) - 1);
	print_message("%.*s\n", (int)st.json.len, (const char *)st.json.p);
	node_session_end(&n->worker, session, WHY_USER_LEFT);
}

static void
a_message_out_of_order_closes_the_link(void **state)
{
	struct bm_want m = {.conn = 1};
	uint8_t session[16];
	struct buf b;

	(void)state;
	/* The other worker does not get at a session of the first. */
	node_begin(&n->worker, session);
	(void)node_keys(&n->other, session, 1);
	assert_true(node_wait_closed(&n->other, 2000));
	node_session_end(&n->worker, session, WHY_USER_LEFT);
	(void)node_keys(&n->worker, session, 1);
	assert_true(node_wait_closed(&n->worker, 2000));
	node_stop(n);
	node_start(n);
	buf_init(&b, 64);
	assert_int_equal(bm_want_put(&b, &m), 0);
	/* After a restart a wish without a login is a refusal. */
	assert_true(node_ask(&n->other, bm_want_type, buf_span(&b), 2000));
	assert_int_equal(n->other.type, bm_refuse_type);
	buf_fini(&b);
	(void)node_send(&n->other, bm_auth_type, SPAN("x", 1));
	assert_true(node_wait_closed(&n->other, 2000));
}

static void
sessions_of_a_dead_worker_are_closed_unless_claimed(void **state)
{
	uint8_t lost[16], claimed[16], left[16];
	uint64_t stops, since;
	char sql[256], id[33];

	(void)state;
	node_begin(&n->worker, lost);
	node_begin(&n->worker, claimed);
	node_begin(&n->other, left);
	ipc_free(n->worker.ipc);
	n->worker.ipc = NULL;
	node_claim(&n->other, claimed);
	hex_encode(id, lost, 16);
	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM session WHERE id=UNHEX('%s') AND state=4"
	    " AND why=%d",
	    id, WHY_WORKER_DIED);
	node_run(n, 9000);
	assert_int_equal(node_number(n, sql), 0);
	assert_true(node_wait_sql(n, sql, 1, 4000));
	assert_int_equal(
	    node_number(n, "SELECT COUNT(*) FROM session WHERE state=2"), 2);
	/* The next broker finds two open, of which one is claimed. */
	node_kill(n);
	node_start(n);
	node_claim(&n->worker, claimed);
	since = mono_ns();
	node_run(n, 3000);
	assert_int_equal(
	    node_number(n, "SELECT COUNT(*) FROM session WHERE state=2"), 2);
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM session WHERE state=2", 1, 6000));
	print_message("closed after %llu ms\n",
	    (unsigned long long)(mono_ns() - since) / 1000000);
	node_session_end(&n->worker, claimed, WHY_USER_LEFT);
	stops = node_count_events(n, AUDIT_NODE_STOP, "%");
	node_stop(n);
	assert_int_equal(
	    node_number(n, "SELECT COUNT(*) FROM session WHERE state<4"), 0);
	assert_int_equal(node_count_events(n, AUDIT_NODE_STOP, "%"), stops + 1);
	node_verify_chain(n);
}

/* A link that breaks may be a hand-over; a process that died is none. */
static void
sessions_of_a_worker_that_died_are_closed_soon(void **state)
{
	uint8_t lost[16], moved[16], left[16];
	uint64_t since;

	(void)state;
	node_begin(&n->worker, lost);
	node_begin(&n->worker, moved);
	node_begin(&n->other, left);
	ipc_free(n->worker.ipc);
	n->worker.ipc = NULL;
	node_run(n, 100);
	since = mono_ns();
	node_worker_died(n);
	node_run(n, 1000);
	node_claim(&n->other, moved);
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM session WHERE state=2", 2, 4000));
	assert_in_range((mono_ns() - since) / 1000000, 1500, 4000);
	node_run(n, 2000);
	assert_int_equal(
	    node_number(n, "SELECT COUNT(*) FROM session WHERE state=2"), 2);
	/* Told before the link breaks it is the same. */
	node_kill(n);
	node_start(n);
	node_claim(&n->worker, left);
	node_claim(&n->other, moved);
	node_ready(n);
	node_worker_died(n);
	node_run(n, 100);
	since = mono_ns();
	ipc_free(n->worker.ipc);
	n->worker.ipc = NULL;
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM session WHERE state=2", 1, 4000));
	assert_in_range((mono_ns() - since) / 1000000, 1500, 4000);
	node_session_end(&n->other, moved, WHY_USER_LEFT);
	node_stop(n);
	assert_int_equal(
	    node_number(n, "SELECT COUNT(*) FROM session WHERE state<4"), 0);
}

static void
after_the_loss_of_a_node_its_sessions_are_closed_at_once(void **state)
{
	uint8_t lost[16];
	uint64_t since;

	(void)state;
	node_begin(&n->worker, lost);
	node_kill(n);
	n->alone = true;
	node_start(n);
	n->alone = false;
	node_ready(n);
	since = mono_ns();
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM session WHERE state=2", 0, 3000));
	assert_true(mono_ns() - since < UINT64_C(2000000000));
}

static void
a_finished_recording_is_noted_once(void **state)
{
	struct bm_rec_finished m = {.truncated = 1,
	    .bytes = 5,
	    .chunks = 2,
	    .duration_us = 7000000,
	    .path = SPAN("2026/01/02/x.rcd", 16)};
	uint64_t conn = ++n->last_conn;
	struct bm_grant g;
	struct buf b;

	(void)state;
	assert_true(node_login(&n->worker, conn, "ana", "right", NULL));
	assert_true(node_grant(&n->worker, conn, "root", "db1", &g));
	memcpy(m.rec_id, g.rec_id, 16);
	buf_init(&b, 4096);
	assert_int_equal(bm_rec_finished_put(&b, &m), 0);
	(void)node_send(&n->recorder, bm_rec_finished_type, buf_span(&b));
	assert_true(
	    node_ask(&n->recorder, bm_rec_finished_type, buf_span(&b), 3000));
	buf_fini(&b);
	assert_true(node_wait_sql(n,
	    "SELECT COUNT(*) FROM recording WHERE state=2 AND truncated=1"
	    " AND path='2026/01/02/x.rcd' AND bytes=5",
	    1, 3000));
	node_run(n, 300);
	assert_int_equal(
	    node_count_events(n, AUDIT_RECORDING_TRUNCATED, "%"), 1);
}

/* A broker that was killed and started again came before this one. */
static void
every_recording_of_a_node_has_its_own_number(void **state)
{
	struct bm_grant g;

	(void)state;
	assert_true(
	    node_login(&n->worker, ++n->last_conn, "ana", "right", NULL));
	assert_true(node_grant(&n->worker, n->last_conn, "root", "db1", &g));
	assert_true(node_number(n, "SELECT COUNT(*) FROM recording") > 1);
	assert_int_equal(
	    node_number(n, "SELECT COUNT(*)-COUNT(DISTINCT node_seq) "
			   "FROM recording"),
	    0);
	assert_int_equal(
	    node_number(n, "SELECT MAX(node_seq)-COUNT(*) FROM recording"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_grant_has_its_rows_before_it_is_answered),
	    cmocka_unit_test(
		what_is_not_there_and_what_is_not_permitted_read_the_same),
	    cmocka_unit_test(orders_reach_the_worker_that_has_the_session),
	    cmocka_unit_test(a_finished_recording_is_noted_once),
	    cmocka_unit_test(every_recording_of_a_node_has_its_own_number),
	    cmocka_unit_test(a_message_out_of_order_closes_the_link),
	    cmocka_unit_test_setup(
		sessions_of_a_dead_worker_are_closed_unless_claimed, again),
	    cmocka_unit_test_setup(
		sessions_of_a_worker_that_died_are_closed_soon, again),
	    cmocka_unit_test_setup(
		after_the_loss_of_a_node_its_sessions_are_closed_at_once,
		again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
