/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and transactions against a real server. */
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

#include "base/loop.h"
#include "base/uuid.h"

#include "server.h"

static struct db *
open_db(struct server *s)
{
	struct db *db = db_new(&s->opts);

	assert_non_null(db);
	return db;
}

static int
run(struct db *db, const char *sql)
{
	struct fail f = {0};
	int r = db_exec(db, DB_STMT0(sql), NULL, &f);

	if (r)
		print_message("%s\n", f.why);
	return r;
}

static int
make_table(void **state)
{
	struct db *db = open_db(*state);

	assert_int_equal(run(db, "CREATE OR REPLACE TABLE t ("
				 "id BINARY(16) PRIMARY KEY, "
				 "u BIGINT UNSIGNED, i BIGINT, "
				 "s VARCHAR(50), b BLOB)"),
	    0);
	db_free(db);
	return 0;
}

struct seen {
	unsigned rows;
	uint64_t u;
	int64_t i;
	bool null;
	char s[64];
	uint8_t b[16];
	size_t b_len;
	uint8_t id[16];
};

static int
on_row(const struct db_row *r, void *ctx, struct fail *f)
{
	struct seen *s = ctx;
	struct span b = db_row_bytes(r, 4);

	(void)f;
	s->rows++;
	assert_int_equal(r->n, 5);
	assert_int_equal(db_row_uuid(r, 0, s->id), 0);
	s->u = db_row_u64(r, 1);
	s->i = db_row_i64(r, 2);
	s->null = db_row_null(r, 3);
	db_row_copy(r, 3, s->s, sizeof(s->s));
	s->b_len = b.len;
	memcpy(s->b, b.p, b.len);
	return 0;
}

static void
values_come_back_as_they_went(void **state)
{
	struct db *db = open_db(*state);
	const uint8_t bytes[5] = {0, 255, 39, 92, 0};
	struct fail f = {0};
	struct seen seen = {0};
	uint8_t id[16];
	uint64_t n = 0;

	uuid_new(id);
	assert_int_equal(db_exec(db,
			     DB_STMT("INSERT INTO t VALUES (?,?,?,?,?)",
				 db_uuid(id), db_u64(UINT64_MAX),
				 db_i64(INT64_MIN), db_text("it's \u00e9 \\"),
				 db_bytes(SPAN(bytes, sizeof(bytes)))),
			     &n, &f),
	    0);
	assert_int_equal(n, 1);
	assert_int_equal(
	    db_one(db, DB_STMT("SELECT * FROM t WHERE id=?", db_uuid(id)),
		on_row, &seen, &f),
	    0);
	assert_memory_equal(seen.id, id, 16);
	assert_true(seen.u == UINT64_MAX);
	assert_true(seen.i == INT64_MIN);
	assert_false(seen.null);
	assert_string_equal(seen.s, "it's \u00e9 \\");
	assert_int_equal(seen.b_len, sizeof(bytes));
	assert_memory_equal(seen.b, bytes, sizeof(bytes));
	db_free(db);
}

static void
null_is_null(void **state)
{
	struct db *db = open_db(*state);
	struct fail f = {0};
	struct seen seen = {0};
	uint8_t id[16];

	uuid_new(id);
	assert_int_equal(
	    db_exec(db,
		DB_STMT("INSERT INTO t VALUES (?,?,?,?,?)", db_uuid(id),
		    db_null(), db_null(), db_text(NULL), db_null()),
		NULL, &f),
	    0);
	assert_int_equal(
	    db_one(db, DB_STMT("SELECT * FROM t WHERE id=?", db_uuid(id)),
		on_row, &seen, &f),
	    0);
	assert_true(seen.null);
	assert_string_equal(seen.s, "");
	assert_int_equal(seen.u, 0);
	db_free(db);
}

