/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with one database server.  Responsible for how it is opened
 * (which server, TLS, limits, settings of the session) and for the prepared
 * statements that live in it.  Whether something is tried again is decided in
 * db.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mysql.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/secret.h"
#include "sql/endpoints.h"

#include "sql/conn.h"

#define PASSWORD_SIZE 1024
#define CONNECT_TIMEOUT_S 2U

/* Never a plug-in that sends the password itself. */
#define AUTH_PLUGINS "mysql_native_password,client_ed25519,parsec"

void
conn_init(struct conn *c, const struct db_opts *o)
{
	memset(c, 0, sizeof(*c));
	c->o = o;
}

int
conn_fault(struct conn *c, unsigned no, struct fail *f)
{
	c->fault = fault_kind(no);
	return fail_set(
	    f, fault_code(no), "database error %u (%s)", no, fault_text(no));
}

void
conn_forget(struct conn *c, struct conn_stmt *s)
{
	(void)c;
	if (s->stmt)
		mysql_stmt_close(s->stmt);
	free(s->sql);
	memset(s, 0, sizeof(*s));
}

void
conn_close(struct conn *c)
{
	for (size_t i = 0; i < CONN_STMTS; i++)
		conn_forget(c, &c->stmts[i]);
	if (c->my)
		mysql_close(c->my);
	c->my = NULL;
}

void
conn_condemn(struct conn *c)
{
	if (c->my && c->o->endpoints)
		IGNORE(endpoints_bad(c->o->endpoints, c->endpoint, mono_ns()));
	conn_close(c);
}

void
conn_check(struct conn *c)
{
	if (c->my && c->o->endpoints &&
	    endpoints_stale(c->o->endpoints, c->endpoint, c->faults))
		conn_close(c);
}

/* The first line of the password file; dst is wiped by the caller. */
static int
read_password(char dst[PASSWORD_SIZE], const char *path, struct fail *f)
{
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_sys(f, "cannot open %s", path);
	do {
		n = read(fd, dst + len, PASSWORD_SIZE - 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while (
	    (n > 0 && len < PASSWORD_SIZE - 1) || (n < 0 && errno == EINTR));
	if (n < 0) {
		int r = fail_sys(f, "cannot read %s", path);
		close(fd);
		return r;
	}
	close(fd);
	dst[len] = '\0';
	dst[strcspn(dst, "\r\n")] = '\0';
	return 0;
}

/* Limits and safety; TLS for everything that leaves this machine. */
static int
set_options(struct conn *c, MYSQL *my, struct fail *f)
{
	unsigned connect_s = CONNECT_TIMEOUT_S;
	/* The server's own limit comes first and keeps the connection. */
	unsigned io_s = (c->o->timeout_ms + 999) / 1000 + 1;
	unsigned off = 0, tcp = MYSQL_PROTOCOL_TCP;
	my_bool yes = 1;
	int bad = 0;

	bad |= mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	bad |= mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &io_s);
	bad |= mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
	bad |= mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &off);
	bad |= mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (c->o->endpoints) {
		if (c->o->tls_ca == NULL || c->o->tls_ca[0] == '\0') {
			c->fault = FAULT_FINAL;
			return fail_set(f, FAIL_CONF,
			    "[database] tls_ca is needed in cluster mode");
		}
		/* Else "localhost" would mean a socket without TLS. */
		bad |= mysql_options(my, MYSQL_OPT_PROTOCOL, &tcp);
		bad |= mysql_options(my, MYSQL_OPT_SSL_ENFORCE, &yes);
		bad |= mysql_options(my, MYSQL_OPT_SSL_CA, c->o->tls_ca);
		bad |=
		    mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
		bad |= mysql_options(
		    my, MARIADB_OPT_RESTRICTED_AUTH, AUTH_PLUGINS);
	}
	if (bad) {
		c->fault = FAULT_FINAL;
		return fail_set(
		    f, FAIL_SQL, "the database library refused an option");
	}
	return 0;
}

