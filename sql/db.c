/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements and transactions on one connection that mends itself.  This file
 * decides what is tried again, on which failure and for how long; how a
 * connection is opened is in conn.c, how values travel in result.c.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mysql.h>

#include "base/hash.h"
#include "base/loop.h"
#include "sql/result.h"

#include "sql/db_int.h"

#define BUDGET_MS 8000U
#define DELAY_MIN_MS 5U
#define DELAY_MAX_MS 400U

struct db {
	struct conn conn;
	bool away;
	bool in_tx;
	enum fault tx_fault; /* why the transaction must be run again */
	unsigned depth;	     /* results that are being read */
	bool broken; /* the connection is gone, but a result is being read */
};

int
db_library_init(struct fail *f)
{
	if (mysql_library_init(0, NULL, NULL))
		return fail_set(f, FAIL_SQL, "cannot set up the library");
	return 0;
}

void
db_library_fini(void)
{
	mysql_library_end();
}

void
db_thread_fini(void)
{
	mysql_thread_end();
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	conn_close(&db->conn);
	free(db);
}

struct db *
db_new(const struct db_opts *o)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	conn_init(&db->conn, o);
	return db;
}

bool
db_away(const struct db *db)
{
	return db->away;
}

const struct db_opts *
db_options(const struct db *db)
{
	return db->conn.o;
}

/* Wait before the next try: doubled each time, half of it at random. */
static void
wait_jitter(unsigned try)
{
	unsigned ms = DELAY_MIN_MS << (try < 7 ? try : 7);
	struct timespec ts;
	uint32_t rnd;

	if (ms > DELAY_MAX_MS)
		ms = DELAY_MAX_MS;
	random_bytes(&rnd, sizeof(rnd));
	ms = ms / 2 + rnd % (ms / 2 + 1);
	ts.tv_sec = 0;
	ts.tv_nsec = (long)ms * 1000000;
	nanosleep(&ts, NULL);
}

/*
 * Is the transaction that the statement belongs to still there?  A Galera
 * member that must give way to another's write rolls back; for an array-bound
 * insert it may say that all went well.  What follows would be committed
 * without what came before.
 */
static int
still_in_tx(struct db *db, struct fail *f)
{
	if (!db->in_tx || conn_in_tx(&db->conn))
		return 0;
	db->tx_fault = FAULT_AGAIN;
	return fail_set(f, FAIL_SQL, "the server took the transaction back");
}

/* In a transaction or while a result is read: one try, the outer one mends. */
static int
try_inside(struct db *db, db_try_fn *fn, void *ctx, struct fail *f)
{
	enum fault fault;
	int r, gone;

	if (db->tx_fault != FAULT_NONE || db->broken)
		return fail_set(f, FAIL_SQL, "the transaction has failed");
	r = fn(&db->conn, ctx, f);
	if (r >= 0) {
		gone = still_in_tx(db, f);
		return gone != 0 ? gone : r;
	}
	fault = db->conn.fault;
	if (fault == FAULT_LOST || fault == FAULT_MOVE) {
		db->broken = true;
		db->away = true;
	}
	if (db->in_tx && fault != FAULT_NONE && fault != FAULT_FINAL)
		db->tx_fault = fault;
	return r;
}

/* One try on a connection that is opened if need be. */
static int
try_once(struct db *db, db_try_fn *fn, void *ctx, struct fail *f)
{
	int r = 0;

	conn_check(&db->conn);
	if (db->conn.my == NULL) {
		r = conn_open(&db->conn, f);
		/* Not begun, hence nothing can have been committed. */
		if (r && db->conn.fault == FAULT_LOST)
			db->conn.fault = FAULT_MOVE;
	}
	if (r == 0) {
		db->conn.fault = FAULT_NONE;
		r = fn(&db->conn, ctx, f);
	}
	if (r >= 0)
		db->conn.fault = FAULT_NONE;
	if (db->broken || db->conn.fault == FAULT_LOST ||
	    db->conn.fault == FAULT_MOVE)
		conn_condemn(&db->conn);
	db->broken = false;
	return r;
}

int
db_retry(struct db *db, db_try_fn *fn, void *ctx, bool once, struct fail *f)
{
	uint32_t budget = db->conn.o->budget_ms;
	uint64_t deadline;
	struct fail last;
	int r;

	if (db->in_tx || db->depth)
		return try_inside(db, fn, ctx, f);
	deadline =
	    mono_ns() + (budget ? budget : BUDGET_MS) * UINT64_C(1000000);
	for (unsigned try = 0;; try++) {
		enum fault fault;

		last = (struct fail){0};
		r = try_once(db, fn, ctx, &last);
		fault = db->conn.fault;
		db->away = fault == FAULT_LOST || fault == FAULT_MOVE;
		if (r >= 0)
			return r;
		if (fault == FAULT_NONE || fault == FAULT_FINAL ||
		    (fault == FAULT_LOST && once) || mono_ns() >= deadline)
			break;
		wait_jitter(try);
	}
	return fail_set(f, r, "%s", fail_why(&last, r));
}

