/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in: a broker with a real database is asked by a worker whether
 * somebody may log in, with a password or with a key.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/door.h"
#include "ssh/transport/sshkey.h"

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
	    cmocka_unit_test(a_password_that_must_be_changed_opens_nothing),
	    cmocka_unit_test(
		a_login_waits_for_the_first_contact_with_the_database),
	    cmocka_unit_test_setup(
		a_crowd_at_the_door_keeps_nobody_out_who_is_known, again),
	    cmocka_unit_test(a_knock_out_of_order_closes_the_link),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
