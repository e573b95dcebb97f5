/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations and partitions on a real server. */
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
#include "sql/migrate.h"

#include "server.h"

static const char *const step_1[] = {
    "CREATE TABLE IF NOT EXISTS m (id INT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS log (id INT AUTO_INCREMENT PRIMARY KEY)",
};
static const char *const step_2[] = {
    "INSERT INTO log VALUES ()",
    "ALTER TABLE m ADD COLUMN IF NOT EXISTS x INT",
};
static const char *const step_2_changed[] = {
    "INSERT INTO log VALUES (), ()",
};
static const char *const step_bad[] = {
    "INSERT INTO nothing VALUES (1)",
};
static const struct migration list[] = {
    {1, "one", step_1, 2},
    {2, "two", step_2, 2},
};

static int
fresh(void **state)
{
	struct server *s = *state;
	struct db_opts bare = s->opts;
	struct db *db;
	struct fail f = {0};

	bare.name = NULL;
	db = db_new(&bare);
	assert_non_null(db);
	assert_int_equal(
	    db_exec(
		db, DB_STMT0("DROP DATABASE IF EXISTS sallyport"), NULL, &f),
	    0);
	db_free(db);
	return 0;
}

static struct db *
open_db(void **state)
{
	struct server *s = *state;
	struct db *db = db_new(&s->opts);

	assert_non_null(db);
	return db;
}

static void
each_runs_once(void **state)
{
	struct server *s = *state;
	struct fail f = {0};
	unsigned ran = 9;
	struct db *db;

	assert_int_equal(migrate_run_list(&s->opts, list, 1, &ran, &f), 0);
	assert_int_equal(ran, 1);
	assert_int_equal(migrate_run_list(&s->opts, list, 2, &ran, &f), 0);
	assert_int_equal(ran, 1);
	assert_int_equal(migrate_run_list(&s->opts, list, 2, &ran, &f), 0);
	assert_int_equal(ran, 0);
	db = open_db(state);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM log"), 1);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM migration WHERE state=2"),
	    2);
	db_free(db);
}

struct node {
	struct server *s;
	unsigned ran;
	int r;
	struct fail f;
};

static void *
node_main(void *arg)
{
	struct node *n = arg;

	n->r = migrate_run_list(&n->s->opts, list, 2, &n->ran, &n->f);
	db_thread_fini();
	return NULL;
}

static void
nodes_that_start_at_once_run_each_once(void **state)
{
	struct node nodes[6] = {{0}};
	pthread_t t[6];
	unsigned ran = 0;
	struct db *db;

	for (unsigned i = 0; i < 6; i++) {
		nodes[i].s = *state;
		assert_int_equal(
		    pthread_create(&t[i], NULL, node_main, &nodes[i]), 0);
	}
	for (unsigned i = 0; i < 6; i++) {
		pthread_join(t[i], NULL);
		if (nodes[i].r)
			fail_msg("%s", nodes[i].f.why);
		ran += nodes[i].ran;
	}
	assert_int_equal(ran, 2);
	db = open_db(state);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM log"), 1);
	db_free(db);
}

static void
one_left_by_a_dead_node_is_taken_over(void **state)
{
	struct server *s = *state;
	struct fail f = {0};
	unsigned ran = 0;
	struct db *db;

	assert_int_equal(migrate_run_list(&s->opts, list, 1, &ran, &f), 0);
	db = open_db(state);
	assert_int_equal(
	    db_exec(db,
		DB_STMT0("UPDATE migration SET state=1, token='dead', "
			 "until_at=NOW(6)+INTERVAL 1 SECOND"),
		NULL, &f),
	    0);
	assert_int_equal(migrate_run_list(&s->opts, list, 2, &ran, &f), 0);
	assert_int_equal(ran, 2);
	db_free(db);
}

static void
one_that_was_changed_after_it_ran_is_refused(void **state)
{
	const struct migration changed[] = {
	    list[0], {2, "two", step_2_changed, 1}};
	struct server *s = *state;
	struct fail f = {0};

	assert_int_equal(migrate_run_list(&s->opts, list, 2, NULL, &f), 0);
	assert_int_equal(
	    migrate_run_list(&s->opts, changed, 2, NULL, &f), FAIL_STATE);
	assert_non_null(strstr(f.why, "migration 2"));
}

