/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's end of the link to the keeper: which question an answer belongs
 * to, and how long is waited for it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "broker/idmap.h"
#include "broker/kask.h"

enum { MSG_MAX = 128 * 1024, QUEUE_MAX = 16 * 1024 * 1024 };

struct question {
	struct kask *k;
	uint32_t id;
	kask_fn *fn; /* NULL: nobody waits */
	void *ctx;
	struct timer *limit;
};

struct kask {
	struct loop *loop;
	struct ipc *link; /* NULL: none */
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

/* Take the question out, then tell: fn may ask the next one. */
static void
answer(struct question *q, int code, const struct ipc_msg *m)
{
	struct question was = *q;
	uint8_t key[16];

	key_of(key, q->id);
	(void)idmap_del(q->k->open, key);
	question_free(q);
	if (was.fn != NULL)
		was.fn(was.ctx, code, m);
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
	struct kask *k = ctx;
	struct question *q;
	uint8_t key[16];

	(void)c;
	if (m->fd >= 0)
		(void)close(m->fd); /* the keeper has none for us */
	key_of(key, m->id);
	/* One that comes after its limit is nobody's. */
	if ((q = idmap_get(k->open, key)) != NULL)
		answer(q, 0, m);
	return 0;
}

static void
fail_all(struct kask *k, int code)
{
	struct question *q;
	size_t pos = 0;

	/* Questions asked by the answers have no link, so none is added. */
	while ((q = idmap_next(k->open, &pos)) != NULL)
		answer(q, code, NULL);
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct kask *k = ctx;

	log_warn(NULL, "keeper: %s", fail_why(f, FAIL_CLOSED));
	ipc_free(c);
	k->link = NULL;
	fail_all(k, FAIL_CLOSED);
}

static void
release(struct kask *k)
{
	ipc_free(k->link);
	k->link = NULL;
	if (k->open != NULL)
		fail_all(k, FAIL_CLOSED);
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
kask_link(struct kask *k, int fd)
{
	const struct ipc_opts o = {
	    .max_msg = MSG_MAX,
	    .max_queue = QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = k,
	};

	ipc_free(k->link);
	k->link = NULL;
	fail_all(k, FAIL_CLOSED);
	k->link = ipc_new(k->loop, fd, &o);
	if (k->link != NULL)
		return 0;
	(void)close(fd);
	return FAIL_NOMEM;
}

int
kask_ask(
    struct kask *k, uint16_t type, struct span body, kask_fn *fn, void *ctx)
{
	struct question *q;
	uint8_t key[16];
	int r;

	if (k->link == NULL)
		return FAIL_CLOSED;
	if (idmap_count(k->open) >= KASK_MAX)
		return FAIL_FULL;
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return FAIL_NOMEM;
	if (++k->last_id == 0)
		k->last_id = 1;
	*q = (struct question){.k = k, .id = k->last_id, .fn = fn, .ctx = ctx};
	if ((q->limit = timer_new(k->loop, on_limit, q)) == NULL) {
		free(q);
		return FAIL_NOMEM;
	}
	key_of(key, q->id);
	if ((r = idmap_put(k->open, key, q)) == 0 &&
	    (r = ipc_send(k->link, type, q->id, body, -1)) != 0)
		(void)idmap_del(k->open, key);
	if (r != 0) {
		question_free(q);
		return r;
	}
	timer_set(q->limit, KASK_WAIT_MS);
	return 0;
}

static void
ignore(void *ctx, int code, const struct ipc_msg *m)
{
	(void)ctx;
	(void)code;
	(void)m;
}

void
kask_tell(struct kask *k, uint16_t type, struct span body)
{
	if (kask_ask(k, type, body, ignore, NULL) != 0)
		log_debug(NULL, "keeper: not told");
}