static void
what_is_computed_is_a_number_too(void **state)
{
	struct db *db = open_db(*state);

	assert_int_equal(
	    server_number(db, "SELECT COALESCE(MAX(CAST(seq AS UNSIGNED)),0) "
			      "FROM seq_1_to_9"),
	    9);
	assert_int_equal(
	    server_number(db, "SELECT SUM(seq) FROM seq_1_to_9"), 45);
	assert_int_equal(server_number(db, "SELECT IFNULL(MAX(u),0) FROM t "
					   "WHERE u=77"),
	    0);
	db_free(db);
}

static void
a_duplicate_key_is_told_apart_and_tells_no_value(void **state)
{
	struct db *db = open_db(*state);
	struct db_val v[] = {
	    db_uuid((const uint8_t *)"0123456789abcdef"), db_text("topsecret")};
	struct db_stmt q = {
	    .sql = "INSERT INTO t (id,s) VALUES (?,?)", .p = v, .n = 2};
	struct fail f = {0};

	assert_int_equal(db_exec(db, &q, NULL, &f), 0);
	assert_int_equal(db_exec(db, &q, NULL, &f), FAIL_EXISTS);
	assert_null(strstr(f.why, "topsecret"));
	assert_null(strstr(f.why, "0123"));
	assert_false(db_away(db));
	/* A value that does not fit is quoted by the server, not by us. */
	f = (struct fail){0};
	v[1] = db_text("topsecret-topsecret-topsecret-topsecret-topsecret--"
		       "topsecret");
	assert_int_equal(db_exec(db, &q, NULL, &f), FAIL_SQL);
	assert_null(strstr(f.why, "topsecret"));
	db_free(db);
}

static void
a_wrong_statement_fails_at_once_with_words(void **state)
{
	struct db *db = open_db(*state);
	uint64_t begin = mono_ns();
	struct fail f = {0};

	assert_int_equal(db_exec(db, DB_STMT0("SELEKT 1"), NULL, &f), FAIL_SQL);
	assert_non_null(strstr(f.why, "SELEKT"));
	assert_true(mono_ns() - begin < UINT64_C(1000000000));
	f = (struct fail){0};
	assert_int_equal(
	    db_exec(db,
		DB_STMT("DELETE FROM t WHERE u=?", db_u64(1), db_u64(2)), NULL,
		&f),
	    FAIL_RANGE);
	db_free(db);
}

static void
no_row_is_not_found(void **state)
{
	struct db *db = open_db(*state);
	struct fail f = {0};
	struct seen seen = {0};

	assert_int_equal(db_one(db, DB_STMT0("SELECT * FROM t WHERE u=77"),
			     on_row, &seen, &f),
	    FAIL_NOTFOUND);
	f = (struct fail){0};
	assert_int_equal(db_query(db, DB_STMT0("SELECT * FROM t WHERE u=77"),
			     on_row, &seen, &f),
	    0);
	assert_int_equal(seen.rows, 0);
	db_free(db);
}

static int
stop_at_third(const struct db_row *r, void *ctx, struct fail *f)
{
	(void)r;
	if (++*(unsigned *)ctx == 3)
		return fail_set(f, FAIL_FULL, "enough");
	return 0;
}

static int
nested(const struct db_row *r, void *ctx, struct fail *f)
{
	(void)r;
	(void)f;
	assert_int_equal(server_number(ctx, "SELECT 7"), 7);
	/* The same statement within itself. */
	assert_int_equal(server_number(ctx, "SELECT seq FROM seq_1_to_3"), 1);
	return 0;
}

static void
a_callback_can_stop_and_can_ask_more(void **state)
{
	struct db *db = open_db(*state);
	struct fail f = {0};
	unsigned n = 0;

	assert_int_equal(db_query(db, DB_STMT0("SELECT seq FROM seq_1_to_9"),
			     stop_at_third, &n, &f),
	    FAIL_FULL);
	assert_int_equal(n, 3);
	assert_string_equal(f.why, "enough");
	f = (struct fail){0};
	assert_int_equal(db_query(db, DB_STMT0("SELECT seq FROM seq_1_to_3"),
			     nested, db, &f),
	    0);
	db_free(db);
}

