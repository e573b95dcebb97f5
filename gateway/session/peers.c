/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's three links.  Keeps each request until its answer, so that the
 * death of a peer costs a delay and not a session.  Knows nothing of what the
 * messages mean.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#include "broker/broker_msg.h"
#include "session/peers.h"

enum { TICK_MS = 500, BUCKETS = 256 };

struct request {
	struct request *next; /* in its bucket */
	uint32_t id;
	enum peer peer;
	uint16_t type;
	bool posted;	/* kept until answered */
	uint32_t only;	/* the one process that can answer; 0: any */
	struct ipc *on; /* the link it went out on; NULL: not sent */
	uint64_t due_ns;
	peers_answer_fn *fn; /* NULL: nobody waits any more */
	void *ctx;
	struct buf body;
};

struct link {
	struct link *next; /* an older link that serves its answers out */
	struct peers *owner;
	enum peer peer;
	uint32_t number; /* the process, as the supervisor counts */
	struct ipc *ipc;
};

struct peers {
	struct loop *loop;
	const struct peers_ops *ops;
	void *ctx;
	struct link *links[PEER_COUNT]; /* newest first */
	uint64_t n_links[PEER_COUNT];	/* that there have been */
	struct request *buckets[BUCKETS];
	struct timer *tick;
	uint32_t last_id;
	uint32_t answerer; /* whose answer is being told; 0: nobody's */
	unsigned outstanding;
	unsigned posted;
	size_t posted_bytes;
};

static const char *const peer_names[PEER_COUNT] = {
    [PEER_KEEPER] = "keeper",
    [PEER_BROKER] = "broker",
    [PEER_RECORDER] = "recorder",
};

static struct request **
request_find(struct peers *ps, uint32_t id)
{
	struct request **rp;

	for (rp = &ps->buckets[id % BUCKETS]; *rp != NULL; rp = &(*rp)->next)
		if ((*rp)->id == id)
			return rp;
	return NULL;
}

static struct request *
request_unlink(struct peers *ps, struct request **rp)
{
	struct request *rq = *rp;

	*rp = rq->next;
	ps->outstanding--;
	if (rq->posted) {
		ps->posted--;
		ps->posted_bytes -= buf_len(&rq->body);
	}
	return rq;
}

static void
request_free(struct request *rq)
{
	buf_fini(&rq->body);
	free(rq);
}

static void
request_answer(
    struct peers *ps, struct request **rp, int code, const struct ipc_msg *m)
{
	struct request *rq = request_unlink(ps, rp);

	if (rq->fn != NULL)
		rq->fn(rq->ctx, code, m);
	request_free(rq);
}

/* The newest link to p, or the newest to process number `only` of it. */
static struct link *
link_find(const struct peers *ps, enum peer p, uint32_t only)
{
	struct link *ln = ps->links[p];

	while (ln != NULL && only != 0 && ln->number != only)
		ln = ln->next;
	return ln;
}

/* Put the request on its link, if there is one. */
static void
request_send(struct peers *ps, struct request *rq)
{
	struct link *ln = link_find(ps, rq->peer, rq->only);

	rq->on = NULL;
	if (ln == NULL)
		return;
	if (ipc_send(ln->ipc, rq->type, rq->id, buf_span(&rq->body), -1) == 0)
		rq->on = ln->ipc;
}

/* What is not on its way is sent: after a break, or when a queue was full. */
static void
send_waiting(struct peers *ps, enum peer p)
{
	struct request *rq;
	size_t i;

	/* Posted rows keep their order: ids grow, buckets do not sort them,
	 * and the receiver orders by what the rows carry. */
	for (i = 0; i < BUCKETS; i++)
		for (rq = ps->buckets[i]; rq != NULL; rq = rq->next)
			if (rq->peer == p && rq->on == NULL)
				request_send(ps, rq);
}

/* Requests of the other side have ids of their own. */
static bool
asks_us(enum peer p, uint16_t type)
{
	return p == PEER_BROKER && type == bm_control_type;
}

static int
on_message(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct link *ln = ctx;
	struct peers *ps = ln->owner;
	struct request **rp;

	(void)c;
	if (m->id == 0 || asks_us(ln->peer, m->type) ||
	    (rp = request_find(ps, m->id)) == NULL)
		return ps->ops->message(ps->ctx, ln->peer, m);
	if ((*rp)->peer != ln->peer)
		return FAIL_PROTO;
	ps->answerer = ln->number;
	request_answer(ps, rp, 0, m);
	ps->answerer = 0;
	return 0;
}

