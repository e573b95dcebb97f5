/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_BROKER_INT_H
#define BROKER_BROKER_INT_H

/*
 * The inside of struct broker, shared by these files only.  What they call in
 * one another is broker_parts.h.
 *
 *	broker.c	life, the journal, the clock
 *	broker_db.c	what is known of the database
 *	broker_open.c	sessions left open, claims
 *	broker_link.c	links: workers, recorder, command line
 *	broker_admin.c	what the command line asks
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
#include "broker/broker_parts.h"
#include "broker/door.h"
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
	RETRY_MS = 500,	    /* of what failed */
	CONTACT_MS = 10000, /* logins wait so long for the first contact */
	CLAIM_MS = 10000,   /* for the sessions of a worker that is gone */
	DEAD_MS = 2000,	    /* for those of one that died */
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
	struct door *door;
	uint64_t turned_away; /* there, not yet told of */
	uint64_t said_ms;
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

#endif /* BROKER_BROKER_INT_H */
