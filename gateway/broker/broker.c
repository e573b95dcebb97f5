/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's life, what it knows of the database, and its clock: signs of
 * life, sessions whose worker is gone, claims to be checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "session/audit.h"
#include "session/why.h"
#include "sql/migrate.h"

#include "broker/broker_int.h"
#include "broker/query.h"

enum {
	POOL_JOBS = 8192,
	CRYPT_THREADS = 2,
	SIGN_THREADS = 1,
	NAME_THREADS = 4,
	DB_BUDGET_MS = 4000,
	RETRY_MS = 500,
	STOP_COMMIT_MS = 1000,
	STOP_DRAIN_MS = 2000,
	BUSY_MS = 20, /* between looks whether the journal is free */
	RESCAN_MS = 60000,
	DAY_MS = 24 * 3600 * 1000,
	MONTHS_AHEAD = 3,
	CHECKS = 64, /* claims that one job checks */
};

/* ---- what is known of the database */

bool
broker_ready(const struct broker *b)
{
	return b->node.known && b->db.up && !b->ending;
}

static uint64_t
rows_stored(const struct broker *b)
{
	struct drain_stat st = {0};

	if (b->drain != NULL)
		drain_stat(b->drain, &st);
	return st.stored;
}

static void
db_to(struct broker *b, bool up, const char *why)
{
	struct broker_audit a;

	if (b->db.up == up)
		return;
	b->db.up = up;
	if (up) {
		log_info(NULL, "the database is back");
		broker_audit_begin(&a, AUDIT_DB_BACK, NULL);
		json_uint(&a.j, "rows", rows_stored(b) - b->db.gone_rows);
	} else {
		b->db.gone_rows = rows_stored(b);
		log_warn(NULL, "the database is away: %s", why);
		broker_audit_begin(&a, AUDIT_DB_AWAY, NULL);
		json_str(&a.j, "detail", why);
	}
	broker_audit_end(b, &a);
}

void
broker_db_seen(struct broker *b, bool up, const char *why)
{
	(void)snprintf(b->db.why, sizeof(b->db.why), "%s", why);
	if (up || b->ending)
		return;
	db_to(b, false, why);
	b->db.next_ms = 0; /* look at once whether it is true */
}

/* ---- the first contact */

struct first {
	struct broker *b;
	struct query_node node;
};

static int
first_work(struct db *db, void *ctx, struct fail *f)
{
	struct first *first = ctx;

	return query_node(db, &first->node, f);
}

static void
drain_changed(void *ctx)
{
	struct broker *b = ctx;
	struct drain_stat st;

	drain_stat(b->drain, &st);
	if (st.away)
		broker_db_seen(b, true, st.why.why);
}

static int
start_drain(struct broker *b, struct fail *f)
{
	struct drain_opts o = {
	    .loop = b->loop,
	    .journal = b->journal,
	    .store = store_batch,
	    .changed = drain_changed,
	    .ctx = b,
	};
	struct drain *drain;
	int r;

	b->store = store_new(&b->db.opts, b->node.id);
	if (b->store == NULL)
		return fail_set(f, FAIL_NOMEM, "store");
	o.store_ctx = b->store;
	if ((r = drain_new(&drain, &o, f)) != 0)
		return r;
	(void)pthread_mutex_lock(&b->bell_lock);
	b->drain = drain;
	(void)pthread_mutex_unlock(&b->bell_lock);
	return 0;
}

static void
on_first(void *ctx, int r, const struct fail *f, bool away)
{
	struct first *first = ctx;
	struct broker *b = first->b;
	struct fail drain_fail = {0};

	(void)away;
	b->db.asking = false;
	b->db.next_ms = broker_now_ms(b) + RETRY_MS;
	if (r != 0) {
		(void)snprintf(
		    b->db.why, sizeof(b->db.why), "%s", fail_why(f, r));
	} else if (!b->ending) {
		memcpy(b->node.id, first->node.id, 16);
		b->node.seq = first->node.node_seq;
		r = start_drain(b, &drain_fail);
		if (r != 0) {
			log_err(NULL, "%s", fail_why(&drain_fail, r));
			store_free(b->store);
			b->store = NULL;
		} else {
			log_info(NULL, "the database answers");
			b->node.known = true;
			b->db.up = true;
			b->db.why[0] = '\0';
			b->node.scan_ms = broker_now_ms(b);
		}
	}
	free(first);
	broker_auth_tick(b);
}

static void
ask_first(struct broker *b)
{
	struct first *first;

	if ((first = calloc(1, sizeof(*first))) == NULL)
		return;
	first->b = b;
	first->node.name = b->node.name;
	first->node.version = b->node.version;
	b->db.asking = pool_post(b->db.pool, first_work, on_first, first) == 0;
	if (!b->db.asking)
		free(first);
}

/* ---- signs of life */

static int
alive_work(struct db *db, void *ctx, struct fail *f)
{
	struct broker *b = ctx; /* the node's id does not change any more */

	return query_alive(db, b->node.id, unix_us(), f);
}

static void
on_alive(void *ctx, int r, const struct fail *f, bool away)
{
	struct broker *b = ctx;

	(void)away;
	b->db.asking = false;
	b->db.next_ms = broker_now_ms(b) + (r == 0 ? ALIVE_MS : RETRY_MS);
	if (b->ending)
		return;
	if (r != 0)
		(void)snprintf(
		    b->db.why, sizeof(b->db.why), "%s", fail_why(f, r));
	db_to(b, r == 0, b->db.why);
}

static int
parts_work(struct db *db, void *ctx, struct fail *f)
{
	(void)ctx;
	return migrate_partitions(db, unix_us(), MONTHS_AHEAD, f);
}

