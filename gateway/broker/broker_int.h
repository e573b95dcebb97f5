/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_BROKER_INT_H
#define BROKER_BROKER_INT_H

/*
 * The inside of struct broker, shared by these files only:
 *
 *	broker.c	life, the database's state, the clock
 *	broker_link.c	links: workers, recorder, command line
 *	broker_auth.c	logins
 *	broker_want.c	wishes, up to the grant
 *	broker_order.c	live control
 *	broker_row.c	rows, audit events of our own, status
 */

#include <pthread.h>
#include <sys/types.h>

#include "base/acceptor.h"
#include "base/ipc.h"
#include "base/json.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "broker/broker_msg.h"
#include "broker/drain.h"
#include "broker/granter.h"
#include "broker/idmap.h"
#include "broker/journal.h"
#include "broker/judge.h"
#include "broker/kask.h"
#include "broker/rows.h"
#include "broker/sessions.h"
#include "broker/store.h"
#include "broker/throttle.h"
#include "broker/wlink.h"
#include "sql/pool.h"

enum {
	TICK_MS = 250,
	ALIVE_MS = 2000,    /* between signs of life in the database */
	SLOW_MS = 4000,	    /* a sign of life that takes longer: away */
	CONTACT_MS = 10000, /* logins wait so long for the first contact */
	CLAIM_MS = 10000,   /* for the sessions of a worker that is gone */
	DEAD_MS = 2000,	    /* for those of one that died */
	START_MS = 4000,    /* for those of before we were started */
	QUEUE_HIGH = 50000, /* rows not on disk: workers are not read */
	QUEUE_LOW = 10000,
	HASH_SIZE = 384,
};

/* What is known of the database. */
struct broker_db {
	struct db_opts opts;
	struct pool *pool;
	bool up;
	bool asking;	    /* a sign of life is on its way */
	uint64_t asked_ms;  /* when that was sent */
	uint64_t next_ms;   /* when the next is due */
	uint64_t parts_ms;  /* when partitions are made next */
	uint64_t gone_rows; /* stored when it went away */
	char why[200];	    /* the last failure */
};

struct broker_node {
	char name[256];
	char version[64];
	bool known;	  /* id and seq were read from the database */
	bool scanned;	  /* sessions left open were looked for */
	bool checking;	  /* claims are being checked */
	bool alone;	  /* no worker lives that was before us */
	uint64_t scan_ms; /* when they are looked for again; 0: never */
	uint8_t id[16];
	uint64_t seq; /* last recording's number */
};

struct attempt;
struct orders;

struct broker {
	struct loop *loop;
	const struct conf *conf;
	void (*serving)(void *ctx); /* NULL when that was said */
	void *ctx;
	struct timer *tick;
	struct broker_db db;
	struct broker_node node;
	struct granter *granter;
	struct pool *crypt; /* passwords, by way of judge */
	struct judge *judge;
	struct pool *signs; /* signatures of users' keys */
	struct pool *names; /* host names */
	char dummy_hash[HASH_SIZE];
	struct journal *journal;
	struct rows *rows;
	struct store *store;
	struct drain *drain; /* NULL until the node is known */
	struct throttle *throttle;
	struct attempt *attempts; /* logins on their way */
	struct orders *orders;
	struct sessions *sessions;
	struct kask *keeper;
	struct idmap *links; /* by number */
	uint64_t last_link;
	uint64_t started_ms;
	struct acceptor *listener;
	int listen_fd;
	pthread_mutex_t bell_lock; /* drain is made while rows commit */
	bool ending;
	bool held; /* workers are not read */
};

enum link_kind { LINK_WORKER, LINK_RECORDER, LINK_ADMIN };

/* A link that asks us. */
struct blink {
	struct broker *b;
	uint64_t number;
	enum link_kind kind;
	struct ipc *ipc;
	struct wlink *w; /* workers */
	bool dead;	 /* its worker died */
	char by[256];	 /* command line: the name of its user */
};

static inline uint64_t
broker_now_ms(const struct broker *b)
{
	(void)b;
	return mono_ns() / 1000000;
}

/* ---- broker.c */
/* What a job of the pool told of the database. */
void broker_db_seen(struct broker *b, bool up, const char *why);
/* New logins are served: the database answers and the node is known. */
bool broker_ready(const struct broker *b);

/* ---- broker_link.c */
struct blink *broker_blink(const struct broker *b, uint64_t number);
void broker_links_hold(struct broker *b, bool hold);
/* Read what came while the journal was another broker's. */
void broker_links_begin(struct broker *b);
void broker_links_free(struct broker *b);
/* Close a link (0: none) that has broken a rule. */
void broker_link_cut(struct broker *b, uint64_t link, const char *why);
/* Answers; what does not fit the link's queue closes it. */
void broker_answer(struct broker *b, uint64_t link, uint16_t type, uint32_t id,
    struct span body);
void broker_error(
    struct broker *b, uint64_t link, uint32_t id, int code, const char *why);

/* ---- broker_auth.c */
int broker_auth(
    struct broker *b, struct wlink *w, uint32_t id, const struct bm_auth *m);
/* Let those go on that came before the first contact with the database. */
void broker_auth_tick(struct broker *b);
int broker_auth_prepare(struct broker *b, struct fail *f) MUST_USE;
/* After the pools have ended: forget those that wait for their time. */
void broker_auth_stop(struct broker *b);

/* ---- broker_want.c */
int broker_want(struct broker *b, struct wlink *w, uint32_t id,
    const struct wconn *c, const struct bm_want *m);
void broker_revoke(struct broker *b, const struct session_ent *e);

/* ---- broker_order.c */
int broker_order(struct broker *b, struct blink *from, uint32_t id,
    const struct bm_order *m);
int broker_controlled(struct broker *b, struct wlink *w, uint32_t id,
    const struct bm_controlled *m);
/* Whoever waits for an answer of this link, or for whom we wait, is gone. */
void broker_orders_gone(struct broker *b, uint64_t link);
int broker_orders_new(struct broker *b) MUST_USE;
void broker_orders_free(struct broker *b);
/* Orders that a worker did not answer in time. */
void broker_orders_tick(struct broker *b);

/* ---- broker_row.c */
/* Store a row; ref NULL: nobody waits for it. */
int broker_row(
    struct broker *b, const struct row *r, const struct rows_ref *ref);
void broker_stored(void *ctx, const struct rows_ref *ref);
/* The end of a session that its worker cannot tell any more. */
void broker_close_session(struct broker *b, const struct session_ent *e);

/*
 * An audit event of our own.  broker_audit_begin() opens the object, members
 * are added with json_*(&a.j, ...), broker_audit_end() stores it.
 */
struct broker_audit {
	struct json j;
	struct buf text;
	uint32_t event;
	uint8_t session[16]; /* zeros: none */
};
void broker_audit_begin(
    struct broker_audit *a, uint32_t event, const uint8_t *session);
void broker_audit_end(struct broker *b, struct broker_audit *a);

#endif /* BROKER_BROKER_INT_H */