/* After mysql_real_connect() failed: the words of 2xxx hold no values. */
static int
connect_fault(struct conn *c, MYSQL *my, const char *where, struct fail *f)
{
	unsigned no = mysql_errno(my);

	c->fault = fault_kind(no);
	/* What breaks while connecting was not begun. */
	if (c->fault == FAULT_LOST || c->fault == FAULT_AGAIN ||
	    (c->fault == FAULT_FINAL && no >= 2000 && no < 3000))
		c->fault = FAULT_MOVE;
	if (no >= 2000 && no < 3000)
		return fail_set(
		    f, FAIL_SQL, "database %s: %s", where, mysql_error(my));
	return fail_set(f, FAIL_SQL, "database %s: error %u (%s)", where, no,
	    fault_text(no));
}

/* e: NULL in embedded mode. */
static int
open_one(struct conn *c, const struct endpoint *e, struct fail *f)
{
	const struct db_opts *o = c->o;
	char where[ENDPOINT_HOST_SIZE + 8];
	char password[PASSWORD_SIZE] = "";
	MYSQL *my = mysql_init(NULL);
	bool ok;
	int r;

	if (my == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	if (e)
		snprintf(where, sizeof(where), "%s:%u", e->host, e->port);
	else
		snprintf(where, sizeof(where), "%s", o->socket);
	r = set_options(c, my, f);
	if (r == 0 && o->password_file && o->password_file[0]) {
		c->fault = FAULT_FINAL;
		r = read_password(password, o->password_file, f);
	}
	if (r)
		goto close;
	ok = mysql_real_connect(my, e ? e->host : NULL, o->user,
	    password[0] ? password : NULL,
	    o->name && o->name[0] ? o->name : NULL, e ? e->port : 0,
	    e ? NULL : o->socket, 0);
	wipe(password, sizeof(password));
	if (!ok) {
		r = connect_fault(c, my, where, f);
		goto close;
	}
	/* The library falls back to plain text without a word. */
	if (e && mysql_get_ssl_cipher(my) == NULL) {
		c->fault = FAULT_MOVE;
		r = fail_set(f, FAIL_SQL,
		    "database %s: the server does not offer TLS", where);
		goto close;
	}
	c->my = my;
	return 0;
close:
	wipe(password, sizeof(password));
	mysql_close(my);
	return r;
}

int
conn_run(struct conn *c, const char *sql, struct fail *f)
{
	c->fault = FAULT_NONE;
	if (mysql_real_query(c->my, sql, strlen(sql)))
		return conn_fault(c, mysql_errno(c->my), f);
	return 0;
}

bool
conn_in_tx(const struct conn *c)
{
	unsigned status = 0;

	return mariadb_get_infov(
		   c->my, MARIADB_CONNECTION_SERVER_STATUS, &status) == 0 &&
	       (status & SERVER_STATUS_IN_TRANS) != 0;
}

/* The settings that the code relies on, the same on every server. */
static int
set_session(struct conn *c, struct fail *f)
{
	static const char *const fixed[] = {
	    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
	    "SET SESSION sql_mode='STRICT_TRANS_TABLES,"
	    "ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,"
	    "NO_ENGINE_SUBSTITUTION', time_zone='+00:00', autocommit=1",
	};
	char lock[80];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fixed); i++)
		r = conn_run(c, fixed[i], f);
	if (r == 0) {
		snprintf(lock, sizeof(lock),
		    "SET SESSION innodb_lock_wait_timeout=%u",
		    (c->o->timeout_ms + 999) / 1000);
		r = conn_run(c, lock, f);
	}
	c->read = DB_READ_LOCAL;
	c->limit_ms = 0;
	c->no_wsrep = c->o->endpoints == NULL;
	return r ? r : conn_tune(c, DB_READ_LOCAL, c->o->timeout_ms, f);
}

