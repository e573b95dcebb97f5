/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: what they are told, who writes which recording, and their messages.
 * A worker may be hostile: it writes only recordings that it opened or took
 * over, each chunk must continue its chain, and what waits for the disk is
 * bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "recorder/recorder_int.h"
#include "recorder/recorder_msg.h"

enum { DAY_S = 86400, SEGS_AHEAD = 64 };

/* ---- what workers are told */

static void
link_full(struct rlink *l, int r)
{
	/* A peer that does not read what it is told is gone for us. */
	if (r == 0 || l->dead)
		return;
	l->dead = true; /* ends at the next tick */
	log_warn(NULL, "%s %u does not read: %s", role_name(l->role),
	    (unsigned)l->peer, fail_text(r));
}

static void
tell_state(struct rlink *l, const uint8_t *id, uint64_t next_seq, int code)
{
	struct rm_state m = {.next_seq = next_seq, .code = (uint32_t)-code};

	memcpy(m.rec_id, id, RCD_ID_LEN);
	link_full(l, rm_state_send(l->ipc, 0, &m));
}

void
recorder_tell_closed(struct rlink *l, const uint8_t *id, int code)
{
	struct rm_closed m = {.code = (uint32_t)-code};

	memcpy(m.rec_id, id, RCD_ID_LEN);
	link_full(l, rm_closed_send(l->ipc, 0, &m));
}

void
recorder_tell_committed(struct recorder *r, struct rec *x)
{
	struct rm_committed m = {.next_seq = x->safe.next_seq};

	(void)r;
	if (x->owner == NULL)
		return;
	memcpy(m.rec_id, x->id, RCD_ID_LEN);
	link_full(x->owner, rm_committed_send(x->owner->ipc, 0, &m));
}

static void
tell_error(struct rec *x, const struct fail *f)
{
	struct rm_error m = {
	    .code = (uint32_t)-f->code, .why = SPAN(f->why, strlen(f->why))};

	memcpy(m.rec_id, x->id, RCD_ID_LEN);
	link_full(x->owner, rm_error_send(x->owner->ipc, 0, &m));
}

void
recorder_tell_space(struct recorder *r, struct rlink *l)
{
	struct rm_space m = {
	    .free_percent = r->free_percent, .writable = r->trouble.code == 0};

	link_full(l, rm_space_send(l->ipc, 0, &m));
}

void
recorder_tell_trouble(struct recorder *r)
{
	struct rlink *l;
	struct rec *x;

	for (x = r->recs.all; r->trouble.code != 0 && x != NULL; x = x->next)
		if (x->owner != NULL && x->state == REC_LIVE)
			tell_error(x, &r->trouble);
	for (l = r->links; l != NULL; l = l->next)
		if (l->role == ROLE_WORKER)
			recorder_tell_space(r, l);
}

/* ---- who writes what */

void
recorder_own(struct rec *x, struct rlink *l)
{
	if (x->owner != NULL)
		x->owner->owned--;
	x->owner = l;
	if (l != NULL) {
		l->owned++;
		if (x->state == REC_LIVE)
			x->until_ns = 0;
	}
}

static void
adopt(struct rec *x, struct rlink *l)
{
	recorder_own(x, l);
	x->heir = NULL;
	tell_state(l, x->id, x->taken.next_seq, 0);
	recorder_tell_committed(l->recorder, x);
	if (l->recorder->trouble.code != 0)
		tell_error(x, &l->recorder->trouble);
}

void
recorder_orphan(struct recorder *r, struct rec *x, uint64_t ms)
{
	recorder_own(x, NULL);
	if (x->state == REC_LIVE)
		x->until_ns = recorder_in_ms(r, ms);
	if (x->heir != NULL)
		adopt(x, x->heir);
}

void
recorder_heir_tick(struct recorder *r, struct rec *x)
{
	if (x->heir == NULL || loop_now_ns(r->loop) < x->heir_ns)
		return;
	tell_state(x->heir, x->id, 0, FAIL_BUSY);
	x->heir = NULL;
}

/* ---- messages of a worker */

