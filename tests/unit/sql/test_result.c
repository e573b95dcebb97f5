/* SPDX-License-Identifier: Apache-2.0 */
/* Values into a statement and out of its rows, by a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sql/result.h"

#include "server.h"

enum { LONG = 1024 * 1024, COLUMNS = 70 };

static struct conn conn;

static int
setup(void **state)
{
	struct server *s;
	struct fail f = {0};
	int r = server_setup_schema(state);

	s = *state;
	conn_init(&conn, &s->opts);
	if (r == 0)
		assert_int_equal(conn_open(&conn, &f), 0);
	return r;
}

static int
teardown(void **state)
{
	conn_close(&conn);
	return server_teardown(state);
}

static int
run(const struct db_stmt *q, struct result_rows *to)
{
	struct fail f = {0};
	struct conn_stmt *s;
	int r;

	assert_int_equal(conn_prepare(&conn, q->sql, &s, &f), 0);
	if ((r = result_execute(&conn, s, q, &f)) == 0)
		r = result_read(&conn, s, to, &f);
	assert_int_equal(f.code, r);
	assert_false(s->busy);
	if (r == 0)
		assert_int_equal(conn.fault, FAULT_NONE);
	if (r != 0)
		conn_forget(&conn, s);
	return r;
}

/* Rows are compared with what is expected, one after the other. */
struct want {
	enum db_type type;
	const char *text; /* of DB_TEXT and DB_BYTES */
	uint64_t u;	  /* of DB_U64, and of DB_I64 as it is stored */
};

struct check {
	const struct want *want;
	size_t columns;
};

static int
on_row(const struct db_row *r, void *ctx, struct fail *f)
{
	struct check *c = ctx;
	size_t i;

	(void)f;
	assert_int_equal(r->n, c->columns);
	for (i = 0; i < r->n; i++) {
		const struct want *w = &c->want[i];

		if (r->v[i].type != w->type)
			fail_msg("column %zu: type %d", i, (int)r->v[i].type);
		if (w->type == DB_U64 || w->type == DB_I64) {
			assert_true(r->v[i].u == w->u);
			continue;
		}
		/* What has no text is empty, and never NULL. */
		assert_non_null(r->v[i].bytes.p);
		assert_int_equal(r->v[i].bytes.p[r->v[i].bytes.len], 0);
		assert_string_equal(
		    db_row_text(r, i), w->type == DB_NULL ? "" : w->text);
		assert_int_equal(r->v[i].bytes.len,
		    w->type == DB_NULL ? 0 : strlen(w->text));
	}
	c->want += c->columns;
	return 0;
}

static void
expect(const struct db_stmt *q, const struct want *want, size_t columns,
    size_t rows)
{
	struct check c = {want, columns};
	struct result_rows to = {.fn = on_row, .ctx = &c};

	assert_int_equal(run(q, &to), 0);
	assert_int_equal(to.rows, rows);
	assert_ptr_equal(c.want, want + rows * columns);
}

static void
every_kind_of_whole_number_is_a_number(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_U64, NULL, UINT64_MAX},
	    {DB_I64, NULL, (uint64_t)INT64_MIN},
	    {DB_I64, NULL, (uint64_t)-5},
	    {DB_U64, NULL, 200},
	    {DB_I64, NULL, (uint64_t)-1000},
	    {DB_I64, NULL, (uint64_t)-8388608},
	    {DB_U64, NULL, 4000000000},
	    {DB_U64, NULL, 2026},
	    {DB_I64, NULL, 1},
	};

	expect(DB_STMT0("SELECT u, i, t, tu, s, m, lu, y, 2 > 1 FROM ("
			"SELECT 18446744073709551615 AS u) a, kinds"),
	    want, ARRAY_LEN(want), 1);
}

static void
decimals_without_a_fraction_are_numbers(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_I64, NULL, 45},
	    {DB_I64, NULL, (uint64_t)-7},
	    {DB_I64, NULL, 9},
	    {DB_I64, NULL, INT64_MAX},
	};

	expect(DB_STMT0("SELECT SUM(seq), CAST(-7 AS DECIMAL(20,0)), "
			"COALESCE(MAX(CAST(seq AS UNSIGNED)),-1), "
			"CAST(9223372036854775807 AS DECIMAL(20,0)) "
			"FROM seq_1_to_9"),
	    want, ARRAY_LEN(want), 1);
}

