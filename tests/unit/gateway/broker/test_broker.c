/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole broker against a real database: logins, grants, live control, the
 * sessions of a dead worker.  The keeper is played by the test.
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
#include "broker/door.h"
#include "session/audit.h"
#include "session/why.h"
#include "ssh/transport/sshkey.h"

#include "node.h"

static struct node *n;

static int
setup(void **state)
{
	int r = server_setup_schema(state);

	n = node_new(*state);
	node_people(n);
	node_start(n);
	/* The first contact with the database. */
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM audit WHERE event=1", 1, 10000));
	return r;
}

static int
teardown(void **state)
{
	node_free(n);
	return server_teardown(state);
}

static int
again(void **state)
{
	(void)state;
	if (n->pid != 0)
		node_stop(n);
	node_start(n);
	node_ready(n);
	return 0;
}

static void
failures_take_the_same_time_whether_or_not_the_user_exists(void **state)
{
	static const char *const names[] = {"ana", "nobody", "dis"};
	uint64_t least[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX}, ms;
	int i, k;

	(void)state;
	/* The least of several: a busy machine only ever adds. */
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 3; i++) {
			assert_false(node_login(&n->worker, ++n->last_conn,
			    names[i], i == 2 ? "right" : "wrong", &ms));
			if (ms < least[i])
				least[i] = ms;
		}
	}
	print_message("failed logins: known %llu ms, unknown %llu ms,"
		      " disabled %llu ms\n",
	    (unsigned long long)least[0], (unsigned long long)least[1],
	    (unsigned long long)least[2]);
	for (i = 0; i < 3; i++)
		assert_in_range(least[i], 590, 1500);
	for (i = 1; i < 3; i++)
		assert_in_range(least[i] + 60, least[0], least[0] + 120);
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM audit WHERE event=201", 9, 3000));
	assert_int_equal(node_count_events(n, 201, "%no such user%"), 3);
	assert_int_equal(node_count_events(n, 201, "%wrong password%"), 3);
	assert_int_equal(
	    node_count_events(n, 201, "%the user is disabled%"), 3);
}

static void
the_right_password_lets_in(void **state)
{
	uint64_t ms;

	(void)state;
	assert_true(
	    node_login(&n->worker, ++n->last_conn, "ana", "right", &ms));
	print_message("login: %llu ms\n", (unsigned long long)ms);
	assert_true(node_login(
	    &n->worker, ++n->last_conn, "ana@root@db1", "right", NULL));
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*) FROM audit WHERE event=200", 2, 3000));
}

/* A key of ana, and a login with it; what is signed may be spoilt. */
static EVP_PKEY *key;
static struct buf blob;

static bool
key_login(
    uint64_t conn, uint8_t method, const char *user, const char *signed_user)
{
	struct bm_auth m = {
	    .conn = conn,
	    .method = method,
	    .peer = SPAN("192.0.2.10", 10),
	    .user = SPAN(user, strlen(user)),
	    .alg = SPAN("ssh-ed25519", 11),
	    .key = buf_span(&blob),
	};
	struct bm_auth_result res = {0};
	struct buf data, sig, b;
	uint8_t id[32] = {1};

	buf_init(&data, 65536);
	buf_init(&sig, 65536);
	buf_init(&b, 131072);
	assert_int_equal(buf_put_string(&data, id, sizeof(id)), 0);
	assert_int_equal(buf_put_u8(&data, 50), 0);
	assert_int_equal(buf_put_cstring(&data, signed_user), 0);
	assert_int_equal(buf_put_cstring(&data, "ssh-connection"), 0);
	assert_int_equal(buf_put_cstring(&data, "publickey"), 0);
	assert_int_equal(buf_put_u8(&data, 1), 0);
	assert_int_equal(buf_put_cstring(&data, "ssh-ed25519"), 0);
	assert_int_equal(
	    buf_put_string(&data, buf_head(&blob), buf_len(&blob)), 0);
	assert_int_equal(
	    sshkey_sign(key, "ssh-ed25519", buf_span(&data), &sig), 0);
	if (method == 3) {
		m.signed_data = buf_span(&data);
		m.signature = buf_span(&sig);
	}
	assert_int_equal(bm_auth_put(&b, &m), 0);
	assert_true(node_ask(&n->worker, bm_auth_type, buf_span(&b), 5000));
	assert_int_equal(n->worker.type, bm_auth_result_type);
	assert_int_equal(
	    bm_auth_result_get(buf_span(&n->worker.body), &res), 0);
	buf_fini(&data);
	buf_fini(&sig);
	buf_fini(&b);
	return res.ok != 0;
}

