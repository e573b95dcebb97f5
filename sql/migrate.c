/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs migrations under a claim: a row of `migration` that is taken by
 * compare-and-set with a token and a time limit on the database's clock, since
 * named locks are not known to other nodes of a cluster.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/uuid.h"

#include "sql/migrate.h"

#define STATEMENT_MS 600000U
#define BUDGET_MS 20000U
#define CLAIM_WAIT_NS UINT64_C(660000000000)

enum { WAITING = 0, RUNNING = 1, DONE = 2 };

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS migration ("
    "version INT UNSIGNED NOT NULL PRIMARY KEY, "
    "name VARCHAR(255) NOT NULL, "
    "hash BINARY(32) NOT NULL, "
    "state TINYINT UNSIGNED NOT NULL DEFAULT 0, "
    "token BINARY(16) NULL, "
    "until_at DATETIME(6) NULL, "
    "finished_us BIGINT UNSIGNED NOT NULL DEFAULT 0"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin";

struct run {
	struct db *db;
	const struct migration *m;
	uint8_t hash[SHA256_LEN];
	uint8_t token[UUID_LEN];
	unsigned state; /* as the row said when it was last read */
	bool same_hash;
};

static int
hash_of(const struct migration *m, uint8_t out[SHA256_LEN])
{
	struct sha256 *h = sha256_new();
	int r = h ? 0 : FAIL_NOMEM;

	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = sha256_add(
		    h, m->statements[i], strlen(m->statements[i]) + 1);
	if (r == 0)
		r = sha256_done(h, out);
	sha256_free(h);
	return r;
}

static int
on_state(const struct db_row *row, void *ctx, struct fail *f)
{
	struct run *run = ctx;
	struct span hash = db_row_bytes(row, 1);

	(void)f;
	run->state = (unsigned)db_row_u64(row, 0);
	run->same_hash = hash.len == SHA256_LEN &&
			 memcmp(hash.p, run->hash, SHA256_LEN) == 0;
	return 0;
}

static int
read_state(struct run *run, struct fail *f)
{
	return db_one(run->db,
	    DB_STMT_SYNC("SELECT state, hash FROM migration WHERE version=?",
		db_u64(run->m->version)),
	    on_state, run, f);
}

/* Take or prolong the claim; *mine says whether it is held. */
static int
claim(struct run *run, bool *mine, struct fail *f)
{
	uint64_t n = 0;
	int r = db_exec(run->db,
	    DB_STMT("UPDATE migration SET state=1, token=?, "
		    "until_at=NOW(6)+INTERVAL 300 SECOND WHERE version=? AND "
		    "(state=0 OR (state=1 AND "
		    "(token=? OR until_at<NOW(6))))",
		db_uuid(run->token), db_u64(run->m->version),
		db_uuid(run->token)),
	    &n, f);

	*mine = n == 1;
	return r;
}

static int
run_statements(struct run *run, struct fail *f)
{
	bool mine = true;
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->m->n; i++) {
		struct db_stmt s = {.sql = run->m->statements[i]};

		r = claim(run, &mine, f);
		if (r == 0 && !mine)
			return fail_set(f, FAIL_BUSY,
			    "migration %u was taken over by another node",
			    run->m->version);
		if (r == 0)
			r = db_exec(run->db, &s, NULL, f);
	}
	if (r == 0)
		r = db_exec(run->db,
		    DB_STMT("UPDATE migration SET state=2, finished_us=? "
			    "WHERE version=? AND token=? AND state=1",
			db_u64(unix_us()), db_u64(run->m->version),
			db_uuid(run->token)),
		    NULL, f);
	return r;
}

/* Bring one migration to DONE, here or by waiting for who runs it. */
static int
run_one(struct run *run, unsigned *ran, struct fail *f)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	uint64_t deadline = mono_ns() + CLAIM_WAIT_NS;
	bool mine = false;
	int r;

	r = db_exec(run->db,
	    DB_STMT("INSERT INTO migration (version, name, hash) "
		    "VALUES (?,?,?) "
		    "ON DUPLICATE KEY UPDATE version=migration.version",
		db_u64(run->m->version), db_text(run->m->name),
		db_bytes(SPAN(run->hash, SHA256_LEN))),
	    NULL, f);
	while (r == 0) {
		r = read_state(run, f);
		if (r == 0 && !run->same_hash)
			r = fail_set(f, FAIL_STATE,
			    "migration %u (%s) in the database is another one "
			    "than this program's",
			    run->m->version, run->m->name);
		if (r || run->state == DONE)
			return r;
		r = claim(run, &mine, f);
		if (r)
			return r;
		if (mine) {
			log_info(NULL, "database migration %u (%s)",
			    run->m->version, run->m->name);
			(*ran)++;
			r = run_statements(run, f);
		} else if (mono_ns() > deadline) {
			return fail_set(f, FAIL_TIMEOUT,
			    "migration %u is being run by another node for "
			    "too long",
			    run->m->version);
		} else {
			nanosleep(&pause, NULL);
		}
	}
	return r;
}

/* The name stands in statements, where it cannot be a parameter. */
static bool
name_ok(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	}
	return len > 0 && len <= 64;
}

