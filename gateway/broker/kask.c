/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's end of the links to the keeper: which question an answer belongs
 * to, and how long is waited for it.  An older keeper answers what it was asked
 * before it was replaced.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "broker/idmap.h"
#include "broker/kask.h"

enum { MSG_MAX = 128 * 1024, QUEUE_MAX = 16 * 1024 * 1024 };

struct klink {
	struct klink *next;
	struct kask *k;
	struct ipc *ipc;
	uint32_t number; /* the keeper, as the supervisor counts */
	unsigned open;	 /* questions */
};

struct question {
	struct klink *on;
	uint32_t id;
	kask_fn *fn;
	void *ctx;
	struct timer *limit;
};

struct kask {
	struct loop *loop;
	struct klink *links; /* newest first */
	bool ending;
	struct idmap *open;
	uint32_t last_id;
};

static void
key_of(uint8_t key[16], uint32_t id)
{
	memset(key, 0, 16);
	memcpy(key, &id, sizeof(id));
}

static void
question_free(struct question *q)
{
	timer_free(q->limit);
	free(q);
}

static void
link_free(struct klink *l)
{
	struct klink **at = &l->k->links;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	ipc_free(l->ipc);
	free(l);
}

/* The keeper that was ends as soon as nobody needs it. */
static void
drop_idle(struct kask *k)
{
	struct klink *l, *next;

	if (k->links == NULL)
		return;
	for (l = k->links->next; l != NULL; l = next) {
		next = l->next;
		if (l->open == 0) {
			ipc_flush(l->ipc);
			link_free(l);
		}
	}
}

/* Take the question out, then tell: fn may ask the next one. */
static void
answer(struct question *q, int code, const struct ipc_msg *m)
{
	struct question was = *q;
	struct kask *k = q->on->k;
	uint8_t key[16];

	key_of(key, q->id);
	(void)idmap_del(k->open, key);
	q->on->open--;
	question_free(q);
	was.fn(was.ctx, code, m);
	drop_idle(k);
}

static void
on_limit(struct timer *t, void *ctx)
{
	(void)t;
	answer(ctx, FAIL_TIMEOUT, NULL);
}

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct klink *l = ctx;
	struct question *q;
	uint8_t key[16];

	(void)c;
	if (m->fd >= 0)
		(void)close(m->fd); /* the keeper has none for us */
	key_of(key, m->id);
	/* One that comes after its limit is nobody's. */
	if ((q = idmap_get(l->k->open, key)) != NULL && q->on == l)
		answer(q, 0, m);
	return 0;
}

/* A question asked by one of the answers goes elsewhere, or nowhere. */
static void
fail_all(struct kask *k, struct klink *l)
{
	struct question *q;
	size_t pos = 0;

	l->open++; /* keeps the link until all are told */
	while (l->open > 1) {
		if ((q = idmap_next(k->open, &pos)) == NULL)
			pos = 0; /* one was added, and the others moved */
		else if (q->on == l)
			answer(q, FAIL_CLOSED, NULL);
	}
	l->open--;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct klink *l = ctx;
	struct kask *k = l->k;

	(void)c;
	if (k->links == l)
		log_warn(NULL, "keeper: %s", fail_why(f, FAIL_CLOSED));
	l->number = 0;
	fail_all(k, l);
	link_free(l);
}

static void
release(struct kask *k)
{
	k->ending = true;
	while (k->links != NULL) {
		if (k->open != NULL)
			fail_all(k, k->links);
		link_free(k->links);
	}
	idmap_free(k->open);
	free(k);
}

void
kask_free(struct kask *k)
{
	if (k != NULL)
		release(k);
}

struct kask *
kask_new(struct loop *l)
{
	struct kask *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return NULL;
	k->loop = l;
	if ((k->open = idmap_new()) == NULL) {
		release(k);
		return NULL;
	}
	return k;
}

int
kask_link(struct kask *k, uint32_t number, int fd)
{
	struct klink *l = calloc(1, sizeof(*l));
	const struct ipc_opts o = {
	    .max_msg = MSG_MAX,
	    .max_queue = QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = l,
	};

	if (l == NULL || (l->ipc = ipc_new(k->loop, fd, &o)) == NULL) {
		free(l);
		(void)close(fd);
		return FAIL_NOMEM;
	}
	l->k = k;
	l->number = number;
	l->next = k->links;
	k->links = l;
	drop_idle(k);
	return 0;
}

uint32_t
kask_keeper(const struct kask *k)
{
	return k->links == NULL || k->ending ? 0 : k->links->number;
}

int
kask_ask(
    struct kask *k, uint16_t type, struct span body, kask_fn *fn, void *ctx)
{
	struct klink *l = k->links;
	struct question *q;
	uint8_t key[16];
	int r;

	if (kask_keeper(k) == 0)
		return FAIL_CLOSED;
	if (idmap_count(k->open) >= KASK_MAX)
		return FAIL_FULL;
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return FAIL_NOMEM;
	if (++k->last_id == 0)
		k->last_id = 1;
	*q = (struct question){.on = l, .id = k->last_id, .fn = fn, .ctx = ctx};
	if ((q->limit = timer_new(k->loop, on_limit, q)) == NULL) {
		free(q);
		return FAIL_NOMEM;
	}
	key_of(key, q->id);
	if ((r = idmap_put(k->open, key, q)) == 0 &&
	    (r = ipc_send(l->ipc, type, q->id, body, -1)) != 0)
		(void)idmap_del(k->open, key);
	if (r != 0) {
		question_free(q);
		return r;
	}
	l->open++;
	timer_set(q->limit, KASK_WAIT_MS);
	return 0;
}

void
kask_tell(struct kask *k, uint16_t type, struct span body)
{
	if (kask_keeper(k) == 0 ||
	    ipc_send(k->links->ipc, type, 0, body, -1) != 0)
		log_debug(NULL, "keeper: not told");
}