static void
decimals_with_a_fraction_are_text_as_they_are(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_BYTES, "12.50", 0},
	    {DB_BYTES, "-0.001", 0},
	    {DB_BYTES, "5.0000", 0},
	};

	expect(DB_STMT0("SELECT CAST(12.5 AS DECIMAL(10,2)), "
			"CAST(-0.001 AS DECIMAL(5,3)), AVG(seq) "
			"FROM seq_1_to_9"),
	    want, ARRAY_LEN(want), 1);
}

static void
a_number_that_does_not_fit_is_an_error(void **state UNUSED)
{
	static const char *const too_big[] = {
	    "SELECT CAST(99999999999999999999 AS DECIMAL(20,0))",
	    "SELECT CAST(-99999999999999999999 AS DECIMAL(20,0))",
	    "SELECT SUM(9223372036854775807) FROM seq_1_to_2",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(too_big); i++) {
		struct check c = {NULL, 0};
		struct result_rows to = {.fn = on_row, .ctx = &c};

		assert_int_equal(run(DB_STMT0(too_big[i]), &to), FAIL_RANGE);
		assert_int_equal(to.rows, 0);
		assert_int_equal(conn.fault, FAULT_FINAL);
	}
	/* The connection is as good as before. */
	expect(DB_STMT0("SELECT 1"), (const struct want[]){{DB_I64, NULL, 1}},
	    1, 1);
}

static void
text_and_bytes_are_told_apart_by_their_character_set(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_TEXT, "it's \xc3\xa9 \\", 0},
	    {DB_BYTES, "raw", 0},
	    {DB_TEXT, "", 0},
	    {DB_TEXT, "b", 0},
	};

	expect(DB_STMT0("SELECT c, x, '', e FROM kinds"), want, ARRAY_LEN(want),
	    1);
}

static void
other_kinds_are_read_as_the_server_writes_them(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_BYTES, "2026-01-31", 0},
	    {DB_BYTES, "2026-01-31 23:59:59.123456", 0},
	    {DB_BYTES, "-838:59:59.999999", 0},
	    {DB_BYTES, "1.5", 0},
	};

	expect(DB_STMT0("SELECT CAST('2026-01-31' AS DATE), "
			"CAST('2026-01-31 23:59:59.123456' AS DATETIME(6)), "
			"CAST('-838:59:59.999999' AS TIME(6)), "
			"CAST(1.5 AS DOUBLE)"),
	    want, ARRAY_LEN(want), 1);
}

static void
null_hides_what_the_row_before_held(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_I64, NULL, 1},
	    {DB_TEXT, "a", 0},
	    {DB_BYTES, "x", 0},
	    {DB_NULL, NULL, 0},
	    {DB_NULL, NULL, 0},
	    {DB_NULL, NULL, 0},
	    {DB_I64, NULL, 2},
	    {DB_TEXT, "", 0},
	    {DB_BYTES, "y", 0},
	};

	expect(DB_STMT0("SELECT n, s, b FROM nulls ORDER BY k"), want, 3, 3);
	/* Of a column that is nothing else, and of no row at all. */
	expect(DB_STMT0("SELECT NULL, MAX(n), MAX(s) FROM nulls WHERE k > 9"),
	    (const struct want[]){
		{DB_NULL, NULL, 0}, {DB_NULL, NULL, 0}, {DB_NULL, NULL, 0}},
	    3, 1);
	expect(DB_STMT0("SELECT n FROM nulls WHERE k > 9"), NULL, 1, 0);
}

static void
parameters_arrive_as_they_are(void **state UNUSED)
{
	static const struct want want[] = {
	    {DB_TEXT, "18446744073709551615", 0},
	    {DB_TEXT, "-9223372036854775808", 0},
	    {DB_TEXT, "t\xc3\xa9xt", 0},
	    {DB_TEXT, "00FF", 0},
	    {DB_I64, NULL, 1},
	    {DB_I64, NULL, 0},
	    {DB_I64, NULL, 0},
	};

	expect(DB_STMT("SELECT CONCAT(?), CONCAT(?), CONCAT(?), HEX(?), "
		       "? IS NULL, LENGTH(?), LENGTH(?)",
		   db_u64(UINT64_MAX), db_i64(INT64_MIN),
		   db_text("t\xc3\xa9xt"), db_bytes(SPAN("\0\xff", 2)),
		   db_null(), db_text(""), db_bytes(SPAN(NULL, 0))),
	    want, ARRAY_LEN(want), 1);
}