static int
try_connect(struct conn *c, void *ctx, struct fail *f)
{
	(void)ctx;
	if (mysql_ping(c->my))
		return conn_fault(c, mysql_errno(c->my), f);
	return 0;
}

int
db_connect(struct db *db, struct fail *f)
{
	return db_retry(db, try_connect, NULL, false, f);
}

struct work {
	struct db *db;
	const struct db_stmt *q;
	uint64_t affected;
	struct result_rows rows;
};

/* Prepare and execute; *out is left for its result. */
static int
run(struct conn *c, const struct db_stmt *q, struct conn_stmt **out,
    struct fail *f)
{
	uint32_t limit = c->o->timeout_ms;
	int r;

	if (q->limit_ms && q->limit_ms < limit)
		limit = q->limit_ms;
	r = conn_tune(c, q->read, limit, f);
	if (r == 0)
		r = conn_prepare(c, q->sql, out, f);
	if (r)
		return r;
	r = result_execute(c, *out, q, f);
	if (r && c->fault != FAULT_FINAL)
		conn_forget(c, *out);
	return r;
}

static int
try_exec(struct conn *c, void *ctx, struct fail *f)
{
	struct work *w = ctx;
	struct conn_stmt *s;
	int r = run(c, w->q, &s, f);

	if (r)
		return r;
	w->affected = mysql_stmt_affected_rows(s->stmt);
	mysql_stmt_free_result(s->stmt);
	return 0;
}

int
db_exec(
    struct db *db, const struct db_stmt *s, uint64_t *affected, struct fail *f)
{
	struct work w = {.db = db, .q = s};
	int r = db_retry(db, try_exec, &w, s->once, f);

	if (r == 0 && affected)
		*affected = w.affected;
	return r;
}

static int
try_query(struct conn *c, void *ctx, struct fail *f)
{
	struct work *w = ctx;
	struct conn_stmt *s;
	int r = run(c, w->q, &s, f);

	if (r)
		return r;
	w->db->depth++;
	r = result_read(c, s, &w->rows, f);
	w->db->depth--;
	if (r && c->fault != FAULT_NONE && c->fault != FAULT_FINAL)
		conn_forget(c, s);
	return r;
}

int
db_query(struct db *db, const struct db_stmt *s, db_row_fn *fn, void *ctx,
    struct fail *f)
{
	struct work w = {.db = db, .q = s, .rows = {.fn = fn, .ctx = ctx}};

	return db_retry(db, try_query, &w, false, f);
}

int
db_one(struct db *db, const struct db_stmt *s, db_row_fn *fn, void *ctx,
    struct fail *f)
{
	struct work w = {
	    .db = db,
	    .q = s,
	    .rows = {.fn = fn, .ctx = ctx, .max_rows = 1},
	};
	int r = db_retry(db, try_query, &w, false, f);

	if (r == 0 && w.rows.rows == 0)
		return fail_set(f, FAIL_NOTFOUND, "not found");
	return r;
}

struct tx {
	struct db *db;
	db_tx_fn *fn;
	void *ctx;
};

static int
try_tx(struct conn *c, void *ctx, struct fail *f)
{
	struct tx *tx = ctx;
	struct db *db = tx->db;
	int r = conn_run(c, "START TRANSACTION", f);

	if (r)
		return r;
	db->in_tx = true;
	db->tx_fault = FAULT_NONE;
	r = tx->fn(db, tx->ctx, f);
	db->in_tx = false;
	if (r == 0 && db->tx_fault == FAULT_NONE)
		return conn_run(c, "COMMIT", f);
	/* The outcome of a rollback matters only for the connection. */
	if (!db->broken && conn_run(c, "ROLLBACK", NULL))
		db->broken = true;
	c->fault = db->tx_fault;
	db->tx_fault = FAULT_NONE;
	return r ? r : FAIL_SQL;
}

int
db_tx(struct db *db, db_tx_fn *fn, void *ctx, struct fail *f)
{
	struct tx tx = {.db = db, .fn = fn, .ctx = ctx};

	if (db->in_tx || db->depth)
		return fail_set(f, FAIL_STATE,
		    "a transaction within a statement or transaction");
	return db_retry(db, try_tx, &tx, false, f);
}
