/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that are open in the database: those of this node that nobody holds
 * any more are given a time to be claimed in and are then closed; and what a
 * worker claims must be a session of this node.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "session/why.h"

#include "broker/broker_int.h"
#include "broker/query.h"

enum {
	START_MS = 4000,   /* for the sessions of before we were started */
	RESCAN_MS = 60000, /* to the second look */
	CHECKS = 64,	   /* claims that one job checks */
};

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

	if (b->node.scan_ms == 0 || now < b->node.scan_ms)
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

	if (b->node.checking || (c = calloc(1, sizeof(*c))) == NULL)
		return;
	c->b = b;
	memcpy(c->node_id, b->node.id, 16);
	sessions_unchecked(b->sessions, collect, c);
	b->node.checking =
	    c->n > 0 && pool_post(b->db.pool, check_work, on_checked, c) == 0;
	if (!b->node.checking)
		free(c);
}

void
broker_open_tick(struct broker *b, uint64_t now)
{
	if (!broker_ready(b))
		return;
	scan_tick(b, now);
	check_tick(b);
}