/* In a cluster the user may lack the right, and the schema be there. */
static int
create_schema(const struct db_opts *o, struct fail *f)
{
	struct db_opts bare = *o;
	struct fail why = {0};
	char sql[192];
	struct db *db;
	int r;

	if (!name_ok(o->name))
		return fail_set(f, FAIL_CONF,
		    "[database] name may have letters, digits and _ only");
	bare.name = NULL;
	db = db_new(&bare);
	if (db == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	snprintf(sql, sizeof(sql),
	    "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4 "
	    "COLLATE utf8mb4_nopad_bin",
	    o->name);
	r = db_exec(db, DB_STMT0(sql), NULL, &why);
	if (r && (db_away(db) || o->socket))
		r = fail_set(f, r, "%s", why.why);
	else
		r = 0;
	db_free(db);
	return r;
}

int
migrate_run_list(const struct db_opts *o, const struct migration *list,
    size_t count, unsigned *ran, struct fail *f)
{
	struct db_opts slow = *o;
	struct run run;
	unsigned n = 0;
	int r;

	slow.timeout_ms = STATEMENT_MS;
	slow.budget_ms = BUDGET_MS;
	r = create_schema(&slow, f);
	if (r)
		return r;
	run.db = db_new(&slow);
	if (run.db == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	uuid_new(run.token);
	r = db_exec(run.db, DB_STMT0(create_table), NULL, f);
	for (size_t i = 0; r == 0 && i < count; i++) {
		run.m = &list[i];
		r = hash_of(run.m, run.hash);
		if (r == 0)
			r = run_one(&run, &n, f);
	}
	db_free(run.db);
	if (ran)
		*ran = n;
	return r;
}

int
migrate_run(const struct db_opts *o, unsigned *ran, struct fail *f)
{
	return migrate_run_list(o, migrate_list, migrate_count, ran, f);
}

static int
on_there(const struct db_row *row, void *ctx, struct fail *f)
{
	bool *there = ctx;

	(void)row;
	(void)f;
	*there = true;
	return 0;
}

int
migrate_status(struct db *db, migrate_fn *fn, void *ctx, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < migrate_count; i++) {
		bool there = false;

		r = db_query(db,
		    DB_STMT("SELECT version FROM migration "
			    "WHERE version=? AND state=2",
			db_u64(migrate_list[i].version)),
		    on_there, &there, f);
		if (r == 0)
			fn(&migrate_list[i], there, ctx);
	}
	return r;
}

/* The first microsecond of a month; month may be over 11. */
static uint64_t
month_us(int year, int month)
{
	struct tm tm = {.tm_year = year, .tm_mon = month, .tm_mday = 1};

	return (uint64_t)timegm(&tm) * 1000000;
}

static int
on_bound(const struct db_row *row, void *ctx, struct fail *f)
{
	const char *text = db_row_text(row, 0);
	uint64_t *bound = ctx, v = 0;

	(void)f;
	for (; *text >= '0' && *text <= '9' && v < UINT64_MAX / 10 - 1; text++)
		v = v * 10 + (uint64_t)(*text - '0');
	if (*text == '\0' && v > *bound)
		*bound = v;
	return 0;
}

/* Up to which time the table has partitions of its own. */
static int
bound_of(struct db *db, const char *table, uint64_t *bound, struct fail *f)
{
	*bound = 0;
	return db_query(db,
	    DB_STMT_SYNC("SELECT partition_description "
			 "FROM information_schema.partitions "
			 "WHERE table_schema=DATABASE() AND table_name=? "
			 "AND partition_description<>'MAXVALUE'",
		db_text(table)),
	    on_bound, bound, f);
}

static int
split_table(struct db *db, const char *table, const struct tm *now,
    unsigned months, struct fail *f)
{
	struct fail why = {0};
	char sql[8192];
	uint64_t bound, end = 0;
	size_t len;
	int r = bound_of(db, table, &bound, f);

	if (r)
		return r;
	len = (size_t)snprintf(sql, sizeof(sql),
	    "ALTER TABLE %s REORGANIZE PARTITION pmax INTO (", table);
	for (unsigned i = 0; i <= months; i++) {
		int month = now->tm_mon + (int)i;

		end = month_us(now->tm_year, month + 1);
		if (end > bound)
			len += (size_t)snprintf(sql + len, sizeof(sql) - len,
			    "PARTITION p%04d%02d VALUES LESS THAN (%llu), ",
			    now->tm_year + 1900 + month / 12, month % 12 + 1,
			    (unsigned long long)end);
	}
	if (end <= bound)
		return 0;
	snprintf(sql + len, sizeof(sql) - len,
	    "PARTITION pmax VALUES LESS THAN MAXVALUE)");
	r = db_exec(db, DB_STMT0(sql), NULL, &why);
	/* Another node may have been quicker. */
	if (r && (bound_of(db, table, &bound, NULL) || bound < end))
		return fail_set(f, r, "partitions of %s: %s", table, why.why);
	return 0;
}

int
migrate_partitions(
    struct db *db, uint64_t now_us, unsigned months, struct fail *f)
{
	static const char *const tables[] = {"keystroke", "audit"};
	time_t now = (time_t)(now_us / 1000000);
	struct tm tm;
	int r = 0;

	if (months > 60 || gmtime_r(&now, &tm) == NULL)
		return fail_set(f, FAIL_RANGE, "partitions too far ahead");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(tables); i++)
		r = split_table(db, tables[i], &tm, months, f);
	return r;
}
