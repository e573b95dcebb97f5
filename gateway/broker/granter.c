/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit of grants.  A few batches may be with the pool at a time;
 * whatever comes meanwhile waits and goes together with the next one.  A batch
 * that fails for a reason of its own is stored row by row, so that one row that
 * cannot be stored refuses nobody else.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/granter.h"

enum {
	BATCHES = 2,
	WAITING_MAX = 8192,
};

struct grant_req {
	struct grant_req *next;
	const struct query_grant *rows;
	granter_done_fn *done;
	void *ctx;
};

struct grant_batch {
	struct granter *g;
	bool busy;
	size_t n;
	struct grant_req *req[QUERY_GRANTS];
	const struct query_grant *rows[QUERY_GRANTS];
	/* Filled in by the thread. */
	int r[QUERY_GRANTS];
	struct fail why[QUERY_GRANTS];
};

struct granter {
	struct pool *pool;
	struct grant_req *head, **tail;
	size_t waiting;
	struct grant_batch batch[BATCHES];
};

struct granter *
granter_new(struct pool *p)
{
	struct granter *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->pool = p;
	g->tail = &g->head;
	for (size_t i = 0; i < BATCHES; i++)
		g->batch[i].g = g;
	return g;
}

static struct grant_req *
take(struct granter *g)
{
	struct grant_req *q = g->head;

	if ((g->head = q->next) == NULL)
		g->tail = &g->head;
	g->waiting--;
	return q;
}

static void
answer(struct grant_req *q, int r, const struct fail *f, bool away)
{
	q->done(q->ctx, r, f, away);
	free(q);
}

static void
release(struct granter *g)
{
	const struct fail f = {.code = FAIL_CLOSED, .why = "the node stops"};

	while (g->head != NULL)
		answer(take(g), FAIL_CLOSED, &f, false);
	free(g);
}

void
granter_free(struct granter *g)
{
	if (g != NULL)
		release(g);
}

static void start(struct granter *g);

static void
refuse_all(struct grant_batch *b, int r, const struct fail *f)
{
	for (size_t i = 0; i < b->n; i++) {
		b->r[i] = r;
		b->why[i] = *f;
	}
}

/* In a thread: b is its alone. */
static int
work(struct db *db, void *ctx, struct fail *f)
{
	struct grant_batch *b = ctx;
	int r = query_grants(db, b->rows, b->n, f);

	refuse_all(b, r, f);
	if (r == 0 || b->n == 1 || db_away(db))
		return r;
	/* One of them is at fault: each for itself. */
	for (size_t i = 0; i < b->n; i++) {
		b->why[i] = (struct fail){0};
		b->r[i] = query_grants(db, &b->rows[i], 1, &b->why[i]);
		if (b->r[i] != 0 && db_away(db))
			return b->r[i];
	}
	return 0;
}

static void
answer_all(struct grant_batch *b, bool away)
{
	for (size_t i = 0; i < b->n; i++)
		answer(b->req[i], b->r[i], &b->why[i], away && b->r[i] != 0);
	b->n = 0;
	b->busy = false;
}

static void
done(void *ctx, int r, const struct fail *f, bool away)
{
	struct grant_batch *b = ctx;
	struct granter *g = b->g;

	/* Never begun: the thread has not said anything. */
	if (r == FAIL_CLOSED || r == FAIL_NOMEM)
		refuse_all(b, r, f);
	answer_all(b, away);
	if (r != FAIL_CLOSED)
		start(g);
}

/* Give what waits to a batch that is free. */
static void
start(struct granter *g)
{
	const struct fail full = {.code = FAIL_FULL, .why = "too many jobs"};
	int r;

	for (size_t i = 0; i < BATCHES && g->head != NULL; i++) {
		struct grant_batch *b = &g->batch[i];

		if (b->busy)
			continue;
		while (g->head != NULL && b->n < QUERY_GRANTS) {
			b->req[b->n] = take(g);
			b->rows[b->n] = b->req[b->n]->rows;
			b->n++;
		}
		b->busy = true;
		r = pool_post(g->pool, work, done, b);
		if (r != 0) {
			refuse_all(b, r, &full);
			answer_all(b, false);
		}
	}
}

int
granter_add(struct granter *g, const struct query_grant *rows,
    granter_done_fn *fn, void *ctx)
{
	struct grant_req *q;

	if (g->waiting == WAITING_MAX)
		return FAIL_FULL;
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return FAIL_NOMEM;
	q->rows = rows;
	q->done = fn;
	q->ctx = ctx;
	*g->tail = q;
	g->tail = &q->next;
	g->waiting++;
	start(g);
	return 0;
}