static void
a_statement_that_takes_too_long_is_ended(void **state)
{
	struct db *db = open_db(*state);
	struct db_stmt q = {.sql = "SELECT COUNT(*) FROM seq_1_to_3000000 a, "
				   "seq_1_to_3000000 b",
	    .limit_ms = 200};
	uint64_t begin = mono_ns(), id, n = 0;
	struct fail f = {0};

	id = server_number(db, "SELECT CONNECTION_ID()");
	assert_int_equal(db_query(db, &q, stop_at_third, &n, &f), FAIL_TIMEOUT);
	assert_true(mono_ns() - begin < UINT64_C(3000000000));
	/* The connection is still the same one. */
	assert_int_equal(server_number(db, "SELECT CONNECTION_ID()"), id);
	db_free(db);
}

static void
the_session_is_as_the_code_expects(void **state)
{
	struct db *db = open_db(*state);

	assert_int_equal(
	    server_number(db,
		"SELECT @@tx_isolation='READ-COMMITTED' AND "
		"@@sql_mode='STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
		"NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION' AND "
		"@@character_set_client='utf8mb4' AND "
		"@@max_statement_time=2 AND @@time_zone='+00:00' AND "
		"@@local_infile=0 AND @@skip_networking"),
	    1);
	db_free(db);
}

static int
insert_two(struct db *db, void *ctx, struct fail *f)
{
	int r = db_exec(
	    db, DB_STMT0("INSERT INTO t (id,u) VALUES ('a',500)"), NULL, f);

	if (r == 0)
		r = db_exec(db,
		    DB_STMT0("INSERT INTO t (id,u) VALUES ('b',500)"), NULL, f);
	return r ? r : *(int *)ctx;
}

static void
a_transaction_is_all_or_nothing(void **state)
{
	struct db *db = open_db(*state);
	struct fail f = {0};
	int result = FAIL_DENIED;

	assert_int_equal(db_tx(db, insert_two, &result, &f), FAIL_DENIED);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM t WHERE u=500"), 0);
	result = 0;
	f = (struct fail){0};
	assert_int_equal(db_tx(db, insert_two, &result, &f), 0);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM t WHERE u=500"), 2);
	/* The second time the first insert finds its key there. */
	assert_int_equal(db_tx(db, insert_two, &result, &f), FAIL_EXISTS);
	db_free(db);
}

static int
tx_in_tx(struct db *db, void *ctx, struct fail *f)
{
	return db_tx(db, insert_two, ctx, f);
}

static void
transactions_do_not_nest(void **state)
{
	struct db *db = open_db(*state);
	struct fail f = {0};
	int result = 0;

	assert_int_equal(db_tx(db, tx_in_tx, &result, &f), FAIL_STATE);
	db_free(db);
}

/* The first time the server takes it back between the two inserts. */
static int
insert_around_rollback(struct db *db, void *ctx, struct fail *f)
{
	unsigned *runs = ctx;
	int r = db_exec(
	    db, DB_STMT0("INSERT INTO t (id,u) VALUES ('c',501)"), NULL, f);

	if (r == 0 && (*runs)++ == 0) {
		r = db_exec(db, DB_STMT0("ROLLBACK"), NULL, f);
		assert_int_equal(r, FAIL_SQL);
		/* Who overlooks it comes no further either. */
		r = db_exec(db,
		    DB_STMT0("INSERT INTO t (id,u) VALUES ('x',501)"), NULL,
		    NULL);
		assert_int_equal(r, FAIL_SQL);
		return 0;
	}
	if (r == 0)
		r = db_exec(db,
		    DB_STMT0("INSERT INTO t (id,u) VALUES ('d',501)"), NULL, f);
	return r;
}

