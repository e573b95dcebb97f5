/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings: which worker holds which, and the signatures of checkpoints.  A
 * recording is held from `open` or `resume` until `finish`; then its id is
 * remembered, so that nobody signs for it again.
 */
#include <stdlib.h>
#include <string.h>

#include "keeper/core_priv.h"

struct hold {
	struct table_node node; /* by rec_id; first */
	uint32_t worker;
	uint32_t before; /* the worker that had it before, when taken */
	bool taken;
	bool orphan; /* the worker's link is gone */
	uint64_t orphan_ns;
	uint64_t last_seq;
	bool signed_once; /* last_seq is valid */
	bool final;	  /* the trailer has been signed */
};

/* "RCD1 ckpt" || rec_id || seq (LE) || hash */
enum { CKPT_TAG = 9, CKPT_HASH = 32, CKPT_LEN = CKPT_TAG + 16 + 8 + CKPT_HASH };

static struct hold *
hold_find(const struct core *c, const uint8_t rec_id[UUID_LEN])
{
	return (struct hold *)table_find(&c->holds, rec_id);
}

static bool
hold_is(const struct hold *h, uint32_t worker)
{
	return h != NULL && !h->orphan && h->worker == worker;
}

static bool
hold_was(const struct hold *h, uint32_t worker)
{
	return h != NULL && h->taken && h->before == worker;
}

static bool
is_done(const struct core *c, const uint8_t rec_id[UUID_LEN])
{
	return table_find(&c->done.index, rec_id) != NULL;
}

/* Remember the end of a recording, forgetting the oldest when full. */
static void
add_done(struct core *c, const uint8_t rec_id[UUID_LEN])
{
	struct table_node *n = &c->done.ring[c->done.next];

	if (is_done(c, rec_id))
		return;
	if (c->done.index.n == CORE_DONE_MAX)
		table_remove(&c->done.index, n);
	memcpy(n->id, rec_id, UUID_LEN);
	MUST(table_insert(&c->done.index, n) == 0);
	c->done.next = (c->done.next + 1) % CORE_DONE_MAX;
}

static void
end_hold(struct core *c, struct hold *h)
{
	if (h == NULL)
		return;
	table_remove(&c->holds, &h->node);
	free(h);
}

/* What a walk over the holds needs. */
struct walk {
	struct core *core;
	uint32_t worker;
	uint64_t now_ns;
};

static void
end_any(struct table_node *n, void *ctx)
{
	const struct walk *w = ctx;

	end_hold(w->core, (struct hold *)n);
}

void
core_rec_fini(struct core *c)
{
	struct walk w = {.core = c};

	table_each(&c->holds, end_any, &w);
}

static void
end_old_orphan(struct table_node *n, void *ctx)
{
	const struct walk *w = ctx;
	struct hold *h = (struct hold *)n;

	if (h->orphan &&
	    w->now_ns >= h->orphan_ns + CORE_ORPHAN_S * UINT64_C(1000000000))
		end_hold(w->core, h);
}

void
core_rec_tick(struct core *c, uint64_t now_ns)
{
	struct walk w = {.core = c, .now_ns = now_ns};

	table_each(&c->holds, end_old_orphan, &w);
}

static void
make_orphan(struct table_node *n, void *ctx)
{
	const struct walk *w = ctx;
	struct hold *h = (struct hold *)n;

	if (hold_is(h, w->worker)) {
		h->orphan = true;
		h->orphan_ns = w->now_ns;
	}
}

void
core_rec_orphan(struct core *c, uint32_t worker, uint64_t now_ns)
{
	struct walk w = {.core = c, .worker = worker, .now_ns = now_ns};

	table_each(&c->holds, make_orphan, &w);
}

bool
core_rec_known(const struct core *c, const uint8_t rec_id[UUID_LEN])
{
	return hold_find(c, rec_id) != NULL || is_done(c, rec_id);
}

int
core_rec_hold(struct core *c, const uint8_t rec_id[UUID_LEN], uint32_t worker)
{
	struct hold *h;
	int r;

	if (core_rec_known(c, rec_id))
		return FAIL_EXISTS;
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return FAIL_NOMEM;
	h->worker = worker;
	memcpy(h->node.id, rec_id, UUID_LEN);
	if ((r = table_insert(&c->holds, &h->node)) != 0)
		free(h);
	return r;
}

