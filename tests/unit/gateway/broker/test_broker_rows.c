/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that a broker takes in while it or its database is in trouble: each is
 * stored once and in order.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

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

static void
keys_in_order(const uint8_t session[16], uint32_t rows, unsigned ms)
{
	char id[33], sql[512];

	hex_encode(id, session, 16);
	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM keystroke WHERE session_id=UNHEX('%s')", id);
	assert_true(node_wait_sql(n, sql, rows, ms));
	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM keystroke WHERE session_id=UNHEX('%s') AND"
	    " line=CONCAT('command number ', seq) AND seq BETWEEN 1 AND %u",
	    id, rows);
	assert_int_equal(node_number(n, sql), rows);
}

static bool
node_acked(struct end *e, uint32_t n_acked, unsigned ms)
{
	uint64_t end = mono_ns() + (uint64_t)ms * 1000000;

	while (e->n_acked < n_acked && mono_ns() < end)
		node_run(n, 2);
	return e->n_acked == n_acked;
}

static void
ten_thousand_keystroke_rows_are_stored_once_and_in_order(void **state)
{
	enum { ROWS = 10000 };
	uint8_t session[16];
	uint64_t start, acked;
	uint32_t i, before;

	(void)state;
	node_begin(&n->worker, session);
	before = n->worker.n_acked;
	start = mono_ns();
	for (i = 1; i <= ROWS; i++)
		(void)node_keys(&n->worker, session, i);
	while (n->worker.n_acked < before + ROWS &&
	       mono_ns() - start < UINT64_C(20000000000))
		node_run(n, 2);
	acked = mono_ns() - start;
	assert_int_equal(n->worker.n_acked, before + ROWS);
	keys_in_order(session, ROWS, 20000);
	print_message("%d rows: acknowledged in %.3f s (%.0f/s), in the"
		      " database in %.3f s (%.0f/s)\n",
	    ROWS, (double)acked / 1e9, ROWS / ((double)acked / 1e9),
	    (double)(mono_ns() - start) / 1e9,
	    ROWS / ((double)(mono_ns() - start) / 1e9));
	node_session_end(&n->worker, session, WHY_USER_LEFT);
}

static void
a_database_that_hangs_or_dies_loses_and_doubles_nothing(void **state)
{
	struct server *db = *state;
	uint8_t session[16];
	uint32_t seq = 0, before;
	uint64_t start, ms;

	node_begin(&n->worker, session);
	before = n->worker.n_acked;
	embedded_signal(db->e, SIGSTOP);
	start = mono_ns();
	while (mono_ns() - start < UINT64_C(10000000000)) {
		(void)node_keys(&n->worker, session, ++seq);
		node_run(n, 2);
	}
	/* All of it is acknowledged though the database does not answer. */
	node_run(n, 500);
	assert_int_equal(n->worker.n_acked, before + seq);
	/* A login is answered, with no. */
	assert_false(
	    node_login(&n->worker, ++n->last_conn, "ana", "right", &ms));
	assert_int_equal(n->worker.type, bm_error_type);
	print_message("login without a database: refused in %llu ms\n",
	    (unsigned long long)ms);
	assert_true(ms < 1000);
	embedded_signal(db->e, SIGCONT);
	for (; seq < 6000; seq++)
		(void)node_keys(&n->worker, session, seq + 1);
	node_run(n, 700);
	for (; seq < 7000; seq++)
		(void)node_keys(&n->worker, session, seq + 1);
	node_run(n, 30);
	server_crash(db);
	for (; seq < 9000; seq++)
		(void)node_keys(&n->worker, session, seq + 1);
	node_run(n, 2000);
	assert_int_equal(n->worker.n_acked, before + seq);
	server_again(db);
	start = mono_ns();
	keys_in_order(session, seq, 20000);
	print_message("%u rows stored %.1f s after the database came back\n",
	    seq, (double)(mono_ns() - start) / 1e9);
	node_session_end(&n->worker, session, WHY_USER_LEFT);
	node_run(n, 2500);
	node_verify_chain(n);
	assert_true(node_count_events(n, AUDIT_DB_AWAY, "%") >= 1);
	assert_true(node_count_events(n, AUDIT_DB_BACK, "%") >= 1);
}

/* An audit event with a known id, so that it can be sent twice. */
static uint32_t
send_event(struct end *e, const uint8_t session[16], uint32_t no)
{
	struct bm_audit m = {.event = AUDIT_CHANNEL_OPEN,
	    .at_us = unix_us(),
	    .fields = SPAN("{\"channel\":1}", 13)};
	struct buf b;
	uint32_t id;

	memset(m.row_id, 0xee, 16);
	be32_put(m.row_id, no);
	memcpy(m.session_id, session, 16);
	buf_init(&b, 16384);
	assert_int_equal(bm_audit_put(&b, &m), 0);
	id = node_send(e, bm_audit_type, buf_span(&b));
	buf_fini(&b);
	return id;
}