static void
a_transaction_that_the_server_took_back_runs_again_whole(void **state)
{
	struct db *db = open_db(*state);
	struct fail f = {0};
	unsigned runs = 0;

	assert_int_equal(db_tx(db, insert_around_rollback, &runs, &f), 0);
	assert_int_equal(runs, 2);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM t WHERE u=501"), 2);
	db_free(db);
}

/* Two threads that lock two rows in opposite order, many times. */
struct locker {
	struct server *s;
	const char *first, *second;
	unsigned runs;
	int r;
	struct fail f;
};

static int
lock_both(struct db *db, void *ctx, struct fail *f)
{
	struct locker *l = ctx;
	int r;

	l->runs++;
	r = db_exec(db,
	    DB_STMT("UPDATE t SET u=u+1 WHERE id=?", db_text(l->first)), NULL,
	    f);
	usleep(2000);
	return r ? r
		 : db_exec(db,
		       DB_STMT(
			   "UPDATE t SET u=u+1 WHERE id=?", db_text(l->second)),
		       NULL, f);
}

static void *
locker_main(void *arg)
{
	struct locker *l = arg;
	struct db *db = db_new(&l->s->opts);

	for (unsigned i = 0; db && l->r == 0 && i < 100; i++)
		l->r = db_tx(db, lock_both, l, &l->f);
	db_free(db);
	db_thread_fini();
	return NULL;
}

static void
deadlocked_transactions_are_run_again(void **state)
{
	struct locker a = {.s = *state,
	    .first = "aaaaaaaaaaaaaaaa",
	    .second = "bbbbbbbbbbbbbbbb"};
	struct locker b = {.s = *state, .first = a.second, .second = a.first};
	struct db *db = open_db(*state);
	pthread_t ta, tb;

	assert_int_equal(run(db, "INSERT INTO t (id,u) VALUES "
				 "('aaaaaaaaaaaaaaaa',0),"
				 "('bbbbbbbbbbbbbbbb',0)"),
	    0);
	assert_int_equal(pthread_create(&ta, NULL, locker_main, &a), 0);
	assert_int_equal(pthread_create(&tb, NULL, locker_main, &b), 0);
	pthread_join(ta, NULL);
	pthread_join(tb, NULL);
	assert_int_equal(a.r, 0);
	assert_int_equal(b.r, 0);
	/* They did collide, and each run counted once. */
	assert_true(a.runs + b.runs > 200);
	assert_int_equal(server_number(db, "SELECT SUM(u)=400 AND "
					   "COUNT(*)=2 FROM t WHERE id IN "
					   "('aaaaaaaaaaaaaaaa',"
					   "'bbbbbbbbbbbbbbbb')"),
	    1);
	db_free(db);
}

/* Writes until told, with keys of its own; counts what was acknowledged. */
struct writer {
	struct server *s;
	struct db *db;
	volatile bool stop;
	uint64_t acked;
	int r;
	struct fail f;
};

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	uint8_t id[16];

	while (!w->stop && w->r == 0) {
		uuid_new(id);
		w->r = db_exec(w->db,
		    DB_STMT("INSERT INTO t (id,u) VALUES (?,9000) "
			    "ON DUPLICATE KEY UPDATE u=9000",
			db_uuid(id)),
		    NULL, &w->f);
		if (w->r == 0)
			w->acked++;
	}
	db_thread_fini();
	return NULL;
}

static void
a_killed_server_loses_nothing_acknowledged(void **state)
{
	struct server *s = *state;
	struct writer w = {.s = s, .db = open_db(s)};
	uint64_t before, found;
	struct db *db;
	pthread_t t;

	s->opts.budget_ms = 30000;
	assert_int_equal(pthread_create(&t, NULL, writer_main, &w), 0);
	usleep(400000);
	server_crash(s);
	server_again(s);
	before = w.acked;
	usleep(600000);
	w.stop = true;
	pthread_join(t, NULL);
	assert_int_equal(w.r, 0);
	/* It went on by itself after the restart. */
	assert_true(before > 0 && w.acked > before);
	db = open_db(s);
	found = server_number(db, "SELECT COUNT(*) FROM t WHERE u=9000");
	assert_int_equal(found, w.acked);
	db_free(db);
	db_free(w.db);
	s->opts.budget_ms = 0;
}

