/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SQL_SERVER_H
#define TESTS_UNIT_SQL_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/conf.h"
#include "sql/db.h"
#include "sql/embedded.h"

/* A private mariadbd in a temporary folder, for the tests of this folder. */
struct server {
	char dir[64];
	struct conf *conf;
	struct embedded *e;
	struct db_opts opts; /* schema "sallyport" */
	pid_t net_pid;	     /* started by server_net_start() */
};

/* Group set-up and tear-down of cmocka; *state is a struct server. */
int server_setup(void **state);
int server_teardown(void **state);
/* The same, with all migrations run. */
int server_setup_schema(void **state);

/* kill -9, and start again on the same data. */
void server_crash(struct server *s);
void server_again(struct server *s);

/*
 * Stop the private server and serve its data on 127.0.0.1:port instead, with
 * TLS when cert (a prefix: cert.crt, cert.key) is not NULL.  The user "net"
 * with the password "net" may do everything.
 */
void server_net_start(struct server *s, uint16_t port, const char *cert);
void server_net_stop(struct server *s);
uint16_t server_free_port(void);

/* A number from a query of one row and column. */
uint64_t server_number(struct db *db, const char *sql);

#endif /* TESTS_UNIT_SQL_SERVER_H */
