/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into the database as fast as they go, for tests/bench/rows: through the
 * broker's own way (journal, drain, store) and, as the yardstick, by a bare
 * loop of array-bound inserts into a table of the same make, in turns.  What
 * arrived is compared with what was sent.
 *
 *	rows_drive CONFIG FOLDER ROUNDS ROWS
 *
 * FOLDER is for journals, one a round.  Prints medians.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "base/conf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "broker/drain.h"
#include "broker/rows.h"
#include "broker/store.h"
#include "sql/conn.h"

enum { LINE_SIZE = 64, BARE_ARRAY = 1000, ROUNDS_MAX = 99 };

/* The line of row i: what a person may have typed. */
static size_t
make_line(char dst[LINE_SIZE], unsigned i)
{
	static const char *const verbs[] = {"ls -l /var/log/app",
	    "kubectl logs pod-", "sudo systemctl restart unit",
	    "grep /srv/data/out -e error"};

	return (size_t)snprintf(
	    dst, LINE_SIZE, "%s%u", verbs[i % ARRAY_LEN(verbs)], i);
}

static void
die(const char *what, const struct fail *f)
{
	fprintf(stderr, "rows_drive: %s: %s\n", what, f->why);
	exit(1);
}

static int
on_number(const struct db_row *r, void *ctx, struct fail *f)
{
	(void)f;
	*(uint64_t *)ctx = db_row_u64(r, 0);
	return 0;
}

/* Every row is there once, with its line at its place. */
static void
verify(struct db *db, const uint8_t session[16], unsigned rows)
{
	char line[LINE_SIZE], form[LINE_SIZE * 2];
	struct fail f = {0};
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < rows; i += rows / 7 + 1) {
		(void)make_line(line, i);
		if (db_one(db,
			DB_STMT("SELECT COUNT(*) FROM keystroke WHERE"
				" session_id=? AND seq=? AND line=?",
			    db_uuid(session), db_u64(i), db_text(line)),
			on_number, &n, &f) != 0)
			die("verify", &f);
		if (n != 1) {
			(void)snprintf(form, sizeof(form), "row %u", i);
			(void)fail_set(&f, FAIL_FORMAT, "%s: wrong", form);
			die("verify", &f);
		}
	}
	if (db_one(db,
		DB_STMT("SELECT COUNT(DISTINCT line)+COUNT(*)+MAX(seq)"
			" FROM keystroke WHERE session_id=?",
		    db_uuid(session)),
		on_number, &n, &f) != 0)
		die("verify", &f);
	if (n != 3 * (uint64_t)rows - 1) {
		(void)fail_set(&f, FAIL_FORMAT, "rows are missing or double");
		die("verify", &f);
	}
}

/* ---- the broker's way */

struct ours {
	struct drain *drain;
	uint64_t acked;
	uint64_t last_ack_ns;
};

static void
on_stored(void *ctx, const struct rows_ref *ref)
{
	struct ours *o = ctx;

	(void)ref;
	o->acked++;
	o->last_ack_ns = mono_ns();
}

static void
on_committed(void *ctx)
{
	struct ours *o = ctx;

	drain_ring(o->drain);
}

static void
put_row(struct rows *rows, struct loop *loop, const uint8_t session[16],
    unsigned i, bool audit)
{
	static const struct rows_ref ref = {.link = 1};
	char line[LINE_SIZE], fields[LINE_SIZE + 16];
	struct row r = {.kind = audit ? jr_audit_type : jr_keys_type};
	size_t len = make_line(line, i);
	uint64_t now = unix_us();
	int e;

	if (audit) {
		random_bytes(r.audit.row_id, 16);
		memcpy(r.audit.session_id, session, 16);
		r.audit.event = 112;
		r.audit.at_us = now;
		len = (size_t)snprintf(
		    fields, sizeof(fields), "{\"command\":\"%s\"}", line);
		r.audit.fields = SPAN(fields, len);
	} else {
		memcpy(r.keys.session_id, session, 16);
		r.keys.seq = i;
		r.keys.at_us = now;
		r.keys.line = SPAN(line, len);
	}
	while ((e = rows_put(rows, &r, &ref)) == FAIL_FULL)
		IGNORE(loop_once(loop, 5));
	if (e != 0)
		exit(1);
}

/* Rows a second: acknowledged by the journal, and in the database. */
static void
run_ours(const struct db_opts *o, const char *dir, unsigned n, bool audit,
    double rate[2])
{
	const struct journal_opts jo = {.dir = dir, .max_bytes = UINT64_MAX};
	struct ours ours = {0};
	struct drain_stat st = {0};
	struct journal *journal;
	struct loop *loop = loop_new();
	struct rows *rows;
	struct store *store;
	struct fail f = {0};
	struct db *db = db_new(o);
	uint8_t session[16], node[16];
	uint64_t began;
	unsigned i;

	random_bytes(session, 16);
	random_bytes(node, 16);
	store = store_new(o, node);
	if (loop == NULL || db == NULL || store == NULL ||
	    journal_open(&journal, &jo, &f) != 0 ||
	    drain_new(&ours.drain,
		&(struct drain_opts){.loop = loop,
		    .journal = journal,
		    .store = store_batch,
		    .store_ctx = store},
		&f) != 0 ||
	    rows_new(&rows,
		&(struct rows_opts){.loop = loop,
		    .journal = journal,
		    .stored = on_stored,
		    .committed = on_committed,
		    .ctx = &ours,
		    .thread_ctx = &ours},
		&f) != 0)
		die("set up", &f);
	began = mono_ns();
	for (i = 0; i < n; i++) {
		put_row(rows, loop, session, i, audit);
		if (i % 256 == 0)
			IGNORE(loop_once(loop, 0));
	}
	do {
		IGNORE(loop_once(loop, 2));
		drain_stat(ours.drain, &st);
	} while (st.stored < n || ours.acked < n);
	rate[1] = n / ((double)(mono_ns() - began) / 1e9);
	rate[0] = n / ((double)(ours.last_ack_ns - began) / 1e9);
	if (!audit)
		verify(db, session, n);
	rows_free(rows);
	drain_free(ours.drain);
	journal_free(journal);
	store_free(store);
	db_free(db);
	loop_free(loop);
}