static int
crash_between(struct db *db, void *ctx, struct fail *f)
{
	struct server **s = ctx;
	int r = db_exec(
	    db, DB_STMT0("INSERT INTO t (id,u) VALUES ('x1',42)"), NULL, f);

	if (r == 0 && *s) {
		server_crash(*s);
		server_again(*s);
		*s = NULL;
	}
	if (r == 0)
		r = db_exec(db,
		    DB_STMT0("INSERT INTO t (id,u) VALUES ('x2',42)"), NULL, f);
	return r;
}

static void
a_transaction_that_lost_its_server_runs_again_whole(void **state)
{
	struct server *crash = *state;
	struct db *db = open_db(*state);
	struct fail f = {0};

	assert_int_equal(db_tx(db, crash_between, &crash, &f), 0);
	assert_null(crash);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM t WHERE u=42"), 2);
	db_free(db);
}

static void
without_a_server_the_budget_bounds_the_wait(void **state)
{
	struct server *s = *state;
	struct db *db = open_db(s);
	uint64_t begin;
	struct fail f = {0};

	server_crash(s);
	s->opts.budget_ms = 500;
	begin = mono_ns();
	assert_int_equal(db_connect(db, &f), FAIL_SQL);
	assert_true(mono_ns() - begin < UINT64_C(2000000000));
	assert_true(db_away(db));
	server_again(s);
	f = (struct fail){0};
	assert_int_equal(db_connect(db, &f), 0);
	assert_false(db_away(db));
	s->opts.budget_ms = 0;
	db_free(db);
}

static void
a_statement_marked_once_is_not_sent_twice(void **state)
{
	struct server *s = *state;
	struct db *db = open_db(s);
	struct db_stmt q = {.sql = "SELECT SLEEP(1.5)", .once = true};
	uint64_t id = server_number(db, "SELECT CONNECTION_ID()");
	struct db *other = open_db(s);
	struct fail f = {0};
	char kill_sql[64];

	/* Killed while idle: the next statement finds the connection dead. */
	snprintf(
	    kill_sql, sizeof(kill_sql), "KILL %llu", (unsigned long long)id);
	assert_int_equal(run(other, kill_sql), 0);
	usleep(100000);
	assert_int_equal(db_exec(db, &q, NULL, &f), FAIL_SQL);
	assert_true(db_away(db));
	assert_int_not_equal(server_number(db, "SELECT CONNECTION_ID()"), id);
	db_free(other);
	db_free(db);
}

int
main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, make_table)
	const struct CMUnitTest tests[] = {
	    T(values_come_back_as_they_went),
	    T(null_is_null),
	    T(what_is_computed_is_a_number_too),
	    T(a_duplicate_key_is_told_apart_and_tells_no_value),
	    T(a_wrong_statement_fails_at_once_with_words),
	    T(no_row_is_not_found),
	    T(a_callback_can_stop_and_can_ask_more),
	    T(a_statement_that_takes_too_long_is_ended),
	    T(the_session_is_as_the_code_expects),
	    T(a_transaction_is_all_or_nothing),
	    T(transactions_do_not_nest),
	    T(a_transaction_that_the_server_took_back_runs_again_whole),
	    T(deadlocked_transactions_are_run_again),
	    T(a_killed_server_loses_nothing_acknowledged),
	    T(a_transaction_that_lost_its_server_runs_again_whole),
	    T(without_a_server_the_budget_bounds_the_wait),
	    T(a_statement_marked_once_is_not_sent_twice),
	};

	return cmocka_run_group_tests(
	    tests, server_setup_schema, server_teardown);
}