static void
as_many_parameters_as_there_may_be_are_sent(void **state UNUSED)
{
	struct db_val many[RESULT_PARAMS_MAX];
	char sql[8 + 2 * RESULT_PARAMS_MAX];
	const struct db_stmt q = {.sql = sql, .p = many, .n = ARRAY_LEN(many)};
	const struct want want = {
	    DB_I64, NULL, RESULT_PARAMS_MAX * (RESULT_PARAMS_MAX + 1) / 2};
	size_t i, at;

	at = (size_t)snprintf(sql, sizeof(sql), "SELECT ?");
	for (i = 1; i < ARRAY_LEN(many); i++)
		at += (size_t)snprintf(sql + at, sizeof(sql) - at, "+?");
	for (i = 0; i < ARRAY_LEN(many); i++)
		many[i] = db_i64((int64_t)i + 1);
	expect(&q, &want, 1, 1);
}

static void
parameters_are_counted_before_they_are_sent(void **state UNUSED)
{
	struct db_val many[RESULT_PARAMS_MAX + 1];
	const struct db_stmt q = {
	    .sql = "SELECT 1", .p = many, .n = ARRAY_LEN(many)};
	struct result_rows to = {.fn = on_row};
	size_t i;

	for (i = 0; i < ARRAY_LEN(many); i++)
		many[i] = db_u64(i);
	assert_int_equal(run(&q, &to), FAIL_RANGE);
	assert_int_equal(run(DB_STMT("SELECT 1", db_u64(1)), &to), FAIL_RANGE);
	assert_int_equal(run(DB_STMT0("SELECT ?"), &to), FAIL_RANGE);
	assert_int_equal(conn.fault, FAULT_FINAL);
}

/* Every value whole, whatever the longest of its column. */
static int
on_long(const struct db_row *r, void *ctx, struct fail *f)
{
	size_t *longest = ctx, len = db_row_bytes(r, 0).len, i;
	const char *text = db_row_text(r, 0);

	(void)f;
	assert_int_equal(len, db_row_u64(r, 1));
	for (i = 0; i < len; i++)
		assert_int_equal(text[i], 'x');
	assert_int_equal(text[len], 0);
	/* The column behind it is not written over. */
	assert_string_equal(db_row_text(r, 2), "behind");
	if (len > *longest)
		*longest = len;
	return 0;
}

static void
long_texts_come_whole(void **state UNUSED)
{
	size_t longest = 0;
	struct result_rows to = {.fn = on_long, .ctx = &longest};

	assert_int_equal(
	    run(DB_STMT("SELECT REPEAT('x', n), n, 'behind' FROM ("
			"SELECT 3 AS n UNION ALL SELECT ? UNION ALL "
			"SELECT 0 UNION ALL SELECT 70000) l",
		    db_u64(LONG)),
		&to),
	    0);
	assert_int_equal(to.rows, 4);
	assert_int_equal(longest, LONG);
}

static int
count(const struct db_row *r, void *ctx, struct fail *f)
{
	(void)f;
	*(size_t *)ctx += r->n;
	return 0;
}

/* SELECT 1,1,... with n columns. */
static int
run_columns(size_t n, size_t *columns)
{
	struct result_rows to = {.fn = count, .ctx = columns};
	char sql[8 + 2 * COLUMNS];
	size_t i, at;

	at = (size_t)snprintf(sql, sizeof(sql), "SELECT 1");
	for (i = 1; i < n; i++)
		at += (size_t)snprintf(sql + at, sizeof(sql) - at, ",1");
	return run(DB_STMT0(sql), &to);
}

static void
a_result_has_a_bounded_number_of_columns(void **state UNUSED)
{
	size_t columns = 0;

	assert_int_equal(run_columns(RESULT_COLUMNS_MAX, &columns), 0);
	assert_int_equal(columns, RESULT_COLUMNS_MAX);
	assert_int_equal(
	    run_columns(RESULT_COLUMNS_MAX + 1, &columns), FAIL_RANGE);
	assert_int_equal(columns, RESULT_COLUMNS_MAX);
	/* The connection is as good as before. */
	assert_int_equal(run_columns(1, &columns), 0);
}

static void
rows_beyond_the_limit_are_not_given(void **state UNUSED)
{
	size_t columns = 0;
	struct result_rows to = {.fn = count, .ctx = &columns, .max_rows = 2};

	assert_int_equal(run(DB_STMT0("SELECT seq FROM seq_1_to_9"), &to), 0);
	assert_int_equal(to.rows, 2);
	assert_int_equal(columns, 2);
	to = (struct result_rows){.fn = count, .ctx = &columns};
	assert_int_equal(run(DB_STMT0("SELECT seq FROM seq_1_to_9"), &to), 0);
	assert_int_equal(to.rows, 9);
}