static void
a_key_lets_in_by_a_signature_of_this_very_login(void **state)
{
	struct fail f = {0};
	const uint8_t ana[16] = {[15] = 1};
	uint64_t conn = ++n->last_conn;

	(void)state;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	buf_init(&blob, 65536);
	assert_non_null(key);
	assert_int_equal(sshkey_public_blob(key, &blob), 0);
	assert_false(key_login(conn, 2, "ana", "ana"));
	assert_int_equal(
	    db_exec(n->sql,
		DB_STMT("INSERT INTO user_key (id, user_id, alg, key_blob,"
			" fingerprint, created_us) VALUES (?,?,'x',?,'f',1)",
		    db_uuid(ana), db_uuid(ana), db_bytes(buf_span(&blob))),
		NULL, &f),
	    0);
	assert_true(key_login(conn, 2, "ana", "ana"));
	assert_false(key_login(conn, 3, "ana", "bob"));
	assert_false(key_login(conn, 3, "nobody", "nobody"));
	assert_true(key_login(conn, 3, "ana", "ana@root@db1"));
	EVP_PKEY_free(key);
	buf_fini(&blob);
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

static void
a_password_that_must_be_changed_opens_nothing(void **state)
{
	uint64_t conn = ++n->last_conn;
	struct bm_grant g;

	(void)state;
	assert_true(node_login(&n->worker, conn, "new", "right", NULL));
	assert_false(node_grant(&n->worker, conn, "root", "db1", &g));
	assert_int_equal(n->worker.type, bm_refuse_type);
	assert_true(node_wait_sql(n,
	    "SELECT COUNT(*) FROM audit WHERE event=102 AND fields LIKE"
	    " '%MUST_CHANGE%'",
	    1, 3000));
}

static void
a_login_waits_for_the_first_contact_with_the_database(void **state)
{
	struct server *db = *state;
	struct bm_auth m = {
	    .conn = ++n->last_conn,
	    .method = 1,
	    .peer = SPAN("192.0.2.9", 9),
	    .user = SPAN("ana", 3),
	    .password = SPAN("right", 5),
	};
	struct bm_auth_result res = {0};
	struct buf b;
	uint64_t ms;

	node_stop(n);
	embedded_signal(db->e, SIGSTOP);
	node_start(n);
	buf_init(&b, 65536);
	assert_int_equal(bm_auth_put(&b, &m), 0);
	(void)node_send(&n->worker, bm_auth_type, buf_span(&b));
	node_run(n, 1500);
	embedded_signal(db->e, SIGCONT);
	assert_true(node_wait(&n->worker, bm_auth_result_type, 5000));
	assert_int_equal(
	    bm_auth_result_get(buf_span(&n->worker.body), &res), 0);
	assert_int_equal(res.ok, 1);
	buf_fini(&b);

	/* But not for ever, and not in vain twice. */
	node_stop(n);
	embedded_signal(db->e, SIGSTOP);
	node_start(n);
	assert_false(
	    node_login(&n->worker, ++n->last_conn, "ana", "right", &ms));
	assert_int_equal(n->worker.type, bm_error_type);
	assert_in_range(ms, 9000, 11500);
	assert_false(
	    node_login(&n->worker, ++n->last_conn, "ana", "right", &ms));
	assert_true(ms < 500);
	embedded_signal(db->e, SIGCONT);
	node_ready(n);
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

/* Is the connection from this address let in? */
static bool
knocks(struct end *e, uint64_t conn, const char *peer)
{
	struct bm_knock m = {.conn = conn, .peer = SPAN(peer, strlen(peer))};
	struct bm_knocked got;
	struct buf b;

	buf_init(&b, 128);
	assert_int_equal(bm_knock_put(&b, &m), 0);
	assert_true(node_ask(e, bm_knock_type, buf_span(&b), 3000));
	assert_int_equal(e->type, bm_knocked_type);
	assert_int_equal(bm_knocked_get(buf_span(&e->body), &got), 0);
	assert_int_equal(got.conn, conn);
	buf_fini(&b);
	return got.admit != 0;
}

static void
conn_ends(struct end *e, uint64_t conn)
{
	struct bm_conn_end m = {.conn = conn};
	struct buf b;

	buf_init(&b, 64);
	assert_int_equal(bm_conn_end_put(&b, &m), 0);
	(void)node_send(e, bm_conn_end_type, buf_span(&b));
	buf_fini(&b);
}

/* One of many addresses, by number. */
static bool
stranger_knocks(struct end *e, uint64_t conn, unsigned from)
{
	char peer[32];

	snprintf(peer, sizeof(peer), "198.51.%u.%u:22", from / 250, from % 250);
	return knocks(e, conn, peer);
}

static void
a_crowd_at_the_door_keeps_nobody_out_who_is_known(void **state)
{
	const uint64_t base = 100000, users = 200000;
	unsigned i, in = 0;

	(void)state;
	assert_true(node_login(&n->worker, users, "ana", "right", NULL));
	for (i = 0; i < 1000; i++) {
		in += stranger_knocks(&n->worker, base + 2 * i, 2 * i);
		in += stranger_knocks(&n->other, base + 2 * i, 2 * i + 1);
	}
	print_message("%u of 2000 strangers let in\n", in);
	assert_in_range(in, DOOR_FREE + 1, DOOR_FULL);
	assert_true(node_wait_sql(
	    n, "SELECT COUNT(*)>0 FROM audit WHERE event=202", 1, 3000));
	/* Her address is that of her login. */
	for (i = 1; i < 50; i++)
		assert_true(knocks(&n->other, users + i, "192.0.2.9:22"));
	/* Who has gone makes room. */
	for (i = 0; i < 1000; i++) {
		conn_ends(&n->worker, base + 2 * i);
		conn_ends(&n->other, base + 2 * i);
	}
	/* When this is answered, all that came before has been read. */
	assert_true(knocks(&n->other, users + i, "192.0.2.9:22"));
	for (i = 0; i < DOOR_FREE / 2; i++)
		assert_true(stranger_knocks(&n->worker, base + 5000 + i, i));
}

static void
a_knock_out_of_order_closes_the_link(void **state)
{
	const char peer[] = "198.51.100.1:22";
	struct bm_knock m = {.conn = 300000, .peer = SPAN(peer, strlen(peer))};
	struct buf b;

	(void)state;
	assert_true(knocks(&n->worker, m.conn, peer));
	buf_init(&b, 128);
	assert_int_equal(bm_knock_put(&b, &m), 0);
	(void)node_send(&n->worker, bm_knock_type, buf_span(&b));
	buf_fini(&b);
	assert_true(node_wait_closed(&n->worker, 3000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		failures_take_the_same_time_whether_or_not_the_user_exists),
	    cmocka_unit_test(the_right_password_lets_in),
	    cmocka_unit_test(a_key_lets_in_by_a_signature_of_this_very_login),
	    cmocka_unit_test(a_grant_has_its_rows_before_it_is_answered),
	    cmocka_unit_test(
		what_is_not_there_and_what_is_not_permitted_read_the_same),
	    cmocka_unit_test(a_password_that_must_be_changed_opens_nothing),
	    cmocka_unit_test(
		a_login_waits_for_the_first_contact_with_the_database),
	    cmocka_unit_test(orders_reach_the_worker_that_has_the_session),
	    cmocka_unit_test(a_finished_recording_is_noted_once),
	    cmocka_unit_test(every_recording_of_a_node_has_its_own_number),
	    cmocka_unit_test(a_message_out_of_order_closes_the_link),
	    cmocka_unit_test_setup(
		a_crowd_at_the_door_keeps_nobody_out_who_is_known, again),
	    cmocka_unit_test(a_knock_out_of_order_closes_the_link),
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