static void
one_that_fails_stops_and_can_be_run_again(void **state)
{
	const struct migration bad[] = {list[0], {2, "bad", step_bad, 1}};
	struct server *s = *state;
	struct fail f = {0};
	struct db *db;

	assert_int_equal(
	    migrate_run_list(&s->opts, bad, 2, NULL, &f), FAIL_SQL);
	db = open_db(state);
	assert_int_equal(
	    server_number(db, "SELECT state FROM migration WHERE version=2"),
	    1);
	db_free(db);
}

static void
count_done(const struct migration *m, bool done, void *ctx)
{
	assert_non_null(m->name);
	((unsigned *)ctx)[done]++;
}

static void
the_real_schema_is_made_and_reported(void **state)
{
	struct server *s = *state;
	unsigned n[2] = {0}, ran = 0;
	struct fail f = {0};
	struct db *db;

	assert_int_equal(migrate_run(&s->opts, &ran, &f), 0);
	assert_int_equal(ran, migrate_count);
	assert_int_equal(migrate_run(&s->opts, &ran, &f), 0);
	assert_int_equal(ran, 0);
	db = open_db(state);
	assert_int_equal(migrate_status(db, count_done, n, &f), 0);
	assert_int_equal(n[0], 0);
	assert_int_equal(n[1], migrate_count);
	/* The rules for every table. */
	assert_int_equal(
	    server_number(db,
		"SELECT COUNT(*) FROM information_schema.tables t WHERE "
		"t.table_schema=DATABASE() AND (t.engine<>'InnoDB' OR "
		"t.table_collation<>'utf8mb4_nopad_bin' OR NOT EXISTS "
		"(SELECT 1 FROM information_schema.table_constraints c WHERE "
		"c.table_schema=t.table_schema AND c.table_name=t.table_name "
		"AND c.constraint_type='PRIMARY KEY'))"),
	    0);
	/* Full-text columns fold case: a _bin one finds no capitals. */
	assert_int_equal(
	    server_number(db,
		"SELECT COUNT(*) FROM information_schema.statistics i JOIN "
		"information_schema.columns c USING (table_schema, "
		"table_name, column_name) WHERE i.table_schema=DATABASE() AND "
		"i.index_type='FULLTEXT' AND c.collation_name NOT LIKE "
		"'%\\_ci'"),
	    0);
	db_free(db);
}

static void
partitions_are_made_once_and_ahead(void **state)
{
	/* 2026-11-23: November, then three more over the new year. */
	const uint64_t now = UINT64_C(1795392000000000);
	struct server *s = *state;
	struct fail f = {0};
	struct db *db;

	assert_int_equal(migrate_run(&s->opts, NULL, &f), 0);
	db = open_db(state);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(migrate_partitions(db, now, 3, &f), 0);
		assert_int_equal(
		    server_number(db,
			"SELECT COUNT(*) FROM information_schema.partitions "
			"WHERE table_schema=DATABASE() AND "
			"table_name IN ('audit','keystroke') AND "
			"partition_name IN "
			"('p202611','p202612','p202701','p202702','pmax')"),
		    10);
	}
	/* A month later there is one more. */
	assert_int_equal(
	    migrate_partitions(db, now + UINT64_C(31) * 86400 * 1000000, 3, &f),
	    0);
	assert_int_equal(
	    server_number(db,
		"SELECT COUNT(*) FROM information_schema.partitions "
		"WHERE table_schema=DATABASE() AND table_name='audit'"),
	    6);
	/* A row of December goes where it belongs. */
	assert_int_equal(
	    db_exec(db,
		DB_STMT("INSERT INTO keystroke VALUES (?,1,?,0,0,'Needle42')",
		    db_bytes(SPAN("0123456789abcdef", 16)),
		    db_u64(UINT64_C(1796083200000000))),
		NULL, &f),
	    0);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM keystroke "
					   "PARTITION (p202612)"),
	    1);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM keystroke WHERE "
			      "MATCH (line) AGAINST ('needle42')"),
	    1);
	db_free(db);
}

int
main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, fresh)
	const struct CMUnitTest tests[] = {
	    T(each_runs_once),
	    T(nodes_that_start_at_once_run_each_once),
	    T(one_left_by_a_dead_node_is_taken_over),
	    T(one_that_was_changed_after_it_ran_is_refused),
	    T(one_that_fails_stops_and_can_be_run_again),
	    T(the_real_schema_is_made_and_reported),
	    T(partitions_are_made_once_and_ahead),
	};

	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