int
core_rec_resume(struct core_req *q)
{
	struct km_resume x;
	struct km_resumed a;
	struct secret *dek;
	struct hold *h;
	int r;

	if (km_resume_get(q->body, &x) != 0)
		return core_malformed(q);
	r = dek_unwrap(q->core->ring, x.rec_id, x.wrapped, NULL, &dek);
	if (r == FAIL_NOMEM || r == FAIL_CRYPTO)
		return core_refuse(q, r, "cannot open the recording's key");
	if (r != 0)
		return core_breach(
		    q, r, "resume without the key of the recording");
	secret_free(dek);
	if (is_done(q->core, x.rec_id))
		return core_refuse(q, FAIL_STATE, "this recording is finished");
	h = hold_find(q->core, x.rec_id);
	if (h == NULL) {
		r = core_rec_hold(q->core, x.rec_id, q->link->number);
		if (r != 0)
			return core_refuse(
			    q, r, "no room for another recording");
	} else if (!hold_is(h, q->link->number)) {
		h->before = h->worker;
		h->taken = true;
		h->worker = q->link->number;
		h->orphan = false;
	}
	memcpy(a.rec_id, x.rec_id, UUID_LEN);
	r = km_resumed_put(q->out, &a);
	q->type = km_resumed_type;
	return r != 0 ? core_refuse(q, r, "cannot answer") : 0;
}

int
core_rec_finish(struct core_req *q)
{
	struct km_finish x;
	struct hold *h;
	bool dropped;

	if (km_finish_get(q->body, &x) != 0)
		return core_malformed(q);
	/* A grant whose open failed has no recording yet: it just goes. */
	dropped =
	    core_grant_drop(q->core, x.grant_id, q->link->number, x.rec_id);
	h = hold_find(q->core, x.rec_id);
	if (hold_is(h, q->link->number)) {
		end_hold(q->core, h);
		add_done(q->core, x.rec_id);
		return 0;
	}
	if (dropped || hold_was(h, q->link->number) ||
	    is_done(q->core, x.rec_id))
		return 0;
	if (h != NULL)
		return core_breach(
		    q, FAIL_DENIED, "finish of another worker's recording");
	return core_miss(q, "recording");
}

/* May this worker sign this?  What is signed must follow what was. */
static int
check_worker(struct core_req *q, const struct km_checkpoint_sign *x)
{
	const struct hold *h = hold_find(q->core, x->rec_id);

	if (is_done(q->core, x->rec_id))
		return core_refuse(q, FAIL_STATE, "this recording is finished");
	if (!hold_is(h, q->link->number)) {
		if (hold_was(h, q->link->number))
			return core_refuse(
			    q, FAIL_STATE, "this recording was taken over");
		return core_breach(q, FAIL_DENIED,
		    "checkpoint of a recording that is not the worker's");
	}
	if (h->final)
		return core_breach(
		    q, FAIL_STATE, "checkpoint after the final one");
	if (h->signed_once && x->seq <= h->last_seq)
		return core_breach(
		    q, FAIL_STATE, "checkpoint sequence does not grow");
	return 0;
}

static int
sign_checkpoint(struct core_req *q, const struct km_checkpoint_sign *x)
{
	uint8_t msg[CKPT_LEN], sig[ED25519_SIG_LEN];
	struct km_signature a = {.blob = SPAN(sig, sizeof(sig))};
	int r;

	memcpy(msg, "RCD1 ckpt", CKPT_TAG);
	memcpy(msg + CKPT_TAG, x->rec_id, UUID_LEN);
	le64_put(msg + CKPT_TAG + UUID_LEN, x->seq);
	memcpy(msg + CKPT_TAG + UUID_LEN + 8, x->hash.p, CKPT_HASH);
	r = keygen_node_sign(q->core->ring, sig, SPAN(msg, sizeof(msg)));
	if (r == 0) {
		r = km_signature_put(q->out, &a);
		q->type = km_signature_type;
	}
	return r != 0 ? core_refuse(q, r, "cannot sign the checkpoint") : 0;
}

int
core_rec_sign(struct core_req *q)
{
	bool worker = q->link->kind == CORE_WORKER;
	struct km_checkpoint_sign x;
	struct hold *h;
	int r;

	if (km_checkpoint_sign_get(q->body, &x) != 0 ||
	    x.hash.len != CKPT_HASH || x.final > 1)
		return core_malformed(q);
	if (worker && (r = check_worker(q, &x)) != 0)
		return r;
	if ((r = sign_checkpoint(q, &x)) != 0)
		return r;
	h = hold_find(q->core, x.rec_id);
	if (worker) {
		h->last_seq = x.seq;
		h->signed_once = true;
		h->final = x.final == 1;
	} else if (x.final == 1) {
		end_hold(q->core, h);
		add_done(q->core, x.rec_id);
	}
	return 0;
}