static void
on_parts(void *ctx, int r, const struct fail *f, bool away)
{
	struct broker *b = ctx;

	(void)away;
	if (r == 0)
		return;
	log_warn(NULL, "partitions: %s", fail_why(f, r));
	b->db.parts_ms = broker_now_ms(b) + 60000;
}

static void
database_tick(struct broker *b, uint64_t now)
{
	if (b->db.asking) {
		if (b->node.known && now - b->db.asked_ms > SLOW_MS)
			db_to(b, false, "it does not answer in time");
		return;
	}
	if (now < b->db.next_ms)
		return;
	b->db.asked_ms = now;
	if (!b->node.known) {
		ask_first(b);
		return;
	}
	b->db.asking = pool_post(b->db.pool, alive_work, on_alive, b) == 0;
	if (b->db.up && now >= b->db.parts_ms) {
		b->db.parts_ms = now + DAY_MS;
		if (pool_post(b->db.pool, parts_work, on_parts, b) != 0)
			b->db.parts_ms = now + RETRY_MS;
	}
}

/* ---- sessions that were left open */

struct scan {
	struct broker *b;
	struct query_open open;
};

static int
scan_work(struct db *db, void *ctx, struct fail *f)
{
	struct scan *s = ctx;

	return query_open(db, &s->open, f);
}

static void
on_scan(void *ctx, int r, const struct fail *f, bool away)
{
	struct scan *s = ctx;
	struct broker *b = s->b;
	uint64_t now = broker_now_ms(b);
	struct session_ent *e;
	size_t i;

	(void)away;
	if (r != 0)
		log_warn(NULL, "open sessions: %s", fail_why(f, r));
	for (i = 0; r == 0 && !b->ending && i < s->open.n; i++) {
		e = sessions_find(b->sessions, s->open.ids[i]);
		if (e != NULL) {
			e->checked = true;
			continue;
		}
		e = sessions_add(b->sessions, s->open.ids[i], SESS_CLAIMED, 0);
		if (e == NULL)
			break;
		e->checked = true;
		e->due_ms = b->node.alone ? now : now + START_MS;
		e->why = WHY_WORKER_DIED;
	}
	/* Once more later: a killed predecessor may have had one in flight. */
	b->node.scan_ms = r != 0	    ? now + RETRY_MS
			  : b->node.scanned ? 0
					    : now + RESCAN_MS;
	if (r == 0)
		b->node.scanned = true;
	free(s->open.ids);
	free(s);
}

static void
scan_tick(struct broker *b, uint64_t now)
{
	struct scan *s;

	if (!broker_ready(b) || b->node.scan_ms == 0 || now < b->node.scan_ms)
		return;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return;
	s->b = b;
	memcpy(s->open.node_id, b->node.id, 16);
	b->node.scan_ms = 0;
	if (pool_post(b->db.pool, scan_work, on_scan, s) != 0) {
		b->node.scan_ms = now + RETRY_MS;
		free(s);
	}
}

/* ---- claims */

struct checks {
	struct broker *b;
	uint8_t node_id[16];
	size_t n;
	uint8_t ids[CHECKS][16];
	bool ours[CHECKS];
};

static int
check_work(struct db *db, void *ctx, struct fail *f)
{
	struct checks *c = ctx;
	size_t i;
	int r = 0;

	for (i = 0; i < c->n && r == 0; i++)
		r = query_ours(db, c->ids[i], c->node_id, &c->ours[i], f);
	return r;
}

static void
on_checked(void *ctx, int r, const struct fail *f, bool away)
{
	struct checks *c = ctx;
	struct session_ent *e;
	size_t i;

	(void)f;
	(void)away;
	c->b->node.checking = false;
	for (i = 0; r == 0 && i < c->n; i++) {
		e = sessions_find(c->b->sessions, c->ids[i]);
		if (e == NULL)
			continue;
		e->checked = true;
		if (!c->ours[i])
			broker_link_cut(c->b, e->link,
			    "claims a session that is not of this node");
	}
	free(c);
}

static void
collect(const struct session_ent *e, void *ctx)
{
	struct checks *c = ctx;

	if (c->n < CHECKS)
		memcpy(c->ids[c->n++], e->id, 16);
}

static void
check_tick(struct broker *b)
{
	struct checks *c;

	if (!broker_ready(b) || b->node.checking ||
	    (c = calloc(1, sizeof(*c))) == NULL)
		return;
	c->b = b;
	memcpy(c->node_id, b->node.id, 16);
	sessions_unchecked(b->sessions, collect, c);
	b->node.checking =
	    c->n > 0 && pool_post(b->db.pool, check_work, on_checked, c) == 0;
	if (!b->node.checking)
		free(c);
}

/* ---- life */

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
	const struct rows_opts ro = {
	    .loop = b->loop,
	    .stored = broker_stored,
	    .committed = on_committed,
	    .ctx = b,
	    .thread_ctx = b,
	};
	struct rows_opts o = ro;
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
	broker_orders_tick(b);
	broker_auth_tick(b);
	sessions_expire(b->sessions, now, close_session, b);
	if (b->held && rows_waiting(b->rows) < QUEUE_LOW)
		broker_links_hold(b, false);
	database_tick(b, now);
	scan_tick(b, now);
	check_tick(b);
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
	b->sessions = sessions_new();
	b->keeper = kask_new(b->loop);
	b->links = idmap_new();
	if (b->tick == NULL || b->throttle == NULL || b->sessions == NULL ||
	    b->keeper == NULL || b->links == NULL || broker_orders_new(b) != 0)
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
	throttle_free(b->throttle);
	db_opts_fini(&b->db.opts);
	(void)pthread_mutex_destroy(&b->bell_lock);
	free(b);
}
