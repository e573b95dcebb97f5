/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's life and its clock: what it is made of and in which order that
 * ends, the journal that another broker may still hold, and what is due.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "session/audit.h"

#include "broker/broker_int.h"

enum {
	POOL_JOBS = 8192,
	CRYPT_THREADS = 2,
	SIGN_THREADS = 1,
	NAME_THREADS = 4,
	DB_BUDGET_MS = 4000,
	STOP_COMMIT_MS = 1000,
	STOP_DRAIN_MS = 2000,
	BUSY_MS = 20, /* between looks whether the journal is free */
};

/* ---- the journal */

static void
on_committed(void *ctx)
{
	struct broker *b = ctx;

	(void)pthread_mutex_lock(&b->bell_lock);
	if (b->drain != NULL)
		drain_ring(b->drain);
	(void)pthread_mutex_unlock(&b->bell_lock);
}

static void
node_name(struct broker *b, const char *version)
{
	char host[256] = "node";
	const char *name = b->conf->node_name;

	if (name == NULL || name[0] == '\0') {
		if (gethostname(host, sizeof(host) - 1) != 0)
			(void)snprintf(host, sizeof(host), "node");
		name = host;
	}
	(void)snprintf(b->node.name, sizeof(b->node.name), "%s", name);
	(void)snprintf(b->node.version, sizeof(b->node.version), "%s", version);
}

static int
make_rows(struct broker *b, struct fail *f)
{
	struct journal_opts jo = {.max_bytes = b->conf->database_journal_max};
	struct rows_opts o = {
	    .loop = b->loop,
	    .stored = broker_stored,
	    .committed = on_committed,
	    .ctx = b,
	    .thread_ctx = b,
	};
	char *dir;
	int r;

	if ((dir = conf_path(b->conf, "journal")) == NULL)
		return fail_set(f, FAIL_NOMEM, "journal");
	jo.dir = dir;
	r = journal_open(&b->journal, &jo, f);
	free(dir);
	if (r != 0)
		return r;
	o.journal = b->journal;
	if ((r = rows_new(&b->rows, &o, f)) != 0) {
		journal_free(b->journal);
		b->journal = NULL;
	}
	return r;
}

static void
say_start(struct broker *b)
{
	struct broker_audit a;

	broker_audit_begin(&a, AUDIT_NODE_START, NULL);
	json_str(&a.j, "version", b->node.version);
	broker_audit_end(b, &a);
}

/* Is the journal ours now?  Until then nobody is listened to.  0: yes; else
 * when to look again, in ms. */
static unsigned
begin(struct broker *b)
{
	struct fail f = {0};
	int r = make_rows(b, &f);

	if (r == 0) {
		say_start(b);
		broker_links_begin(b);
		return 0;
	}
	if (r == FAIL_BUSY)
		return BUSY_MS;
	log_err(NULL, "%s", fail_why(&f, r));
	return RETRY_MS;
}

/* ---- the clock */

static void
close_session(const struct session_ent *e, void *ctx)
{
	broker_close_session(ctx, e);
}

static void
on_tick(struct timer *t, void *ctx)
{
	struct broker *b = ctx;
	uint64_t now = broker_now_ms(b);
	unsigned ms;

	if (b->journal == NULL && (ms = begin(b)) > 0) {
		timer_set(t, ms);
		return;
	}
	if (b->serving != NULL) {
		b->serving(b->ctx);
		b->serving = NULL;
	}
	broker_door_tick(b);
	broker_orders_tick(b);
	broker_auth_tick(b);
	sessions_expire(b->sessions, now, close_session, b);
	if (b->held && rows_waiting(b->rows) < QUEUE_LOW)
		broker_links_hold(b, false);
	broker_db_tick(b, now);
	broker_open_tick(b, now);
	timer_set(t, TICK_MS);
}

/* ---- the whole */