/* ---- the yardstick */

struct bare {
	uint8_t session[BARE_ARRAY][16];
	char line[BARE_ARRAY][LINE_SIZE];
	const void *sessions[BARE_ARRAY], *lines[BARE_ARRAY];
	unsigned long session_len[BARE_ARRAY], line_len[BARE_ARRAY];
	unsigned long long seq[BARE_ARRAY], at[BARE_ARRAY];
};

static void
bare_statement(MYSQL *my, const char *sql)
{
	if (mysql_query(my, sql) != 0) {
		fprintf(stderr, "rows_drive: %s\n", mysql_error(my));
		exit(1);
	}
}

/* plain: without the index that searches words. */
static double
run_bare(const struct db_opts *o, unsigned n, bool plain)
{
	static struct bare b;
	static const char insert[] =
	    "INSERT INTO bench_row (session_id,seq,at_us,channel,kind,line)"
	    " VALUES (?,?,?,0,0,?)";
	MYSQL_BIND bind[4];
	MYSQL_STMT *stmt;
	struct fail f = {0};
	struct conn c;
	unsigned i, k, rows;
	uint64_t began;
	double rate;

	conn_init(&c, o);
	if (conn_open(&c, &f) != 0)
		die("connect", &f);
	bare_statement(
	    c.my, "CREATE OR REPLACE TABLE bench_row LIKE keystroke");
	if (plain)
		bare_statement(
		    c.my, "ALTER TABLE bench_row DROP KEY keystroke_line");
	stmt = mysql_stmt_init(c.my);
	if (stmt == NULL || mysql_stmt_prepare(stmt, insert, strlen(insert)))
		exit(1);
	memset(bind, 0, sizeof(bind));
	bind[0].buffer_type = MYSQL_TYPE_BLOB;
	bind[0].buffer = b.sessions;
	bind[0].length = b.session_len;
	bind[1].buffer_type = bind[2].buffer_type = MYSQL_TYPE_LONGLONG;
	bind[1].buffer = b.seq;
	bind[2].buffer = b.at;
	bind[3].buffer_type = MYSQL_TYPE_STRING;
	bind[3].buffer = b.lines;
	bind[3].length = b.line_len;
	began = mono_ns();
	for (i = 0; i < n; i += rows) {
		rows = n - i < BARE_ARRAY ? n - i : BARE_ARRAY;
		for (k = 0; k < rows; k++) {
			b.sessions[k] = b.session[k];
			b.lines[k] = b.line[k];
			b.session_len[k] = 16;
			b.line_len[k] = make_line(b.line[k], i + k);
			b.seq[k] = i + k;
			b.at[k] = unix_us();
		}
		if (mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &rows) ||
		    mysql_stmt_bind_param(stmt, bind) ||
		    mysql_stmt_execute(stmt)) {
			fprintf(
			    stderr, "rows_drive: %s\n", mysql_stmt_error(stmt));
			exit(1);
		}
	}
	rate = n / ((double)(mono_ns() - began) / 1e9);
	(void)mysql_stmt_close(stmt);
	bare_statement(c.my, "DROP TABLE bench_row");
	conn_close(&c);
	return rate;
}

static int
cmp(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), cmp);
	return v[n / 2];
}

int
main(int argc, char **argv)
{
	double key[2], event[2], bare[ROUNDS_MAX], plain[ROUNDS_MAX],
	    acked[ROUNDS_MAX], stored[ROUNDS_MAX], events[ROUNDS_MAX], b, s;
	size_t rounds = argc == 5 ? strtoul(argv[3], NULL, 10) : 0, i;
	unsigned n = argc == 5 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	struct fail f = {0};
	struct conf *conf;
	struct db_opts o;
	char dir[4096];

	if (rounds == 0 || rounds > ROUNDS_MAX || n < 1000) {
		fprintf(
		    stderr, "usage: rows_drive CONFIG FOLDER ROUNDS ROWS\n");
		return 2;
	}
	if (conf_load(&conf, argv[1], &f) != 0 || db_library_init(&f) != 0 ||
	    db_opts_init(&o, conf, &f) != 0)
		die("configuration", &f);
	for (i = 0; i < rounds; i++) {
		plain[i] = run_bare(&o, n, true);
		bare[i] = run_bare(&o, n, false);
		(void)snprintf(dir, sizeof(dir), "%s/keys-%zu", argv[2], i);
		run_ours(&o, dir, n, false, key);
		(void)snprintf(dir, sizeof(dir), "%s/events-%zu", argv[2], i);
		run_ours(&o, dir, n / 10, true, event);
		acked[i] = key[0];
		stored[i] = key[1];
		events[i] = event[1];
	}
	b = median(bare, rounds);
	s = median(stored, rounds);
	printf("%u rows a round: bare array-bound insert %.0f/s (%.0f/s "
	       "without the index of words); keystroke "
	       "rows %.0f/s to the journal, %.0f/s to the database (%.2f of "
	       "bare); audit rows %.0f/s\n",
	    n, b, median(plain, rounds), median(acked, rounds), s, s / b,
	    median(events, rounds));
	db_opts_fini(&o);
	conf_free(conf);
	db_library_fini();
	return 0;
}
