/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queues before the pool of passwords.  The pool itself is first come,
 * first served: hence it never gets more than its threads can begin with.
 */
#include <stdlib.h>

#include "broker/judge.h"

struct judge_job {
	struct judge_job *next;
	struct judge *j;
	enum throttle_class class;
	pool_work_fn *work;
	pool_done_fn *done;
	void *ctx;
};

struct judge_queue {
	struct judge_job *head, **tail;
	unsigned n;
};

static const unsigned most[THROTTLE_CLASSES] = {
    [THROTTLE_KNOWN] = JUDGE_KNOWN,
    [THROTTLE_NEW] = JUDGE_NEW,
    [THROTTLE_TARGET] = JUDGE_SUSPECTS,
    [THROTTLE_FAILING] = JUDGE_SUSPECTS,
};

struct judge {
	struct pool *pool;
	unsigned threads;
	unsigned running;
	unsigned strangers; /* of those that run */
	struct judge_queue queue[THROTTLE_CLASSES];
};

static bool
stranger(enum throttle_class class)
{
	return class != THROTTLE_KNOWN;
}

struct judge *
judge_new(struct pool *p, unsigned threads)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->pool = p;
	j->threads = threads;
	for (unsigned c = 0; c < THROTTLE_CLASSES; c++)
		j->queue[c].tail = &j->queue[c].head;
	return j;
}

static struct judge_job *
take(struct judge_queue *q)
{
	struct judge_job *job = q->head;

	if ((q->head = job->next) == NULL)
		q->tail = &q->head;
	q->n--;
	return job;
}

static void
release(struct judge *j)
{
	for (unsigned c = 0; c < THROTTLE_CLASSES; c++) {
		while (j->queue[c].n > 0) {
			struct judge_job *job = take(&j->queue[c]);
			const struct fail f = {
			    .code = FAIL_CLOSED, .why = "the node stops"};

			job->done(job->ctx, FAIL_CLOSED, &f, false);
			free(job);
		}
	}
	free(j);
}

void
judge_free(struct judge *j)
{
	if (j != NULL)
		release(j);
}

static int
work(struct db *db, void *ctx, struct fail *f)
{
	const struct judge_job *job = ctx;

	return job->work(db, job->ctx, f);
}

static void next(struct judge *j);

static void
done(void *ctx, int r, const struct fail *f, bool away)
{
	struct judge_job *job = ctx;
	struct judge *j = job->j;

	j->running--;
	if (stranger(job->class))
		j->strangers--;
	job->done(job->ctx, r, f, away);
	free(job);
	if (r != FAIL_CLOSED)
		next(j);
}

/* Begin with as many as there are threads for, best first. */
static void
next(struct judge *j)
{
	unsigned c = 0;
	int r;

	while (c < THROTTLE_CLASSES && j->running < j->threads) {
		struct judge_job *job;

		if (j->queue[c].n == 0 ||
		    (stranger((enum throttle_class)c) &&
			j->strangers > 0 && j->strangers >= j->threads - 1)) {
			c++;
			continue;
		}
		job = take(&j->queue[c]);
		j->running++;
		if (stranger(job->class))
			j->strangers++;
		r = pool_post(j->pool, work, done, job);
		if (r != 0)
			done(job, r, &(struct fail){.code = r}, false);
	}
}

bool
judge_room(const struct judge *j, enum throttle_class class)
{
	return j->queue[class].n < most[class];
}

int
judge_post(struct judge *j, enum throttle_class class, pool_work_fn *fn,
    pool_done_fn *fn_done, void *ctx)
{
	struct judge_queue *q = &j->queue[class];
	struct judge_job *job;

	if (!judge_room(j, class))
		return FAIL_FULL;
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return FAIL_NOMEM;
	*job = (struct judge_job){
	    .j = j, .class = class, .work = fn, .done = fn_done, .ctx = ctx};
	*q->tail = job;
	q->tail = &job->next;
	q->n++;
	next(j);
	return 0;
}