int
conn_tune(struct conn *c, enum db_read read, uint32_t limit_ms, struct fail *f)
{
	char sql[96];
	int r;

	if (c->limit_ms != limit_ms) {
		snprintf(sql, sizeof(sql),
		    "SET SESSION max_statement_time=%u.%03u", limit_ms / 1000,
		    limit_ms % 1000);
		r = conn_run(c, sql, f);
		if (r)
			return r;
		c->limit_ms = limit_ms;
	}
	if (c->read == read || c->no_wsrep)
		return 0;
	r = conn_run(c,
	    read == DB_READ_SYNC ? "SET SESSION wsrep_sync_wait=1"
				 : "SET SESSION wsrep_sync_wait=0",
	    NULL);
	if (r && mysql_errno(c->my) == 1193) {
		c->no_wsrep = true; /* built without Galera */
		c->fault = FAULT_NONE;
		return 0;
	}
	if (r)
		return conn_fault(c, mysql_errno(c->my), f);
	c->read = read;
	return 0;
}

/* Connect to e and set the session up. */
static int
open_ready(struct conn *c, const struct endpoint *e, struct fail *f)
{
	int r = open_one(c, e, f);

	if (r)
		return r;
	r = set_session(c, f);
	if (r) {
		enum fault fault = c->fault;

		conn_close(c);
		c->fault = fault == FAULT_LOST ? FAULT_MOVE : fault;
	}
	return r;
}

int
conn_open(struct conn *c, struct fail *f)
{
	struct endpoints *eps = c->o->endpoints;
	struct endpoint e;
	struct fail last = {0};
	uint32_t tried = 0;
	int r = 0;

	c->fault = FAULT_FINAL;
	if (eps == NULL)
		return open_ready(c, NULL, f);
	while (endpoints_pick(eps, tried, mono_ns(), &e) == 0) {
		last = (struct fail){0};
		r = open_ready(c, &e, &last);
		if (r == 0) {
			c->endpoint = e.index;
			c->faults = e.faults;
			endpoints_good(eps, e.index);
			return 0;
		}
		if (endpoints_bad(eps, e.index, mono_ns()))
			log_warn(NULL, "%s", last.why);
		tried |= BIT(e.index);
	}
	return fail_set(f, r ? r : FAIL_SQL, "%s", fail_why(&last, r));
}

static struct conn_stmt *
find_slot(struct conn *c, const char *sql, bool *found)
{
	struct conn_stmt *oldest = NULL;

	*found = true;
	for (size_t i = 0; i < CONN_STMTS; i++) {
		struct conn_stmt *s = &c->stmts[i];

		if (s->busy)
			continue;
		if (s->sql && strcmp(s->sql, sql) == 0)
			return s;
		if (oldest == NULL || s->used < oldest->used)
			oldest = s;
	}
	*found = false;
	return oldest;
}

int
conn_prepare(
    struct conn *c, const char *sql, struct conn_stmt **out, struct fail *f)
{
	struct conn_stmt *s;
	bool found;
	int r;

	c->fault = FAULT_FINAL;
	s = find_slot(c, sql, &found);
	if (s == NULL)
		return fail_set(f, FAIL_FULL, "too many results are open");
	s->used = ++c->uses;
	*out = s;
	c->fault = FAULT_NONE;
	if (found)
		return 0;
	conn_forget(c, s);
	s->used = c->uses;
	s->sql = strdup(sql);
	s->stmt = mysql_stmt_init(c->my);
	if (s->sql == NULL || s->stmt == NULL) {
		conn_forget(c, s);
		c->fault = FAULT_FINAL;
		return fail_set(f, FAIL_NOMEM, "out of memory");
	}
	if (mysql_stmt_prepare(s->stmt, sql, strlen(sql)) == 0)
		return 0;
	/* Nothing but the text of the program has been sent so far. */
	c->fault = fault_kind(mysql_stmt_errno(s->stmt));
	r = fail_set(f, fault_code(mysql_stmt_errno(s->stmt)),
	    "database error %u (%s)", mysql_stmt_errno(s->stmt),
	    mysql_stmt_error(s->stmt));
	conn_forget(c, s);
	return r;
}
