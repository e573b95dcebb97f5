/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_BROKER_NODE_H
#define TESTS_UNIT_GATEWAY_BROKER_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/ipc.h"
#include "base/loop.h"
#include "broker/broker_msg.h"
#include "keeper/keeper_msg.h"
#include "sql/db.h"

#include "../../sql/server.h"

/*
 * A broker in a process of its own, with a real database and, in this process,
 * a worker, a recorder, the command line and a keeper to talk to.
 */

struct node;

/* One end that talks to the broker. */
struct end {
	struct node *node;
	struct ipc *ipc; /* NULL: the broker closed it */
	/* The last message of a type that came, copied. */
	struct buf body;
	uint16_t type;
	uint32_t id;
	int fd; /* that came with it, or -1 */
	uint32_t wait_id;
	bool came;
	/* Answers `stored`, by id. */
	uint8_t *acked;
	uint32_t n_acked, max_acked;
};

struct node {
	struct server *db;
	struct db *sql;
	struct loop *loop;
	pid_t pid;
	struct end worker, other, recorder, admin;
	struct ipc *keeper;
	unsigned grants, revokes;
	bool keeper_refuses;
	bool alone; /* the next broker is told that no worker lives */
	char sock[108];
	uint32_t last_id;
	uint64_t last_conn;
};

struct node *node_new(struct server *db);
void node_free(struct node *n);
/* Start the broker (again): all links are new. */
void node_start(struct node *n);
/* Wait until it reaches its database. */
void node_ready(struct node *n);
void node_kill(struct node *n);
/* The supervisor tells the broker that worker 7 has died. */
void node_worker_died(struct node *n);
void node_stop(struct node *n);

/* Run the loop for ms. */
void node_run(struct node *n, unsigned ms);
/* Send and wait for the answer with the same id; false: none in ms. */
bool node_ask(struct end *e, uint16_t type, struct span body, unsigned ms);
uint32_t node_send(struct end *e, uint16_t type, struct span body);
/* Wait for a message that was not asked for, of this type. */
bool node_wait(struct end *e, uint16_t type, unsigned ms);
/* Wait until the broker closes the link. */
bool node_wait_closed(struct end *e, unsigned ms);
/* Wait until a query gives number. */
bool node_wait_sql(
    struct node *n, const char *sql, uint64_t number, unsigned ms);
uint64_t node_number(struct node *n, const char *sql);
void node_exec(struct node *n, const char *sql);

/* Verify the chain of all audit events, as an auditor does. */
void node_verify_chain(struct node *n);
/* Stored events of a kind with fields LIKE like. */
uint64_t node_count_events(struct node *n, uint32_t event, const char *like);

/* Rows: users ana (password "right"), dis (disabled), new (must change). */
void node_people(struct node *n);

/* For a group of tests: a server with the schema, and a node that has people
 * and reaches it. */
struct node *node_setup(void **state);
int node_teardown(void **state, struct node *n);
/* With a broker and links that are new. */
void node_again(struct node *n);

/* Log in and ask for a grant. */
bool node_login(struct end *e, uint64_t conn, const char *user,
    const char *password, uint64_t *took_ms);
bool node_grant(struct end *e, uint64_t conn, const char *account,
    const char *asset, struct bm_grant *grant);
/* A session of ana that runs. */
void node_begin(struct end *e, uint8_t session[16]);
/* Claim a session of a worker or broker that is gone. */
void node_claim(struct end *e, const uint8_t session[16]);
uint32_t node_keys(struct end *e, const uint8_t session[16], uint32_t seq);
void node_session_start(struct end *e, const uint8_t session[16]);
void node_session_end(struct end *e, const uint8_t session[16], uint32_t why);

#endif /* TESTS_UNIT_GATEWAY_BROKER_NODE_H */
