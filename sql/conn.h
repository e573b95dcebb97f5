/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_CONN_H
#define SQL_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <mysql.h>

#include "base/fail.h"
#include "sql/db.h"
#include "sql/fault.h"

/*
 * One session with one database server: connecting (TLS, settings of the
 * session), the prepared statements that it keeps, and what its last error
 * means.  Tries nothing twice: db.c does.
 */

enum { CONN_STMTS = 48 };

struct conn_stmt {
	char *sql;
	MYSQL_STMT *stmt;
	uint64_t used; /* the least is thrown out */
	bool busy;     /* its result is being read */
};

struct conn {
	const struct db_opts *o;
	MYSQL *my; /* NULL: not connected */
	size_t endpoint;
	unsigned faults;  /* of the endpoint, when it was picked */
	enum fault fault; /* of the last call */
	bool no_wsrep;	  /* the server does not know wsrep_sync_wait */
	enum db_read read;
	uint32_t limit_ms;
	uint64_t uses;
	struct conn_stmt stmts[CONN_STMTS];
};

void conn_init(struct conn *c, const struct db_opts *o);
void conn_close(struct conn *c);

/* Try every server once. */
int conn_open(struct conn *c, struct fail *f) MUST_USE;
/* The server was found wanting: close, and quarantine it. */
void conn_condemn(struct conn *c);
/* Close it when another connection has condemned the server since. */
void conn_check(struct conn *c);

/* Bring the session to this read mode and limit. */
int conn_tune(struct conn *c, enum db_read read, uint32_t limit_ms,
    struct fail *f) MUST_USE;
/* A statement of ours, without values. */
int conn_run(struct conn *c, const char *sql, struct fail *f) MUST_USE;

/* Is a transaction open, as the server's last answer says? */
bool conn_in_tx(const struct conn *c);

/* A prepared statement, not busy; it stays the connection's. */
int conn_prepare(struct conn *c, const char *sql, struct conn_stmt **out,
    struct fail *f) MUST_USE;
/* Throw one out, after an error. */
void conn_forget(struct conn *c, struct conn_stmt *s);

/* Note fault and cause of error no; returns the FAIL_* code. */
int conn_fault(struct conn *c, unsigned no, struct fail *f);

#endif /* SQL_CONN_H */
