/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker knows of the database: the first contact, which tells who
 * this node is and starts the drain; then signs of life, so that its going and
 * coming is noticed when nobody asks for anything; and its partitions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "session/audit.h"
#include "sql/migrate.h"

#include "broker/broker_int.h"
#include "broker/query.h"

enum {
	ALIVE_MS = 2000, /* between signs of life in the database */
	SLOW_MS = 4000,	 /* a sign of life that takes longer: away */
	PARTS_MS = 24 * 3600 * 1000, /* between looks at the partitions */
	PARTS_RETRY_MS = 60000,	     /* after one that failed */
	MONTHS_AHEAD = 3,	     /* partitions that are made before */
};

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
	b->db.parts_ms = broker_now_ms(b) + PARTS_RETRY_MS;
}

void
broker_db_tick(struct broker *b, uint64_t now)
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
		b->db.parts_ms = now + PARTS_MS;
		if (pool_post(b->db.pool, parts_work, on_parts, b) != 0)
			b->db.parts_ms = now + RETRY_MS;
	}
}