static void
link_drop(struct peers *ps, struct link *ln)
{
	struct link **lp;
	struct request *rq;
	size_t i;

	for (lp = &ps->links[ln->peer]; *lp != NULL; lp = &(*lp)->next)
		if (*lp == ln) {
			*lp = ln->next;
			break;
		}
	for (i = 0; i < BUCKETS; i++)
		for (rq = ps->buckets[i]; rq != NULL; rq = rq->next)
			if (rq->on == ln->ipc)
				rq->on = NULL;
	ipc_free(ln->ipc);
	free(ln);
}

/* Nobody else can answer what only that process could. */
static void
fail_only(struct peers *ps, enum peer p, uint32_t number)
{
	struct request **rp;
	size_t i;

	if (link_find(ps, p, number) != NULL)
		return;
	for (i = 0; i < BUCKETS; i++) {
		rp = &ps->buckets[i];
		while (*rp != NULL) {
			if ((*rp)->peer != p || (*rp)->only != number) {
				rp = &(*rp)->next;
				continue;
			}
			request_answer(ps, rp, FAIL_CLOSED, NULL);
			/* The callback may have changed the bucket. */
			rp = &ps->buckets[i];
		}
	}
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct link *ln = ctx;
	struct peers *ps = ln->owner;
	enum peer p = ln->peer;
	uint32_t number = ln->number;

	(void)c;
	if (ps->links[p] == ln)
		log_warn(NULL, "link to the %s is gone: %s", peer_names[p],
		    fail_why(f, FAIL_CLOSED));
	link_drop(ps, ln);
	send_waiting(ps, p);
	if (number != 0)
		fail_only(ps, p, number);
}

static void
on_tick(struct timer *t, void *ctx)
{
	struct peers *ps = ctx;
	struct request **rp;
	uint64_t now = mono_ns();
	size_t i;
	int p;

	for (i = 0; i < BUCKETS; i++) {
		rp = &ps->buckets[i];
		while (*rp != NULL) {
			if ((*rp)->posted || (*rp)->due_ns > now) {
				rp = &(*rp)->next;
				continue;
			}
			request_answer(ps, rp, FAIL_TIMEOUT, NULL);
			/* The callback may have changed the bucket. */
			rp = &ps->buckets[i];
		}
	}
	for (p = 0; p < PEER_COUNT; p++) {
		send_waiting(ps, (enum peer)p);
		if (ps->links[p] == NULL && ps->n_links[p] > 0 &&
		    ps->ops->missing != NULL)
			ps->ops->missing(ps->ctx, (enum peer)p);
	}
	timer_set(t, TICK_MS);
}

void
peers_free(struct peers *ps)
{
	struct request *rq;
	size_t i;
	int p;

	if (ps == NULL)
		return;
	for (i = 0; i < BUCKETS; i++)
		while ((rq = ps->buckets[i]) != NULL) {
			ps->buckets[i] = rq->next;
			request_free(rq);
		}
	for (p = 0; p < PEER_COUNT; p++)
		while (ps->links[p] != NULL)
			link_drop(ps, ps->links[p]);
	timer_free(ps->tick);
	free(ps);
}

struct peers *
peers_new(struct loop *l, const struct peers_ops *ops, void *ctx)
{
	struct peers *ps;

	if ((ps = calloc(1, sizeof(*ps))) == NULL)
		return NULL;
	ps->loop = l;
	ps->ops = ops;
	ps->ctx = ctx;
	if ((ps->tick = timer_new(l, on_tick, ps)) == NULL) {
		free(ps);
		return NULL;
	}
	timer_set(ps->tick, TICK_MS);
	return ps;
}

int
peers_link(struct peers *ps, enum peer p, uint32_t number, int fd)
{
	struct link *ln;
	const struct ipc_opts o = {
	    .max_msg = IPC_BODY_MAX,
	    .max_queue = PEERS_QUEUE,
	    .msg = on_message,
	    .gone = on_gone,
	    .ctx = ln = calloc(1, sizeof(*ln)),
	    .secret = p == PEER_KEEPER,
	};

	if (ln == NULL) {
		(void)close(fd);
		return FAIL_NOMEM;
	}
	ln->owner = ps;
	ln->peer = p;
	ln->number = number;
	if ((ln->ipc = ipc_new(ps->loop, fd, &o)) == NULL) {
		free(ln);
		(void)close(fd);
		return FAIL_NOMEM;
	}
	ln->next = ps->links[p];
	ps->links[p] = ln;
	ps->n_links[p]++;
	if (ps->ops->up != NULL)
		ps->ops->up(ps->ctx, p);
	send_waiting(ps, p);
	return 0;
}