/* Does the header belong to a recording that begins now? */
static int
header_fits(const struct rcd_header *h, const uint8_t *id)
{
	uint64_t then = uuid_unix_ms(id) * 1000, now = unix_us();
	char name[PLACE_NAME];

	if (memcmp(h->rec_id, id, RCD_ID_LEN) != 0)
		return FAIL_FORMAT;
	if ((then > now ? then - now : now - then) > DAY_S * 1000000ULL)
		return FAIL_RANGE;
	return place_name(name, id);
}

/* The same recording offered again by a new link, before any chunk. */
static bool
is_offer_again(
    const struct rec *x, const struct rlink *l, const struct rcd_chain *start)
{
	return x->state == REC_LIVE && (x->owner == NULL || x->owner == l) &&
	       x->taken.next_seq == 0 &&
	       memcmp(x->taken.hash, start->hash, RCD_HASH_LEN) == 0;
}

static int
rec_open(struct rlink *l, const struct rm_open *m, struct rcd_chain *start)
{
	struct recorder *r = l->recorder;
	struct rcd_summary s;
	struct spool_item *i;
	struct rec *x;

	if (r->trouble.code != 0)
		return r->trouble.code;
	if (l->owned >= REC_PER_LINK || r->recs.n >= REC_TOTAL)
		return FAIL_FULL;
	if (recorder_finished(r, m->rec_id, &s) == 0)
		return FAIL_EXISTS;
	i = spool_item_new(m->rec_id, SEGMENT_REC_HEADER, m->header);
	if (i == NULL)
		return FAIL_NOMEM;
	if ((x = recs_add(&r->recs, m->rec_id)) == NULL ||
	    recs_reserve(x, 1) != 0 ||
	    segtab_reserve(&r->segs, SEGS_AHEAD) != 0) {
		if (x != NULL)
			recs_remove(&r->recs, x);
		free(i);
		return FAIL_NOMEM;
	}
	x->taken = *start;
	x->pending = 1;
	x->waiting = i->len;
	i->owner = x;
	i->chain = *start;
	recorder_own(x, l);
	spool_put(r->spool, i);
	return 0;
}

static int
on_open(struct rlink *l, struct span body)
{
	struct rcd_chain start;
	struct rcd_header h;
	struct rm_open m;
	struct rec *x;
	int r;

	if ((r = rm_open_get(body, &m)) != 0 ||
	    (r = rcd_header_decode(m.header, &h)) != 0)
		return r;
	if (h.len != m.header.len)
		return FAIL_FORMAT;
	r = header_fits(&h, m.rec_id);
	if (r == 0)
		r = rcd_chain_start(&start, m.header, &h);
	if (r == 0 && (x = recs_find(&l->recorder->recs, m.rec_id)) != NULL) {
		if (is_offer_again(x, l, &start)) {
			adopt(x, l);
			return 0;
		}
		r = FAIL_EXISTS;
	}
	if (r == 0)
		r = rec_open(l, &m, &start);
	tell_state(l, m.rec_id, 0, r);
	return 0;
}

/* A recording that is not in hand: where it ended, if it did. */
static void
resume_finished(struct rlink *l, const uint8_t *id)
{
	struct rcd_summary s = {0};
	int r = recorder_finished(l->recorder, id, &s);

	if (r != 0 && recorder_from_part(l->recorder, id) != NULL)
		r = FAIL_CLOSED;
	if (r == 0 && (s.flags & RCD_S_TRUNCATED))
		r = FAIL_CLOSED;
	tell_state(l, id, s.chunks, r);
}

static int
on_resume(struct rlink *l, struct span body)
{
	struct rm_resume m;
	struct rec *x;
	int r;

	if ((r = rm_resume_get(body, &m)) != 0)
		return r;
	x = recs_find(&l->recorder->recs, m.rec_id);
	if (x == NULL)
		resume_finished(l, m.rec_id);
	else if (x->truncated)
		tell_state(l, m.rec_id, x->taken.next_seq, FAIL_CLOSED);
	else if (x->owner != l && l->owned >= REC_PER_LINK)
		tell_state(l, m.rec_id, 0, FAIL_FULL);
	else if (x->owner == NULL || x->owner == l)
		adopt(x, l);
	else if (x->heir != NULL)
		tell_state(l, m.rec_id, 0, FAIL_BUSY);
	else {
		x->heir = l;
		x->heir_ns = recorder_in_ms(l->recorder, HEIR_MS);
	}
	return 0;
}