/* How many statements are being read while this row is given. */
static int
count_busy(const struct db_row *r, void *ctx, struct fail *f)
{
	size_t i;

	(void)r;
	(void)f;
	for (i = 0; i < CONN_STMTS; i++)
		*(size_t *)ctx += conn.stmts[i].busy;
	return 0;
}

static void
a_statement_is_busy_while_its_rows_are_given(void **state UNUSED)
{
	size_t busy = 0;
	struct result_rows to = {.fn = count_busy, .ctx = &busy};

	assert_int_equal(run(DB_STMT0("SELECT seq FROM seq_1_to_3"), &to), 0);
	assert_int_equal(busy, 3);
}

static int
stop_at_second(const struct db_row *r, void *ctx, struct fail *f)
{
	(void)r;
	if (++*(size_t *)ctx == 2)
		return fail_set(f, FAIL_FULL, "enough");
	return 0;
}

static void
what_a_callback_answers_is_no_fault_of_the_database(void **state UNUSED)
{
	size_t n = 0;
	struct result_rows to = {.fn = stop_at_second, .ctx = &n};

	assert_int_equal(
	    run(DB_STMT0("SELECT seq FROM seq_1_to_9"), &to), FAIL_FULL);
	assert_int_equal(n, 2);
	assert_int_equal(to.rows, 2);
	assert_int_equal(conn.fault, FAULT_NONE);
}

static void
a_statement_without_rows_gives_none_to_read(void **state UNUSED)
{
	struct result_rows to = {.fn = on_row};

	assert_int_equal(run(DB_STMT0("DO 1"), &to), FAIL_SQL);
	assert_int_equal(conn.fault, FAULT_FINAL);
	assert_int_equal(to.rows, 0);
}

static void
an_error_while_rows_are_made_is_one_of_the_statement(void **state UNUSED)
{
	struct result_rows to = {.fn = on_row};

	assert_int_equal(
	    run(DB_STMT0("SELECT (SELECT seq FROM seq_1_to_2)"), &to),
	    FAIL_SQL);
	assert_int_equal(to.rows, 0);
}

static int
setup_tables(void **state)
{
	static const char *const sql[] = {
	    "CREATE TABLE kinds (i BIGINT, t TINYINT, tu TINYINT UNSIGNED, "
	    "s SMALLINT, m MEDIUMINT, lu INT UNSIGNED, y YEAR, "
	    "c VARCHAR(50), x VARBINARY(50), e ENUM('a','b'))",
	    "INSERT INTO kinds VALUES (-9223372036854775808, -5, 200, -1000, "
	    "-8388608, 4000000000, 2026, 'it\\'s \xc3\xa9 \\\\', 'raw', 'b')",
	    "CREATE TABLE nulls (k INT, n INT, s VARCHAR(9), b BLOB)",
	    "INSERT INTO nulls VALUES (1, 1, 'a', 'x'), "
	    "(2, NULL, NULL, NULL), (3, 2, '', 'y')",
	};
	struct fail f = {0};
	int r = setup(state);
	size_t i;

	for (i = 0; r == 0 && i < ARRAY_LEN(sql); i++)
		r = conn_run(&conn, sql[i], &f);
	return r;
}

int
main(void)
{
#define T(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
	    T(every_kind_of_whole_number_is_a_number),
	    T(decimals_without_a_fraction_are_numbers),
	    T(decimals_with_a_fraction_are_text_as_they_are),
	    T(a_number_that_does_not_fit_is_an_error),
	    T(text_and_bytes_are_told_apart_by_their_character_set),
	    T(other_kinds_are_read_as_the_server_writes_them),
	    T(null_hides_what_the_row_before_held),
	    T(parameters_arrive_as_they_are),
	    T(as_many_parameters_as_there_may_be_are_sent),
	    T(parameters_are_counted_before_they_are_sent),
	    T(long_texts_come_whole),
	    T(a_result_has_a_bounded_number_of_columns),
	    T(rows_beyond_the_limit_are_not_given),
	    T(a_statement_is_busy_while_its_rows_are_given),
	    T(what_a_callback_answers_is_no_fault_of_the_database),
	    T(a_statement_without_rows_gives_none_to_read),
	    T(an_error_while_rows_are_made_is_one_of_the_statement),
	};

	return cmocka_run_group_tests(tests, setup_tables, teardown);
}