/* Rows of a session that have no answer yet, with the id they went under. */
struct unanswered {
	uint8_t session[16];
	uint32_t sent;		     /* rows 1 to sent */
	uint32_t *key_id, *event_id; /* 0: answered, or no event */
	uint32_t again;
};

static void
send_rows(struct unanswered *u, uint32_t from, uint32_t to, bool again)
{
	uint32_t i;

	for (i = from; i <= to; i++) {
		if (!again || u->key_id[i] != 0) {
			u->key_id[i] = node_keys(&n->worker, u->session, i);
			u->again += again;
		}
		if (i % 10 == 0 && (!again || u->event_id[i] != 0))
			u->event_id[i] = send_event(&n->worker, u->session, i);
	}
	u->sent = to;
}

static void
note_answers(struct unanswered *u)
{
	uint32_t i;

	for (i = 1; i <= u->sent; i++) {
		if (u->key_id[i] != 0 && n->worker.acked[u->key_id[i]])
			u->key_id[i] = 0;
		if (u->event_id[i] != 0 && n->worker.acked[u->event_id[i]])
			u->event_id[i] = 0;
	}
}

static void
a_killed_broker_loses_and_doubles_nothing(void **state)
{
	enum { ROUNDS = 6, STEP = 2000 };
	struct unanswered u = {0};
	uint32_t i, round;

	(void)state;
	u.key_id = calloc(ROUNDS * STEP + 1, sizeof(*u.key_id));
	u.event_id = calloc(ROUNDS * STEP + 1, sizeof(*u.event_id));
	assert_non_null(u.key_id);
	assert_non_null(u.event_id);
	node_begin(&n->worker, u.session);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < STEP; i += 250) {
			send_rows(&u, u.sent + 1, u.sent + 250, false);
			node_run(n, round * 5 + 1);
		}
		node_kill(n);
		node_run(n, 5); /* answers that were under way */
		note_answers(&u);
		node_start(n);
		node_claim(&n->worker, u.session);
		/* What has no answer is sent again, in order. */
		send_rows(&u, 1, u.sent, true);
	}
	print_message("%u rows sent, %u sent again\n", u.sent, u.again);
	assert_true(u.again > 0);
	keys_in_order(u.session, u.sent, 30000);
	assert_true(node_wait_sql(n,
	    "SELECT COUNT(*) FROM audit WHERE event=110", u.sent / 10, 10000));
	assert_int_equal(
	    node_number(n, "SELECT COUNT(DISTINCT row_id) FROM audit"
			   " WHERE event=110"),
	    u.sent / 10);
	node_session_end(&n->worker, u.session, WHY_USER_LEFT);
	node_run(n, 500);
	node_verify_chain(n);
	free(u.key_id);
	free(u.event_id);
}

/* A graceful restart: the new one is there before the old one has ended. */
static void
a_broker_waits_until_the_one_before_has_stored_its_rows(void **state)
{
	uint8_t session[16];
	uint32_t i, before;
	pid_t old;

	(void)state;
	node_begin(&n->worker, session);
	for (i = 1; i <= 500; i++)
		(void)node_keys(&n->worker, session, i);
	before = n->worker.n_acked;
	assert_true(node_acked(&n->worker, before + 500, 5000));
	old = n->pid;
	node_start(n);
	node_claim(&n->worker, session);
	for (; i <= 1000; i++)
		(void)node_keys(&n->worker, session, i);
	/* It listens to nobody yet. */
	node_run(n, 1000);
	assert_int_equal(n->worker.n_acked, 0);
	assert_int_equal(kill(old, SIGKILL), 0);
	assert_int_equal(waitpid(old, NULL, 0), old);
	assert_true(node_acked(&n->worker, 500, 5000));
	keys_in_order(session, 1000, 20000);
	node_session_end(&n->worker, session, WHY_USER_LEFT);
	node_run(n, 500);
	node_verify_chain(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		ten_thousand_keystroke_rows_are_stored_once_and_in_order),
	    cmocka_unit_test(
		a_database_that_hangs_or_dies_loses_and_doubles_nothing),
	    cmocka_unit_test(a_killed_broker_loses_and_doubles_nothing),
	    cmocka_unit_test(
		a_broker_waits_until_the_one_before_has_stored_its_rows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