bool
peers_up(const struct peers *ps, enum peer p)
{
	return ps->links[p] != NULL;
}

uint64_t
peers_link_number(const struct peers *ps, enum peer p)
{
	return ps->n_links[p];
}

uint32_t
peers_answerer(const struct peers *ps)
{
	return ps->answerer;
}

uint32_t
peers_number(const struct peers *ps, enum peer p)
{
	return ps->links[p] != NULL ? ps->links[p]->number : 0;
}

static int
request_new(struct peers *ps, enum peer p, uint16_t type, struct span body,
    struct request **out)
{
	struct request *rq;

	if (ps->outstanding >= PEERS_REQUESTS)
		return FAIL_FULL;
	if ((rq = calloc(1, sizeof(*rq))) == NULL)
		return FAIL_NOMEM;
	buf_init_secret(&rq->body, IPC_BODY_MAX);
	if (buf_put(&rq->body, body.p, body.len) != 0) {
		request_free(rq);
		return FAIL_NOMEM;
	}
	do
		rq->id = ++ps->last_id;
	while (rq->id == 0 || request_find(ps, rq->id) != NULL);
	rq->peer = p;
	rq->type = type;
	rq->due_ns = mono_ns() + (uint64_t)PEERS_WAIT_MS * 1000000U;
	rq->next = ps->buckets[rq->id % BUCKETS];
	ps->buckets[rq->id % BUCKETS] = rq;
	ps->outstanding++;
	*out = rq;
	return 0;
}

int
peers_ask_only(struct peers *ps, enum peer p, uint32_t number, uint16_t type,
    struct span body, peers_answer_fn *fn, void *ctx)
{
	struct request *rq;
	int r;

	if (number != 0 && link_find(ps, p, number) == NULL)
		return FAIL_CLOSED;
	if ((r = request_new(ps, p, type, body, &rq)) != 0)
		return r;
	rq->only = number;
	rq->fn = fn;
	rq->ctx = ctx;
	request_send(ps, rq);
	return 0;
}

int
peers_ask(struct peers *ps, enum peer p, uint16_t type, struct span body,
    peers_answer_fn *fn, void *ctx)
{
	return peers_ask_only(ps, p, 0, type, body, fn, ctx);
}

int
peers_post(struct peers *ps, enum peer p, uint16_t type, struct span body,
    peers_answer_fn *fn, void *ctx)
{
	struct request *rq;
	int r;

	if (ps->posted_bytes + body.len > PEERS_QUEUE)
		return FAIL_FULL;
	if ((r = request_new(ps, p, type, body, &rq)) != 0)
		return r;
	rq->fn = fn;
	rq->ctx = ctx;
	rq->posted = true;
	ps->posted++;
	ps->posted_bytes += body.len;
	request_send(ps, rq);
	return 0;
}

int
peers_tell(struct peers *ps, enum peer p, uint16_t type, struct span body)
{
	if (ps->links[p] == NULL)
		return FAIL_CLOSED;
	return ipc_send(ps->links[p]->ipc, type, 0, body, -1);
}

struct ipc *
peers_ipc(const struct peers *ps, enum peer p)
{
	return ps->links[p] != NULL ? ps->links[p]->ipc : NULL;
}

int
peers_answer(
    struct peers *ps, enum peer p, uint16_t type, uint32_t id, struct span body)
{
	if (ps->links[p] == NULL)
		return FAIL_CLOSED;
	return ipc_send(ps->links[p]->ipc, type, id, body, -1);
}

void
peers_forget(struct peers *ps, void *ctx)
{
	struct request **rp;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		rp = &ps->buckets[i];
		while (*rp != NULL) {
			if ((*rp)->ctx != ctx) {
				rp = &(*rp)->next;
			} else if ((*rp)->posted) {
				(*rp)->fn = NULL;
				(*rp)->ctx = NULL;
				rp = &(*rp)->next;
			} else {
				request_free(request_unlink(ps, rp));
			}
		}
	}
}

size_t
peers_queued(const struct peers *ps, enum peer p)
{
	return ps->links[p] == NULL ? 0 : ipc_queued(ps->links[p]->ipc);
}

unsigned
peers_posted(const struct peers *ps)
{
	return ps->posted;
}
