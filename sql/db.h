/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_DB_H
#define SQL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"

/*
 * One blocking connection to the database, for one thread.  It connects when
 * it is first used, and again by itself when the connection is lost.
 *
 * A statement outside a transaction, and the callback of db_tx(), are run
 * again after a deadlock, a lock timeout, a node without quorum or a lost
 * connection, within budget_ms.  A lost connection may have committed: write
 * so that a second run does no harm (keys made by the caller, compare and
 * set).
 *
 * Failures: FAIL_EXISTS (duplicate key), FAIL_TIMEOUT (statement limit),
 * FAIL_NOTFOUND (db_one), FAIL_RANGE (too many parameters or columns, a number
 * beyond 64 bits), FAIL_SQL (all else).  Their words never hold values.
 */

struct db;
struct endpoints;

enum db_type { DB_NULL, DB_TEXT, DB_BYTES, DB_U64, DB_I64 };

/* A parameter or a column.  Text and bytes of a row have a zero byte behind. */
struct db_val {
	enum db_type type;
	union {
		struct span bytes; /* DB_TEXT, DB_BYTES: lent */
		uint64_t u;
		int64_t i;
	};
};

enum db_read {
	DB_READ_LOCAL, /* what this database node has applied: reports */
	DB_READ_SYNC,  /* all that was committed before on any node: logins */
};

/* Written with DB_STMT("SELECT ... WHERE id=?", db_uuid(id)). */
struct db_stmt {
	const char *sql;
	const struct db_val *p;
	size_t n;
	enum db_read read;
	uint32_t limit_ms; /* 0: db_opts.timeout_ms; can only be shorter */
	bool once; /* not again when it may have been committed: FAIL_SQL */
};

#define DB_STMT(text, ...)                                                     \
	(&(const struct db_stmt){                                              \
	    .sql = (text),                                                     \
	    .p = (const struct db_val[]){__VA_ARGS__},                         \
	    .n = ARRAY_LEN(((const struct db_val[]){__VA_ARGS__})),            \
	})
/* The same for a login, an approval or a claim: DB_READ_SYNC. */
#define DB_STMT_SYNC(text, ...)                                                \
	(&(const struct db_stmt){                                              \
	    .sql = (text),                                                     \
	    .p = (const struct db_val[]){__VA_ARGS__},                         \
	    .n = ARRAY_LEN(((const struct db_val[]){__VA_ARGS__})),            \
	    .read = DB_READ_SYNC,                                              \
	})
/* No parameters. */
#define DB_STMT0(text) (&(const struct db_stmt){.sql = (text)})

struct db_val db_null(void);
struct db_val db_text(const char *s); /* NULL is null */
struct db_val db_text_span(struct span s);
struct db_val db_bytes(struct span s);
struct db_val db_uuid(const uint8_t id[16]); /* NULL is null */
struct db_val db_u64(uint64_t v);
struct db_val db_i64(int64_t v);

/* A row of a result.  Everything in it is lent for the callback. */
struct db_row {
	const struct db_val *v;
	size_t n;
};

bool db_row_null(const struct db_row *r, size_t col);
uint64_t db_row_u64(const struct db_row *r, size_t col); /* null, text: 0 */
int64_t db_row_i64(const struct db_row *r, size_t col);
struct span db_row_bytes(const struct db_row *r, size_t col);
const char *db_row_text(const struct db_row *r, size_t col); /* never NULL */
/* The text in an array of size bytes, cut to fit. */
void db_row_copy(const struct db_row *r, size_t col, char *dst, size_t size);
/* FAIL_FORMAT, with zeros in id, when the column is not 16 bytes. */
int db_row_uuid(const struct db_row *r, size_t col, uint8_t id[16]);

struct db_opts {
	const char *socket; /* embedded mode: path of the unix socket */
	struct endpoints *endpoints; /* cluster mode: kept a pointer to */
	const char *user;
	const char *password_file; /* read at each connect; NULL: none */
	const char *tls_ca;
	const char *name;    /* schema; NULL or "": none is chosen */
	uint32_t timeout_ms; /* one statement */
	uint32_t budget_ms;  /* all tries of one call; 0: 8 s */
	char *owned;	     /* what db_opts_init() allocated, else NULL */
};

/*
 * Options from [database].  The strings and the endpoint list belong to dst
 * and go with db_opts_fini().
 */
int db_opts_init(
    struct db_opts *dst, const struct conf *c, struct fail *f) MUST_USE;
void db_opts_fini(struct db_opts *o);
/* Embedded mode: state/db/db.sock, or run/db.sock when that is shorter. */
int db_socket_path(
    char dst[108], const struct conf *c, struct fail *f) MUST_USE;

void db_free(struct db *db);
/* o is kept a pointer to.  Does not connect yet. */
struct db *db_new(const struct db_opts *o) OWNED_BY(db_free) MUST_USE;
/* Connect now, trying until budget_ms is over. */
int db_connect(struct db *db, struct fail *f) MUST_USE;
/* The last failure was that no server answers. */
bool db_away(const struct db *db);

/* Once per process, before the first thread that uses a db. */
int db_library_init(struct fail *f) MUST_USE;
void db_library_fini(void);
/* At the end of a thread that used a db. */
void db_thread_fini(void);

/*
 * affected: rows inserted, deleted or really changed; may be NULL.  After a
 * second run it may be 0 though all is done.
 */
int db_exec(struct db *db, const struct db_stmt *s, uint64_t *affected,
    struct fail *f) MUST_USE;
/*
 * Run fn for each row; a negative result of fn ends it and is returned.  fn
 * may use db.  The result is held in memory: page what can be long.
 */
typedef int db_row_fn(const struct db_row *r, void *ctx, struct fail *f);
int db_query(struct db *db, const struct db_stmt *s, db_row_fn *fn, void *ctx,
    struct fail *f) MUST_USE;
/* The same for the first row; FAIL_NOTFOUND when there is none. */
int db_one(struct db *db, const struct db_stmt *s, db_row_fn *fn, void *ctx,
    struct fail *f) MUST_USE;

/*
 * Run fn in a transaction, several times if need be, and commit.  A negative
 * result of fn rolls back and is returned.  Not nested.
 */
typedef int db_tx_fn(struct db *db, void *ctx, struct fail *f);
int db_tx(struct db *db, db_tx_fn *fn, void *ctx, struct fail *f) MUST_USE;

#endif /* SQL_DB_H */