static int
make_pools(struct broker *b, struct fail *f)
{
	struct pool_opts o = {
	    .db = &b->db.opts,
	    .threads = (unsigned)b->conf->database_pool,
	    .max_jobs = POOL_JOBS,
	};
	int r;

	if ((r = db_opts_init(&b->db.opts, b->conf, f)) != 0)
		return r;
	b->db.opts.budget_ms = DB_BUDGET_MS;
	b->db.pool = pool_new(b->loop, &o);
	/* These never touch their connections, so they make none. */
	o.threads = CRYPT_THREADS;
	b->crypt = pool_new(b->loop, &o);
	o.threads = SIGN_THREADS;
	b->signs = pool_new(b->loop, &o);
	o.threads = NAME_THREADS;
	b->names = pool_new(b->loop, &o);
	if (b->db.pool == NULL || b->crypt == NULL || b->signs == NULL ||
	    b->names == NULL ||
	    (b->judge = judge_new(b->crypt, CRYPT_THREADS)) == NULL ||
	    (b->granter = granter_new(b->db.pool)) == NULL)
		return fail_set(f, FAIL_NOMEM, "threads");
	return 0;
}

static int
make_all(struct broker *b, struct fail *f)
{
	int r;

	b->tick = timer_new(b->loop, on_tick, b);
	b->throttle = throttle_new();
	b->door = door_new();
	b->sessions = sessions_new();
	b->keeper = kask_new(b->loop);
	b->links = idmap_new();
	if (b->tick == NULL || b->throttle == NULL || b->door == NULL ||
	    b->sessions == NULL || b->keeper == NULL || b->links == NULL ||
	    broker_orders_new(b) != 0)
		return fail_set(f, FAIL_NOMEM, "broker");
	if ((r = broker_auth_prepare(b, f)) != 0 || (r = make_pools(b, f)) != 0)
		return r;
	/* A broker that is ending has it: the clock sees when it lets go. */
	r = make_rows(b, f);
	return r == FAIL_BUSY ? 0 : r;
}

int
broker_new(struct broker **out, const struct broker_opts *o, struct fail *f)
{
	struct broker *b;
	int r;

	*out = NULL;
	if ((b = calloc(1, sizeof(*b))) == NULL)
		return fail_set(f, FAIL_NOMEM, "broker");
	b->loop = o->loop;
	b->conf = o->conf;
	b->serving = o->serving;
	b->ctx = o->ctx;
	b->listen_fd = -1;
	b->started_ms = broker_now_ms(b);
	(void)pthread_mutex_init(&b->bell_lock, NULL);
	node_name(b, o->version);
	if ((r = make_all(b, f)) != 0) {
		broker_free(b);
		return r;
	}
	if (b->journal != NULL)
		say_start(b);
	timer_set(b->tick, 1);
	*out = b;
	return 0;
}

void
broker_leave(struct broker *b)
{
	const struct timespec step = {.tv_nsec = 5000000};
	uint64_t end = broker_now_ms(b) + STOP_COMMIT_MS;
	struct journal_stat st;
	struct broker_audit a;

	if (b->rows == NULL)
		return; /* it never had the journal */
	broker_audit_begin(&a, AUDIT_NODE_STOP, NULL);
	broker_audit_end(b, &a);
	do {
		journal_stat(b->journal, &st);
		if (st.committed == st.appended)
			break;
		(void)nanosleep(&step, NULL);
	} while (broker_now_ms(b) < end);
}

void
broker_free(struct broker *b)
{
	struct drain *drain;

	if (b == NULL)
		return;
	timer_free(b->tick);
	broker_unlisten(b);
	if (b->rows != NULL) {
		broker_leave(b);
		/* And the database, if it is quick. */
		if (b->drain != NULL && b->db.up)
			(void)drain_finish(b->drain, STOP_DRAIN_MS);
	}
	b->ending = true;
	pool_free(b->db.pool);
	granter_free(b->granter);
	pool_free(b->crypt);
	judge_free(b->judge);
	pool_free(b->signs);
	pool_free(b->names);
	kask_free(b->keeper);
	b->keeper = NULL;
	broker_auth_stop(b);
	broker_orders_free(b);
	if (b->links != NULL)
		broker_links_free(b);
	idmap_free(b->links);
	rows_free(b->rows);
	(void)pthread_mutex_lock(&b->bell_lock);
	drain = b->drain;
	b->drain = NULL;
	(void)pthread_mutex_unlock(&b->bell_lock);
	drain_free(drain);
	store_free(b->store);
	journal_free(b->journal);
	sessions_free(b->sessions);
	door_free(b->door);
	throttle_free(b->throttle);
	db_opts_fini(&b->db.opts);
	(void)pthread_mutex_destroy(&b->bell_lock);
	free(b);
}