/* The owner said something about a recording: it must be its own. */
static struct rec *
own_rec(struct rlink *l, const uint8_t *id)
{
	struct rec *x = recs_find(&l->recorder->recs, id);

	return x != NULL && x->owner == l ? x : NULL;
}

static int
rec_take(struct recorder *r, struct rec *x, const struct rm_chunk *m)
{
	struct spool_item *i;
	enum rcd_flaw flaw;
	struct rcd_chunk ch;
	int code;

	if (m->seq != x->taken.next_seq || x->waiting > REC_WAITING)
		return FAIL_PROTO;
	if ((code = recs_reserve(x, 1)) != 0 ||
	    (code = segtab_reserve(&r->segs, SEGS_AHEAD)) != 0)
		return code;
	i = spool_item_new(x->id, SEGMENT_REC_CHUNK, m->data);
	if (i == NULL)
		return FAIL_NOMEM;
	code = rcd_chain_take(&x->taken, m->data, &ch, &flaw);
	if (code != 0) {
		log_warn(NULL, "a worker's chunk was refused: %s",
		    rcd_flaw_text(flaw));
		free(i);
		return code;
	}
	x->pending++;
	x->waiting += i->len;
	i->owner = x;
	i->chain = x->taken;
	spool_put(r->spool, i);
	return 0;
}

static int
on_chunk(struct rlink *l, struct span body)
{
	struct recorder *r = l->recorder;
	struct rm_chunk m;
	struct rec *x;
	int code;

	if ((code = rm_chunk_get(body, &m)) != 0)
		return code;
	if ((x = own_rec(l, m.rec_id)) == NULL)
		return FAIL_DENIED;
	if (m.seq < x->taken.next_seq)
		return 0; /* sent again; it is here */
	if (x->state != REC_LIVE || m.data.len > RCD_CHUNK_MAX)
		return FAIL_PROTO;
	code = rec_take(r, x, &m);
	if (code == FAIL_NOMEM) {
		struct fail f = {0};

		(void)fail_set(&f, code, "the recorder is out of memory");
		tell_error(x, &f);
		return 0;
	}
	if (code == 0 && !r->paused && spool_waiting(r->spool) > SPOOL_HIGH) {
		r->paused = true;
		for (l = r->links; l != NULL; l = l->next)
			if (l->role == ROLE_WORKER)
				ipc_pause(l->ipc);
	}
	return code;
}

static int
on_close(struct rlink *l, struct span body)
{
	struct rcd_summary s;
	struct rm_close m;
	struct rec *x;
	int r;

	if ((r = rm_close_get(body, &m)) != 0)
		return r;
	if ((x = own_rec(l, m.rec_id)) == NULL) {
		recorder_tell_closed(
		    l, m.rec_id, recorder_finished(l->recorder, m.rec_id, &s));
		return 0;
	}
	x->close_asked = true;
	if (x->state == REC_FINISHED)
		recorder_tell_closed(l, m.rec_id, 0);
	else
		recorder_end(l->recorder, x);
	return 0;
}

static int
on_handover(struct rlink *l, struct span body)
{
	struct rm_handover m;
	struct rec *x;
	int r;

	if ((r = rm_handover_get(body, &m)) != 0)
		return r;
	if ((x = own_rec(l, m.rec_id)) == NULL)
		return FAIL_DENIED;
	recorder_orphan(l->recorder, x, HANDOVER_MS);
	return 0;
}

int
recorder_on_worker(struct rlink *l, const struct ipc_msg *m)
{
	switch (m->type) {
	case rm_open_type:
		return on_open(l, m->body);
	case rm_resume_type:
		return on_resume(l, m->body);
	case rm_chunk_type:
		return on_chunk(l, m->body);
	case rm_close_type:
		return on_close(l, m->body);
	case rm_handover_type:
		return on_handover(l, m->body);
	default:
		return FAIL_PROTO;
	}
}
